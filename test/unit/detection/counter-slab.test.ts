import { equal, is, ok } from 'uvu/assert'
import {
  addCount,
  createCounterSlab,
  readCount,
  releaseSlot,
  takeSlot
} from '../../../src/detection/counter-slab.ts'
import { suite } from '../../support/suite.ts'

const test = suite('counter slab')
const minute = 60_000
const start = 1_790_000_040_000

test('counts within the running span are whole', () => {
  const slab = createCounterSlab(2, [minute])
  const slot = takeSlot(slab)
  for (let i = 0; i < 5; i++) addCount(slab, { slot, counter: 1 }, start + i)
  is(readCount(slab, { slot, counter: 1, span: 0 }, start + 10), 5)
  is(readCount(slab, { slot, counter: 0, span: 0 }, start + 10), 0)
})

test('the span before counts by the share that still lies inside', () => {
  const slab = createCounterSlab(1, [minute])
  const slot = takeSlot(slab)
  addCount(slab, { slot, counter: 0 }, start, 8)
  is(readCount(slab, { slot, counter: 0, span: 0 }, start + minute + minute / 4), 6)
  is(readCount(slab, { slot, counter: 0, span: 0 }, start + 2 * minute), 0)
})

test('a steady rate reads as itself at any moment', () => {
  const slab = createCounterSlab(1, [minute])
  const slot = takeSlot(slab)
  for (let second = 0; second < 600; second++) {
    addCount(slab, { slot, counter: 0 }, start + second * 1_000)
    if (second < 120) continue
    const seen = readCount(slab, { slot, counter: 0, span: 0 }, start + second * 1_000)
    ok(seen >= 59 && seen <= 61.1, `${seen} after ${second} s`)
  }
})

test('a clock that steps back loses nothing and never throws', () => {
  const slab = createCounterSlab(1, [minute])
  const slot = takeSlot(slab)
  addCount(slab, { slot, counter: 0 }, start)
  addCount(slab, { slot, counter: 0 }, start - 10 * minute)
  is(readCount(slab, { slot, counter: 0, span: 0 }, start), 2)
})

test('slots are independent through growth, and clean when they come back', () => {
  const slab = createCounterSlab(3, [minute, 60 * minute])
  const slots = Array.from({ length: 1_000 }, () => takeSlot(slab))
  for (const slot of slots) addCount(slab, { slot, counter: slot % 3 }, start, slot + 1)
  equal(
    slots.map((slot) => readCount(slab, { slot, counter: slot % 3, span: 1 }, start)),
    slots.map((slot) => slot + 1)
  )
  releaseSlot(slab, 500)
  const again = takeSlot(slab)
  is(again, 500)
  is(readCount(slab, { slot: again, counter: 500 % 3, span: 1 }, start), 0)
})

test('a counter saturates instead of wrapping', () => {
  const slab = createCounterSlab(1, [minute])
  const slot = takeSlot(slab)
  addCount(slab, { slot, counter: 0 }, start, 60_000)
  addCount(slab, { slot, counter: 0 }, start, 60_000)
  is(readCount(slab, { slot, counter: 0, span: 0 }, start), 0xffff)
})
