/**
 * Turns the values of a column into at most 255 bins: quantiles of numbers, most frequent categories. Every distinct value keeps
 * a bin of its own where there are few enough. Bin `bins` is for missing values.
 */
import type { FeatureSpec } from '../../runtime/index.ts'
import type { ColumnValues } from './column-table.ts'

export const BINS_MAX = 255
/** Quantiles of so many rows differ from those of all by less than a tenth of a bin. */
const SAMPLE_ROWS_MAX = 100_000

export interface BinMap {
  readonly kind: 'numeric' | 'category'
  /** Bins of values; a missing value is in the bin behind them. */
  readonly bins: number
  /** Numbers: bin b holds what is <= upper[b] and in no bin before; the last is open. */
  readonly upper: Float32Array
  /** Categories: the bin of each code. */
  readonly binOfCode: Uint8Array
}

export function makeBinMap(feature: FeatureSpec, values: ColumnValues, binsMax: number): BinMap {
  return feature.kind === 'category'
    ? categoryBins(values, feature.categories.length, binsMax)
    : numericBins(values, binsMax)
}

function numericBins(values: ColumnValues, binsMax: number): BinMap {
  const sorted = sortedSample(values)
  const distinct = new Float32Array(sorted.length)
  const counts = new Int32Array(sorted.length)
  let last = -1
  for (const value of sorted) {
    if (last < 0 || value !== distinct[last]) distinct[++last] = value
    counts[last] = (counts[last] as number) + 1
  }
  const upper =
    last < binsMax
      ? Float32Array.from({ length: Math.max(last, 0) }, (_, i) =>
          between(distinct[i] as number, distinct[i + 1] as number)
        )
      : quantiles(distinct.subarray(0, last + 1), counts, { total: sorted.length, binsMax })
  return { kind: 'numeric', bins: upper.length + 1, upper, binOfCode: new Uint8Array(0) }
}

function sortedSample(values: ColumnValues): Float32Array {
  const step = Math.max(1, values.length / SAMPLE_ROWS_MAX)
  const sample = new Float32Array(Math.floor(values.length / step))
  let count = 0
  const numbers = values instanceof Float32Array ? values : new Float32Array(values)
  for (let i = 0; i < sample.length; i++) {
    const value = numbers[Math.floor(i * step)] as number
    // -0 sorts before 0, and equals it.
    if (!Number.isNaN(value)) sample[count++] = value + 0
  }
  return sample.subarray(0, count).sort()
}

/** A value that is frequent enough for a bin gets it alone; the rest is dealt out evenly. */
function quantiles(
  distinct: Float32Array,
  counts: Int32Array,
  { total, binsMax }: { total: number; binsMax: number }
): Float32Array {
  const upper: number[] = []
  let left = total
  let inBin = 0
  for (let i = 0; i + 1 < distinct.length && upper.length < binsMax - 1; i++) {
    const count = counts[i] as number
    inBin += count
    const target = (left + inBin - count) / (binsMax - upper.length)
    left -= count
    const isNextHeavy = (counts[i + 1] as number) >= target
    if (inBin < target && !(isNextHeavy && inBin * 2 >= target)) continue
    upper.push(between(distinct[i] as number, distinct[i + 1] as number))
    inBin = 0
  }
  return Float32Array.from(upper)
}

/** A threshold that float32 holds: `low` goes left of it, `high` right. */
function between(low: number, high: number): number {
  // The 0 turns -0, which equals 0 but sorts before it, into 0.
  const middle = Math.fround(low / 2 + high / 2) + 0
  return middle >= low && middle < high ? middle : low
}

function categoryBins(values: ColumnValues, categories: number, binsMax: number): BinMap {
  const counts = new Float64Array(categories)
  for (const value of values) {
    if (value >= 0 && value < categories) counts[value] = (counts[value] as number) + 1
  }
  const byCount = Array.from({ length: categories }, (_, code) => code).sort(
    (a, b) => (counts[b] as number) - (counts[a] as number) || a - b
  )
  const bins = Math.max(1, Math.min(binsMax, categories))
  const binOfCode = new Uint8Array(categories)
  for (const [rank, code] of byCount.entries()) binOfCode[code] = Math.min(rank, bins - 1)
  return { kind: 'category', bins, upper: new Float32Array(0), binOfCode }
}

/** Writes the bin of every row to `to[at + row * stride]`. */
export function writeBins(
  map: BinMap,
  values: ColumnValues,
  to: Uint8Array,
  { at, stride }: { at: number; stride: number }
): void {
  if (map.kind === 'category') {
    const { binOfCode, bins } = map
    for (let row = 0; row < values.length; row++) {
      const code = values[row] as number
      to[at + row * stride] =
        code >= 0 && code < binOfCode.length ? (binOfCode[code] as number) : bins
    }
    return
  }
  const search = makeSearch(map.upper)
  const numbers = values instanceof Float32Array ? values : new Float32Array(values)
  for (let row = 0; row < numbers.length; row++) {
    const value = numbers[row] as number
    to[at + row * stride] = Number.isNaN(value) ? map.bins : search(value)
  }
}

/**
 * A float32's first 16 bits, put in order, say where its bin can begin; from there one goes up. A binary search among 255
 * thresholds guesses wrong at every other comparison and took three times as long.
 */
function makeSearch(upper: Float32Array): (value: number) => number {
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  const start = new Uint8Array(65_537)
  const bucketOf = (value: number): number => {
    float[0] = value
    const word = bits[0] as number
    return (word >>> 31 === 1 ? ~word >>> 0 : (word | 0x8000_0000) >>> 0) >>> 16
  }
  let bucket = 0
  for (let bin = 0; bin < upper.length; bin++) {
    const end = bucketOf(upper[bin] as number)
    // Every value of an earlier bucket is below this threshold; those of the same bucket may be on either side.
    while (bucket <= end) start[bucket++] = bin
  }
  start.fill(upper.length, bucket)
  return (value) => {
    let bin = start[bucketOf(value)] as number
    while (bin < upper.length && value > (upper[bin] as number)) bin++
    return bin
  }
}
