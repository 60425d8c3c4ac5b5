/** What a hostile peer may say over real gossip: nothing of it is taken, it costs him, and honest nodes go on. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { QUOTA_LEVELS } from '../../../src/network/events/quota.ts'
import { LANE_LENGTH_MAX } from '../../../src/network/events/verify-queue.ts'
import { SCORE_THRESHOLDS } from '../../../src/network/host/gossip-params.ts'
import type { Topic } from '../../../src/wire/index.ts'
import type { HostilePeer } from '../../support/hostile-peer.ts'
import {
  authorsOf,
  expectHeard,
  type HostileScene,
  withHostile
} from '../../support/hostile-scene.ts'
import { alertOf, type TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: hostile gossip', { timeoutMs: 60_000 })
const MINUTE_MS = 60_000
/** Of an author who is new, in one hour; the flood may be of two. */
const QUOTA_PER_HOUR = (QUOTA_LEVELS[1]?.eventsPerHour ?? 0) * 2
const nowMs = () => new SystemClock().nowMs()

function scoreOf({ a, hostile }: HostileScene): number {
  return a.node.host.gossip.getScore(hostile.peerId)
}

function sizeOf({ node }: TestNode): number {
  const [network] = node.status().networks
  return Object.values(network?.liveEvents ?? {}).reduce((sum, count) => sum + count, 0)
}

function flipped(bytes: Uint8Array, place: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}

/** Of each kind that every honest forwarder would have seen, made of what an admitted peer would rightly say. */
const REJECTED: readonly (readonly [string, (hostile: HostilePeer) => [Topic, Uint8Array]])[] = [
  [
    'a signature with one bit flipped',
    (hostile) => {
      const { bytes } = hostile.seal(alertOf('8.8.8.8', nowMs()))
      return ['alert', flipped(bytes, bytes.length - 40)]
    }
  ],
  [
    'a content with one bit flipped',
    (hostile) => {
      const event = hostile.seal(alertOf('8.8.8.8', nowMs()))
      return ['alert', flipped(event.bytes, Buffer.from(event.bytes).indexOf(event.author) + 5)]
    }
  ],
  [
    'an alert among the votes',
    (hostile) => ['vote', hostile.seal(alertOf('8.8.8.8', nowMs())).bytes]
  ],
  [
    'an alert for another network',
    (hostile) => {
      const other = flipped(hostile.network, 0)
      return ['alert', hostile.seal(alertOf('8.8.8.8', nowMs()), {}, other).bytes]
    }
  ],
  [
    'an alert of six minutes from now',
    (hostile) => {
      const tsMs = nowMs() + 6 * MINUTE_MS
      return ['alert', hostile.seal(alertOf('8.8.8.8', tsMs), { tsMs }).bytes]
    }
  ],
  ['bytes that are no message', () => ['alert', Buffer.alloc(300, 0xff)]],
  ['nothing at all', () => ['alert', new Uint8Array()]]
]

for (const [name, make] of REJECTED) {
  test(`rejects ${name}, also of a peer that was admitted`, () =>
    withHostile(async (scene) => {
      const { a, b, hostile, id, invitation } = scene
      await hostile.announce(invitation)
      await until(() => authorsOf(a, id) === 3 && authorsOf(b, id) === 3)
      const before = scoreOf(scene)
      const [topic, bytes] = make(hostile)
      await hostile.gossip(topic, bytes)
      await until(() => scoreOf(scene) < before - 50)
      const heard = await expectHeard(scene, '1.1.1.1')
      equal([a.alertIds(), b.alertIds()], [[heard], [heard]])
    }))
}

test('so many rejected events silence, mute and graylist their sender', () =>
  withHostile(async (scene) => {
    const { a, b, hostile, id } = scene
    const { gossipThreshold, publishThreshold, graylistThreshold } = SCORE_THRESHOLDS
    for (const [strikes, threshold, next] of [
      [1, gossipThreshold, publishThreshold],
      [2, publishThreshold, graylistThreshold],
      [3, graylistThreshold, Number.NEGATIVE_INFINITY]
    ] as const) {
      await hostile.gossip('alert', Buffer.alloc(100 + strikes, 0xff))
      await until(() => scoreOf(scene) < threshold)
      ok(scoreOf(scene) > next, `${strikes}: ${scoreOf(scene)}`)
    }
    const score = scoreOf(scene)
    for (let i = 0; i < 50; i++) await hostile.gossip('alert', Buffer.alloc(200 + i, 0xff))
    await expectHeard(scene, '1.1.1.1')
    // Nothing of it is read any more, so nothing more is held against it.
    ok(scoreOf(scene) > score - 50)
    is(a.meshOf(id, 'alert'), 1)
    is(b.alertIds().length, 1)
  }))

test('ignores strangers, what is old and what was said before; that costs nobody', () =>
  withHostile(async (scene) => {
    const { a, b, hostile, id, invitation } = scene
    await hostile.gossip('alert', hostile.seal(alertOf('8.8.8.8', nowMs())).bytes)
    await hostile.announce(invitation)
    await until(() => authorsOf(a, id) === 3 && authorsOf(b, id) === 3)
    const tsMs = nowMs() - 11 * MINUTE_MS
    await hostile.gossip('alert', hostile.seal(alertOf('8.8.4.4', tsMs), { tsMs }).bytes)
    await expectHeard(scene, '1.1.1.1')
    is(a.alertIds().length, 1)
    is(b.alertIds().length, 1)
    ok(scoreOf(scene) >= 0)
  }))

test('an event that is replayed is one event, also when the node has forgotten that it came by', () =>
  withHostile(async (scene) => {
    const { a, b, hostile, id, invitation } = scene
    await hostile.announce(invitation)
    await until(() => authorsOf(a, id) === 3 && authorsOf(b, id) === 3)
    const { bytes } = hostile.seal(alertOf('8.8.8.8', nowMs()))
    await hostile.gossip('alert', bytes)
    await until(() => [a, b].every((node) => node.alertIds().length === 1))
    const size = sizeOf(a)
    // Gossipsub has a memory of its own for ten minutes, which ends with the process.
    for (let round = 0; round < 2; round++) {
      const say = await hostile.openGossip(a)
      for (let i = 0; i < 500; i++) await say('alert', bytes)
      const heard = await expectHeard(scene, `1.1.1.${round}`)
      ok(a.alertIds().includes(heard))
      is(a.alertIds().length, 2 + round)
      if (round > 0) break
      await a.stop()
      await a.start()
      await hostile.meet(a)
      await until(() => a.meshOf(id, 'alert') > 0 && a.peerOf(b) !== undefined)
    }
    // Two alerts of B, and A's announce of its second start.
    is(sizeOf(a), size + 3)
    ok(scoreOf(scene) >= 0)
  }))

test('a flood fills a bounded queue, and what others say is heard all the same', () =>
  withHostile(async (scene) => {
    const { a, b, hostile, id, invitation } = scene
    await hostile.announce(invitation)
    await until(() => authorsOf(a, id) === 3 && authorsOf(b, id) === 3)
    const say = await hostile.openGossip(a)
    const events = hostile.many(4_000, alertOf('8.8.8.8', nowMs()))
    let longest = 0
    const lanes = () => Math.max(...Object.values(a.node.status().queues))
    const flood = (async () => {
      for (const bytes of events) await say('alert', bytes)
    })()
    const watch = setInterval(() => {
      longest = Math.max(longest, lanes())
    }, 1)
    const heard = await expectHeard(scene, '1.1.1.1')
    await flood
    await until(() => lanes() === 0)
    clearInterval(watch)
    ok(longest <= LANE_LENGTH_MAX, String(longest))
    // What the quota of one author leaves of it, and no row more.
    const kept = a.alertIds().filter((one) => one !== heard).length
    ok(kept > 0 && kept <= 2 * QUOTA_PER_HOUR, String(kept))
    await until(() => b.alertIds().includes(heard))
  }))
