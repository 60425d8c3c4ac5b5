/** The index against the plainest list there is, under any sequence of changes, with merges at any point. */
import fc from 'fast-check'
import { equal, is } from 'uvu/assert'
import {
  getPrefix,
  prefixContains,
  prefixesOverlap,
  seededRandom
} from '../../../src/base/index.ts'
import { BlocklistIndex } from '../../../src/defense/blocklist-index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('blocklist index laws', { timeoutMs: 60_000 })

interface Entry {
  prefix: string
  untilMs: number
  handle: number
}

/** What the index promises, said as plainly as possible. */
class PlainList {
  entries: Entry[] = []

  add(entry: Entry): void {
    this.remove(entry.prefix, entry.handle)
    this.entries.push(entry)
  }

  remove(prefix: string, handle: number): boolean {
    const before = this.entries.length
    this.entries = this.entries.filter((e) => e.prefix !== prefix || e.handle !== handle)
    return this.entries.length < before
  }

  covering(address: string, atMs: number): Entry[] {
    const wanted = getPrefix(address)
    return this.entries
      .filter((e) => Math.ceil(e.untilMs / 1_000) * 1_000 > atMs)
      .filter((e) => prefixContains(getPrefix(e.prefix), wanted))
  }

  overlapping(prefix: string): Entry[] {
    return this.entries.filter((e) => prefixesOverlap(getPrefix(e.prefix), getPrefix(prefix)))
  }
}

/** Few bits vary, so that prefixes nest and collide. */
const ipv4 = fc
  .record({
    third: fc.integer({ min: 0, max: 1 }),
    last: fc.constantFrom(0, 1, 2, 127, 128, 255),
    length: fc.constantFrom(32, 32, 31, 25, 24, 23, 16, 8, 0)
  })
  .map(({ third, last, length }) => getPrefix(`203.0.${third}.${last}/${length}`).text)
const ipv6 = fc
  .record({
    group: fc.constantFrom('0', '1', 'ffff'),
    host: fc.constantFrom('0', '1', 'ffff:ffff'),
    length: fc.constantFrom(128, 127, 64, 63, 48, 32, 0)
  })
  .map(({ group, host, length }) => getPrefix(`2001:db8:0:${group}::${host}/${length}`).text)
const prefix = fc.oneof({ weight: 3, arbitrary: ipv4 }, ipv6)
const timeMs = fc.integer({ min: 0, max: 6_000 })
const handle = fc.integer({ min: 0, max: 3 })

type Step =
  | { kind: 'add'; entry: Entry }
  | { kind: 'remove'; prefix: string; handle: number }
  | { kind: 'rebuild'; atMs: number }
  | { kind: 'work'; entries: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({ prefix, untilMs: timeMs, handle })
        .map((entry): Step => ({ kind: 'add', entry }))
    },
    {
      weight: 2,
      arbitrary: fc.record({ prefix, handle }).map((given): Step => ({ kind: 'remove', ...given }))
    },
    fc.record({ atMs: timeMs }).map((given): Step => ({ kind: 'rebuild', ...given })),
    fc
      .record({ entries: fc.constantFrom(1, 5_000) })
      .map((given): Step => ({ kind: 'work', ...given }))
  ),
  { maxLength: 60 }
)

test('answers as a plain list does, whatever is added, removed and merged', () => {
  fc.assert(
    fc.property(steps, prefix, timeMs, (sequence, asked, askedAtMs) => {
      const index = new BlocklistIndex()
      const plain = new PlainList()
      // What a rebuild drops has ended by then: questions are about that time or later.
      let atMs = askedAtMs
      for (const step of sequence) {
        if (step.kind === 'add') {
          index.add(step.entry)
          plain.add({ ...step.entry })
        } else if (step.kind === 'remove') {
          const isKnown = index.has(step.prefix, step.handle)
          is(index.remove(step.prefix, step.handle), isKnown)
          plain.remove(step.prefix, step.handle)
        } else if (step.kind === 'rebuild') {
          index.startRebuild(step.atMs)
          atMs = Math.max(atMs, step.atMs)
        } else index.work(step.entries)
        const address = asked.slice(0, asked.indexOf('/'))
        const expected = plain.covering(address, atMs)
        equal([...index.covering(address, atMs)].sort(), expected.map((e) => e.handle).sort())
        const longest = Math.max(...expected.map((e) => getPrefix(e.prefix).length))
        const found = index.findLongest(address, atMs)
        is(found === undefined, expected.length === 0)
        if (found !== undefined) {
          is(
            expected.some((e) => e.handle === found && getPrefix(e.prefix).length === longest),
            true
          )
        }
      }
    }),
    { numRuns: 400 }
  )
})

test('finds everything that overlaps a prefix, on either side of it', () => {
  fc.assert(
    fc.property(steps, prefix, (sequence, asked) => {
      const index = new BlocklistIndex()
      const plain = new PlainList()
      for (const step of sequence) {
        if (step.kind === 'add') {
          index.add(step.entry)
          plain.add({ ...step.entry })
        } else if (step.kind === 'remove') {
          is(index.remove(step.prefix, step.handle), plain.remove(step.prefix, step.handle))
        } else if (step.kind === 'rebuild') index.startRebuild(0)
        else index.work(step.entries)
      }
      is(index.size, plain.entries.length)
      equal(
        [...index.overlapping(asked)].sort(),
        plain
          .overlapping(asked)
          .map((e) => e.handle)
          .sort()
      )
    }),
    { numRuns: 400 }
  )
})

test('stays right through many merges of tens of thousands of entries', () => {
  const random = seededRandom(7)
  const index = new BlocklistIndex()
  const truth = new Map<string, number>()
  const addressOf = (n: number) => `11.${(n >>> 16) & 15}.${(n >>> 8) & 255}.${n & 255}`
  const draw = () => addressOf(Math.floor(random.next() * 2 ** 20))
  for (let round = 0; round < 60_000; round++) {
    const address = draw()
    if (random.next() < 0.25) {
      const [oldest] = truth.keys()
      if (oldest === undefined) continue
      is(index.remove(`${oldest}/32`, truth.get(oldest) ?? 0), true)
      truth.delete(oldest)
    } else if (!truth.has(address)) {
      truth.set(address, round)
      index.add({ prefix: `${address}/32`, untilMs: 1e12, handle: round })
    }
    if (round % 16 === 0) {
      const asked = draw()
      is(index.findLongest(asked, 0), truth.get(asked))
    }
  }
  is(index.size, truth.size)
  for (const [address, number] of truth) is(index.findLongest(address, 0), number)
})
