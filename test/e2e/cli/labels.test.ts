/** Labels of a running node by the command line: said, contradicted, taken from what the guard does, exported, and there after a kill. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { equal, is, match, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../../src/detection/index.ts'
import { type LabelledRow, labelledRows } from '../../../src/feedback/index.ts'
import { FeatureRepository, LabelRepository, openDatabase } from '../../../src/store/index.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Labels by the command line', { timeoutMs: 240_000 })
const rig = new CliRig()
const CLIENT = '198.51.100.7'
const SCANNER = '198.51.100.66'
const DEADLINE_MS = 30_000

interface Label {
  readonly id: string
  readonly prefix: string
  readonly label: string
  readonly source: string
  readonly weight: number
  readonly origin: string
  readonly said_by: string
  readonly overruled_by: string | null
}

test.before(async () => {
  mkdirSync(rig.dir, { recursive: true })
  await rig.start()
})
test.after(() => rig.dispose())

const labels = (...args: string[]) => rig.json<Label[]>('label', 'list', ...args)

async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (performance.now() > deadline) {
      throw new Error(`expected ${what}, got none:\n${rig.nodeTalk.slice(-2_000)}`)
    }
    await wait(200)
  }
}

test('what an operator says of an address is kept, and so is who contradicts him', async () => {
  for (let i = 0; i < 5; i++) rig.request(CLIENT, 'GET /pks/lookup?op=get&search=alice HTTP/1.1')
  const said = await rig.run(['label', CLIENT, 'abuse', '--class', 'A8', '--reason', 'walks'])
  is(said.code, 0, said.talk)
  match(said.out, /198\.51\.100\.7 +abuse \(A8\) .*operator +token:admin +walks/)
  const other = await rig.run(['label', 'add', '198.51.100.0/28', 'benign', '--from', '7d'])
  is(other.code, 0, other.talk)
  match(other.talk, /1 label contradicted by one that counts more/)
  const [wide, narrow] = await labels('--about', CLIENT)
  equal([wide?.overruled_by, narrow?.overruled_by], [narrow?.id, null])
  const again = await rig.run(['label', CLIENT, 'abuse', '--class', 'A8', '--reason', 'walks'])
  is(again.code, 0, again.talk)
  is((await labels('--about', CLIENT)).length, 2)
})

test('hard evidence of a rule, a verdict on a decision and its lift are labels that count less', async () => {
  rig.scan(SCANNER)
  const decision = await until('a decision', async () => {
    const found = await rig.json<{ id: string; type: string }[]>('decisions', 'list')
    return found.find(({ type }) => type === 'ban')
  })
  const rule = await until('a label of a rule', async () => (await labels('--source', 'rule'))[0])
  equal(
    [rule.prefix, rule.label, rule.weight, rule.said_by],
    [`${SCANNER}/32`, 'abuse', 0.2, 'system']
  )
  const verdict = await rig.run(['label', 'alert', decision.id, 'true', '--class', 'A14'])
  is(verdict.code, 0, verdict.talk)
  const [confirmed] = await labels('--source', 'verdict')
  equal([confirmed?.origin, confirmed?.label, confirmed?.weight], [decision.id, 'abuse', 0.8])
  is((await rig.run(['decisions', 'lift', decision.id, '--reason', 'a mistake'])).code, 0)
  const lifted = await until(
    'a label of the lift',
    async () => (await labels('--source', 'lifted-decision'))[0]
  )
  equal([lifted.label, lifted.weight, lifted.said_by], ['benign', 0.5, 'token:admin'])
  is(lifted.overruled_by, confirmed?.id)
})

test('bad input is one clear sentence, and changes nothing', async () => {
  const before = (await labels()).length
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [
      ['label', 'example.org', 'abuse'],
      64,
      /expected an address or a prefix .* got "example\.org"/
    ],
    [['label', '127.0.0.1', 'abuse'], 1, /something may be done about, got 127\.0\.0\.1/],
    [['label', '198.51.0.0/16', 'abuse'], 1, /a prefix of at least \/24, got 198\.51\.0\.0\/16/],
    [['label', CLIENT, 'bad'], 64, /abuse, benign/],
    [['label', 'alert', 'abcdef0123', 'true'], 1, /id of an alert that stands, got "abcdef0123"/],
    [['label', 'alert', 'nonsense', 'true'], 64, /hexadecimal digits of an alert/],
    [['label', CLIENT, 'abuse', '--from', '1h', '--to', '2h'], 1, /begins before it ends/],
    [['label', 'remove', '01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3e'], 1, /expected the id of a label/],
    [['label', 'import', join(rig.dir, 'nowhere')], 66, /expected a list at/]
  ]
  for (const [args, code, sentence] of cases) {
    const refused = await rig.run(args)
    is(refused.code, code, `${args.join(' ')}: ${refused.talk}`)
    match(refused.talk, sentence)
    is(refused.out, '')
  }
  is((await labels()).length, before)
})

test('a file of a million lines, or with a malformed one, is refused as a whole', async () => {
  const before = (await labels()).length
  const line = '{"source":"192.0.2.1","label":"abuse"}\n'
  const file = join(rig.dir, 'many.jsonl')
  writeFileSync(file, line.repeat(1_000_000))
  const many = await rig.run(['label', 'import', file])
  is(many.code, 65, many.talk)
  match(many.talk, /at most 100000 labels, got more/)
  const bent = await rig.run(['label', 'import', '-'], { input: `${line}nonsense\n` })
  is(bent.code, 65, bent.talk)
  match(bent.talk, /line 2: expected one JSON object a line/)
  const local = '{"source":"127.0.0.1","label":"abuse"}\n'
  const refused = await rig.run(['label', 'import', '-'], { input: `\n${local}` })
  is(refused.code, 1, refused.talk)
  match(refused.talk, /line 2: .*127\.0\.0\.1/)
  is((await labels()).length, before)
})

test('an export is read by an import, and changes nothing that was said', async () => {
  const file = join(rig.dir, 'labels.jsonl')
  const exported = await rig.run(['label', 'export'])
  is(exported.code, 0, exported.talk)
  writeFileSync(file, `${exported.out}{"source":"192.0.2.1","label":"mixed"}\n`)
  const lines = exported.out.trim().split('\n')
  ok(lines.map((text) => JSON.parse(text).source).includes(CLIENT))
  match(exported.talk, /Left out: \d overruled label/)
  const first = await rig.json<object>('label', 'import', file)
  equal(first, { added: lines.length, unchanged: 0, mixed: 1 })
  const second = await rig.json<object>('label', 'import', file)
  equal(second, { added: 0, unchanged: lines.length, mixed: 1 })
  for (const { id } of await labels('--source', 'import')) {
    is((await rig.run(['label', 'remove', id, '--reason', 'a test'])).code, 0)
  }
})

test('labels outlive a kill, and are joined with what was seen of their sources', async () => {
  const kept = (await labels()).map(({ id }) => id)
  // Rows are written a quarter of a second after they were seen.
  await wait(1_000)
  await rig.stop('SIGKILL')
  const { db } = openDatabase({ dataDir: rig.dataDir, clock: new SystemClock() })
  const found: LabelledRow[] = []
  try {
    const rows = new FeatureRepository(db)
    const ports = { rows, labels: new LabelRepository(db, rows) }
    const query = { sinceMs: 0, featureSetVersion: FEATURE_SET_VERSION }
    for await (const row of labelledRows(query, ports)) found.push(row)
  } finally {
    db.close()
  }
  const own = found.filter(({ source }) => source === CLIENT)
  equal(
    own.map(({ requests, label, class: kind, weight }) => [requests, label, kind, weight]),
    [1, 2, 3, 4, 5].map((requests) => [requests, 'abuse', 'A8', 1])
  )
  ok(own.every(({ values }) => values.length === FEATURES.length))
  ok(found.some(({ source, labelSource }) => source === SCANNER && labelSource === 'verdict'))
  await rig.start()
  equal(
    (await labels()).map(({ id }) => id),
    kept
  )
  const audit = await rig.json<{ action: string }[]>('audit', 'list')
  const actions = new Set(audit.map(({ action }) => action))
  for (const action of ['label.add', 'label.remove', 'label.import']) ok(actions.has(action))
})

test('a node that shall keep no rows keeps none, and deletes those it had', async () => {
  await rig.stop()
  const config = join(rig.dataDir, 'netminder.toml')
  writeFileSync(config, `${readFileSync(config, 'utf8')}\n[training]\nkeepFeatures = false\n`)
  await rig.start()
  rig.request(CLIENT, 'GET /pks/lookup?op=get&search=bob HTTP/1.1')
  await wait(1_000)
  is(await rowsStored(), 0)
})

async function rowsStored(): Promise<number> {
  const { url } = JSON.parse(readFileSync(join(rig.dataDir, 'api.json'), 'utf8')) as { url: string }
  const token = readFileSync(join(rig.dataDir, 'admin.token'), 'utf8').trim()
  const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const [, rows] = /netminder_feedback_stored_rows (\d+)/.exec(await metrics.text()) ?? []
  return Number(rows)
}
