import { equal, is } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { EndQueue } from '../../../src/defense/end-queue.ts'
import { suite } from '../../support/suite.ts'

const test = suite('queue of ends')

test('gives what ends first, and among equals what has the lesser id, however they came', () => {
  const random = seededRandom(3)
  const entries = Array.from({ length: 2_000 }, (_, n) => ({
    untilMs: Math.floor(random.next() * 300),
    id: `id-${String(n).padStart(4, '0')}`
  }))
  const queue = new EndQueue()
  for (const entry of entries) queue.push(entry)
  is(queue.size, 2_000)
  const popped = Array.from({ length: 2_000 }, () => queue.pop())
  const sorted = [...entries].sort((a, b) => a.untilMs - b.untilMs || (a.id < b.id ? -1 : 1))
  equal(popped, sorted)
})

test('is empty, filled and emptied', () => {
  const queue = new EndQueue()
  is(queue.nextMs, Number.POSITIVE_INFINITY)
  is(queue.pop(), undefined)
  queue.push({ untilMs: 5, id: 'a' })
  is(queue.nextMs, 5)
  equal(queue.pop(), { untilMs: 5, id: 'a' })
  is(queue.pop(), undefined)
  queue.push({ untilMs: 5, id: 'a' })
  queue.clear()
  is(queue.size, 0)
})
