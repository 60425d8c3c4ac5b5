/** ONNX Runtime reads what we export, and says the same as we do. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { is, ok } from 'uvu/assert'
import {
  exportForest,
  type Forest,
  ModelError,
  ONNX_INPUT,
  ONNX_OUTPUT,
  predictRows
} from '../../../src/runtime/index.ts'
import { rowMajor, trainIsolationForest } from '../../../src/training/index.ts'
import { makeTable, sampleForests } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

// Before the suite, which runs at the next turn of the loop.
const forests = await sampleForests()
const test = suite('forests as ONNX models')
const TOLERANCE = 1e-6

async function runOnnx(forest: Forest, rows: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(exportForest(forest))
  const input = new Tensor('float32', rows, [
    rows.length / forest.features.length,
    forest.features.length
  ])
  const { [ONNX_OUTPUT]: output } = await session.run({ [ONNX_INPUT]: input })
  await session.release()
  return output?.data as Float32Array
}

for (const [name, [forest, table]] of forests) {
  test(`${name}: the same scores, with missing values and categories`, async () => {
    const rows = rowMajor(table)
    ok(rows.some(Number.isNaN))
    ok(forest.categorySet.some((set) => set >= 0))
    ok(forest.missingLeft.includes(1))
    const ours = predictRows(forest, rows, table.rows)
    const theirs = await runOnnx(forest, rows)
    is(theirs.length, ours.length)
    const worst = ours.reduce(
      (most, score, index) => Math.max(most, Math.abs(score - (theirs[index] ?? Number.NaN))),
      0
    )
    ok(worst <= TOLERANCE, `expected a difference of at most ${TOLERANCE}, got ${worst}`)
    ok(new Set(ours).size > 10)
  })
}

test('a category that training never saw is missing on both sides', async () => {
  const entry = forests.get('boosting, two classes')
  ok(entry)
  const [forest, table] = entry
  const rows = rowMajor(table).fill(Number.NaN)
  const ours = predictRows(forest, rows, table.rows)
  const theirs = await runOnnx(forest, rows)
  ok(Math.abs((ours[0] ?? 0) - (theirs[0] ?? 1)) <= TOLERANCE)
})

test('a row on a threshold goes the same way', async () => {
  const entry = forests.get('boosting, two classes')
  ok(entry)
  const [forest] = entry
  const width = forest.features.length
  const splits = [...forest.feature.keys()].filter((node) => (forest.feature[node] ?? -1) >= 0)
  const rows = new Float32Array(splits.length * width)
  for (const [row, node] of splits.entries()) {
    const threshold = forest.threshold[node] ?? 0
    rows[row * width + (forest.feature[node] ?? 0)] = Number.isNaN(threshold) ? 1 : threshold
  }
  const ours = predictRows(forest, rows, splits.length)
  const theirs = await runOnnx(forest, rows)
  for (const [index, score] of ours.entries()) {
    ok(Math.abs(score - (theirs[index] ?? 0)) <= TOLERANCE)
  }
})

test('refuses an isolation forest', () => {
  const forest = trainIsolationForest(makeTable({ rows: 50, numbers: 2 }), { trees: 2 })
  let code = ''
  try {
    exportForest(forest)
  } catch (error) {
    ok(error instanceof ModelError)
    code = error.code
  }
  is(code, 'EXPORT_UNSUPPORTED')
})
