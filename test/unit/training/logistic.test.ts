/** Logistic regression: held to a case with a known answer, to its own gradient, and to what stacking asks of it. */
import { is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { applyLogistic, fitLogistic, type LogisticModel } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('logistic regression')

function near(got: number, expected: number, tolerance: number): void {
  ok(Math.abs(got - expected) <= tolerance, `expected ${expected}, got ${got}`)
}

/** Targets drawn with the probability that a known model gives. */
function drawn(known: LogisticModel, rows: number) {
  const random = seededRandom(3)
  const width = known.weights.length
  const inputs = Float64Array.from({ length: rows * width }, () => random.next() * 4 - 2)
  const targets = Uint8Array.from({ length: rows }, (_, row) =>
    random.next() < applyLogistic(known, inputs.subarray(row * width, (row + 1) * width)) ? 1 : 0
  )
  return { inputs, targets }
}

test('one input of two values: the log-odds of each, exactly', () => {
  // Of 4 rows with input 0 one is positive, of 4 with input 1 three are.
  const inputs = Float64Array.of(0, 0, 0, 0, 1, 1, 1, 1)
  const targets = [1, 0, 0, 0, 1, 1, 1, 0]
  const model = fitLogistic(inputs, targets, { lambda: 0 })
  near(model.intercept, Math.log(1 / 3), 1e-8)
  near(model.weights[0] ?? 0, 2 * Math.log(3), 1e-8)
  near(applyLogistic(model, [1]), 0.75, 1e-9)
})

test('finds the model that the data was drawn from', () => {
  const known = { intercept: -0.5, weights: Float64Array.of(1.5, 0.7) }
  const { inputs, targets } = drawn(known, 20_000)
  const model = fitLogistic(inputs, targets)
  near(model.intercept, -0.5, 0.06)
  near(model.weights[0] ?? 0, 1.5, 0.06)
  near(model.weights[1] ?? 0, 0.7, 0.06)
})

test('an input that speaks against is left out, or turned where that is allowed', () => {
  const { inputs, targets } = drawn({ intercept: 0, weights: Float64Array.of(1, -1) }, 5_000)
  const held = fitLogistic(inputs, targets)
  is(held.weights[1], 0)
  ok((held.weights[0] ?? 0) > 0.5)
  const free = fitLogistic(inputs, targets, { isNonNegative: false })
  near(free.weights[1] ?? 0, -1, 0.15)
})

test('a row with weight 3 counts as three rows', () => {
  const inputs = Float64Array.of(0.1, 0.4, 0.9, 0.3)
  const targets = [0, 1, 1, 0]
  const weighted = fitLogistic(inputs, targets, { weights: [3, 1, 1, 1] })
  const repeated = fitLogistic(Float64Array.of(0.1, 0.1, 0.1, 0.4, 0.9, 0.3), [0, 0, 0, 1, 1, 0])
  near(weighted.intercept, repeated.intercept, 1e-9)
  near(weighted.weights[0] ?? 0, repeated.weights[0] ?? 1, 1e-9)
})

test('the penalty keeps weights finite where a line parts the classes', () => {
  const model = fitLogistic(Float64Array.of(-2, -1, 1, 2), [0, 0, 1, 1])
  const [weight = 0] = model.weights
  ok(Number.isFinite(weight) && weight > 0.5 && weight < 5, String(weight))
  // At the least of penalised loss its slope is 0.
  const slope = [-2, -1, 1, 2].reduce(
    (sum, x, row) => sum + (applyLogistic(model, [x]) - (row < 2 ? 0 : 1)) * x,
    weight
  )
  near(slope, 0, 1e-6)
})
