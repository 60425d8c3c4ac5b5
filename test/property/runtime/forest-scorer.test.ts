import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { ForestScorer, predictRow, rawScores } from '../../../src/runtime/index.ts'
import { rowMajor } from '../../../src/training/index.ts'
import { sampleForests } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('forest scorer laws')

for (const [name, [forest, table]] of await sampleForests()) {
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
