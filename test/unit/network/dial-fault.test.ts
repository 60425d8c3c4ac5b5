/** Which addresses are worth telling others. */
import { is, match } from 'uvu/assert'
import { getPrefix } from '../../../src/base/index.ts'
import { findDialFault, isPublicMultiaddr } from '../../../src/network/host/dial-fault.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: addresses that are told to others')
const RELAY = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'

for (const good of [
  '/ip4/198.51.100.7/tcp/11390',
  '/ip6/2001:db8::1/tcp/11390',
  '/dns4/keys.example.org/tcp/11390',
  '/dnsaddr/keys.example.org/tcp/443',
  `/ip4/198.51.100.7/tcp/11390/p2p/${RELAY}`,
  `/ip4/198.51.100.7/tcp/11390/p2p/${RELAY}/p2p-circuit`,
  `/p2p/${RELAY}/p2p-circuit`
]) {
  test(`${good} can be dialed`, () => is(findDialFault(good), undefined))
}

for (const [bad, why] of [
  ['/ip4/0.0.0.0/tcp/11390', /every address of this machine/],
  ['/ip6/::/tcp/11390', /every address of this machine/],
  [`/ip4/0.0.0.0/tcp/11390/p2p/${RELAY}/p2p-circuit`, /every address of this machine/],
  ['/ip4/198.51.100.7/udp/11390', /TCP alone/],
  ['/ip4/198.51.100.7/udp/11390/quic-v1', /TCP alone/],
  ['/ip4/198.51.100.7', /TCP alone/],
  ['/unix/tcp/1', /TCP alone/],
  ['/p2p-circuit', /TCP alone/],
  [`/p2p/${RELAY}`, /TCP alone/],
  ['/ip4/198.51.100.7/tcp/0', /port 0/]
] as const) {
  test(`${bad} cannot`, () => match(findDialFault(bad) ?? '', why))
}

test('public is what others outside can reach, a relay by its own address, and a name in any case', () => {
  for (const [address, isPublic] of [
    ['/ip4/8.8.8.8/tcp/1', true],
    ['/ip4/10.1.2.3/tcp/1', false],
    ['/ip4/127.0.0.1/tcp/1', false],
    ['/ip6/fe80::1/tcp/1', false],
    ['/ip6/2a00:1450::1/tcp/1', true],
    ['/dns4/keys.example.org/tcp/1', true],
    [`/ip4/10.1.2.3/tcp/1/p2p/${RELAY}/p2p-circuit`, false],
    [`/ip4/8.8.8.8/tcp/1/p2p/${RELAY}/p2p-circuit`, true],
    ['/ip4/198.51.100.7/tcp/1', false]
  ] as const) {
    is(isPublicMultiaddr(address, []), isPublic, address)
  }
  is(isPublicMultiaddr('/ip4/198.51.100.7/tcp/1', [getPrefix('198.51.100.0/24')]), true)
})
