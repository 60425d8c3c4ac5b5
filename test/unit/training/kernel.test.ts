/** The WebAssembly loops against the same loops in plain JavaScript: the same bits. */
import { equal, is } from 'uvu/assert'
import { integerBelow, seededRandom } from '../../../src/base/index.ts'
import {
  BIN_BYTES,
  bindKernel,
  compileKernel,
  createKernelMemory,
  GROUP
} from '../../../src/training/trees/kernel.ts'
import { suite } from '../../support/suite.ts'

const test = suite('histogram kernel')
const ROWS = 1_000
const BINS = 256

function setUp() {
  const random = seededRandom(7)
  const at = { bins: 0, rows: ROWS * GROUP, pairs: 8_192, gathered: 16_384, sums: 32_768 }
  const memory = createKernelMemory(at.sums + GROUP * BINS * BIN_BYTES * 2)
  const { buffer } = memory
  const bins = new Uint8Array(buffer, at.bins, ROWS * GROUP)
  for (let i = 0; i < bins.length; i++) bins[i] = integerBelow(random, BINS)
  const rows = new Int32Array(buffer, at.rows, ROWS)
  for (let i = 0; i < ROWS; i++) rows[i] = integerBelow(random, ROWS)
  const pairs = new Float32Array(buffer, at.pairs, ROWS * 2)
  for (let i = 0; i < pairs.length; i++) pairs[i] = random.next() - 0.3
  const gathered = new Float32Array(buffer, at.gathered, ROWS * 2)
  const sums = new Float64Array(buffer, at.sums, GROUP * BINS * 2)
  const other = new Float64Array(buffer, at.sums + sums.byteLength, GROUP * BINS * 2)
  return {
    at,
    bins,
    rows,
    pairs,
    gathered,
    sums,
    other,
    kernel: bindKernel(compileKernel(), memory)
  }
}

for (const count of [1, 2, 17, ROWS]) {
  test(`${count} rows: gathers pairs and adds them to four histograms`, () => {
    const { at, bins, rows, pairs, gathered, sums, kernel } = setUp()
    kernel.gather(at.pairs, at.rows, at.gathered, count)
    const lane = BINS * BIN_BYTES
    const [first, second, third, fourth] = [0, 1, 2, 3].map((k) => at.sums + k * lane) as [
      number,
      number,
      number,
      number
    ]
    kernel.accumulate(at.bins, at.rows, at.gathered, count, first, second, third, fourth)
    const expected = new Float64Array(sums.length)
    for (let i = 0; i < count; i++) {
      const row = rows[i] ?? 0
      is(gathered[i * 2], pairs[row * 2])
      is(gathered[i * 2 + 1], pairs[row * 2 + 1])
      for (let k = 0; k < GROUP; k++) {
        const to = (k * BINS + (bins[row * GROUP + k] ?? 0)) * 2
        expected[to] = (expected[to] ?? 0) + (pairs[row * 2] ?? 0)
        expected[to + 1] = (expected[to + 1] ?? 0) + (pairs[row * 2 + 1] ?? 0)
      }
    }
    equal(Float64Array.from(sums), expected)
    is(gathered[count * 2] ?? 0, 0)
  })
}

test('subtracts one histogram from another, and nothing behind it', () => {
  const { at, sums, other, kernel } = setUp()
  for (let i = 0; i < sums.length; i++) {
    sums[i] = i / 3
    other[i] = i / 7
  }
  kernel.subtract(at.sums, at.sums + sums.byteLength, 64)
  for (const [i, value] of sums.entries()) is(value, i < 8 ? i / 3 - i / 7 : i / 3)
  kernel.subtract(at.sums, at.sums + sums.byteLength, 0)
  is(sums[0], 0)
})
