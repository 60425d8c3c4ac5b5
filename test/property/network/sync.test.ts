/** Laws of reconciliation: the tree is what a list would be, and two sets of any kind find out exactly what they lack. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import type { EventPlace } from '../../../src/network/ports.ts'
import { FingerprintTree } from '../../../src/network/sync/fingerprint-tree.ts'
import { LiveSet } from '../../../src/network/sync/live-set.ts'
import { addSum, fingerprintOf, readSum, zeroSum } from '../../../src/network/sync/sum256.ts'
import { HIGHEST_BOUND, LOWEST_BOUND, type SyncItem } from '../../../src/network/sync/sync-item.ts'
import { SyncInitiator, SyncResponder } from '../../../src/network/sync/sync-session.ts'
import type { SyncBound } from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('reconciliation laws', { timeoutMs: 60_000 })

function idOf(number: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(String(number)).digest())
}

/** Few times, so that ids decide the order often. */
function itemOf(number: number): SyncItem {
  return { tsMs: 1_000 + (number % 13), id: idOf(number) }
}

function compare(a: SyncItem, b: SyncItem): number {
  return a.tsMs - b.tsMs || Buffer.compare(a.id, b.id)
}

function naive(items: readonly SyncItem[], lower: SyncBound, upper: SyncBound) {
  const isBelow = (item: SyncItem, bound: SyncBound) =>
    item.tsMs < bound.tsMs ||
    (item.tsMs === bound.tsMs &&
      Buffer.compare(item.id, Buffer.concat([bound.idPrefix, Buffer.alloc(32)]).subarray(0, 32)) <
        0)
  const within = items.filter((item) => !isBelow(item, lower) && isBelow(item, upper))
  const sum = zeroSum()
  const value = zeroSum()
  for (const { id } of within) {
    readSum(value, id, 0)
    addSum(sum, value)
  }
  return { count: within.length, fingerprint: fingerprintOf(sum, within.length) }
}

test('the tree is what a sorted list would be, after any insertions and removals', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 400 })), {
    minLength: 1,
    maxLength: 1_500,
    size: 'max'
  })
  fc.assert(
    fc.property(steps, fc.nat({ max: 14 }), fc.nat({ max: 14 }), (list, from, to) => {
      const tree = new FingerprintTree()
      const model = new Map<number, SyncItem>()
      for (const [isInsert, number] of list) {
        const item = itemOf(number)
        const isChanged = isInsert ? tree.insert(item) : tree.remove(item)
        is(isChanged, isInsert !== model.has(number))
        if (isInsert) model.set(number, item)
        else model.delete(number)
        is(tree.has(item), isInsert)
      }
      const sorted = [...model.values()].sort(compare)
      equal(tree.items(0, tree.size), sorted)
      const middle = sorted[sorted.length >> 1]
      const bounds: SyncBound[] = [
        LOWEST_BOUND,
        { tsMs: 1_000 + Math.min(from, to), idPrefix: new Uint8Array(0) },
        { tsMs: 1_000 + Math.max(from, to), idPrefix: Uint8Array.of(0x80) },
        ...(middle === undefined ? [] : [{ tsMs: middle.tsMs, idPrefix: middle.id }]),
        HIGHEST_BOUND
      ]
      for (const lower of bounds) {
        for (const upper of bounds) {
          const expected = naive(sorted, lower, upper)
          if (expected.count > 0) equal(tree.summary(lower, upper), expected)
        }
      }
      sorted.forEach((item, rank) => {
        equal(tree.at(rank), item)
      })
    }),
    { numRuns: 60, seed: 1 }
  )
})

function placesOf(numbers: Iterable<number>, spread: number): EventPlace[] {
  return [...numbers].map((number) => ({
    kind: number % 3 === 0 ? 'vote' : 'alert',
    tsMs: 1_000 + Math.floor(number / spread),
    id: idOf(number)
  }))
}

/** @returns rounds, bytes */
function reconcile(ours: LiveSet, theirs: LiveSet) {
  const initiator = new SyncInitiator(ours)
  const responder = new SyncResponder(theirs)
  let rounds = 0
  let frame = initiator.open()
  while (frame !== undefined) {
    rounds++
    frame = initiator.receive(responder.receive(frame))
  }
  const texts = (ids: readonly Uint8Array[]) => ids.map((id) => Buffer.from(id).toString('hex'))
  return {
    rounds,
    bytes: initiator.bytes,
    needs: initiator.differences.flatMap(({ needs }) => texts(needs)).sort(),
    haves: initiator.differences.flatMap(({ haves }) => texts(haves)).sort()
  }
}

function hexIds(numbers: Iterable<number>): string[] {
  return [...numbers].map((number) => Buffer.from(idOf(number)).toString('hex')).sort()
}

test('two random sets learn exactly what they lack of each other', () => {
  const sets = fc.record({
    shared: fc.nat({ max: 3_000 }),
    ours: fc.uniqueArray(fc.nat({ max: 1_000 }), { maxLength: 200 }),
    theirs: fc.uniqueArray(fc.nat({ max: 1_000 }), { maxLength: 200 }),
    spread: fc.constantFrom(1, 7, 10_000)
  })
  fc.assert(
    fc.property(sets, ({ shared, ours, theirs, spread }) => {
      const common = Array.from({ length: shared }, (_, i) => i * 5)
      // Never in the common set.
      const mine = new Set(ours.map((number) => number * 5 + 1))
      const yours = new Set(theirs.map((number) => number * 5 + 2))
      const result = reconcile(
        new LiveSet(placesOf([...common, ...mine], spread)),
        new LiveSet(placesOf([...common, ...yours], spread))
      )
      equal(result.needs, hexIds(yours))
      equal(result.haves, hexIds(mine))
    }),
    { numRuns: 40, seed: 2 }
  )
})

test('sets that are equal take one round for each kind and a few bytes', () => {
  const places = placesOf(
    Array.from({ length: 5_000 }, (_, i) => i),
    1
  )
  const { rounds, bytes, needs, haves } = reconcile(new LiveSet(places), new LiveSet(places))
  is(rounds, 7)
  ok(bytes < 1_000)
  equal([needs, haves], [[], []])
})

test('a node with nothing learns all of what a full one has, in whole frames', () => {
  const numbers = Array.from({ length: 5_000 }, (_, i) => i)
  const { needs } = reconcile(new LiveSet(), new LiveSet(placesOf(numbers, 1)))
  equal(needs, hexIds(numbers))
})

test('an id that is handed in as a Buffer is left as it is', () => {
  const tree = new FingerprintTree()
  for (let number = 0; number < 500; number++) {
    const id = Buffer.from(idOf(number))
    tree.insert({ tsMs: 1, id })
    tree.remove({ tsMs: 1, id: Buffer.from(idOf(number - 3)) })
    equal(new Uint8Array(id), idOf(number))
  }
  is(tree.size, 3)
})
