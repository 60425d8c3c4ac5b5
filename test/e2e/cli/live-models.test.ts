/** A real node and the models that judge its traffic: the shipped one, others in its place or beside it, and none. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { writePackage } from '../../../src/registry/package/package-dir.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { behaviourPackage } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite("models that judge a node's traffic", { timeoutMs: 240_000 })

interface Model {
  readonly id: string
  readonly stage: string
  readonly origin: string
  readonly problem: string | null
}

interface Decision {
  readonly value: string
  readonly model: string | null
}

interface Status {
  readonly components: readonly { readonly name: string; readonly state: string; detail: string }[]
}

interface Performance {
  readonly model: string
  readonly live: {
    readonly judgements: number
    readonly decisions: Readonly<Record<'watch' | 'throttle' | 'ban' | 'lifted', number>>
    readonly comparison: { readonly judgements: number } | null
  } | null
}

const ONE = { watch: 0, throttle: 0, ban: 1 }

let rig: CliRig
test.beforeEach(() => {
  rig = new CliRig()
})
test.afterEach(() => rig.dispose())

const models = () => rig.json<Model[]>('models', 'list')
const championId = async () => (await models()).find(({ stage }) => stage === 'champion')?.id
const stageOf = async (id: string) => (await models()).find((model) => model.id === id)?.stage
const decisions = () => rig.json<Decision[]>('decisions', 'list', '--all')
const component = async () => {
  const { components } = await rig.json<Status>('status')
  return components.find(({ name }) => name === 'models')
}
const decisionOn = (client: string) =>
  rig.until(decisions, (found) => found.some(({ value }) => value === client))
const judgeOf = async (client: string) =>
  (await decisionOn(client)).find(({ value }) => value === client)?.model

async function performanceOf(model: string): Promise<Performance['live']> {
  const { status, body } = await rig.api(`../ml/performance?model=${encodeURIComponent(model)}`)
  is(status, 200)
  return (body['items'] as Performance[])[0]?.live ?? null
}

async function ok0(...args: readonly string[]): Promise<string> {
  const { code, out, talk } = await rig.run(args)
  is(code, 0, `${args.join(' ')}: ${talk}`)
  return out
}

/** A model that slows down whoever it sees. */
async function install(version: string): Promise<string> {
  const dir = join(rig.dir, `package-${version}`)
  await writePackage(dir, behaviourPackage(version, 2 + Number(version), ONE))
  await ok0('models', 'import', dir, '--unsigned')
  return `made-up@${version}`
}

test('a new node judges by the model that comes with the program, and a decision names it', async () => {
  await rig.start()
  const shipped = (await models()).find(({ stage }) => stage === 'champion')
  equal([shipped?.origin, shipped?.problem], ['shipped', null])
  const part = await component()
  equal([part?.state, part?.detail], ['ok', `${shipped?.id} judges`])
  rig.scan('198.51.100.9')
  is(await judgeOf('198.51.100.9'), shipped?.id)
  const audit = await rig.json<{ action: string; actor: string }[]>('audit', 'list')
  ok(audit.some(({ action, actor }) => action === 'model.install' && actor === 'system'))
  const { body } = await rig.api('../ml/predictions?client_ip=198.51.100.9')
  const [seen] = body['items'] as { via: string; model: string; verdict: string }[]
  equal([seen?.via, seen?.model], ['traffic', shipped?.id])
})

test('whoever is promoted or brought back judges the very next request, and a restart changes nothing', async () => {
  await rig.start()
  const shipped = await championId()
  const id = await install('1')
  // A plain visitor: the shipped model has nothing against him, the made-up one has against everybody.
  const visit = (client: string) =>
    rig.request(client, 'GET /pks/lookup?op=get&search=0x0123456789ABCDEF HTTP/1.1', {
      status: 200
    })
  await ok0('models', 'deploy', id, '--reason', 'a test')
  visit('198.51.100.21')
  is(await judgeOf('198.51.100.21'), id)
  await ok0('models', 'rollback', '--reason', 'worse')
  visit('198.51.100.22')
  rig.scan('198.51.100.23')
  is(await judgeOf('198.51.100.23'), shipped)
  ok(!(await decisions()).some(({ value }) => value === '198.51.100.22'))
  await ok0('models', 'deploy', id)
  await rig.stop()
  await rig.start()
  is(await stageOf(id), 'champion')
  is(await stageOf(shipped ?? ''), 'archived')
  visit('198.51.100.24')
  is(await judgeOf('198.51.100.24'), id)
})

test('a shadow decides nothing and is compared; a canary decides, and what is taken back is counted', async () => {
  mkdirSync(rig.dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(join(rig.dataDir, 'netminder.local.toml'), '[detection]\ncanaryShare = 1\n')
  await rig.start('--treat-as-public', '198.51.100.0/24')
  const [shadow, canary] = [await install('1'), await install('2')]
  await ok0('models', 'deploy', shadow, '--stage', 'shadow')
  rig.request('198.51.100.31', 'GET /pks/lookup?op=get&search=0x0123456789ABCDEF HTTP/1.1', {
    status: 200
  })
  const compared = await rig.until(
    () => performanceOf(shadow),
    (live) => (live?.comparison?.judgements ?? 0) > 0
  )
  equal(compared?.decisions, { watch: 0, throttle: 0, ban: 0, lifted: 0 })
  equal(await decisions(), [])
  match(await ok0('models', 'show', shadow), /In shadow: +agreed on \d+ of \d+/)
  await ok0('models', 'deploy', canary, '--stage', 'canary')
  const full = await rig.run(['models', 'deploy', await install('3'), '--stage', 'canary'])
  is(full.code, 1)
  match(full.talk, /at most 1 canary model/)
  rig.request('198.51.100.32', 'GET /pks/lookup?op=get&search=0x0123456789ABCDEF HTTP/1.1', {
    status: 200
  })
  is(await judgeOf('198.51.100.32'), canary)
  await ok0('decisions', 'lift', '198.51.100.32', '--reason', 'a visitor')
  const live = await performanceOf(canary)
  equal([live?.decisions.throttle, live?.decisions.lifted], [1, 1])
  match((await component())?.detail ?? '', /made-up@2 as a canary for 100 % of the sources/)
})

test('where the champion is damaged the rules judge alone, everybody is told, and the guard goes on', async () => {
  await rig.start()
  const id = await install('1')
  await ok0('models', 'deploy', id)
  await rig.stop()
  writeFileSync(join(rig.dataDir, 'models', 'made-up', '1', 'MODEL_CARD.md'), 'another')
  await rig.start()
  const part = await component()
  is(part?.state, 'degraded')
  match(part?.detail ?? '', /MODEL_CARD\.md.*; the rules judge alone/)
  rig.scan('198.51.100.41')
  is(await judgeOf('198.51.100.41'), null)
  const doctor = await rig.run(['doctor'])
  match(doctor.out, /it says of its models:[\s\S]*the rules judge\s+alone/)
  match(rig.nodeTalk, /"msg":"the rules judge alone"/)
  is(rig.nodeTalk.split('the rules judge alone"').length, 2, 'said once')
  const ready = await rig.api('../../readyz')
  is(ready.body['status'], 'ok')
  ok((ready.body['degraded'] as string[]).includes('models'))
})

test('a second node on the same data directory is refused, and the champion of the first goes on', async () => {
  await rig.start()
  const shipped = await championId()
  const second = await rig.run(['start'])
  ok(second.code !== 0)
  match(second.talk, /another|already|runs/i)
  rig.scan('198.51.100.51')
  is(await judgeOf('198.51.100.51'), shipped)
})
