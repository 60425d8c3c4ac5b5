import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { type Forest, ForestScorer, predictRow, rawScores } from '../../../src/runtime/index.ts'
import {
  type LabelledTable,
  rowMajor,
  trainBoosting,
  trainRandomForest
} from '../../../src/training/index.ts'
import { makeTable, sampleForests } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

// Without categories, shallow trees are walked four at once: 22 of them leave two over.
const numbers = makeTable({ rows: 600, numbers: 5, classes: 3, seed: 3 })
const two = makeTable({ rows: 600, numbers: 5, seed: 4 })
const forests = new Map<string, readonly [Forest, LabelledTable]>([
  ...(await sampleForests()),
  ['shallow boosting', [trainBoosting(two, { trees: 22 }), two]],
  ['shallow boosting, three classes', [trainBoosting(numbers, { trees: 7 }), numbers]],
  [
    'shallow random forest, three classes',
    [await trainRandomForest(numbers, { trees: 22, maxDepth: 8 }), numbers]
  ],
  ['one leaf a tree', [trainBoosting(two, { trees: 5, minLeaf: 500 }), two]]
])

// After what is awaited: the suite runs at the next turn of the loop.
const test = suite('forest scorer laws')

for (const [name, [forest, table]] of forests) {
  test(`${name}: gives the bits of a walk through the plain arrays, for any row`, () => {
    const scorer = new ForestScorer(forest)
    const width = forest.features.length
    const known = rowMajor(table)
    const cell = fc.oneof(
      fc.float(),
      fc.integer({ min: -2, max: 80 }),
      fc.constant(Number.NaN),
      fc.nat({ max: known.length - 1 }).map((index) => known[index] ?? 0)
    )
    fc.assert(
      fc.property(fc.array(cell, { minLength: width, maxLength: width }), (values) => {
        const row = Float32Array.from(values)
        const ours = new Float64Array(forest.scores)
        const plain = new Float64Array(forest.scores)
        scorer.raw(row, 0, ours)
        rawScores(forest, row, 0, plain)
        equal(ours, plain)
        scorer.predict(row, 0, ours)
        predictRow(forest, row, 0, plain)
        equal(ours, plain)
      }),
      { numRuns: 500 }
    )
  })
}
