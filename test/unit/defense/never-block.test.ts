import { is } from 'uvu/assert'
import { NeverBlock, type ProtectedEntry } from '../../../src/defense/index.ts'
import { START_MS } from '../../support/events.ts'
import { listEntry } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('never-block rules')
const PLAIN = { treatAsPublic: [], allowlist: [], protectedEntries: [] }

test('protects special ranges, and nothing next to them', () => {
  const rules = new NeverBlock(PLAIN)
  for (const [text, kind] of [
    ['0.0.0.1', 'this-network'],
    ['1.0.0.1', undefined],
    ['9.255.255.255', undefined],
    ['10.0.0.0', 'private-range'],
    ['11.0.0.0', undefined],
    ['100.63.255.255', undefined],
    ['100.64.0.0', 'shared-range'],
    ['127.0.0.1', 'loopback'],
    ['128.0.0.1', undefined],
    ['172.15.255.255', undefined],
    ['172.31.255.255', 'private-range'],
    ['192.168.1.254', 'private-range'],
    ['223.255.255.255', undefined],
    ['224.0.0.1', 'multicast-or-reserved'],
    ['255.255.255.255', 'multicast-or-reserved'],
    ['::ffff:10.0.0.1', 'private-range'],
    ['::1', 'loopback'],
    ['2001:4860::1', undefined],
    ['2002::1', 'translation-range'],
    ['fe80::1', 'link-local'],
    ['fd00::1', 'private-range'],
    ['192.31.195.255', undefined],
    ['192.31.196.1', 'reserved-range'],
    ['192.52.193.0/24', 'reserved-range'],
    ['192.175.48.6', 'reserved-range'],
    ['192.175.49.0', undefined],
    ['::', 'loopback'],
    ['::2', 'reserved-range'],
    ['64:ff9b::9.9.9.9', 'translation-range'],
    ['100::1', 'discard-range'],
    ['100:0:0:1::1', 'discard-range'],
    ['1fff:ffff::1', 'reserved-range'],
    ['2000::1', undefined],
    ['2001::1', 'translation-range'],
    ['2001:2::1', 'benchmark-range'],
    ['2001:10::/48', 'reserved-range'],
    ['2001:20::1', 'reserved-range'],
    ['2001:1ff:ffff::1', 'reserved-range'],
    ['2001:200::1', undefined],
    ['2620:4f:8000::1', 'reserved-range'],
    ['2620:4f:8001::1', undefined],
    ['3ffe:ffff::1', undefined],
    ['3fff::1', 'documentation-range'],
    ['3fff:1000::1', undefined],
    ['4000::1', 'reserved-range'],
    ['5f00::1', 'reserved-range'],
    ['8000::1', 'reserved-range'],
    ['e000::1', 'reserved-range'],
    ['fec0::1', 'private-range'],
    ['ff02::1', 'multicast-or-reserved']
  ] as const) {
    is(rules.find(text, START_MS)?.kind, kind, text)
  }
})

test('refuses what is too wide and what is no address', () => {
  const rules = new NeverBlock(PLAIN)
  for (const [text, kind] of [
    ['9.9.8.0/23', 'too-wide'],
    ['9.9.9.0/24', undefined],
    ['2600::/47', 'too-wide'],
    ['2600::/48', undefined],
    ['::/0', 'too-wide'],
    ['swarm:1', 'not-an-address'],
    ['', 'not-an-address'],
    ['10.1', 'not-an-address']
  ] as const) {
    is(rules.find(text, START_MS)?.kind, kind, text)
  }
})

test('opens a special range for tests, but neither the allowlist nor this machine', () => {
  const rules = new NeverBlock({
    treatAsPublic: ['127.0.0.0/8'],
    allowlist: [listEntry('127.0.0.9/32')],
    protectedEntries: [{ prefix: '127.0.0.1/32', kind: 'own-address', detail: 'lo' }]
  })
  is(rules.find('127.0.0.5', START_MS), undefined)
  is(rules.find('127.0.0.9', START_MS)?.kind, 'allowlist')
  is(rules.find('127.0.0.1', START_MS)?.kind, 'own-address')
  is(rules.find('10.0.0.1', START_MS)?.kind, 'private-range')
})

// The second count is large enough for the entries to be indexed.
for (const count of [0, 200]) {
  const others: ProtectedEntry[] = Array.from({ length: count }, (_, n) => ({
    prefix: `11.0.${n}.0/24`,
    kind: 'monitoring',
    detail: `probe ${n}`
  }))

  test(`protects a prefix that contains or lies in an entry, among ${count} others`, () => {
    const rules = new NeverBlock({
      ...PLAIN,
      protectedEntries: [{ prefix: '9.9.9.9/32', kind: 'resolver', detail: 'r' }, ...others],
      allowlist: [listEntry('8.0.0.0/9', { note: 'university' })]
    })
    is(rules.find('9.9.9.9', START_MS)?.kind, 'resolver')
    is(rules.find('9.9.9.0/24', START_MS)?.kind, 'resolver')
    is(rules.find('9.9.9.8', START_MS), undefined)
    is(rules.find('8.8.8.8', START_MS)?.detail, '8.0.0.0/9 university')
    is(rules.find('8.128.0.0', START_MS), undefined)
    if (count > 0) is(rules.find('11.0.7.7', START_MS)?.detail, 'probe 7')
  })

  test(`lets the allowlist speak first and end by the clock, among ${count} others`, () => {
    const rules = new NeverBlock({
      ...PLAIN,
      protectedEntries: [{ prefix: '9.9.9.9/32', kind: 'resolver', detail: 'r' }, ...others],
      allowlist: [listEntry('9.9.9.8/31', { untilMs: START_MS + 60_000 })]
    })
    is(rules.find('9.9.9.9', START_MS)?.kind, 'allowlist')
    is(rules.find('9.9.9.8', START_MS)?.kind, 'allowlist')
    is(rules.find('9.9.9.9', START_MS + 60_000)?.kind, 'resolver')
    is(rules.find('9.9.9.8', START_MS + 60_000), undefined)
    is(rules.find('9.9.9.8', START_MS)?.kind, 'allowlist', 'after the clock was set back')
  })
}
