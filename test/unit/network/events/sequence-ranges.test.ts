import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import { RANGES_MAX, SequenceRanges } from '../../../../src/network/events/sequence-ranges.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('sequence ranges')

test('know what a bitmap of the last 1 024 numbers knows, in any order, and again after they were kept', () => {
  const numbers = fc.array(fc.nat({ max: 1_023 }), { maxLength: 600, size: 'max' })
  fc.assert(
    fc.property(numbers, (list) => {
      const ranges = new SequenceRanges()
      const model = new Set<number>()
      for (const number of list) {
        is(ranges.add(BigInt(number + 5_000)), !model.has(number))
        model.add(number)
      }
      const kept = SequenceRanges.decode(ranges.encode())
      for (let number = 0; number < 1_024; number++) {
        is(ranges.has(BigInt(number + 5_000)), model.has(number))
        is(kept.has(BigInt(number + 5_000)), model.has(number))
      }
      is(ranges.has(4_999n), false)
    }),
    { numRuns: 50, seed: 3 }
  )
})

test('take one range for numbers without gaps, however they come', () => {
  const ranges = new SequenceRanges()
  for (const number of [3n, 1n, 5n, 2n, 4n]) ok(ranges.add(number))
  equal([ranges.count, ranges.highest], [1, 5n])
})

test('close the lowest gap when there are too many, and never free a number', () => {
  const ranges = new SequenceRanges()
  for (let i = 0; i <= RANGES_MAX; i++) ranges.add(BigInt(i * 2))
  is(ranges.count, RANGES_MAX)
  is(ranges.has(1n), true)
  is(ranges.has(3n), false)
  for (let i = 0; i <= RANGES_MAX; i++) is(ranges.has(BigInt(i * 2)), true)
})

test('hold the highest number that there is', () => {
  const ranges = new SequenceRanges()
  ok(ranges.add(2n ** 63n - 1n))
  is(SequenceRanges.decode(ranges.encode()).has(2n ** 63n - 1n), true)
})
