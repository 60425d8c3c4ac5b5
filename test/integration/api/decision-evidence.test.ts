/** A decision that a model took part in, from the line to the audit: kept, explained, judged again, and found out when changed. */
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { ApiClient } from '../../../src/api/index.ts'
import { SystemClock } from '../../../src/base/index.ts'
import { createReplay } from '../../../src/daemon/decision-replay.ts'
import { type Decision, GuardService, type ModeSettings } from '../../../src/defense/index.ts'
import {
  createBehaviourModel,
  FEATURE_SET_VERSION,
  FEATURES,
  type ModelEvidence,
  RulePolicy
} from '../../../src/detection/index.ts'
import {
  KeptPackages,
  LiveRecord,
  ModelRegistry,
  PackageFolders,
  PredictionLog
} from '../../../src/registry/index.ts'
import { ModelRunner } from '../../../src/runtime/index.ts'
import {
  DecisionRepository,
  EvidenceRepository,
  ListRepository,
  ModelRepository,
  ModeRepository
} from '../../../src/store/index.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { request, upload } from '../../support/events.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { PUBLIC } from '../../support/guard.ts'
import { behaviourPackage } from '../../support/model-packages.ts'
import {
  makeStore,
  removeStore,
  START_MS,
  type TemporaryStore,
  uuidOf
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('decisions of models', { timeoutMs: 60_000 })
const ENFORCE: ModeSettings = { overall: 'enforce', byCategory: {}, previous: undefined }
const MODEL = 'made-up@1'

interface Rig {
  readonly store: TemporaryStore
  readonly ownDir: string
  readonly evidence: EvidenceRepository<ModelEvidence>
  readonly decisions: DecisionRepository<Decision>
  readonly guard: GuardService
  readonly registry: ModelRegistry
  readonly runner: ModelRunner
  readonly api: FakeApi
  readonly client: ApiClient
}

let rig: Rig

async function makeRig(): Promise<Rig> {
  const store = makeStore()
  const { db, clock, audit } = store
  const clockOfRunner = new SystemClock()
  const ownDir = join(store.dataDir, 'models')
  const shelf = new PackageFolders({ shippedDir: join(store.dataDir, 'shipped'), ownDir })
  const models = new ModelRepository(db)
  const runner = new ModelRunner({ threads: 1, batchDelayMs: 1 }, { clock: clockOfRunner })
  const fit = { featureSetVersion: FEATURE_SET_VERSION, features: FEATURES.map(({ name }) => name) }
  const registry = new ModelRegistry(
    { tasks: new Map([['behaviour', fit]]), trusted: () => [] },
    {
      ...{ store: models, seat: runner, audit, unitOfWork: db.transaction, shelf, clock },
      onProblem: () => undefined
    }
  )
  await registry.installFiles(behaviourPackage('1'), { actor: 'token:anna', reason: 'a try' })
  const { manifest, parts, sha256 } = await registry.package(MODEL)
  const { features, thresholds } = manifest
  const model = createBehaviourModel({
    ...{ name: MODEL, digest: sha256, features, thresholds, parts },
    featureSetVersion: FEATURE_SET_VERSION
  })
  const decisions = new DecisionRepository<Decision>(db)
  const evidence = new EvidenceRepository<ModelEvidence>(db)
  let ids = 0
  const guard = new GuardService(
    {
      ...{ treatAsPublic: PUBLIC, throttleTtlMs: 600_000, banLadderMs: [1_800_000] },
      ...{ ladderMemoryMs: 604_800_000, maxActive: 100_000 }
    },
    {
      ...{ policy: new RulePolicy({ model }), decisions, evidence, audit, clock },
      allowlist: new ListRepository(db, 'allowlist'),
      blocklist: new ListRepository(db, 'blocklist'),
      mode: new ModeRepository<ModeSettings>(db, ENFORCE),
      unitOfWork: db.transaction,
      actuators: {
        ...{ setDesired() {}, statuses: () => [], dryRun: async () => [], sweep: async () => [] },
        ...{ describe: () => [], isInEffect: () => false }
      },
      facts: { current: () => ({ entries: [] }), onChange: () => () => {} },
      logger: NULL_LOGGER,
      metrics: { decided() {}, ended() {}, suppressed() {}, observed() {}, storeFailed() {} },
      createId: () => uuidOf(++ids)
    }
  )
  await guard.start(new AbortController().signal)
  const kept = { shelf, store: models, task: 'behaviour' }
  const api = await startFakeApi(
    {},
    {
      ...{ guard, audit, clock },
      createReplay: () => createReplay({ decisions, evidence, audit }, new KeptPackages(kept)),
      models: {
        ...{ registry, runner, predictions: new PredictionLog(), live: new LiveRecord() },
        meaningOf: (name) => FEATURES.find((feature) => feature.name === name)?.meaning
      }
    }
  )
  const client = new ApiClient({ url: api.url, token: 'admin-token' })
  return { store, ownDir, evidence, decisions, guard, registry, runner, api, client }
}

test.beforeEach(async () => {
  rig = await makeRig()
})
test.afterEach(async () => {
  await rig.api.stop()
  await rig.guard.stop()
  await rig.registry.stop()
  await rig.runner.close()
  removeStore(rig.store)
})

/** One injection each: the rules alone would decide so, and the model is asked all the same. */
function attack(sources: number): void {
  for (let index = 0; index < sources; index++) {
    rig.guard.observe(
      request({
        atMs: START_MS + index,
        source: `198.51.${100 + (index >> 8)}.${index & 255}`,
        target: "/pks/lookup?op=get&search=1'%20OR%201=1--"
      })
    )
  }
}

const replayAll = () => rig.client.call('replayDecisions', { query: { limit: 1_000 } })

test('is judged again to the same bit, a thousand of them in one answer', async () => {
  attack(1_000)
  const { items, next_cursor, without_model } = await replayAll()
  equal([items.length, next_cursor, without_model], [1_000, null, 0])
  for (const { outcome, audit, score, score_now, model } of items) {
    equal([outcome, audit, model], ['same', 'bound', MODEL])
    is(score_now, score)
  }
  equal((await rig.client.call('verifyAudit', {})).is_intact, true)
})

test('says in the API what a decision says of the same features', async () => {
  attack(1)
  const ip = '198.51.100.0'
  const { decisions } = await rig.client.call('explainAddress', { params: { ip } })
  const [first] = decisions
  const said = first?.evidence
  const kept = rig.evidence.find(first?.decision.id ?? '')
  ok(said !== null && said !== undefined && kept !== undefined)
  is(first?.decision.model, MODEL)
  const features = Array.from(kept.features, (value) => (Number.isNaN(value) ? null : value))
  const asked = await rig.client.call('explainPrediction', { body: { model: MODEL, features } })
  equal([asked.text, asked.score, asked.bias], [said.text, said.score, said.bias])
  equal(
    asked.contributions.slice(0, said.features.length).map(({ feature, value, contribution }) => ({
      ...{ feature, value, contribution }
    })),
    said.features.map(({ feature, value, contribution }) => ({ feature, value, contribution }))
  )
  const sum = said.features.reduce((total, { contribution }) => total + contribution, said.bias)
  ok(Math.abs(sum + said.rest - asked.margin) < 1e-9)
  match(said.text, /^looks /)
  for (const { shown } of said.features) ok(shown !== '')
})

test('explains now what there was no time to explain in a wave of addresses', async () => {
  attack(300)
  const { items } = rig.decisions.list({ limit: 1_000 })
  const late = items.find(({ id }) => rig.evidence.find(id)?.contributions.length === 0)
  ok(late !== undefined, 'expected one that was not explained')
  const explain = async () => {
    const params = { ip: late.value }
    return (await rig.client.call('explainAddress', { params })).decisions[0]?.evidence
  }
  const said = await explain()
  is(said?.explained, 'now')
  ok((said?.features.length ?? 0) > 0)
  match(said?.text ?? '', /%: it /)
  rmSync(rig.ownDir, { recursive: true })
  await rig.registry.delete(MODEL, { revision: undefined, reason: '' }, 'token:bert')
  const gone = await explain()
  equal([gone?.explained, gone?.features], ['not', []])
})

test('keeps what the model knew of the member that made a swarm', async () => {
  for (let index = 0; index < 120; index++) {
    rig.guard.observe(
      upload({
        ...{ atMs: START_MS + index * 200, source: `203.0.113.${index}`, userAgent: 'spam/1' },
        declaredLength: 2_048
      })
    )
  }
  const { items } = rig.decisions.list({ limit: 1_000 })
  const swarm = items.find(({ scope }) => scope === 'swarm')
  ok(swarm !== undefined, 'expected a swarm')
  const kept = rig.evidence.find(swarm.id)
  match(kept?.source ?? '', /^203\.0\.113\./)
  is(kept?.model, MODEL)
  const { items: replayed } = await rig.client.call('replayDecisions', {
    query: { decision: swarm.id }
  })
  equal(
    replayed.map(({ outcome, audit }) => [outcome, audit]),
    [['same', 'bound']]
  )
})

test('is found out when features, score or decision were changed in the database', async () => {
  attack(4)
  const change = (sql: string) => rig.store.db.execute(sql)
  change(
    'UPDATE decision_evidence SET features = zeroblob(length(features)) WHERE decision_sequence = 1'
  )
  change('UPDATE decision_evidence SET score = score + 1e-12 WHERE decision_sequence = 2')
  change("UPDATE decision SET type = 'ban' WHERE sequence = 3")
  change('DELETE FROM decision_evidence WHERE decision_sequence = 4')
  const { items } = await replayAll()
  equal(items.map(({ outcome, audit }) => [outcome, audit]).reverse(), [
    [items.at(-1)?.outcome, 'broken'],
    ['differs', 'broken'],
    ['same', 'broken'],
    ['evidence-lost', 'broken']
  ])
})

test('is not judged by a package that was changed, and says where to get one that is gone', async () => {
  attack(1)
  const dir = join(rig.ownDir, 'made-up', '1')
  appendFileSync(join(dir, 'MODEL_CARD.md'), 'x')
  const changed = (await replayAll()).items[0]
  equal([changed?.outcome, changed?.audit, changed?.score_now], ['package-changed', 'bound', null])
  match(changed?.detail ?? '', /^the package of made-up@1 was changed: expected .* MODEL_CARD\.md/)
  rmSync(dir, { recursive: true })
  const gone = (await replayAll()).items[0]
  is(gone?.outcome, 'package-absent')
  match(
    gone?.detail ?? '',
    /is not here; it was installed \S+ by token:anna.*"netminder models import"/
  )
  await rig.registry.delete(MODEL, { revision: undefined, reason: '' }, 'token:bert')
  match((await replayAll()).items[0]?.detail ?? '', /was deleted \S+ by token:bert/)
  await rig.registry.installFiles(behaviourPackage('1', 4), { actor: 'token:anna', reason: '' })
  const other = (await replayAll()).items[0]
  is(other?.outcome, 'package-changed')
  match(other?.detail ?? '', /which judged, got one with/)
})

test('answers for one decision, and 404 for none', async () => {
  attack(1)
  const [made] = rig.decisions.list({ limit: 1 }).items
  const query = { decision: made?.id ?? '' }
  const { items } = await rig.client.call('replayDecisions', { query })
  equal([items.length, items[0]?.id], [1, made?.id])
  let code = ''
  await rig.client.call('replayDecisions', { query: { decision: uuidOf(99) } }).catch((error) => {
    code = error.code
  })
  is(code, 'DECISION_NOT_FOUND')
})
