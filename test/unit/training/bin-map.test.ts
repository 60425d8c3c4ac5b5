import { equal, is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { BINS_MAX, makeBinMap, writeBins } from '../../../src/training/trees/bin-map.ts'
import { suite } from '../../support/suite.ts'

const test = suite('bins')
const NUMBER = { name: 'n', kind: 'numeric' } as const

function binsOf(
  values: Float32Array,
  binsMax = BINS_MAX
): { bins: Uint8Array; upper: Float32Array; missing: number } {
  const map = makeBinMap(NUMBER, values, binsMax)
  const bins = new Uint8Array(values.length)
  writeBins(map, values, bins, { at: 0, stride: 1 })
  return { bins, upper: map.upper, missing: map.bins }
}

test('few values have a bin each, with the thresholds half way between', () => {
  const { bins, upper, missing } = binsOf(Float32Array.of(3, 1, Number.NaN, 2, 3))
  equal([...upper], [1.5, 2.5])
  equal([...bins], [2, 0, 3, 1, 2])
  is(missing, 3)
})

test('many values share bins of about the same size', () => {
  const random = seededRandom(1)
  const values = Float32Array.from({ length: 51_000 }, () => random.next() ** 3)
  const { bins, upper } = binsOf(values)
  is(upper.length, BINS_MAX - 1)
  const sizes = new Int32Array(BINS_MAX)
  for (const bin of bins) sizes[bin] = (sizes[bin] ?? 0) + 1
  ok(Math.min(...sizes) > 150, `${Math.min(...sizes)}`)
  ok(Math.max(...sizes) < 250, `${Math.max(...sizes)}`)
})

test('a value that most rows have does not take the bins of the others', () => {
  const random = seededRandom(1)
  const values = Float32Array.from({ length: 20_000 }, () =>
    random.next() < 0.9 ? 0 : random.next() + 1
  )
  const { upper, bins } = binsOf(values, 64)
  ok(upper.length > 50)
  is(new Set(bins.filter((_, row) => values[row] === 0)).size, 1)
  ok(new Set(bins.filter((_, row) => values[row] !== 0)).size > 50)
})

test('a bin and the comparison with its threshold say the same, also of neighbouring floats, infinities and both zeros', () => {
  const random = seededRandom(2)
  const odd = [
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e-45,
    -1e-45,
    3.4e38,
    -3.4e38
  ]
  const near = Array.from({ length: 40 }, (_, index) => 1 + index * 2 ** -23)
  const spread = Array.from(
    { length: 4_000 },
    () => (random.next() - 0.5) * 10 ** (random.next() * 60 - 30)
  )
  for (const values of [odd, near, spread, [...odd, ...near, ...spread]]) {
    const column = Float32Array.from(values)
    const { bins, upper } = binsOf(column)
    for (const [row, value] of column.entries()) {
      const expected = upper.findIndex((limit) => value <= limit)
      is(bins[row], expected < 0 ? upper.length : expected, `${value}`)
    }
    ok(upper.every((limit, index) => index === 0 || limit > (upper[index - 1] ?? 0)))
  }
})

test('one value, or none at all, has one bin', () => {
  is(binsOf(Float32Array.of(5, 5)).missing, 1)
  equal([...binsOf(Float32Array.of(Number.NaN, Number.NaN)).bins], [1, 1])
})

test('the most frequent categories have a bin each, the rest share the last', () => {
  const categories = Array.from({ length: 300 }, (_, code) => `c${code}`)
  const values = Int32Array.from(
    { length: 40_000 },
    (_, row) => 299 - (Math.floor(Math.sqrt(row) * 1.5) % 300)
  )
  values[0] = -1
  const map = makeBinMap({ name: 'c', kind: 'category', categories }, values, BINS_MAX)
  is(map.bins, BINS_MAX)
  const counts = new Int32Array(300)
  for (const value of values) if (value >= 0) counts[value] = (counts[value] ?? 0) + 1
  const shared = [...map.binOfCode.entries()].filter(([, bin]) => bin === BINS_MAX - 1)
  is(shared.length, 300 - BINS_MAX + 1)
  const rarest = Math.min(
    ...[...map.binOfCode.entries()].filter(([, bin]) => bin < 10).map(([code]) => counts[code] ?? 0)
  )
  ok(shared.every(([code]) => (counts[code] ?? 0) <= rarest))
  const bins = new Uint8Array(values.length)
  writeBins(map, values, bins, { at: 0, stride: 1 })
  is(bins[0], BINS_MAX)
  is(bins[1], map.binOfCode[values[1] ?? 0])
})
