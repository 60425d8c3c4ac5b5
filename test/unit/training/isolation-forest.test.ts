import { equal, is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { encodeForest, predictRows, walk } from '../../../src/runtime/index.ts'
import {
  auc,
  type ColumnTable,
  meanPath,
  rowMajor,
  TrainingError,
  trainIsolationForest
} from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('isolation forests')

/** A cloud with a few rows far outside. */
function cloud(rows: number, strange: number): { table: ColumnTable; labels: Int32Array } {
  const random = seededRandom(8)
  const labels = Int32Array.from({ length: rows }, (_, row) => (row < strange ? 1 : 0))
  const columns = [0, 1, 2].map(() =>
    Float32Array.from(labels, (label) => {
      const normal = random.next() + random.next() + random.next() - 1.5
      return label === 1 ? normal + 4 : normal
    })
  )
  const features = columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' as const }))
  return { table: { rows, features, columns }, labels }
}

test('what lies outside is strange, what lies in the middle is not', () => {
  const { table, labels } = cloud(1_000, 10)
  const scores = predictRows(trainIsolationForest(table), rowMajor(table), table.rows)
  ok(auc(scores, labels) > 0.999)
  ok((scores[0] ?? 0) > 0.65, `${scores[0]}`)
  const ordinary = scores.slice(10).sort()
  ok((ordinary[495] ?? 1) < 0.5, `${ordinary[495]}`)
  ok(scores.every((score) => score > 0 && score < 1))
})

test('paths by hand: two rows are told apart by one question', () => {
  const columns = [Float32Array.of(1, 2)]
  const table = { rows: 2, features: [{ name: 'a', kind: 'numeric' as const }], columns }
  const forest = trainIsolationForest(table, { trees: 3, sampleRows: 2 })
  equal([...forest.leafValue], [1, 1, 1, 1, 1, 1])
  is(forest.pathNorm, 1)
  // 2^(-1 / 1)
  equal([...predictRows(forest, rowMajor(table), 2)], [0.5, 0.5])
})

test('the mean path of a search, as published', () => {
  is(meanPath(1), 0)
  is(meanPath(2), 1)
  ok(Math.abs(meanPath(256) - 10.2448) < 1e-3)
})

test('rows that are all the same are not split', () => {
  const columns = [new Float32Array(50).fill(3), new Float32Array(50).fill(Number.NaN)]
  const features = columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' as const }))
  const forest = trainIsolationForest({ rows: 50, features, columns }, { trees: 2 })
  equal([...forest.feature], [-1, -1])
  is(forest.leafValue[0], Math.fround(meanPath(50)))
})

test('the same seed gives the same bits, with missing values and categories too', () => {
  const table = makeTable({ rows: 500, numbers: 3, categories: [4, 50] })
  const bytes = encodeForest(trainIsolationForest(table, { seed: 5 }))
  equal(encodeForest(trainIsolationForest(table, { seed: 5 })), bytes)
  ok(encodeForest(trainIsolationForest(table, { seed: 6 })).some((byte, at) => byte !== bytes[at]))
  const forest = trainIsolationForest(table, { seed: 5 })
  ok(forest.categorySet.some((set) => set >= 0))
  const scores = predictRows(forest, rowMajor(table), table.rows)
  ok(scores.every((score) => score > 0.2 && score < 0.9))
})

test('training and scoring send every row the same way', () => {
  const table = makeTable({ rows: 200, numbers: 3, categories: [4, 50] })
  // With every row in the sample, the cover of a leaf is the number of rows that reach it.
  const forest = trainIsolationForest(table, { trees: 20, sampleRows: 200 })
  const rows = rowMajor(table)
  const width = table.features.length
  for (let tree = 0; tree < 20; tree++) {
    const reached = new Map<number, number>()
    for (let row = 0; row < table.rows; row++) {
      const leaf = walk(forest, forest.treeStart[tree] ?? 0, rows, row * width)
      reached.set(leaf, (reached.get(leaf) ?? 0) + 1)
    }
    for (const [leaf, count] of reached) is(forest.cover[leaf], count)
  }
})

test('refuses a sample of one row', () => {
  let code = ''
  try {
    trainIsolationForest(makeTable({ rows: 20, numbers: 2 }), { sampleRows: 1 })
  } catch (error) {
    code = error instanceof TrainingError ? error.code : String(error)
  }
  is(code, 'OPTION_INVALID')
})
