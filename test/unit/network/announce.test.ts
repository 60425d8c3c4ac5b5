import { multiaddr } from '@multiformats/multiaddr'
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { Announcer } from '../../../src/network/announce.ts'
import type { NodeAnnounceBody } from '../../../src/wire/index.ts'
import { NETWORK } from '../../support/network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: announcer')
const DAY_MS = 24 * 3_600_000
const HOUR_MS = 3_600_000

function makeAnnouncer() {
  const clock = new ManualClock(1_800_000_000_000)
  const said: (readonly [NodeAnnounceBody, number])[] = []
  let isRefused = false
  const log = {
    ...{ error: () => undefined, warn: () => undefined, info: () => undefined },
    ...{ debug: () => undefined, isEnabled: () => false }
  }
  const announcer = new Announcer(
    { name: 'n', agent: 'a' },
    {
      ...{ clock, log, host: { addresses: [multiaddr('/ip4/127.0.0.1/tcp/1')] } },
      publish: (_id, body, { ttlMs }) => {
        if (isRefused) return Promise.reject(new Error('no'))
        said.push([body, ttlMs])
        return Promise.resolve()
      }
    }
  )
  const membership = () => {
    const leaving = new AbortController()
    const record = {
      ...{ id: NETWORK.id, name: 'n', document: NETWORK.bytes, admission: undefined },
      ...{ bootstrap: [], joinedAtMs: 0 }
    }
    return { network: { record, signal: leaving.signal }, leave: () => leaving.abort() }
  }
  const refuse = (is: boolean) => {
    isRefused = is
  }
  return { clock, announcer, said, membership, refuse }
}

test('says daily where the node is, long before the last word ends', async () => {
  const { clock, announcer, said, membership } = makeAnnouncer()
  const { network } = membership()
  await announcer.announce(network)
  announcer.keepAnnouncing(network)
  await clock.advance(3 * DAY_MS + HOUR_MS)
  is(said.length, 4)
  for (const [{ isLeaving, addresses }, ttlMs] of said) {
    equal([isLeaving, addresses.length, ttlMs], [false, 1, 7 * DAY_MS])
  }
})

test('says nothing more of a network that was left, and once a day when it is joined again', async () => {
  const { clock, announcer, said, membership } = makeAnnouncer()
  const first = membership()
  await announcer.announce(first.network)
  announcer.keepAnnouncing(first.network)
  await announcer.sayFarewell(first.network)
  first.leave()
  await clock.advance(3 * DAY_MS)
  equal(
    said.map(([{ isLeaving, addresses }]) => [isLeaving, addresses.length]),
    [
      [false, 1],
      [true, 0]
    ]
  )
  const second = membership()
  await announcer.announce(second.network)
  announcer.keepAnnouncing(second.network)
  await clock.advance(2 * DAY_MS + HOUR_MS)
  is(said.length, 5)
})

test('tries again soon when it was refused, and at once when the machine has slept', async () => {
  const { clock, announcer, said, membership, refuse } = makeAnnouncer()
  const { network } = membership()
  refuse(true)
  await announcer.announce(network)
  await announcer.sayFarewell(network)
  announcer.keepAnnouncing(network)
  await clock.advance(HOUR_MS)
  is(said.length, 0)
  refuse(false)
  await clock.advance(10 * 60_000)
  is(said.length, 1)
  clock.jumpTo(clock.nowMs() + 2 * DAY_MS)
  await clock.advance(10 * 60_000)
  is(said.length, 2)
})
