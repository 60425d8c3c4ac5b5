/** Which addresses that others name are dialed. */
import { is } from 'uvu/assert'
import { getPrefix } from '../../../../src/base/index.ts'
import { AddressRanges } from '../../../../src/network/host/address-ranges.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: addresses that are dialed')
const PUBLIC = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/1']
const INSIDE = PUBLIC.slice(0, 2)
const LOOPBACK = PUBLIC.slice(0, 1)

for (const [named, own, expected] of [
  ['/ip4/8.8.4.4/tcp/1', PUBLIC, true],
  ['/ip6/2001:4860:4860::8888/tcp/1', PUBLIC, true],
  ['/dns4/keys.example.org/tcp/1', PUBLIC, true],
  ['/ip4/127.0.0.1/tcp/1', PUBLIC, false],
  ['/ip4/10.1.2.3/tcp/1', PUBLIC, false],
  ['/ip4/192.168.7.1/tcp/1', PUBLIC, true],
  ['/ip4/169.254.1.1/tcp/1', PUBLIC, false],
  ['/ip6/fe80::1/tcp/1', PUBLIC, false],
  ['/ip6/::1/tcp/1', PUBLIC, false],
  ['/ip4/10.1.2.3/tcp/1/p2p/x/p2p-circuit', PUBLIC, false],
  ['/ip4/10.1.2.3/tcp/1', INSIDE, true],
  ['/ip4/127.0.0.1/tcp/1', INSIDE, false],
  ['/ip4/127.0.0.1/tcp/1', LOOPBACK, true]
] as const) {
  test(`${named} is ${expected ? '' : 'not '}dialed by a node at ${own.join(', ')}`, () => {
    const ranges = new AddressRanges([getPrefix('192.168.7.0/24')])
    is(ranges.mayDial(named, own), expected)
  })
}
