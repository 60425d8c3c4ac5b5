import type { MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import { AddressRanges } from '../../../../src/network/host/address-ranges.ts'
import { createConnectionGater } from '../../../../src/network/host/connection-gater.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: connection gater')
const PAUSED = peerIdFromString('12D3KooWGRUacWGiHsX7rP6BFXrmP2mLeCyDwmuUYv6gPNP7qKMv')
const OTHER = peerIdFromString('12D3KooWHFKTMzwerBtsVmtz4ZZEQy2heafxzWw6wNn5PPYkBxJ5')

function makeGater(open: string[], bannedSite = '') {
  const clock = new ManualClock()
  const denied: string[] = []
  const gater = createConnectionGater({
    ...{ clock, local: new AddressRanges([]), remoteAddresses: () => open },
    isBanned: () => false,
    isPaused: (peer) => peer === PAUSED.toString(),
    isBannedSite: (site) => site === bannedSite,
    onDenied: (reason) => denied.push(reason)
  })
  const isDenied = (address: string) =>
    gater.denyInboundConnection?.({ remoteAddr: multiaddr(address) } as MultiaddrConnection)
  return { clock, denied, isDenied, gater }
}

test('whoever hung up a moment ago is not dialed, and is let in', () => {
  const { gater, denied } = makeGater([])
  is(gater.denyDialPeer?.(PAUSED), true)
  is(gater.denyDialPeer?.(OTHER), false)
  is(gater.denyInboundEncryptedConnection?.(PAUSED, {} as MultiaddrConnection), false)
  equal(denied, [])
})

test('two of one site may be connected, a third may not', () => {
  const open = ['/ip4/192.0.2.1/tcp/1']
  const { denied, isDenied } = makeGater(open)
  is(isDenied('/ip4/192.0.2.2/tcp/1'), false)
  open.push('/ip4/192.0.2.2/tcp/1')
  is(isDenied('/ip4/192.0.2.3/tcp/1'), true)
  is(isDenied('/ip4/198.51.100.3/tcp/1'), false)
  equal(denied, ['prefix'])
})

test('five connections a second from one address, and any number from this machine', async () => {
  const { clock, denied, isDenied } = makeGater([])
  const knock = (address: string, times: number) =>
    Array.from({ length: times }, () => isDenied(address)).filter((isOut) => isOut).length
  is(knock('/ip4/192.0.2.1/tcp/1', 7), 2)
  is(knock('/ip4/127.0.0.1/tcp/1', 50), 0)
  await clock.advance(1_000)
  is(knock('/ip4/192.0.2.1/tcp/1', 5), 0)
  equal(denied, ['rate', 'rate'])
})

test('whoever comes from a banned site is not let in, under whatever key', () => {
  const { denied, isDenied } = makeGater([], '192.0.2.1/32')
  is(isDenied('/ip4/192.0.2.1/tcp/1'), true)
  is(isDenied('/ip4/192.0.2.2/tcp/1'), false)
  const other = makeGater([], '2001:db8::/64')
  is(other.isDenied('/ip6/2001:db8::77/tcp/1'), true)
  is(other.isDenied('/ip6/2001:db8:0:1::77/tcp/1'), false)
  equal(denied, ['banned'])
})

test('whoever has a whole /64 to himself is one', async () => {
  const { clock, denied, isDenied } = makeGater([])
  for (let i = 1; i <= 5; i++) is(isDenied(`/ip6/2001:db8::${i}/tcp/1`), false)
  is(isDenied('/ip6/2001:db8::6/tcp/1'), true)
  is(isDenied('/ip6/2001:db8:0:1::6/tcp/1'), false)
  await clock.advance(1_000)
  is(isDenied('/ip6/2001:db8::7/tcp/1'), false)
  equal(denied, ['rate'])
})
