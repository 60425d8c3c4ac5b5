import { peerIdFromString } from '@libp2p/peer-id'
import { equal } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { PeerClocks } from '../../../src/network/peer-clocks.ts'
import { suite } from '../../support/suite.ts'

const test = suite('clocks of peers')

const PEERS = [
  '12D3KooWGRUacWGiHsX7rP6BFXrmP2mLeCyDwmuUYv6gPNP7qKMv',
  '12D3KooWHFKTMzwerBtsVmtz4ZZEQy2heafxzWw6wNn5PPYkBxJ5',
  '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
] as const

const connected = PEERS.map((text) => ({ remotePeer: peerIdFromString(text) }))

function clocksOf(readings: readonly number[]) {
  const clock = new ManualClock(1_000_000)
  const clocks = new PeerClocks(clock)
  for (const [i, aheadMs] of readings.entries()) {
    clocks.note(PEERS[i] ?? '', { aheadMs, roundTripMs: 40 })
  }
  return { clock, clocks }
}

for (const { name, readings, expected } of [
  { name: 'nobody tells his time', readings: [], expected: [undefined, 0] },
  { name: 'one peer', readings: [-7], expected: [-7, 1] },
  { name: 'of two the lesser, if this node is ahead', readings: [30, 10], expected: [10, 2] },
  { name: 'of two the lesser, if this node is behind', readings: [-30, -10], expected: [-10, 2] },
  { name: 'one of two changes nothing', readings: [0, -180_000], expected: [0, 2] },
  { name: 'one liar of three changes nothing', readings: [9, 1e12, 5], expected: [9, 3] },
  { name: 'one liar of four', readings: [9, -1e12, 5, 1], expected: [1, 4] }
] as const) {
  test(`takes the median: ${name}`, () => {
    const { clocks } = clocksOf(readings)
    const { clockSkewMs, clockPeers } = clocks.estimate(connected)
    equal([clockSkewMs, clockPeers], expected)
  })
}

test('counts those alone who are connected, each once', () => {
  const { clocks } = clocksOf([1, 100, 200])
  equal(clocks.estimate([...connected.slice(1, 2), ...connected.slice(1, 2)]), {
    clockSkewMs: 100,
    clockPeers: 1
  })
})

test('takes no reading over a slow line, and keeps the one before', () => {
  const { clocks } = clocksOf([12])
  clocks.note(PEERS[0], { aheadMs: 9_000, roundTripMs: 5_000 })
  equal(clocks.estimate(connected), { clockSkewMs: 12, clockPeers: 1 })
  clocks.note(PEERS[0], { aheadMs: 90, roundTripMs: 4_999 })
  equal(clocks.estimate(connected), { clockSkewMs: 90, clockPeers: 1 })
})

test('forgets what is old, and everything when the own clock was set', async () => {
  const { clock, clocks } = clocksOf([1, 2])
  await clock.advance(20 * 60_000)
  clocks.note(PEERS[1], { aheadMs: 50, roundTripMs: 1 })
  await clock.advance(10 * 60_000 + 1)
  equal(clocks.estimate(connected), { clockSkewMs: 50, clockPeers: 1 })
  clocks.forgetAll()
  equal(clocks.estimate(connected), { clockSkewMs: undefined, clockPeers: 0 })
})

test('keeps no more readings than there may be connections', () => {
  const { clocks } = clocksOf([5])
  for (let i = 0; i < 256; i++) clocks.note(`stranger ${i}`, { aheadMs: 0, roundTripMs: 1 })
  equal(clocks.estimate(connected), { clockSkewMs: 0, clockPeers: 256 })
})

test('of peers that are gone the last readings are kept for half an hour, until one tells his time anew', async () => {
  const { clock, clocks } = clocksOf([-7_200_000, -7_200_010])
  equal(clocks.estimate([]), { clockSkewMs: -7_200_000, clockPeers: 2 })
  clocks.note(PEERS[2], { aheadMs: 3, roundTripMs: 1 })
  equal(clocks.estimate(connected.slice(2, 3)), { clockSkewMs: 3, clockPeers: 1 })
  await clock.advance(30 * 60_000 + 1)
  equal(clocks.estimate([]), { clockSkewMs: undefined, clockPeers: 0 })
})
