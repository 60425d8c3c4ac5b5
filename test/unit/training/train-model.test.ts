/** A training from table to model: what is held out stays out, the seed decides, and what was asked for is what comes out. */
import { equal, is, match, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { encodeForest, ModelScorer } from '../../../src/runtime/index.ts'
import { TrainingError } from '../../../src/training/errors.ts'
import {
  type LabelledTable,
  type ModelKind,
  rowMajor,
  type TrainEvent,
  trainModel
} from '../../../src/training/index.ts'
import { calibrationError } from '../../../src/training/run/calibrate.ts'
import type { TrainRequest } from '../../../src/training/run/train-model.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('a training', { timeoutMs: 60_000 })
const table = makeTable({ rows: 600, numbers: 4, categories: [4] })
const CLASSES = ['no', 'yes']

/** A fourth of the labels is wrong: whoever learns them by heart is far too sure. */
function mislabelled(from: LabelledTable): LabelledTable {
  const isWrong = (row: number) => (Math.imul(row, 2_654_435_761) >>> 16) % 4 === 0
  return {
    ...from,
    labels: from.labels.map((label, row) => (isWrong(row) ? (label + 1) % from.classes : label))
  }
}

async function train(request: Partial<TrainRequest> = {}, signal = new AbortController().signal) {
  const events: TrainEvent[] = []
  const stages = new Map<string, number>()
  const outcome = await trainModel(
    {
      table,
      classNames: CLASSES,
      kind: 'gradient-boosting',
      params: { trees: 15, maxDepth: 4 },
      seed: 1,
      ...request
    },
    {
      clock: new ManualClock(),
      signal,
      onEvent: (event) => events.push(event),
      onProgress: (stage, share) => stages.set(stage, share)
    }
  )
  return { ...outcome, events, stages }
}

async function refusal(work: Promise<unknown>): Promise<TrainingError> {
  try {
    await work
  } catch (error) {
    ok(error instanceof TrainingError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

const bytesOf = ({ parts }: Awaited<ReturnType<typeof train>>) =>
  Buffer.from(encodeForest(parts.members[0]?.forest ?? (undefined as never))).toString('base64')

for (const kind of ['gradient-boosting', 'random-forest', 'isolation-forest'] as const) {
  test(`${kind}: the same seed gives the same bits and figures, another seed others`, async () => {
    const params = kind === 'gradient-boosting' ? { trees: 10, subsample: 0.7 } : { trees: 10 }
    const [one, two, other] = [
      await train({ kind, params }),
      await train({ kind, params }),
      await train({ kind, params, seed: 2 })
    ]
    is(bytesOf(one), bytesOf(two))
    equal(one.report, two.report)
    ok(bytesOf(one) !== bytesOf(other))
    ok((one.report.validation.auc ?? 0) > (kind === 'isolation-forest' ? 0.2 : 0.7))
  })
}

test('one fifth is held out once; its figures are of rows that the fit has not seen', async () => {
  const { events, report, stages } = await train()
  const folds = events.filter((event) => event.type === 'fold')
  is(folds.length, 1)
  ok(Math.abs((folds[0]?.rows ?? 0) - 120) < 20)
  // A label that nothing tells can be learned by heart, but not foretold.
  const random = makeTable({ rows: 600, numbers: 4, seed: 9 })
  const labels = Int32Array.from(
    { length: 600 },
    (_, row) => (Math.imul(row, 2_654_435_761) >>> 16) & 1
  )
  const blind = await train({ table: { ...random, labels }, params: { trees: 100, maxDepth: 8 } })
  ok((blind.report.training.auc ?? 0) > 0.95)
  ok(Math.abs((blind.report.validation.auc ?? 0) - 0.5) < 0.12)
  ok((blind.report.gap.auc ?? 0) > 0.35)
  ok((report.gap.auc ?? 1) < 0.3)
  is(stages.get('fitting to all rows'), 1)
})

test('groups are never on both sides, nor are rows with the same features', async () => {
  // The one feature says which group a row is of, and the groups have nothing in common.
  const rows = 400
  const group = Int32Array.from({ length: rows }, (_, row) => row % 20)
  const grouped: LabelledTable = {
    rows,
    features: [{ name: 'group', kind: 'numeric' }],
    columns: [Float64Array.from(group)],
    labels: Int32Array.from(group, (own) => (Math.imul(own, 2_654_435_761) >>> 20) & 1),
    classes: 2
  }
  const names = Array.from({ length: 20 }, (_, own) => `campaign ${own}`)
  const byGroup = await train({
    table: grouped,
    groups: { codes: group, names },
    folds: 5,
    params: { minChildWeight: 0 }
  })
  const byTwin = await train({ table: grouped, folds: 5, params: { minChildWeight: 0 } })
  for (const { report } of [byGroup, byTwin]) {
    is(report.method.kind, 'grouped')
    ok((report.training.auc ?? 0) > 0.95)
    ok((report.validation.auc ?? 1) < 0.8, String(report.validation.auc))
  }
})

test('a search prints every draw, keeps what is fixed, and takes the best', async () => {
  const { events, report } = await train({ search: 4, params: { trees: 12 }, folds: 3 })
  const trials = events.filter((event) => event.type === 'trial')
  equal(
    trials.map(({ trial }) => trial),
    [0, 1, 2, 3, 4]
  )
  ok(trials.every(({ params }) => params['trees'] === 12))
  is(new Set(trials.map(({ params }) => JSON.stringify(params))).size, 5)
  const best = trials.reduce((one, other) => (other.log_loss < one.log_loss ? other : one))
  equal(report.params, best.params)
  is(report.validation.log_loss, best.log_loss)
  const again = await train({ search: 4, params: { trees: 12 }, folds: 3 })
  equal(again.report.trials, report.trials)
})

test('features that carry nothing are unstable, and can be left out', async () => {
  const noise = makeTable({ rows: 600, numbers: 6, missing: 0, seed: 77 })
  const signal = Float64Array.from({ length: 600 }, (_, row) => (row * 37) % 101)
  const columns = [signal, ...noise.columns]
  const features = [{ name: 'signal', kind: 'numeric' as const }, ...noise.features]
  const labels = Int32Array.from(signal, (value) => (value > 50 ? 1 : 0))
  const { report, parts } = await train({
    table: { rows: 600, features, columns, labels, classes: 2 },
    params: { trees: 20, maxDepth: 3 },
    stabilityMin: 0.9
  })
  ok(report.dropped.length > 0)
  is(report.features[0]?.feature, 'signal')
  is(report.features[0]?.stability, 1)
  is(parts.members[0]?.forest.features.length, features.length - report.dropped.length)
  ok(report.features.every(({ cost_us }) => (cost_us ?? -1) >= 0))
})

for (const calibration of ['temperature', 'isotonic'] as const) {
  test(`${calibration}: what is learned from held-out rows mends scores that are too sure`, async () => {
    const large = mislabelled(makeTable({ rows: 1_500, numbers: 4, categories: [4] }))
    const params = { trees: 40, maxDepth: 6, learningRate: 0.5, minChildWeight: 0 }
    const plain = await train({ table: large, params, folds: 3 })
    const mended = await train({ table: large, params, folds: 3, calibration })
    is(mended.report.calibration.kind, calibration)
    const { ece, ece_before } = mended.report.calibration
    is(ece_before, plain.report.calibration.ece_before)
    is(plain.report.calibration.ece, null)
    ok((ece ?? 1) < ece_before * 0.6, `${ece_before} to ${ece}`)
    is(mended.parts.calibration.length, 1)
    // The model that comes out is the calibrated one.
    const rows = rowMajor(large)
    const [a, b] = [new Float64Array(1), new Float64Array(1)]
    new ModelScorer(plain.parts).score(rows, 0, a)
    new ModelScorer(mended.parts).score(rows, 0, b)
    ok(a[0] !== b[0])
  })
}

test('calibration of three classes is by temperature', async () => {
  const three = mislabelled(makeTable({ rows: 1_500, numbers: 4, classes: 3, seed: 4 }))
  const request = {
    table: three,
    classNames: ['a', 'b', 'c'],
    params: { trees: 60, learningRate: 0.4 }
  }
  const { parts, report } = await train({ ...request, calibration: 'temperature' })
  const { ece, ece_before } = report.calibration
  ok((ece ?? 1) < ece_before * 0.8, `${ece_before} to ${ece}`)
  const out = new Float64Array(3)
  new ModelScorer(parts).score(rowMajor(three), 0, out)
  ok(Math.abs(out.reduce((sum, p) => sum + p, 0) - 1) < 1e-9)
  is((await refusal(train({ ...request, calibration: 'isotonic' }))).code, 'OPTION_INVALID')
})

test('the error of calibration is measured on rows that it has not learned from', () => {
  const scores = Float64Array.from({ length: 400 }, (_, row) => (row % 20) / 20)
  const labels = Int32Array.from(
    { length: 400 },
    (_, row) => (Math.imul(row, 2_654_435_761) >>> 9) & 1
  )
  ok(calibrationError('isotonic', scores, labels) > 0.005)
})

test('a budget of false positives sets the threshold of the label', async () => {
  const budget = 0.02
  const { parts, report } = await train({ falsePositiveRateMax: budget, folds: 5 })
  ok(report.threshold > 0.5)
  is(parts.threshold, report.threshold)
})

test('an isolation forest finds as many odd rows as there were, and learns from ordinary ones alone', async () => {
  const rows = 500
  const columns = [0, 1].map((k) =>
    Float64Array.from({ length: rows }, (_, row) =>
      row % 50 === 0 ? 40 + k : Math.sin(row * (k + 3))
    )
  )
  const odd: LabelledTable = {
    rows,
    columns,
    features: [
      { name: 'x', kind: 'numeric' },
      { name: 'y', kind: 'numeric' }
    ],
    labels: Int32Array.from({ length: rows }, (_, row) => (row % 50 === 0 ? 1 : 0)),
    classes: 2
  }
  const { report } = await train({ table: odd, kind: 'isolation-forest', params: {} })
  ok((report.validation.auc ?? 0) > 0.99)
  const ordinary = { ...odd, labels: new Int32Array(rows) }
  const alone = await train({ table: ordinary, kind: 'isolation-forest', params: {} })
  is(alone.report.validation.auc, null)
})

const PARAMS: readonly { title: string; kind?: ModelKind; params: object; says: RegExp }[] = [
  {
    title: 'a word that nobody knows',
    params: { tress: 10 },
    says: /params of a gradient-boosting.*got "tress"/
  },
  {
    title: 'a number out of range',
    params: { trees: 0 },
    says: /trees to be a whole number from 1/
  },
  { title: 'a text as number', params: { maxDepth: '6' }, says: /maxDepth/ },
  {
    title: 'weights of other classes',
    params: { classWeights: { maybe: 2 } },
    says: /classWeights.*no, yes/
  },
  { title: 'weights that are negative', params: { classWeights: [1, -1] }, says: /classWeights/ },
  { title: 'columns that are not there', params: { monotone: { speed: 1 } }, says: /got "speed"/ },
  {
    title: 'words of another model',
    kind: 'random-forest',
    params: { lambda: 1 },
    says: /random-forest.*"lambda"/
  }
]
for (const { title, kind = 'gradient-boosting', params, says } of PARAMS) {
  test(`refuses params with ${title}`, async () => {
    const error = await refusal(train({ kind, params: { ...params } }))
    is(error.code, 'OPTION_INVALID')
    match(error.message, says)
  })
}

test('params that mean nothing to a kind are taken and named', async () => {
  const { report } = await train({ kind: 'random-forest', params: { trees: 5, learningRate: 0.1 } })
  equal(report.passed_over, ['learningRate'])
})

test('class weights by name are those in the order of the classes', async () => {
  const params = { trees: 5 }
  const byName = await train({ params: { ...params, classWeights: { yes: 5 } } })
  const byPlace = await train({ params: { ...params, classWeights: [1, 5] } })
  is(bytesOf(byName), bytesOf(byPlace))
  ok(bytesOf(byName) !== bytesOf(await train({ params })))
})

test('a table that the checks refuse is not trained on', async () => {
  const error = await refusal(train({ table: { ...table, labels: new Int32Array(600) } }))
  is(error.code, 'TABLE_REFUSED')
  match(error.message, /classes: expected rows of at least two classes, got "no" alone/)
})

test('stops between two trees when it is asked to', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 30)
  try {
    await train({ params: { trees: 100_000 } }, stop.signal)
    ok(false, 'expected that it stops')
  } catch (error) {
    ok(error instanceof Error)
    is(error.name, 'AbortError')
  }
})
