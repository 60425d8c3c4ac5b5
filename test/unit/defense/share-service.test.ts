import * as assert from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  type Decision,
  type SharedFacts,
  type SharePolicy,
  ShareService
} from '../../../src/defense/index.ts'
import { CATEGORIES } from '../../../src/detection/index.ts'
import { NetworkRepository } from '../../../src/store/network-repository.ts'
import { ToldRepository } from '../../../src/store/told-repository.ts'
import { FakeGuard, sampleDecision } from '../../support/fake-guard.ts'
import { FakeNetwork, SAMPLE_NETWORK_ID } from '../../support/fake-network.ts'
import { bytesOf } from '../../support/network.ts'
import { makeStore, removeStore, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Share service')
const POLICY: SharePolicy = {
  isEnabled: true,
  categories: CATEGORIES,
  typeMin: 'ban',
  precision: 'address',
  includesShadow: false
}

let store: TemporaryStore

test.beforeEach(() => {
  store = makeStore()
  new NetworkRepository(store.db).save({
    id: new Uint8Array(Buffer.from(SAMPLE_NETWORK_ID, 'hex')),
    ...{ name: 'name', document: bytesOf('document'), admission: undefined },
    ...{ bootstrap: [], joinedAtMs: 0 }
  })
})
test.afterEach(() => removeStore(store))

function rig(policy: Partial<SharePolicy> = {}, stored: Decision[] = []) {
  const clock = new ManualClock(Date.now())
  const guard = new FakeGuard()
  const network = new FakeNetwork()
  const counted: string[] = []
  const gauge: number[] = []
  const quiet = () => undefined
  const log: string[] = []
  const say = ({ count, reason }: Readonly<Record<string, unknown>>, message: string) => {
    log.push([count, message, reason].filter((part) => part !== undefined).join(' '))
  }
  const service = new ShareService(
    { policy: { ...POLICY, ...policy }, treatAsPublic: ['198.51.100.0/24'] },
    {
      guard,
      network,
      isProtected: (prefix) => prefix === '198.51.100.1/32',
      told: new ToldRepository<SharedFacts>(store.db),
      decisions: {
        find: (id) => stored.find((decision) => decision.id === id),
        detected: ({ atMs }) => ({
          items: stored.filter(
            ({ untilMs, liftedAtMs }) => untilMs > atMs && liftedAtMs === undefined
          ),
          before: undefined
        })
      },
      clock,
      logger: { debug: quiet, info: say, warn: say, error: quiet },
      metrics: {
        shared: (kind) => counted.push(kind),
        kept: (why) => counted.push(why),
        failed: () => counted.push('failed'),
        unsaid: (count) => gauge.push(count)
      }
    }
  )
  return { clock, guard, network, service, counted, gauge, log }
}

function banOf(last: number) {
  return sampleDecision({
    id: `decision-${last}`,
    value: `198.51.100.${last}`,
    prefixes: [`198.51.100.${last}/32`]
  })
}

test('a ban becomes an alert and a vote; a lift takes the vote back; an end in time says nothing', async () => {
  const { guard, network, service, counted } = rig()
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await service.stop()
  assert.equal(counted, ['alert', 'vote'])
  assert.equal(
    network.published.map(({ body }) => body.kind),
    ['alert', 'vote']
  )
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(7), atMs: Date.now(), why: 'lifted' })
  guard.emit({ kind: 'ended', decision: banOf(8), atMs: Date.now(), why: 'expired' })
  await service.stop()
  assert.equal(counted, ['alert', 'vote', 'retract', 'retract'])
  const [alert, , vote, retract] = network.published
  assert.is(vote?.body.kind === 'vote' && vote.body.votes[0]?.stance, 'retract')
  assert.equal(takenBack(retract), [network.publishedIds[0]])
  assert.ok((retract?.ttlMs ?? 0) > (alert?.ttlMs ?? 0))
  assert.is(guard.listenerCount, 0)
})

test('decisions that come together are told in one alert and one vote', async () => {
  const { guard, network, service } = rig()
  await service.start(new AbortController().signal)
  for (let last = 2; last < 42; last++) guard.emit({ kind: 'decided', decision: banOf(last) })
  await service.stop()
  assert.is(network.published.length, 2)
  const [alert] = network.published
  assert.is(alert?.body.kind === 'alert' && alert.body.indicators.length, 40)
})

test('what is protected, shadow or the operator’s stays here and is counted; without a network nothing is', async () => {
  const { guard, network, service, counted } = rig()
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(1) })
  guard.emit({ kind: 'decided', decision: { ...banOf(2), mode: 'shadow' } })
  guard.emit({ kind: 'decided', decision: { ...banOf(3), origin: 'operator' } })
  network.joined = []
  guard.emit({ kind: 'decided', decision: banOf(4) })
  await service.stop()
  assert.equal(counted, ['no-indicator', 'shadow', 'not-own'])
  assert.is(network.published.length, 0)
})

test('a network that refuses is counted and stops nothing', async () => {
  const { guard, network, service, counted } = rig()
  network.publish = () => Promise.reject(new Error('no'))
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await service.stop()
  assert.equal(counted, ['failed'])
})

function takenBack(...published: readonly (FakeNetwork['published'][number] | undefined)[]) {
  return published.flatMap((one) =>
    one?.body.kind === 'retract' ? [Buffer.from(one.body.eventId).toString('hex')] : []
  )
}

function namedIn(published: FakeNetwork['published'][number] | undefined): readonly string[] {
  const body = published?.body
  if (body?.kind === 'alert') return body.indicators.map(({ prefix }) => prefix)
  return body?.kind === 'vote' ? body.votes.map(({ prefix, stance }) => `${stance} ${prefix}`) : []
}

test('what an alert says beside the lifted decision is said again; the vote on it stays', async () => {
  const { guard, network, service } = rig()
  await service.start(new AbortController().signal)
  for (const last of [2, 3, 4]) guard.emit({ kind: 'decided', decision: banOf(last) })
  await service.stop()
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(4), atMs: 0, why: 'superseded' })
  guard.emit({ kind: 'ended', decision: banOf(2), atMs: 0, why: 'lifted' })
  await service.stop()
  const [, , again, vote, retract, ...others] = network.published
  assert.equal(namedIn(again), ['198.51.100.3/32'])
  assert.equal(namedIn(vote), ['retract 198.51.100.2/32'])
  assert.equal(takenBack(retract), [network.publishedIds[0]])
  assert.is(others.length, 0)
  // The new alert is taken back like the first one.
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(3), atMs: 0, why: 'lifted' })
  await service.stop()
  assert.equal(takenBack(...network.published.slice(5)), [network.publishedIds[2]])
})

test('a lift takes back what was said of the address for decisions that ended before', async () => {
  const { guard, network, service } = rig()
  const first = banOf(7)
  const second = { ...first, id: 'decision-second' }
  for (const decision of [first, second]) {
    await service.start(new AbortController().signal)
    if (decision === second) {
      guard.emit({ kind: 'ended', decision: first, atMs: 0, why: 'superseded' })
    }
    guard.emit({ kind: 'decided', decision })
    await service.stop()
  }
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: second, atMs: 0, why: 'lifted' })
  await service.stop()
  assert.equal(
    takenBack(...network.published).toSorted(),
    [network.publishedIds[0], network.publishedIds[2]].toSorted()
  )
})

test('a prefix that another decision still stands for keeps its vote', async () => {
  const { guard, network, service } = rig({ precision: 'network' })
  for (const last of [2, 3]) {
    await service.start(new AbortController().signal)
    guard.emit({ kind: 'decided', decision: banOf(last) })
    await service.stop()
  }
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(2), atMs: 0, why: 'lifted' })
  await service.stop()
  const after = network.published.slice(4)
  assert.equal(
    after.map(({ body }) => body.kind),
    ['retract']
  )
  assert.equal(takenBack(...after), [network.publishedIds[0]])
})

test('a lift of an address that is told while it is lifted is taken back as well', async () => {
  const { clock, guard, network, service } = rig()
  await service.start(new AbortController().signal)
  const publish = network.publish.bind(network)
  network.publish = async (...args) => {
    // In the middle of telling it.
    if (network.published.length === 0) {
      guard.emit({ kind: 'ended', decision: banOf(7), atMs: 0, why: 'lifted' })
      await clock.sleep(10)
    }
    return await publish(...args)
  }
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await clock.advance(1_000)
  await clock.advance(1_000)
  await service.stop()
  assert.equal(takenBack(...network.published), [network.publishedIds[0]])
})

test('what was lifted is taken back after a restart, and again until it is told', async () => {
  const before = rig()
  await before.service.start(new AbortController().signal)
  before.guard.emit({ kind: 'decided', decision: banOf(7) })
  await before.service.stop()
  const [alert] = before.network.publishedIds
  const publish = before.network.publish.bind(before.network)
  before.network.publish = () => Promise.reject(new Error('no'))
  await before.service.start(new AbortController().signal)
  before.guard.emit({ kind: 'ended', decision: banOf(7), atMs: 0, why: 'lifted' })
  await before.service.stop()
  assert.equal(takenBack(...before.network.published), [])

  const { clock, network, service, counted } = rig()
  network.publish = () => Promise.reject(new Error('no'))
  await service.start(new AbortController().signal)
  await clock.advance(1_000)
  assert.equal(counted, ['failed'])
  network.publish = publish
  await clock.advance(4 * 60_000)
  assert.equal(counted, ['failed', 'retract', 'retract'])
  assert.equal(takenBack(...before.network.published), [alert])
  await clock.advance(60 * 60_000)
  assert.is(counted.length, 3)
  await service.stop()
})

/** Alerts and votes, by what they name. */
function said(published: FakeNetwork['published'], kind: 'alert' | 'vote'): readonly string[] {
  return published.filter(({ body }) => body.kind === kind).flatMap(namedIn)
}

const REFILLED = {
  hour: { events: 60, accused: 120, own: 60 },
  day: { events: 720, accused: 1_440, own: 720 }
}

test('twelve bans in an hour are each told at once; after that warnings come before votes', async () => {
  const { clock, guard, network, service } = rig()
  await service.start(new AbortController().signal)
  const waits: number[] = []
  for (let last = 2; last < 24; last++) {
    guard.emit({ kind: 'decided', decision: banOf(last) })
    for (let ms = 50; ms <= 1_000; ms += 50) {
      await clock.advance(50)
      if (!said(network.published, 'alert').includes(`198.51.100.${last}/32`)) continue
      waits.push(ms)
      break
    }
  }
  assert.equal(
    waits.slice(0, 12),
    Array.from({ length: 12 }, () => 50)
  )
  assert.is(waits.length, 22)
  assert.ok(Math.max(...waits) <= 500, waits.join())
  assert.ok(said(network.published, 'vote').length < 22)
  await clock.advance(120_000)
  assert.is(new Set(said(network.published, 'vote')).size, 22)
  await service.stop()
})

test('what a network refuses is told when it listens again, and said once in the log', async () => {
  const { clock, guard, network, service, gauge, log } = rig()
  network.room = { ...REFILLED, hour: { events: 6, accused: 0, own: 60 } }
  await service.start(new AbortController().signal)
  for (const last of [2, 3]) {
    guard.emit({ kind: 'decided', decision: longBan(last) })
    await clock.advance(1_000)
  }
  assert.is(network.published.length, 0)
  assert.equal([gauge.at(-1), service.status().unsaid], [2, 2])
  // An hour later.
  network.room = REFILLED
  await clock.advance(3_602_000)
  assert.equal(said(network.published, 'alert').toSorted(), ['198.51.100.2/32', '198.51.100.3/32'])
  assert.is(said(network.published, 'vote').length, 2)
  assert.equal([gauge.at(-1), service.status().unsaid], [0, 0])
  await service.stop()
  assert.is(network.published.length, 2)
  network.failure = undefined
  const refusing = rig()
  refusing.network.publish = () => Promise.reject(new Error('no'))
  await refusing.service.start(new AbortController().signal)
  for (const last of [4, 5]) {
    refusing.guard.emit({ kind: 'decided', decision: banOf(last) })
    await refusing.clock.advance(200_000)
  }
  assert.equal(refusing.log, ['1 the other operators are told of these decisions later it failed'])
  assert.is(refusing.service.status().why, 'it failed')
  await refusing.service.stop()
  assert.equal(log.length, 0)
})

test('a wave beyond what others listen to is told over the hours, and nobody twice', async () => {
  const { clock, guard, network, service } = rig()
  await service.start(new AbortController().signal)
  for (let last = 2; last < 202; last++) guard.emit({ kind: 'decided', decision: longBan(last) })
  await clock.advance(1_000)
  assert.is(new Set(said(network.published, 'alert')).size, 200)
  assert.is(said(network.published, 'vote').length, 120)
  assert.is(service.status().unsaid, 80)
  network.room = REFILLED
  await clock.advance(3_700_000)
  assert.is(said(network.published, 'alert').length, 200)
  assert.is(new Set(said(network.published, 'vote')).size, 200)
  assert.is(said(network.published, 'vote').length, 200)
  await service.stop()
})

test('a ban that was not told before the node was killed is told when it is there again', async () => {
  const stored: Decision[] = []
  const killed = rig({}, stored)
  await killed.service.start(new AbortController().signal)
  stored.push(banOf(7), banOf(8))
  killed.guard.emit({ kind: 'decided', decision: banOf(7) })
  await killed.clock.advance(49)
  assert.is(killed.network.published.length, 0)

  const { clock, network, service } = rig({}, stored)
  await service.start(new AbortController().signal)
  await clock.advance(100)
  assert.equal(said(network.published, 'alert').toSorted(), ['198.51.100.7/32', '198.51.100.8/32'])
  assert.is(said(network.published, 'vote').length, 2)
  await service.stop()
  const again = rig({}, stored)
  await again.service.start(new AbortController().signal)
  await again.clock.advance(100)
  await again.service.stop()
  assert.is(again.network.published.length, 0)
})

test('a lift that was stored and not noted before the node was killed is taken back', async () => {
  const stored: Decision[] = [banOf(7), banOf(8)]
  const before = rig({}, stored)
  await before.service.start(new AbortController().signal)
  await before.service.stop()
  stored[0] = { ...banOf(7), liftedAtMs: Date.now(), liftedBy: 'token:admin' }
  stored[1] = { ...banOf(8), liftedAtMs: Date.now(), liftedBy: 'detection' }
  const { network, service } = rig({}, stored)
  network.room = { ...REFILLED, hour: { events: 0, accused: 0, own: 60 } }
  await service.start(new AbortController().signal)
  await service.stop()
  assert.equal(said(network.published, 'vote'), ['retract 198.51.100.7/32'])
  assert.equal(takenBack(...network.published), [before.network.publishedIds[0]])
})

test('what stands beside something that is taken back is told again as soon as others listen', async () => {
  const stored: Decision[] = [longBan(2), longBan(3)]
  const { clock, guard, network, service } = rig({}, stored)
  await service.start(new AbortController().signal)
  await clock.advance(100)
  network.room = { ...REFILLED, hour: { events: 0, accused: 0, own: 60 } }
  const lifted = { ...longBan(2), liftedAtMs: Date.now(), liftedBy: 'token:admin' }
  stored[0] = lifted
  guard.emit({ kind: 'ended', decision: lifted, atMs: 0, why: 'lifted' })
  assert.is(service.status().isTakingBack, true)
  await clock.advance(100)
  assert.is(service.status().isTakingBack, false)
  assert.equal(takenBack(...network.published), [network.publishedIds[0]])
  assert.is(service.status().unsaid, 1)
  network.room = REFILLED
  const before = network.published.length
  await clock.advance(3_700_000)
  assert.equal(said(network.published.slice(before), 'alert'), ['198.51.100.3/32'])
  await service.stop()
})

test('a lift says within how long it is told', async () => {
  const { clock, network, service } = rig()
  assert.is(service.status().takenBackWithinMs, 1_000)
  network.room = { ...REFILLED, hour: { events: 60, accused: 120, own: 1 } }
  assert.is(service.status().takenBackWithinMs, 3_602_000 - (clock.nowMs() % 3_600_000))
})

test('shadow takes back what was told, and enforce tells it again', async () => {
  const { clock, guard, network, service } = rig()
  const ban = banOf(7)
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: ban })
  await clock.advance(100)
  guard.emit({ kind: 'extended', decision: { ...ban, mode: 'shadow' } })
  await clock.advance(100)
  assert.equal(said(network.published.slice(2), 'vote'), ['retract 198.51.100.7/32'])
  assert.equal(takenBack(...network.published), [network.publishedIds[0]])
  guard.emit({ kind: 'extended', decision: ban })
  await clock.advance(100)
  assert.equal(said(network.published.slice(4), 'alert'), ['198.51.100.7/32'])
  assert.equal(said(network.published.slice(4), 'vote'), ['block 198.51.100.7/32'])
  // Back and forth before anything is said.
  guard.emit({ kind: 'extended', decision: { ...ban, mode: 'shadow' } })
  guard.emit({ kind: 'extended', decision: ban })
  await clock.advance(200)
  await service.stop()
  const alerts = network.published.flatMap(({ body }, i) => (body.kind === 'alert' ? [i] : []))
  const retracted = takenBack(...network.published)
  assert.is(retracted.includes(network.publishedIds[alerts.at(-1) ?? 0] ?? ''), false)
})

test('where shadow decisions are told as well, the shadow mode takes nothing back', async () => {
  const { clock, guard, network, service } = rig({ includesShadow: true })
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await clock.advance(100)
  guard.emit({ kind: 'extended', decision: { ...banOf(7), mode: 'shadow' } })
  await clock.advance(100)
  await service.stop()
  assert.equal(takenBack(...network.published), [])
})

test('a network that is joined later is told of all that stands', async () => {
  const { clock, network, service } = rig({}, [banOf(7)])
  const { joined } = network
  network.joined = []
  await service.start(new AbortController().signal)
  await clock.advance(60_000)
  assert.is(network.published.length, 0)
  network.joined = joined
  await clock.advance(60_100)
  assert.equal(said(network.published, 'alert'), ['198.51.100.7/32'])
  await service.stop()
})

/** So long that an hour does not end it. */
function longBan(last: number): Decision {
  return { ...banOf(last), untilMs: Date.now() + 20 * 3_600_000 }
}
