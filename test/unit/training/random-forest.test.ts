import { equal, is, not, ok } from 'uvu/assert'
import { encodeForest, predictRows } from '../../../src/runtime/index.ts'
import {
  accuracy,
  auc,
  type ForestOptions,
  type LabelledTable,
  rowMajor,
  TrainingError,
  trainRandomForest
} from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('random forests', { timeoutMs: 60_000 })
const table = makeTable({ rows: 1_500, numbers: 6, categories: [3, 20], seed: 31 })
const other = makeTable({ rows: 1_000, numbers: 6, categories: [3, 20], seed: 32 })
const many = makeTable({ rows: 1_500, numbers: 6, categories: [5], classes: 5, seed: 33 })

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return error instanceof TrainingError ? error.code : String(error)
  }
  return 'nothing thrown'
}

test('any number of threads gives the same bits', async () => {
  for (const one of [table, many]) {
    const bytes = encodeForest(await trainRandomForest(one, { trees: 9 }, { threads: 1 }))
    for (const threads of [2, 3]) {
      equal(encodeForest(await trainRandomForest(one, { trees: 9 }, { threads })), bytes)
    }
    not.equal(encodeForest(await trainRandomForest(one, { trees: 9, seed: 2 })), bytes)
  }
})

test('grown without drawing rows, a tree knows every row by heart', async () => {
  for (const one of [table, many]) {
    const options = { trees: 1, bootstrap: false, featureSample: 1 }
    const forest = await trainRandomForest(one, options)
    const scores = predictRows(forest, rowMajor(one), one.rows)
    ok(accuracy(scores, one.labels) > 0.99, `${accuracy(scores, one.labels)}`)
    is(forest.cover[0], one.rows)
  }
})

test('learns, for two classes and for more', async () => {
  const forest = await trainRandomForest(table, { trees: 100 })
  ok(auc(predictRows(forest, rowMajor(other), other.rows), other.labels) > 0.91)
  const five = makeTable({ rows: 800, numbers: 6, categories: [5], classes: 5, seed: 34 })
  const rows = rowMajor(five)
  const scores = predictRows(await trainRandomForest(many, { trees: 60 }), rows, five.rows)
  ok(accuracy(scores, five.labels) > 0.6, `${accuracy(scores, five.labels)}`)
  for (let row = 0; row < five.rows; row++) {
    const sum = scores.slice(row * 5, row * 5 + 5).reduce((a, b) => a + b, 0)
    ok(Math.abs(sum - 1) < 1e-6)
  }
})

test('the best split is the purest, worked out by hand', async () => {
  const small: LabelledTable = {
    rows: 6,
    features: [
      { name: 'a', kind: 'numeric' },
      { name: 'b', kind: 'numeric' }
    ],
    // By a: {0,0,0} and {1,1,0}; by b: {0,0} and {0,1,1,0}.
    columns: [Float32Array.of(1, 1, 1, 2, 2, 2), Float32Array.of(1, 1, 2, 2, 2, 2)],
    labels: Int32Array.of(0, 0, 0, 1, 1, 0),
    classes: 2
  }
  const options = { trees: 1, bootstrap: false, featureSample: 1 }
  const forest = await trainRandomForest(small, options)
  equal([...forest.feature], [0, -1, -1])
  equal([...forest.leafValue], [0, Math.fround(2 / 3)])
  const stump = await trainRandomForest(small, { ...options, minLeaf: 4 })
  equal([...stump.feature], [-1])
  // Weights move the purity: the row of class 0 among the ones hardly counts.
  const weighted = { ...small, weights: Float64Array.of(1, 1, 1, 1, 1, 0) }
  equal([...(await trainRandomForest(weighted, options)).leafValue], [0, 1])
  const forOne = await trainRandomForest(small, { ...options, classWeights: [1, 3] })
  equal([...forOne.leafValue], [0, Math.fround(6 / 7)])
})

test('limits hold', async () => {
  const forest = await trainRandomForest(table, { trees: 5, maxDepth: 3 })
  ok(forest.feature.length <= 5 * 15)
  const coarse = await trainRandomForest(table, { trees: 5, minLeaf: 100, bootstrap: false })
  for (const [node, feature] of coarse.feature.entries()) {
    if (feature < 0) ok((coarse.cover[node] ?? 0) >= 100)
  }
  ok(coarse.feature.length > 5)
})

test('missing values and sets of categories are of use', async () => {
  const rows = 2_000
  const codes = Int32Array.from({ length: rows }, (_, row) => (row * 13) % 50)
  const holes = Float32Array.from({ length: rows }, (_, row) =>
    row % 3 === 0 ? Number.NaN : row % 7
  )
  const gone: LabelledTable = {
    rows,
    features: [
      { name: 'hole', kind: 'numeric' },
      { name: 'code', kind: 'category', categories: Array.from({ length: 50 }, (_, k) => `k${k}`) }
    ],
    columns: [holes, codes],
    labels: Int32Array.from(codes, (code, row) => (row % 3 === 0 || code % 5 < 2 ? 1 : 0)),
    classes: 2
  }
  const options = { trees: 1, bootstrap: false, featureSample: 1, maxDepth: 2 }
  const forest = await trainRandomForest(gone, options)
  const scores = predictRows(forest, rowMajor(gone), rows)
  is(accuracy(scores, gone.labels), 1)
  is(forest.feature.length, 5)
})

test('tells how many trees there are, and stops when told to', async () => {
  for (const threads of [1, 2]) {
    const seen: number[] = []
    await trainRandomForest(table, { trees: 6 }, { threads, onTree: (done) => seen.push(done) })
    equal(seen, [1, 2, 3, 4, 5, 6])
    const controller = new AbortController()
    const onTree = () => controller.abort(new Error('enough'))
    const inputs = { threads, onTree, signal: controller.signal }
    is(await codeOf(() => trainRandomForest(table, { trees: 500 }, inputs)), 'Error: enough')
  }
})

const BAD: readonly ForestOptions[] = [
  { trees: 0 },
  { maxDepth: 65 },
  { featureSample: 0 },
  { featureSample: 2 },
  { minLeaf: 0 },
  { classWeights: [1, 2, 3] }
]
for (const options of BAD) {
  test(`refuses ${JSON.stringify(options)}`, async () => {
    is(await codeOf(() => trainRandomForest(table, options)), 'OPTION_INVALID')
  })
}

test('refuses a table of one class', async () => {
  const labels = new Int32Array(table.rows)
  is(await codeOf(() => trainRandomForest({ ...table, labels })), 'TABLE_INVALID')
})
