import { equal, is, ok, throws } from 'uvu/assert'
import { BlocklistIndex, HANDLE_MAX } from '../../../src/defense/blocklist-index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('blocklist index')
const NEVER_MS = Number.MAX_SAFE_INTEGER

function indexOf(...prefixes: readonly string[]): BlocklistIndex {
  const index = new BlocklistIndex()
  prefixes.forEach((prefix, handle) => {
    index.add({ prefix, untilMs: NEVER_MS, handle })
  })
  return index
}

test('finds the longest prefix that contains an address, in both families', () => {
  const index = indexOf('203.0.113.0/24', '203.0.113.7/32', '2001:db8::/48', '2001:db8:0:1::/64')
  for (const { address, expected } of [
    { address: '203.0.113.7', expected: 1 },
    { address: '203.0.113.8', expected: 0 },
    { address: '203.0.112.255', expected: undefined },
    { address: '203.0.114.0', expected: undefined },
    { address: '::ffff:203.0.113.7', expected: 1 },
    { address: '2001:db8:0:1::9', expected: 3 },
    { address: '2001:db8:0:2::9', expected: 2 },
    { address: '2001:db8:1::', expected: undefined }
  ]) {
    is(index.findLongest(address, 0), expected, address)
  }
})

test('knows the edges of the address space', () => {
  const index = indexOf('0.0.0.0/32', '255.255.255.255/32', '128.0.0.0/1', '::/128', 'ffff::/16')
  is(index.findLongest('0.0.0.0', 0), 0)
  is(index.findLongest('255.255.255.255', 0), 1)
  is(index.findLongest('128.0.0.0', 0), 2)
  is(index.findLongest('127.255.255.255', 0), undefined)
  is(index.findLongest('::', 0), 3)
  is(index.findLongest('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 0), 4)
})

test('finds few entries that lie all over the address space, once they are merged', () => {
  for (let count = 1; count <= 40; count++) {
    const addresses = Array.from(
      { length: count },
      (_, n) => `${Math.floor((n * 255) / count)}.0.0.1`
    )
    const index = indexOf(...addresses, '255.255.255.255')
    index.startRebuild(0)
    while (index.work(1_000));
    addresses.forEach((address, handle) => {
      is(index.findLongest(address, 0), handle, `${address} of ${count}`)
    })
    is(index.findLongest('255.255.255.255', 0), count)
    is(index.findLongest('255.255.255.254', 0), undefined)
    is(index.findLongest('0.0.0.0', 0), undefined)
  }
})

test('keeps one prefix under several handles, and lets each go for itself', () => {
  const index = new BlocklistIndex()
  for (const handle of [5, 9, HANDLE_MAX]) {
    index.add({ prefix: '203.0.113.7/32', untilMs: 10_000, handle })
  }
  equal([...index.covering('203.0.113.7', 0)].sort(), [5, 9, HANDLE_MAX].sort())
  is(index.remove('203.0.113.7/32', 9), true)
  is(index.remove('203.0.113.7/32', 9), false)
  is(index.has('203.0.113.7/32', 9), false)
  is(index.has('203.0.113.7/32', 5), true)
  is(index.size, 2)
})

test('ends an entry with its time, in whole seconds rounded up', () => {
  const index = new BlocklistIndex()
  index.add({ prefix: '203.0.113.7/32', untilMs: 10_001, handle: 1 })
  is(index.findLongest('203.0.113.7', 10_999), 1)
  is(index.findLongest('203.0.113.7', 11_000), undefined)
})

test('moves the end of an entry that is added again', () => {
  const index = new BlocklistIndex()
  index.add({ prefix: '203.0.113.7/32', untilMs: 10_000, handle: 1 })
  index.add({ prefix: '203.0.113.7/32', untilMs: 90_000, handle: 1 })
  is(index.size, 1)
  is(index.findLongest('203.0.113.7', 50_000), 1)
})

test('reaches beyond the year 2106 by never ending', () => {
  const index = new BlocklistIndex()
  index.add({ prefix: '203.0.113.7/32', untilMs: Date.UTC(9999, 0, 1), handle: 1 })
  is(index.findLongest('203.0.113.7', Date.UTC(9998, 0, 1)), 1)
})

test('drops on a rebuild what has ended and nothing else', () => {
  const index = new BlocklistIndex()
  for (let n = 0; n < 10_000; n++) {
    const prefix = `20.0.${n >> 8}.${n & 255}/32`
    index.add({ prefix, untilMs: n % 2 === 0 ? 1_000 : 9_000, handle: n })
  }
  index.startRebuild(5_000)
  while (index.work(1_000)) ok(index.findLongest('20.0.0.1', 0) === 1)
  is(index.size, 5_000)
  is(index.findLongest('20.0.0.0', 0), undefined)
  is(index.findLongest('20.0.39.15', 0), 9_999)
})

test('takes at most 16 bytes for an IPv4 entry and 32 for an IPv6 entry, both ways round', () => {
  for (const { limit, prefixOf } of [
    { limit: 16, prefixOf: (n: number) => `20.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32` },
    { limit: 32, prefixOf: (n: number) => `2001:db8:${(n >> 8).toString(16)}:${n & 255}::/64` }
  ]) {
    const index = new BlocklistIndex()
    const count = limit === 16 ? 100_000 : 60_000
    for (let n = 0; n < count; n++) {
      // An odd factor walks through all numbers below a power of two in no order.
      const mixed = limit === 16 ? (n * 40_503) & 131_071 : (n * 40_503) & 65_535
      index.add({ prefix: prefixOf(mixed), untilMs: 9_000, handle: n })
    }
    while (index.work(100_000));
    const each = index.bytes / count
    ok(each <= limit, `expected at most ${limit} bytes an entry, got ${each}`)
  }
})

test('refuses what is no prefix', () => {
  const index = new BlocklistIndex()
  for (const text of [
    '',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    'x',
    '::/129'
  ]) {
    throws(
      () => index.add({ prefix: text, untilMs: 1, handle: 1 }),
      (error: { code?: string }) => error.code === 'ADDRESS_INVALID',
      text
    )
  }
  is(index.size, 0)
})
