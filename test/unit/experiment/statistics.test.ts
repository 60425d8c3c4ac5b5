import { equal, is, ok } from 'uvu/assert'
import {
  addToBins,
  calibrationError,
  createBins,
  meanInterval,
  pairedReduction,
  precisionAt,
  quantile,
  shareInterval,
  sumBins,
  upperBound
} from '../../../scripts/experiment/detection/statistics.ts'
import { expectedCalibrationError } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('statistics of the detection experiment')

function near(value: number | null | undefined, expected: number, tolerance = 1e-9): void {
  ok(
    value !== null && value !== undefined && Math.abs(value - expected) <= tolerance,
    `expected ${expected}, got ${value}`
  )
}

test('a mean of five has the interval of Student with four degrees of freedom', () => {
  // Sum of squares 10, variance 2.5, standard error sqrt(0.5), t = 2.776.
  const found = meanInterval([1, 2, 3, 4, 5])
  near(found?.mean, 3)
  near(found?.low, 3 - 2.776 * Math.sqrt(0.5))
  near(found?.high, 3 + 2.776 * Math.sqrt(0.5))
  is(found?.n, 5)
})

test('the interval of a share is cut at none and all', () => {
  const found = shareInterval([0.9, 1])
  near(found?.mean, 0.95)
  near(found?.low, 0.95 - 12.706 * 0.05)
  is(found?.high, 1)
  is(shareInterval([0.1, 0])?.low, 0)
})

test('one value has no interval, and none has no mean', () => {
  const found = meanInterval([0.5])
  is(found?.mean, 0.5)
  ok(Number.isNaN(found?.low))
  is(meanInterval([]), null)
})

const BOUNDS = [
  { name: 'none of 10', hits: 0, n: 10, expected: 1 - 0.05 ** 0.1 },
  { name: 'none of 3000, the rule of three', hits: 0, n: 3_000, expected: 1 - 0.05 ** (1 / 3_000) },
  // One-sided Clopper-Pearson: qbeta(0.95, k + 1, n - k).
  { name: 'one of 10', hits: 1, n: 10, expected: 0.394163, tolerance: 1e-6 },
  { name: 'two of 20', hits: 2, n: 20, expected: 0.282619, tolerance: 1e-5 },
  { name: 'all of 4', hits: 4, n: 4, expected: 1 },
  { name: 'nothing seen', hits: 0, n: 0, expected: 1 }
]
for (const { name, hits, n, expected, tolerance } of BOUNDS) {
  test(`the upper bound of a share, ${name}`, () =>
    near(upperBound(hits, n), expected, tolerance ?? 1e-9))
}

test('the bound of none of many is about three of them', () => {
  near(upperBound(0, 3_000) * 3_000, 3, 0.01)
})

test('precision is that of another prevalence', () => {
  // 0.03 × 0.9 = 0.027 against 0.97 × 0.01 = 0.0097.
  near(precisionAt(0.03, { recall: 0.9, falsePositiveRate: 0.01 }), 0.027 / 0.0367)
  is(precisionAt(0.03, { recall: 0.9, falsePositiveRate: 0 }), 1)
  is(precisionAt(0.03, { recall: 0, falsePositiveRate: 0 }), null)
})

test('the calibration error is that of training where every row weighs the same', () => {
  const scores = [0.02, 0.05, 0.31, 0.5, 0.74, 0.93, 1]
  const labels = [0, 1, 0, 1, 1, 0, 1]
  const bins = createBins()
  for (const [row, score] of scores.entries()) {
    addToBins(bins, { score, isAbuse: labels[row] === 1, weight: 1 })
  }
  near(calibrationError(bins), expectedCalibrationError(Float64Array.from(scores), labels))
})

test('the calibration error weighs, and days add up', () => {
  // A bin with 3 × 0.9 predicted and 3 seen, one with 1 × 0.1 predicted and none seen: (0.3 + 0.1) / 4.
  const one = createBins()
  addToBins(one, { score: 0.9, isAbuse: true, weight: 3 })
  const other = createBins()
  addToBins(other, { score: 0.1, isAbuse: false, weight: 1 })
  near(calibrationError(sumBins([one, other])), 0.1)
  is(calibrationError(createBins()), null)
})

test('a quantile is of the nearest rank', () => {
  is(quantile([5, 1, 3, 2, 4], 0.5), 3)
  is(quantile([5, 1, 3, 2, 4], 0.95), 5)
  is(quantile([], 0.5), null)
})

test('a reduction is one minus the ratio of faults', () => {
  const groups = Array.from({ length: 20 }, () => ({ ours: 1, theirs: 4 }))
  const found = pairedReduction(groups, { seed: 1 })
  near(found?.mean, 0.75)
  // Every draw of equal groups gives the same ratio.
  near(found?.low, 0.75)
  near(found?.high, 0.75)
})

test('a reduction that one group makes is not sure', () => {
  const groups = [
    { ours: 0, theirs: 30 },
    ...Array.from({ length: 9 }, () => ({ ours: 2, theirs: 1 }))
  ]
  const found = pairedReduction(groups, { seed: 7 })
  near(found?.mean, 1 - 18 / 39)
  // Draws without the first group: 1 - 2 = -1.
  near(found?.low, -1)
  ok((found?.high ?? 0) > 0.7)
})

test('a reduction of what has no fault cannot be said', () => {
  is(pairedReduction([{ ours: 3, theirs: 0 }], { seed: 1 }), null)
  is(pairedReduction([], { seed: 1 }), null)
})

test('the same seed draws the same groups', () => {
  const groups = Array.from({ length: 12 }, (_, i) => ({ ours: i % 3, theirs: (i % 5) + 1 }))
  equal(pairedReduction(groups, { seed: 3 }), pairedReduction(groups, { seed: 3 }))
})
