import { equal, is, not, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import {
  encodeForest,
  type FeatureSpec,
  type Forest,
  predictRow,
  predictRows
} from '../../../src/runtime/index.ts'
import {
  auc,
  type BoostingOptions,
  BoostingTrainer,
  type LabelledTable,
  logLoss,
  rowMajor,
  TrainingError,
  trainBoosting
} from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('gradient boosting', { timeoutMs: 60_000 })

function numbersTable(
  columns: readonly (readonly number[])[],
  labels: readonly number[]
): LabelledTable {
  return {
    rows: labels.length,
    features: columns.map((_, index): FeatureSpec => ({ name: `f${index}`, kind: 'numeric' })),
    columns: columns.map((values) => Float32Array.from(values)),
    labels: Int32Array.from(labels),
    classes: 2
  }
}

function scoreOf(forest: Forest, ...row: number[]): number {
  const out = new Float64Array(forest.scores)
  predictRow(forest, Float32Array.from(row), 0, out)
  return out[0] ?? Number.NaN
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    ok(error instanceof TrainingError, String(error))
    return error.code
  }
  return 'nothing thrown'
}

const table = makeTable({ rows: 2_000, numbers: 6, categories: [3, 20], seed: 11 })
const other = makeTable({ rows: 1_000, numbers: 6, categories: [3, 20], seed: 12 })

test('the first tree is worked out by hand', () => {
  // Gradients ±1/2 and second derivatives 1/4; left of 1.5: two of class 0, right: one of class 0 and three of class 1.
  const small = numbersTable([[1, 1, 2, 2, 2, 2]], [0, 0, 0, 1, 1, 1])
  const options = {
    trees: 1,
    learningRate: 1,
    lambda: 1,
    minChildWeight: 0,
    baseScore: 'even'
  } as const
  const forest = trainBoosting(small, options)
  equal([...forest.feature], [0, -1, -1])
  is(forest.threshold[0], 1.5)
  equal(
    [...forest.leafValue].map((value) => Math.round(value * 1e6) / 1e6),
    [Math.round((-1 / 1.5) * 1e6) / 1e6, 0.5]
  )
  equal([...forest.cover], [1.5, 0.5, 1])
  // The gain is 1²/(0.5 + 1) + 1²/(1 + 1) - 0²/(1.5 + 1) = 1.1667.
  is(trainBoosting(small, { ...options, minSplitGain: 1.16 }).feature.length, 3)
  is(trainBoosting(small, { ...options, minSplitGain: 1.17 }).feature.length, 1)
  is(trainBoosting(small, { ...options, minChildWeight: 0.5 }).feature.length, 3)
  is(trainBoosting(small, { ...options, minChildWeight: 0.51 }).feature.length, 1)
  is(trainBoosting(small, { ...options, minLeaf: 2 }).feature.length, 3)
  is(trainBoosting(small, { ...options, minLeaf: 3 }).feature.length, 1)
})

test('starts from the share of the classes unless told to start even', () => {
  const small = numbersTable([[1, 1, 1, 1]], [0, 0, 0, 1])
  is(trainBoosting(small, { trees: 1 }).baseScore[0], Math.fround(Math.log(1 / 3)))
  ok(Math.abs(scoreOf(trainBoosting(small, { trees: 1 }), 1) - 0.25) < 1e-6)
  is(trainBoosting(small, { trees: 1, baseScore: 'even' }).baseScore[0], 0)
})

test('the same seed gives the same bits, another seed others', () => {
  const options = { trees: 10, subsample: 0.7, columnSample: 0.5 }
  const bytes = encodeForest(trainBoosting(table, { ...options, seed: 3 }))
  equal(encodeForest(trainBoosting(table, { ...options, seed: 3 })), bytes)
  not.equal(encodeForest(trainBoosting(table, { ...options, seed: 4 })), bytes)
})

test('learns, and its probabilities hold on rows that it has not seen', () => {
  const forest = trainBoosting(table, { trees: 60, maxDepth: 4 })
  const scores = predictRows(forest, rowMajor(other), other.rows)
  ok(auc(scores, other.labels) > 0.93, `${auc(scores, other.labels)}`)
  ok(logLoss(scores, other.labels) < 0.34, `${logLoss(scores, other.labels)}`)
})

const VARIANTS: readonly { name: string; options: BoostingOptions }[] = [
  { name: 'all rows', options: {} },
  { name: 'some rows', options: { subsample: 0.4 } },
  { name: 'some features', options: { columnSample: 0.3 } },
  { name: 'leaf by leaf', options: { maxLeaves: 9, maxDepth: 20 } },
  { name: 'counted rows', options: { minLeaf: 20 } },
  { name: 'few bins', options: { maxBins: 7 } }
]
for (const { name, options } of VARIANTS) {
  test(`${name}: bins and values lead to the same leaves`, () => {
    const trainer = new BoostingTrainer(table, { trees: 12, ...options }, { validation: table })
    let loss: number | undefined
    while (!trainer.isDone) loss = trainer.step().validationLoss
    const scores = predictRows(trainer.forest(), rowMajor(table), table.rows)
    ok(Math.abs(logLoss(scores, table.labels) - (loss ?? 0)) < 1e-6)
  })

  test(`${name}: going on from a checkpoint gives the bits of a run that was never stopped`, () => {
    const all = { trees: 12, earlyStoppingRounds: 50, ...options }
    const whole = new BoostingTrainer(table, all, { validation: other })
    while (!whole.isDone) whole.step()
    const first = new BoostingTrainer(table, all, { validation: other })
    for (let round = 0; round < 5; round++) first.step()
    const rest = new BoostingTrainer(table, all, { validation: other, resumeFrom: first.forest() })
    is(rest.step().round, 6)
    while (!rest.isDone) rest.step()
    equal(encodeForest(rest.forest()), encodeForest(whole.forest()))
  })
}

test('limits of depth and of leaves hold', () => {
  const deep = trainBoosting(table, { trees: 3, maxDepth: 2 })
  for (let tree = 0; tree < 3; tree++) {
    is((deep.treeStart[tree + 1] ?? 0) - (deep.treeStart[tree] ?? 0), 7)
  }
  const wide = trainBoosting(table, { trees: 3, maxDepth: 30, maxLeaves: 10 })
  for (let tree = 0; tree < 3; tree++) {
    is((wide.treeStart[tree + 1] ?? 0) - (wide.treeStart[tree] ?? 0), 19)
  }
})

test('a leaf holds at least so many rows', () => {
  const forest = trainBoosting(table, { trees: 5, minLeaf: 150, minChildWeight: 0, maxDepth: 10 })
  const rows = rowMajor(table)
  const counts = new Map<string, number>()
  const out = new Float64Array(1)
  for (let row = 0; row < table.rows; row++) {
    predictRow(forest, rows, row * forest.features.length, out)
  }
  for (let tree = 0; tree < 5; tree++) {
    for (let row = 0; row < table.rows; row++) {
      let node = forest.treeStart[tree] ?? 0
      while ((forest.feature[node] ?? -1) >= 0) node = step(forest, node, rows, row)
      counts.set(`${tree} ${node}`, (counts.get(`${tree} ${node}`) ?? 0) + 1)
    }
  }
  ok(counts.size > 10)
  ok(Math.min(...counts.values()) >= 150, `${Math.min(...counts.values())}`)
})

function step(forest: Forest, node: number, rows: Float32Array, row: number): number {
  const feature = forest.feature[node] ?? 0
  const x = rows[row * forest.features.length + feature] ?? 0
  const set = forest.categorySet[node] ?? -1
  const isLeft = Number.isNaN(x)
    ? forest.missingLeft[node] === 1
    : set < 0
      ? x <= (forest.threshold[node] ?? 0)
      : (((forest.categoryWords[set + (x >>> 5)] ?? 0) >>> (x & 31)) & 1) === 1
  return (isLeft ? forest.left[node] : forest.right[node]) ?? 0
}

test('a missing value goes where missing values were of use', () => {
  const values = Array.from({ length: 400 }, (_, row) => (row % 4 === 0 ? Number.NaN : row % 10))
  const labels = values.map((value) => (Number.isNaN(value) || value < 3 ? 1 : 0))
  const forest = trainBoosting(numbersTable([values], labels), { trees: 30, maxDepth: 3 })
  ok(scoreOf(forest, Number.NaN) > 0.9)
  ok(scoreOf(forest, 1) > 0.9)
  ok(scoreOf(forest, 8) < 0.1)
  const onlyMissing = values.map((value) => (Number.isNaN(value) ? 1 : 0))
  const alone = trainBoosting(numbersTable([values], onlyMissing), { trees: 30, maxDepth: 1 })
  ok(scoreOf(alone, Number.NaN) > 0.9)
  ok(scoreOf(alone, 1e30) < 0.1)
  ok(scoreOf(alone, -1e30) < 0.1)
})

test('sets of categories are found in one split', () => {
  const codes = Int32Array.from({ length: 3_000 }, (_, row) => (row * 7) % 40)
  const inSet = (code: number) => code % 3 === 0
  const categories = Array.from({ length: 41 }, (_, code) => `c${code}`)
  const sets: LabelledTable = {
    rows: codes.length,
    features: [{ name: 'c', kind: 'category', categories }],
    columns: [codes],
    labels: Int32Array.from(codes, (code) => (inSet(code) ? 1 : 0)),
    classes: 2
  }
  const forest = trainBoosting(sets, { trees: 20, maxDepth: 1, learningRate: 0.5 })
  for (let code = 0; code < 40; code++) is(scoreOf(forest, code) > 0.5, inSet(code))
  // A word that the forest knows and training never saw is in no set.
  ok(Number.isFinite(scoreOf(forest, 40)))
})

test('a monotone feature never turns round, and without the constraint it does', () => {
  const random = seededRandom(5)
  const x = Array.from({ length: 2_000 }, () => random.next() * 10)
  const noise = x.map(() => random.next())
  const labels = x.map((value) => (random.next() < value / 14 + 0.2 * Math.sin(value * 2) ? 1 : 0))
  const turns = (monotone: number[] | undefined, sign: number) => {
    const forest = trainBoosting(numbersTable([x, noise], labels), { trees: 40, monotone })
    let count = 0
    for (let fixed = 0; fixed <= 1; fixed += 0.25) {
      for (let value = 0; value < 10; value += 0.05) {
        const rise = scoreOf(forest, value + 0.05, fixed) - scoreOf(forest, value, fixed)
        if (rise * sign < 0) count++
      }
    }
    return count
  }
  is(turns([1, 0], 1), 0)
  is(turns([-1, 0], -1), 0)
  ok(turns(undefined, 1) > 20)
})

test('a weight of three is three rows, a class weight the weight of its rows', () => {
  const weights = Float64Array.from(table.labels, (label) => (label === 1 ? 3 : 1))
  const options = { trees: 8, maxDepth: 4 }
  const weighted = encodeForest(trainBoosting({ ...table, weights }, options))
  equal(encodeForest(trainBoosting(table, { ...options, classWeights: [1, 3] })), weighted)
  not.equal(encodeForest(trainBoosting(table, options)), weighted)
  const share = table.labels.filter((label) => label === 1).length / table.rows
  const balanced = [0.5 / (1 - share), 0.5 / share]
  const forest = trainBoosting(table, { ...options, classWeights: 'balanced' })
  ok(Math.abs(forest.baseScore[0] ?? 1) < 1e-6)
  equal(
    encodeForest(trainBoosting(table, { ...options, classWeights: balanced })).length,
    encodeForest(forest).length
  )
})

test('stops when the validation table no longer gets better, and keeps the best', () => {
  const small = makeTable({ rows: 150, numbers: 6, categories: [3, 20], seed: 13 })
  const options = { trees: 400, learningRate: 0.5, earlyStoppingRounds: 10 }
  const losses: number[] = []
  const forest = trainBoosting(small, options, {
    validation: other,
    onRound: ({ validationLoss }) => losses.push(validationLoss ?? 0)
  })
  const best = losses.indexOf(Math.min(...losses)) + 1
  is(losses.length, best + 10)
  is(forest.treeClass.length, best)
  const loss = logLoss(predictRows(forest, rowMajor(other), other.rows), other.labels)
  ok(Math.abs(loss - Math.min(...losses)) < 1e-6)
})

test('more than two classes: probabilities of each add up to 1', () => {
  const many = makeTable({ rows: 1_500, numbers: 6, classes: 4, seed: 21 })
  const forest = trainBoosting(many, { trees: 20 })
  is(forest.treeClass.length, 80)
  const scores = predictRows(forest, rowMajor(many), many.rows)
  for (let row = 0; row < many.rows; row++) {
    const sum = scores.slice(row * 4, row * 4 + 4).reduce((a, b) => a + b, 0)
    ok(Math.abs(sum - 1) < 1e-12)
  }
  ok(logLoss(scores, many.labels) < 0.6)
})

const BAD_OPTIONS: readonly BoostingOptions[] = [
  { trees: 0 },
  { trees: 1.5 },
  { learningRate: Number.NaN },
  { subsample: 0 },
  { columnSample: 1.1 },
  { maxBins: 256 },
  { lambda: -1 },
  { monotone: [1] },
  { monotone: new Array(8).fill(2) },
  { classWeights: [1] },
  { classWeights: [1, -1] }
]
for (const options of BAD_OPTIONS) {
  test(`refuses ${JSON.stringify(options)}`, () => {
    is(
      codeOf(() => trainBoosting(table, options)),
      'OPTION_INVALID'
    )
  })
}

const BAD_TABLES: readonly { name: string; change: Partial<LabelledTable> }[] = [
  { name: 'one class', change: { labels: new Int32Array(table.rows) } },
  { name: 'a label that is no class', change: { labels: new Int32Array(table.rows).fill(2) } },
  { name: 'a negative label', change: { labels: new Int32Array(table.rows).fill(-1) } },
  { name: 'too few labels', change: { labels: new Int32Array(3) } },
  { name: 'too few columns', change: { columns: [] } },
  { name: 'a short column', change: { columns: table.columns.map((values) => values.slice(1)) } },
  { name: 'too few weights', change: { weights: new Float64Array(1) } },
  {
    name: 'a weight that is NaN',
    change: { weights: new Float64Array(table.rows).fill(Number.NaN) }
  },
  { name: 'no features', change: { features: [], columns: [] } },
  { name: 'no rows', change: { rows: 0 } }
]
for (const { name, change } of BAD_TABLES) {
  test(`refuses a table with ${name}`, () => {
    is(
      codeOf(() => trainBoosting({ ...table, ...change })),
      'TABLE_INVALID'
    )
  })
}

test('refuses to go on from a forest of another table', () => {
  const foreign = trainBoosting(makeTable({ rows: 200, numbers: 3 }), { trees: 2 })
  is(
    codeOf(() => new BoostingTrainer(table, {}, { resumeFrom: foreign })),
    'CHECKPOINT_INVALID'
  )
})

test('nothing happens after the last round', () => {
  const trainer = new BoostingTrainer(table, { trees: 1 })
  ok(trainer.step().isLast)
  equal(trainer.step(), { round: 1, rounds: 1, validationLoss: undefined, isLast: true })
  is(trainer.forest().treeClass.length, 1)
})
