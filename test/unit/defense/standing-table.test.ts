import { equal, is } from 'uvu/assert'
import { prefixOfAddress, StandingTable } from '../../../src/defense/standing-table.ts'
import { START_MS } from '../../support/events.ts'
import { decision, MINUTE_MS } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('table of what stands')

test('names what is acted on for an address', () => {
  for (const { address, expected } of [
    { address: '203.0.113.7', expected: '203.0.113.7/32' },
    { address: '::ffff:203.0.113.7', expected: '203.0.113.7/32' },
    { address: '2001:db8::1:2:3:4', expected: '2001:db8::/64' },
    { address: 'a:b', expected: 'a:b' }
  ]) {
    is(prefixOfAddress(address), expected)
  }
})

test('forgets all about a decision that is removed, and takes a removal twice', () => {
  const table = new StandingTable()
  const made = decision(1)
  table.put(made)
  is(table.findByValue(made.value)?.id, made.id)
  table.remove(made.id)
  table.remove(made.id)
  equal([table.size, table.find(made.id), table.findByValue(made.value)], [0, undefined, undefined])
  is(table.findApplied('203.0.113.7', START_MS), undefined)
  equal([...table.overlapping('203.0.113.0/24')], [])
})

test('gives handles out again without mixing decisions up', () => {
  const table = new StandingTable()
  for (let n = 1; n <= 50; n++) {
    const made = decision(n, { value: `198.51.100.${n}` })
    table.put(made)
    if (n % 2 === 0) table.remove(made.id)
  }
  for (let n = 1; n <= 50; n++) {
    const expected = n % 2 === 0 ? undefined : decision(n).id
    is(table.findApplied(`198.51.100.${n}`, START_MS)?.id, expected)
  }
})

test('follows a decision whose prefixes shrink, grow or change', () => {
  const table = new StandingTable()
  const swarm = (...hosts: readonly number[]) =>
    decision(1, {
      scope: 'swarm',
      value: 'swarm:1',
      prefixes: hosts.map((host) => `203.0.113.${host}/32`)
    })
  for (const hosts of [[1, 2], [1, 2, 3], [1, 3], [4], [5, 4]]) {
    table.put(swarm(...hosts))
    const covered = [1, 2, 3, 4, 5].filter(
      (host) => table.findApplied(`203.0.113.${host}`, START_MS) !== undefined
    )
    equal(covered, [...hosts].sort())
  }
})

test('gives back what ended in order, once, by its newest end', () => {
  const table = new StandingTable()
  table.put(decision(1, { untilMs: START_MS + 5 }))
  table.put(decision(2, { value: '203.0.113.8', untilMs: START_MS + 3 }))
  table.put(decision(1, { untilMs: START_MS + 9 }))
  is(table.nextEndMs, START_MS + 3)
  const popped: (string | undefined)[] = []
  for (let n = 0; n < 3; n++) {
    const ended = table.popEnded(START_MS + 8)
    popped.push(ended?.id)
    if (ended !== undefined) table.remove(ended.id)
  }
  equal(popped, [decision(2).id, undefined, undefined])
  is(table.popEnded(START_MS + 9)?.id, decision(1).id)
})

test('prefers the more severe, then the one that stands longest, and only what is applied and in time', () => {
  const table = new StandingTable()
  const range = { scope: 'prefix', value: '203.0.113.0/24', prefixes: ['203.0.113.0/24'] } as const
  table.put(decision(1, { type: 'throttle' }))
  table.put(decision(2, { ...range, createdAtMs: START_MS + 2, untilMs: START_MS + MINUTE_MS }))
  table.put(decision(3, { value: 'shadow', prefixes: ['203.0.113.7/32'], mode: 'shadow' }))
  table.put(decision(4, { value: 'watch', prefixes: ['203.0.113.7/32'], type: 'watch' }))
  const at = (afterMs: number) => table.findApplied('203.0.113.7', START_MS + afterMs)?.id
  is(at(-1), undefined)
  is(at(0), decision(1).id)
  is(at(2), decision(2).id)
  is(at(MINUTE_MS), decision(1).id)
})

test('keeps few ends in its queue though one decision is prolonged for ever', () => {
  const table = new StandingTable()
  for (let n = 1; n < 10_000; n++) table.put(decision(1, { untilMs: START_MS + n }))
  is(table.popEnded(START_MS + 9_998), undefined)
  is(table.popEnded(START_MS + 9_999)?.id, decision(1).id)
})
