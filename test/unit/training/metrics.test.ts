import { equal, is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import {
  accuracy,
  auc,
  bootstrapInterval,
  confusion,
  expectedCalibrationError,
  logLoss,
  oneVsRest,
  operatingPoint,
  topClass,
  tprAtFpr
} from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('metrics of scores')
const near = (value: number, expected: number) =>
  ok(Math.abs(value - expected) < 1e-12, `expected ${expected}, got ${value}`)

const RANKINGS = [
  { name: 'all in order', scores: [0.1, 0.2, 0.8, 0.9], labels: [0, 0, 1, 1], expected: 1 },
  { name: 'all the wrong way round', scores: [0.9, 0.8, 0.1], labels: [0, 0, 1], expected: 0 },
  {
    name: 'one pair of four wrong',
    scores: [0.1, 0.6, 0.5, 0.9],
    labels: [0, 0, 1, 1],
    expected: 0.75
  },
  { name: 'all the same', scores: [0.5, 0.5, 0.5], labels: [0, 1, 1], expected: 0.5 },
  // Pairs: (1,0): right, tie; (1',0): right, right; of 4: 3.5.
  {
    name: 'a tie between the classes',
    scores: [0.5, 0.1, 0.5, 0.9],
    labels: [0, 0, 1, 1],
    expected: 0.875
  }
]
for (const { name, scores, labels, expected } of RANKINGS) {
  test(`AUC, ${name}`, () => near(auc(scores, labels), expected))
}

test('AUC is not a number where there is one class', () => {
  ok(Number.isNaN(auc([0.1, 0.9], [1, 1])))
})

test('true positives within a budget of false ones, without a point between two scores', () => {
  const scores = [0.9, 0.8, 0.7, 0.7, 0.6, 0.5]
  const labels = [1, 1, 0, 1, 0, 0]
  near(tprAtFpr(scores, labels, 0), 2 / 3)
  // The tie at 0.7 brings a third of the negatives at once: too many for 0.3, not for 0.34.
  near(tprAtFpr(scores, labels, 0.3), 2 / 3)
  near(tprAtFpr(scores, labels, 0.34), 1)
  equal(operatingPoint(scores, labels, 0.3), {
    threshold: 0.8,
    truePositiveRate: 2 / 3,
    falsePositiveRate: 0
  })
})

test('nothing is positive where the best score is a false one', () => {
  const point = operatingPoint([0.9, 0.8], [0, 1], 0.5)
  is(point.threshold, Number.POSITIVE_INFINITY)
  is(point.truePositiveRate, 0)
})

test('log loss of one number a row and of one for each class', () => {
  near(logLoss(Float64Array.of(0.8, 0.4), [1, 0]), -(Math.log(0.8) + Math.log(0.6)) / 2)
  near(
    logLoss(Float64Array.of(0.2, 0.3, 0.5, 0.7, 0.2, 0.1), [2, 0]),
    -(Math.log(0.5) + Math.log(0.7)) / 2
  )
  ok(Number.isFinite(logLoss(Float64Array.of(0), [1])))
})

test('calibration error: what is said against what happens, in 15 bins', () => {
  // Bin 12 (0.8..0.867): said 0.84 and 0.82, happened half; bin 3 (0.2..0.267): said 0.25, never happened.
  near(expectedCalibrationError(Float64Array.of(0.84, 0.82, 0.25), [1, 0, 0]), (0.66 + 0.25) / 3)
  near(expectedCalibrationError(Float64Array.of(1, 0), [1, 0]), 0)
  // Three classes: the top class counts, whether it is the truth or not.
  near(expectedCalibrationError(Float64Array.of(0.7, 0.2, 0.1, 0.1, 0.2, 0.7), [0, 0]), 0.4 / 2)
})

test('confusion, accuracy and the first of equal classes', () => {
  const scores = Float64Array.of(0.6, 0.4, 0, 0.5, 0.5, 0, 0, 0.1, 0.9)
  equal(confusion(scores, [0, 1, 2], 3), [
    [1, 0, 0],
    [1, 0, 0],
    [0, 0, 1]
  ])
  near(accuracy(scores, [0, 1, 2]), 2 / 3)
  is(topClass(Float64Array.of(0.5), 0, 1), 0)
  is(topClass(Float64Array.of(0.51), 0, 1), 1)
})

test('one class against the rest, without classes that do not occur', () => {
  const scores = Float64Array.of(0.9, 0.1, 0, 0.2, 0.8, 0, 0.8, 0.2, 0)
  near(oneVsRest(scores, [0, 1, 0], 3, auc), 1)
  near(oneVsRest(scores, [1, 0, 0], 3, auc), 0)
})

test('bootstrap: the interval holds the mean, and a figure without spread has none', () => {
  const values = Array.from({ length: 40 }, (_, index) => index / 10)
  const meanOf = (drawn: Int32Array) =>
    drawn.reduce((sum, index) => sum + (values[index] ?? 0), 0) / drawn.length
  const { mean, low, high } = bootstrapInterval(40, meanOf, { random: seededRandom(1) })
  near(mean, 1.95)
  ok(low < mean && mean < high)
  // 1.96 standard errors of the mean of these values are 0.358.
  ok(Math.abs(high - low - 2 * 0.358) < 0.08)
  const flat = bootstrapInterval(5, () => 3, { random: seededRandom(1), draws: 50 })
  equal(flat, { mean: 3, low: 3, high: 3 })
})
