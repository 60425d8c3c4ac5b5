import { equal, is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { sigmoid } from '../../../src/runtime/index.ts'
import {
  applyIsotonic,
  fitCentredIsotonic,
  fitIsotonic,
  fitTemperature
} from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('calibration')

test('isotonic: violators are pooled, by weight', () => {
  const map = fitIsotonic([1, 2, 3, 4], [0, 1, 0, 1])
  equal([...map.x], [1, 2, 3, 4])
  equal([...map.y], [0, 0.5, 0.5, 1])
  const weighted = fitIsotonic([1, 2, 3, 4], [0, 1, 0, 1], [1, 3, 1, 1])
  equal([...weighted.y], [0, 0.75, 0.75, 1])
})

test('isotonic: rows of the same score are one, and rows without weight are none', () => {
  const map = fitIsotonic([2, 1, 2, 9], [1, 0, 0, 0], [1, 1, 1, 0])
  equal([...map.x], [1, 2])
  equal([...map.y], [0, 0.5])
})

test('isotonic: linear between the knots, flat outside', () => {
  const map = { x: Float64Array.of(1, 2, 4), y: Float64Array.of(0, 0.5, 1) }
  const VALUES = [
    [0, 0],
    [1, 0],
    [1.5, 0.25],
    [2, 0.5],
    [3, 0.75],
    [4, 1],
    [9, 1]
  ] as const
  for (const [score, expected] of VALUES) is(applyIsotonic(map, score), expected)
  ok(Number.isNaN(applyIsotonic({ x: new Float64Array(0), y: new Float64Array(0) }, 1)))
})

test('centred isotonic: a pooled block is one knot at its centre, and the ends lead to 0 and 1', () => {
  const map = fitCentredIsotonic([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], [9, 3, 1, 9])
  equal(
    [...map.x].map((x) => Math.round(x * 1e6) / 1e6),
    [0, 0.2, 0.45, 0.8, 1]
  )
  equal([...map.y], [0, 0, 0.75, 0.95, 1])
})

test('centred isotonic: the surest rows keep their order, and a tiny block makes nothing sure', () => {
  const random = seededRandom(5)
  const scores = Array.from({ length: 4_000 }, () => random.next())
  const labels = scores.map((score) => (score > 0.5 && random.next() < 0.97 ? 1 : 0))
  const map = fitCentredIsotonic(scores, labels)
  const surest = [0.9, 0.95, 0.99, 0.999, 0.9999].map((score) => applyIsotonic(map, score))
  for (const [i, value] of surest.entries()) ok(i === 0 || value > (surest[i - 1] ?? 1))
  ok((surest[0] ?? 0) > 0.94 && (surest[0] ?? 1) < 0.999, `${surest[0]}`)
  const tiny = fitCentredIsotonic([0.1, 0.9], [0, 1], [50, 0.01])
  ok(applyIsotonic(tiny, 0.9) < 0.6)
})

test('temperature: finds what the margins were multiplied with', () => {
  const random = seededRandom(3)
  const margins = Float64Array.from({ length: 20_000 }, () => (random.next() - 0.5) * 6)
  const labels = Int32Array.from(margins, (margin) => (random.next() < sigmoid(margin) ? 1 : 0))
  const temperature = fitTemperature(
    margins.map((margin) => margin * 2.5),
    labels
  )
  ok(Math.abs(temperature - 2.5) < 0.12, `got ${temperature}`)
})

test('temperature: more than two classes', () => {
  const random = seededRandom(4)
  const rows = 10_000
  const margins = Float64Array.from({ length: rows * 3 }, () => random.next() * 4)
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const powers = [0, 1, 2].map((k) => Math.exp(margins[row * 3 + k] ?? 0))
    const [first = 0, second = 0, third = 0] = powers
    const draw = random.next() * (first + second + third)
    if (draw < first) return 0
    return draw < first + second ? 1 : 2
  })
  const temperature = fitTemperature(
    margins.map((margin) => margin / 2),
    labels
  )
  ok(Math.abs(temperature - 0.5) < 0.05, `got ${temperature}`)
})
