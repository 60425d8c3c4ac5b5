/** TreeSHAP against its definition: Shapley values of the expected score when only some features are known, over all subsets. */
import fc from 'fast-check'
import { ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { type Forest, goesLeft, rawScores, TreeShap } from '../../../src/runtime/index.ts'
import { rowMajor, trainBoosting, trainRandomForest } from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('TreeSHAP laws', { timeoutMs: 120_000 })
const TOLERANCE = 1e-9

/** Expected scores of the row if only the features in the bit set are known: unknown ones split by cover. */
function expected(forest: Forest, row: Float32Array, known: number): Float64Array {
  const total = new Float64Array(forest.scores)
  const visit = (tree: number, node: number, share: number): void => {
    const feature = forest.feature[node] ?? -1
    const left = forest.left[node] ?? 0
    const right = forest.right[node] ?? 0
    if (feature < 0) {
      for (let k = 0; k < forest.leafWidth; k++) {
        const score = forest.leafWidth === 1 ? (forest.treeClass[tree] ?? 0) : k
        total[score] = (total[score] ?? 0) + share * (forest.leafValue[left + k] ?? 0)
      }
    } else if (((known >>> feature) & 1) === 1) {
      visit(tree, goesLeft(forest, node, row[feature] ?? 0) ? left : right, share)
    } else {
      const cover = forest.cover[node] ?? 1
      visit(tree, left, (share * (forest.cover[left] ?? 0)) / cover)
      visit(tree, right, (share * (forest.cover[right] ?? 0)) / cover)
    }
  }
  const trees = forest.treeClass.length
  for (let tree = 0; tree < trees; tree++) visit(tree, forest.treeStart[tree] ?? 0, 1)
  const divisor = forest.combination === 'mean' ? trees : 1
  return total.map((value, k) => value / divisor + (forest.baseScore[k] ?? 0))
}

function bruteForce(forest: Forest, row: Float32Array): Float64Array {
  const features = forest.features.length
  const subsets = Array.from({ length: 1 << features }, (_, set) => expected(forest, row, set))
  const factorial = [1]
  for (let i = 1; i <= features; i++) factorial.push((factorial[i - 1] ?? 1) * i)
  const stride = features + 1
  const result = new Float64Array(stride * forest.scores)
  for (const [set, without] of subsets.entries()) {
    const size = set.toString(2).replaceAll('0', '').length
    const weight =
      ((factorial[size] ?? 1) * (factorial[features - size - 1] ?? 1)) / (factorial[features] ?? 1)
    for (let feature = 0; feature < features; feature++) {
      if (((set >>> feature) & 1) === 1) continue
      const within = subsets[set | (1 << feature)]
      for (let k = 0; k < forest.scores; k++) {
        const at = k * stride + feature
        result[at] = (result[at] ?? 0) + weight * ((within?.[k] ?? 0) - (without[k] ?? 0))
      }
    }
  }
  for (let k = 0; k < forest.scores; k++) result[k * stride + features] = subsets[0]?.[k] ?? 0
  return result
}

const shapes = fc.record({
  seed: fc.nat({ max: 1_000_000 }),
  numbers: fc.integer({ min: 1, max: 9 }),
  categories: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 3 }),
  classes: fc.integer({ min: 2, max: 4 }),
  depth: fc.integer({ min: 1, max: 12 }),
  kind: fc.constantFrom('boosting', 'forest')
})

test('equals brute force over all subsets, for every kind of forest and up to 12 features', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(shapes, async ({ seed, numbers, categories, classes, depth, kind }) => {
      const table = makeTable({ rows: 120, numbers, categories, classes, seed })
      const forest =
        kind === 'boosting'
          ? trainBoosting(table, { trees: 3, maxDepth: depth, minChildWeight: 0.1, seed })
          : await trainRandomForest(table, { trees: 3, maxDepth: depth, seed })
      const rows = rowMajor(table)
      const width = forest.features.length
      const shap = new TreeShap(forest)
      const ours = new Float64Array(shap.width)
      const random = seededRandom(seed)
      for (let check = 0; check < 2; check++) {
        const at = Math.floor(random.next() * table.rows) * width
        shap.contributions(rows, at, ours)
        const truth = bruteForce(forest, rows.slice(at, at + width))
        for (const [index, value] of truth.entries()) {
          const gap = Math.abs(value - (ours[index] ?? Number.NaN))
          ok(gap <= TOLERANCE, `expected ${value}, got ${ours[index]}`)
          compared++
        }
      }
    }),
    { numRuns: 40 }
  )
  ok(compared > 100)
})

test('contributions and bias add up to the score', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), (seed) => {
      const table = makeTable({ rows: 300, numbers: 20, categories: [30], classes: 3, seed })
      const forest = trainBoosting(table, { trees: 10, maxDepth: 8, seed })
      const rows = rowMajor(table)
      const shap = new TreeShap(forest)
      const parts = new Float64Array(shap.width)
      const scores = new Float64Array(3)
      const stride = forest.features.length + 1
      for (let row = 0; row < 20; row++) {
        shap.contributions(rows, row * (stride - 1), parts)
        rawScores(forest, rows, row * (stride - 1), scores)
        for (const [k, score] of scores.entries()) {
          const sum = parts.slice(k * stride, (k + 1) * stride).reduce((a, b) => a + b, 0)
          ok(Math.abs(sum - score) <= TOLERANCE)
        }
      }
    }),
    { numRuns: 10 }
  )
})
