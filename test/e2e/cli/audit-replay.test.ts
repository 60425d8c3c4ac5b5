/** Decisions of the shipped model by the command line: explained, judged again, and found out when changed, also after a kill. */
import SqliteDatabase from 'better-sqlite3'
import { equal, is, match } from 'uvu/assert'
import { storePaths } from '../../../src/store/index.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('audit replay by the command line', { timeoutMs: 120_000 })
const SCANNER = '198.51.100.66'
const rig = new CliRig()

interface Listed {
  readonly id: string
  readonly model: string | null
}

interface Replayed {
  readonly outcome: string
  readonly audit: string
  readonly score: number
  readonly score_now: number
}

test.before(() => rig.start())
test.after(() => rig.dispose())

const decided = () => rig.json<readonly Listed[]>('decisions', 'list', '--all', '--type', 'ban')

test('says that nothing was decided by a model, and what it needs to be told', async () => {
  const none = await rig.run(['audit', 'replay', '--all'])
  equal([none.code, none.out], [0, 'No model made any of these decisions.\n'])
  for (const args of [[], ['0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d', '--all']]) {
    const { code, talk } = await rig.run(['audit', 'replay', ...args])
    is(code, 64)
    match(talk, 'expected the id of a decision, or --all, or --since')
  }
  const unknown = await rig.run(['audit', 'replay', '0193b2e4-8d0a-7c3e-9b1f-5f6f0a1b2c3d'])
  is(unknown.code, 1)
  match(unknown.talk, 'DECISION_NOT_FOUND')
})

test('explains what the model went by, and comes to the same score again', async () => {
  rig.scan(SCANNER)
  const [ban] = await rig.until(decided, (found) => found.length > 0)
  match(String(ban?.model), /^behaviour@/)
  const explained = (await rig.run(['decisions', 'explain', SCANNER])).out.replaceAll(/\s+/g, ' ')
  match(explained, /model behaviour@\S+ \(SHA-256 [0-9a-f]{12}…\) gave 0?\.?\d+/)
  match(explained, /looks like abuse, with a probability of .* %: it /)
  match(explained, /went by .+: .+ \([+−]\d+\.\d\d\)/)
  const one = await rig.run(['audit', 'replay', ban?.id ?? ''])
  is(one.code, 0, one.talk)
  match(one.out, /same +bound +ban of 198\.51\.100\.66/)
  match(one.out, /gives \S+ again, to the last bit/)
  const all = await rig.json<readonly Replayed[]>('audit', 'replay', '--since', '1h')
  for (const { outcome, score, score_now } of all) equal([outcome, score_now], ['same', score])
})

test('does so from what a killed node left behind, and finds what was changed there', async () => {
  await rig.stop('SIGKILL')
  const sound = await rig.run(['audit', 'replay', '--all'])
  is(sound.code, 0, sound.talk)
  match(sound.talk, /^No node answers; reading the database/)
  match(sound.out, /^\d+ decisions? replayed: \d+ with the same score to the last bit, \d+ bound/)
  const database = new SqliteDatabase(storePaths(rig.dataDir).database)
  database.exec('UPDATE decision_evidence SET score = score / 2')
  database.close()
  const changed = await rig.run(['audit', 'replay', '--all', '--offline'])
  is(changed.code, 1)
  match(changed.out.replaceAll(/\s+/g, ' '), /differs broken .* it was changed afterwards/)
  match(changed.talk, 'not every decision comes out as it was')
})
