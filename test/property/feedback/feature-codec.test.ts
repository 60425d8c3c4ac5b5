/** A packed row is the row: every float, whatever it is. */
import fc from 'fast-check'
import { equal, is, throws } from 'uvu/assert'
import { packRow, unpackRow } from '../../../src/feedback/feature-codec.ts'
import { suite } from '../../support/suite.ts'

const test = suite('packed rows of features', { timeoutMs: 60_000 })

const values = fc.array(
  fc.oneof(
    fc.constantFrom(0, -0, Number.NaN, 1, 255, 256, 0.5, -1, Number.POSITIVE_INFINITY),
    fc.integer({ min: -300, max: 300 }),
    fc.float()
  ),
  { maxLength: 150 }
)

test('come out as they went in', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const row = Float32Array.from(numbers)
      const read = unpackRow(packRow(row))
      is(read.length, row.length)
      for (const [i, value] of row.entries()) is(Object.is(read[i], value), true)
    })
  )
})

test('are refused when a byte is missing, one is too many, or there is none', () => {
  fc.assert(
    fc.property(values, fc.nat(), (numbers, at) => {
      const packed = packRow(Float32Array.from(numbers))
      const longer = Uint8Array.from([...packed, 0])
      for (const torn of [packed.slice(0, at % packed.length), longer]) {
        throws(
          () => unpackRow(torn),
          (error: { code?: string }) => error.code === 'ROW_DAMAGED'
        )
      }
    })
  )
})

test('take a byte for a small number, and none for zero and what is not known', () => {
  const head = 2 + 25
  const lengthOf = (value: number) => packRow(new Float32Array(100).fill(value)).length
  equal([0, Number.NaN, 7, 0.5].map(lengthOf), [head, head, head + 100, head + 400])
})
