import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import { AddressRanges } from '../../../../src/network/host/address-ranges.ts'
import { createConnectionGater } from '../../../../src/network/host/connection-gater.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: connection gater')

function makeGater(open: string[]) {
  const clock = new ManualClock()
  const denied: string[] = []
  const gater = createConnectionGater({
    ...{ clock, local: new AddressRanges([]), remoteAddresses: () => open },
    isBanned: () => false,
    onDenied: (reason) => denied.push(reason)
  })
  const isDenied = (address: string) =>
    gater.denyInboundConnection?.({ remoteAddr: multiaddr(address) } as MultiaddrConnection)
  return { clock, denied, isDenied }
}

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

test('whoever has a whole /64 to himself is one', async () => {
  const { clock, denied, isDenied } = makeGater([])
  for (let i = 1; i <= 5; i++) is(isDenied(`/ip6/2001:db8::${i}/tcp/1`), false)
  is(isDenied('/ip6/2001:db8::6/tcp/1'), true)
  is(isDenied('/ip6/2001:db8:0:1::6/tcp/1'), false)
  await clock.advance(1_000)
  is(isDenied('/ip6/2001:db8::7/tcp/1'), false)
  equal(denied, ['rate'])
})
