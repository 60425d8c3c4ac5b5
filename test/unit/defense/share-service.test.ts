import * as assert from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { type SharedFacts, type SharePolicy, ShareService } from '../../../src/defense/index.ts'
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

function rig(policy: Partial<SharePolicy> = {}) {
  const clock = new ManualClock(Date.now())
  const guard = new FakeGuard()
  const network = new FakeNetwork()
  const counted: string[] = []
  const quiet = () => undefined
  const service = new ShareService(
    { policy: { ...POLICY, ...policy }, treatAsPublic: ['198.51.100.0/24'] },
    {
      guard,
      network,
      isProtected: (prefix) => prefix === '198.51.100.1/32',
      told: new ToldRepository<SharedFacts>(store.db),
      clock,
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      metrics: {
        shared: (kind) => counted.push(kind),
        kept: (why) => counted.push(why),
        failed: () => counted.push('failed')
      }
    }
  )
  return { clock, guard, network, service, counted }
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
  const [, , again, againVote, vote, retract, ...others] = network.published
  assert.equal(namedIn(again), ['198.51.100.3/32'])
  assert.equal(namedIn(againVote), ['block 198.51.100.3/32'])
  assert.equal(namedIn(vote), ['retract 198.51.100.2/32'])
  assert.equal(takenBack(retract), [network.publishedIds[0]])
  assert.is(others.length, 0)
  // The new alert is taken back like the first one.
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(3), atMs: 0, why: 'lifted' })
  await service.stop()
  assert.equal(takenBack(...network.published.slice(6)), [network.publishedIds[2]])
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
