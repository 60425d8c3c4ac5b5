import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { ListPublisher, type PublishedListRecord } from '../../../src/defense/index.ts'
import { type ListDeltaBody, listDigest } from '../../../src/wire/index.ts'
import { FakeGuard } from '../../support/fake-guard.ts'
import { FakeNetwork, SAMPLE_NETWORK_ID } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('list publisher')
const DAY_MS = 24 * 3_600_000
const quiet = () => undefined

function rig(kept = new Map<string, PublishedListRecord>(), startMs = Date.now()) {
  const clock = new ManualClock(startMs)
  const guard = new FakeGuard()
  const network = new FakeNetwork()
  const isProtected = new Set<string>()
  const lists = new ListPublisher(
    { treatAsPublic: ['198.51.100.0/24', '203.0.113.0/24'] },
    {
      ...{ network, guard, clock },
      findProtection: (prefix) => (isProtected.has(prefix) ? 'allowlist' : undefined),
      lists: { find: (id) => kept.get(id), save: (id, list) => kept.set(id, list) },
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet }
    }
  )
  const block = (...prefixes: string[]) => {
    guard.blocked = prefixes.map((prefix) => ({
      ...{ prefix, note: '', addedBy: 'test', createdAtMs: 0, untilMs: undefined }
    }))
  }
  const deltas = (): ListDeltaBody[] =>
    network.published.flatMap(({ body }) => (body.kind === 'list-delta' ? [body] : []))
  return { clock, guard, network, lists, kept, isProtected, block, deltas }
}

/** What somebody who knows these deltas alone holds in the end, and whether it is the whole list. */
function read(deltas: readonly ListDeltaBody[]): readonly [readonly string[], boolean] {
  const held = new Set<string>()
  for (const { adds, removes } of deltas) {
    for (const prefix of removes) held.delete(prefix)
    for (const prefix of adds) held.add(prefix)
  }
  const digest = deltas.at(-1)?.digest ?? new Uint8Array(0)
  const isWhole = Buffer.compare(listDigest([...held]), digest) === 0
  return [[...held].sort(), isWhole]
}

const [ONE, TWO, THREE] = ['198.51.100.1/32', '198.51.100.2/32', '203.0.113.3/32'] as const

test('says what has changed, in an order that others take', async () => {
  const { lists, block, deltas } = rig()
  block(THREE, ONE)
  await lists.publish(SAMPLE_NETWORK_ID)
  block(TWO, THREE)
  const second = await lists.publish(SAMPLE_NETWORK_ID)
  equal([second.version, second.entries, second.added, second.removed], [2, 2, 1, 1])
  equal(
    deltas().map(({ adds, removes }) => [adds, removes]),
    [
      [[ONE, THREE], []],
      [[TWO], [ONE]]
    ]
  )
  equal(deltas()[1]?.previousDigest, deltas()[0]?.digest)
  equal(read(deltas()), [[TWO, THREE], true])
})

test('says the whole list anew before others forget it, also to those who never heard the first word', async () => {
  const { clock, lists, block, deltas } = rig()
  block(ONE)
  await lists.publish(SAMPLE_NETWORK_ID)
  await lists.start(new AbortController().signal)
  await clock.advance(10 * DAY_MS)
  block(ONE, TWO)
  await lists.publish(SAMPLE_NETWORK_ID)
  await clock.advance(9 * DAY_MS)
  is(deltas().length, 2)
  // Not published yet: it is not told by a renewal.
  block(ONE, TWO, THREE)
  await clock.advance(2 * DAY_MS)
  is(deltas().length, 3)
  equal(read(deltas().slice(2)), [[ONE, TWO], true])
  equal(read(deltas()), [[ONE, TWO], true])
  equal(deltas()[2]?.version, 3)
  await clock.advance(18 * DAY_MS)
  is(deltas().length, 3)
  await clock.advance(2 * DAY_MS)
  is(deltas().length, 4)
  await lists.stop()
  await clock.advance(60 * DAY_MS)
  is(deltas().length, 4)
})

test('a node that was off for longer says its list anew when it starts, less what ended or is protected', async () => {
  const first = rig()
  first.block(ONE, TWO, THREE)
  await first.lists.publish(SAMPLE_NETWORK_ID)
  const { lists, block, deltas, isProtected } = rig(first.kept, Date.now() + 40 * DAY_MS)
  block(ONE, TWO)
  isProtected.add(TWO)
  await lists.start(new AbortController().signal)
  await lists.stop()
  equal(
    deltas().map(({ adds, removes, version }) => [version, adds, removes]),
    [[2, [ONE], [TWO, THREE]]]
  )
})

test('after a network was left nothing is said there until the operator publishes, and then all of it', async () => {
  const { lists, block, deltas, clock } = rig()
  block(ONE)
  await lists.publish(SAMPLE_NETWORK_ID)
  lists.forget(SAMPLE_NETWORK_ID)
  await lists.start(new AbortController().signal)
  await clock.advance(60 * DAY_MS)
  is(deltas().length, 1)
  await lists.publish(SAMPLE_NETWORK_ID)
  equal([deltas()[1]?.version, deltas()[1]?.adds], [2, [ONE]])
  await clock.advance(21 * DAY_MS)
  is(deltas().length, 3)
  await lists.stop()
})

test('a renewal that is refused is tried again', async () => {
  const { lists, block, deltas, clock, network } = rig()
  block(ONE)
  await lists.publish(SAMPLE_NETWORK_ID)
  const publish = network.publish.bind(network)
  network.publish = () => Promise.reject(new Error('no'))
  await lists.start(new AbortController().signal)
  await clock.advance(21 * DAY_MS)
  network.publish = publish
  is(deltas().length, 1)
  await clock.advance(DAY_MS)
  is(deltas().length, 2)
  await lists.stop()
})
