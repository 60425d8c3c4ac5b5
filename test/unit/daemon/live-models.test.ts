/** Who judges the node's own traffic, and what is kept of it. */
import { equal, is, match, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { LiveModels } from '../../../src/daemon/live-models.ts'
import type { ModelJudgement } from '../../../src/detection/index.ts'
import {
  LiveRecord,
  type ModelRecord,
  openPackage,
  PredictionLog,
  type SeatedPackage,
  type TaskPanel
} from '../../../src/registry/index.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { decision } from '../../support/guard.ts'
import { behaviourPackage, smallPackage } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('live models')

const THRESHOLDS = { watch: 0.5, throttle: 0.7, ban: 0.9 }
const EMPTY: TaskPanel = { champion: undefined, canary: undefined, shadows: [] }

function seated(version: string, fields: Partial<ModelRecord> = {}): SeatedPackage {
  const opened = openPackage(behaviourPackage(version))
  const record: ModelRecord = {
    ...{ name: 'made-up', version, task: 'behaviour', kind: 'boosting', stage: 'champion' },
    ...{ origin: 'imported', digest: opened.sha256, thresholds: THRESHOLDS, notes: '' },
    ...{ revision: 1, createdAtMs: 0, updatedAtMs: 0, succeededAtMs: undefined, ...fields }
  }
  return { record, package: opened }
}

function rig(lotKey: () => string = () => 'secret') {
  const logged: string[] = []
  const note = (_fields: unknown, message: string) => logged.push(message)
  const log = { ...NULL_LOGGER, warn: note, error: note }
  const [predictions, record] = [new PredictionLog(), new LiveRecord()]
  const live = new LiveModels(
    { task: 'behaviour', canaryShare: 0.1 },
    { clock: new ManualClock(1_000_000), log, predictions, record, lotKey }
  )
  return { live, predictions, record, logged }
}

function judgement(fields: Partial<ModelJudgement> = {}): ModelJudgement {
  const word = { model: 'made-up@1', score: 0.1, level: 'benign' } as const
  return {
    ...{ source: '192.0.2.1', atMs: 1, by: 'champion', word, shadows: [] },
    ...{ level: 'benign', isSaid: false, ...fields }
  }
}

test('seats champion, canary and shadows as they are told, and of its own task only', () => {
  const { live } = rig()
  equal(live.problem, 'no model is champion')
  live.seat('certificate', { ...EMPTY, champion: seated('1') })
  is(live.seated().champion, undefined)
  const [canary, shadow] = [seated('2'), seated('3')]
  live.seat('behaviour', { champion: seated('1'), canary, shadows: [shadow] })
  const models = live.seated()
  is(models.champion?.name, 'made-up@1')
  equal([models.canary?.model.name, models.canary?.share], ['made-up@2', 0.1])
  equal(
    models.shadows.map(({ name }) => name),
    ['made-up@3']
  )
  is(live.problem, undefined)
  is(
    live.describe(),
    'made-up@1 judges; made-up@2 as a canary for 10 % of the sources; in shadow made-up@3'
  )
  const thresholds = { watch: 0.1, throttle: 0.2, ban: 0.3 }
  live.seat('behaviour', { ...EMPTY, champion: seated('1', { thresholds }) })
  equal(live.seated().champion?.thresholds, thresholds)
  live.seat('behaviour', EMPTY)
  is(live.seated().champion, undefined)
  is(live.describe(), 'the rules judge alone')
})

test('seats nobody who reads other features, and says so', () => {
  const { live, logged } = rig()
  const opened = openPackage(smallPackage('1'))
  live.seat('behaviour', { ...EMPTY, champion: { ...seated('1'), package: opened } })
  is(live.seated().champion, undefined)
  match(live.problem ?? '', /expected the \d+ features of behaviour/)
  equal(logged, ['model cannot judge'])
})

test('draws the same lot for a source each time, evenly, and by the key', () => {
  const { live } = rig()
  live.seat('behaviour', { ...EMPTY, canary: seated('2') })
  const other = rig(() => 'another').live
  other.seat('behaviour', { ...EMPTY, canary: seated('2') })
  const sources = Array.from({ length: 4_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`)
  const lots = sources.map((source) => live.lotOf(source))
  equal(
    lots,
    sources.map((source) => live.lotOf(source))
  )
  const drawn = lots.filter((lot) => lot < 0.1).length
  // Binomial, n 4 000, p 0.1: five standard deviations are 95.
  ok(Math.abs(drawn - 400) < 95, String(drawn))
  ok(sources.some((source, index) => other.lotOf(source) !== lots[index]))
})

test('goes on without a key that cannot be read', () => {
  const { live, logged } = rig(() => {
    throw new Error('no room')
  })
  live.seat('behaviour', { ...EMPTY, canary: seated('2') })
  ok(live.lotOf('192.0.2.1') < 1)
  equal(logged, ['lots of the canary are drawn without a key'])
})

test('says once that a model fails, shows it until it has been well for long', () => {
  const { live, logged, record } = rig()
  live.seat('behaviour', { ...EMPTY, champion: seated('1') })
  const failure = { model: 'made-up@1', seat: 'champion', reason: 'got NaN' } as const
  live.failed(failure)
  live.judged(judgement({ by: 'rules', word: undefined }))
  live.failed(failure)
  live.judged(judgement({ by: 'rules', word: undefined }))
  equal(logged, ['a model failed on live traffic', 'the rules judge alone'])
  is(live.problem, 'made-up@1 (champion) fails: got NaN')
  is(record.of('made-up@1')?.failures, 2)
  equal(live.counters(), {
    judgements: { champion: 0, canary: 0, rules: 2 },
    failures: { champion: 2, canary: 0, shadow: 0 }
  })
  for (let index = 0; index < 1_000; index++) live.judged(judgement())
  is(live.problem, undefined)
  live.failed(failure)
  live.seat('behaviour', { ...EMPTY, champion: seated('2') })
  is(live.problem, undefined)
})

test('remembers what was said, and of what was not one in a hundred', () => {
  const { live, predictions } = rig()
  const word = { model: 'made-up@1', score: 0.95, level: 'ban' } as const
  live.judged(judgement({ word, level: 'ban', isSaid: true, source: '192.0.2.66' }))
  // Still stands, and is not said again.
  live.judged(judgement({ word, level: 'ban', source: '192.0.2.66' }))
  for (let index = 0; index < 249; index++) live.judged(judgement())
  const records = predictions.list({ limit: 1_000 })
  equal(
    records.map(({ clientIp, verdict, via }) => [clientIp, verdict, via]),
    [
      ['192.0.2.1', 'benign', 'traffic'],
      ['192.0.2.1', 'benign', 'traffic'],
      ['192.0.2.66', 'ban', 'traffic']
    ]
  )
  const counts = predictions.countsOf('made-up@1')
  equal([counts.predictions, counts.byVerdict], [251, { ban: 2, benign: 249 }])
  live.judged(judgement({ by: 'rules', word: undefined, level: 'throttle', isSaid: true }))
  equal(
    predictions.list({ limit: 1 }).map(({ model, fallbackReason }) => [model, fallbackReason]),
    [[undefined, 'no-model']]
  )
})

test('keeps what a shadow would have done otherwise', () => {
  const { live, record } = rig()
  const shadows = [{ model: 'made-up@3', score: 0.99, level: 'ban' }] as const
  live.judged(judgement({ shadows }))
  equal(record.of('made-up@3')?.comparison?.alone.sources, 1)
  is(record.of('made-up@3')?.judgements, 1)
})

test('counts the decisions of each model, and what an operator takes back of them', () => {
  const { live, record } = rig()
  const [own, canarys] = [decision(1, { model: 'made-up@1' }), decision(2, { model: 'made-up@2' })]
  for (const one of [own, canarys, decision(3)]) live.note({ kind: 'decided', decision: one })
  const end = (liftedBy: string | undefined, why: 'lifted' | 'expired' = 'lifted') =>
    live.note({ kind: 'ended', decision: { ...own, liftedBy }, atMs: 1, why })
  end('token:anna')
  end('system')
  end('detection')
  end(undefined, 'expired')
  equal(record.of('made-up@1')?.decisions, { watch: 0, throttle: 0, ban: 1, lifted: 1 })
  equal(record.of('made-up@2')?.decisions, { watch: 0, throttle: 0, ban: 1, lifted: 0 })
})

test('measures how long each score takes', () => {
  const { live, record } = rig()
  live.seat('behaviour', { ...EMPTY, champion: seated('1') })
  const model = live.seated().champion
  ok(model !== undefined)
  const score = model.score(new Float32Array(500))
  ok(score >= 0 && score <= 1)
  is(record.of('made-up@1')?.latencyUs?.p50, 0)
})
