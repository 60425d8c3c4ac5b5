import { equal, is, ok } from 'uvu/assert'
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

test('a list of twenty thousand entries is said without holding up what else is to be done', async () => {
  const { lists, block, deltas } = rig()
  const prefixes = Array.from({ length: 20_000 }, (_, i) => `11.${i >> 8}.${i & 255}.0/24`)
  block(...prefixes)
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await lists.publish(SAMPLE_NETWORK_ID)
  isDone = true
  // Forty to look at the entries, as many to read them, and one for each of ten deltas.
  ok(turns >= 80, `${turns} turns`)
  is(deltas().length, 10)
  equal(read(deltas()), [prefixes.toSorted(), true])
  deltas().forEach(({ previousDigest }, i) => {
    equal(previousDigest, i === 0 ? new Uint8Array(32) : deltas()[i - 1]?.digest)
  })
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

/** What is done in turns. */
async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; !isDone() && turn < 10_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  ok(isDone(), isDone.toString())
}

const LONG = 20_000
const HOUR_MS = 3_600_000
const longList = Array.from(
  { length: LONG },
  (_, i) => `2400:${(i >> 12).toString(16)}:${(i & 4_095).toString(16)}::/48`
)

test('a list that is longer than an hour has words for is told over hours, also by a node that is restarted, and leaves a third to warnings', async () => {
  let now = rig()
  now.block(...longList)
  const said: ListDeltaBody[] = []
  // Of 30, 6 are kept in any case, and 20 for decisions: room for four.
  const refill = () => {
    now.network.room.hour.events = 30
  }
  refill()
  const first = await now.lists.publish(SAMPLE_NETWORK_ID)
  is(now.network.room.hour.events, 26)
  equal([first.waiting + first.added, first.entries], [LONG, first.added])
  ok(first.waiting > 0)
  for (let hour = 1; hour <= 2; hour++) {
    said.push(...now.deltas())
    const { room } = now.network
    now = rig(now.kept, now.clock.nowMs() + HOUR_MS)
    now.network.room = room
    now.block(...longList)
    refill()
    await now.lists.start(new AbortController().signal)
    await now.lists.stop()
    is(now.network.room.hour.events, hour === 1 ? 26 : 28)
  }
  said.push(...now.deltas())
  is(said.length, LONG / 2_000)
  is(new Set(said.flatMap(({ adds }) => adds)).size, LONG)
  said.forEach(({ previousDigest, version }, i) => {
    is(version, i + 1)
    equal(previousDigest, i === 0 ? new Uint8Array(32) : said[i - 1]?.digest)
  })
  is(now.kept.get(SAMPLE_NETWORK_ID)?.unfinished, undefined)
  is((await now.lists.publish(SAMPLE_NETWORK_ID)).waiting, 0)
})

test('a renewal that is interrupted goes on where it was, and leaves out what ended meanwhile', async () => {
  const { clock, lists, block, deltas, network, kept } = rig()
  const entries = longList.slice(0, 6_000)
  block(...entries)
  await lists.publish(SAMPLE_NETWORK_ID)
  is(deltas().length, 3)
  await clock.advance(21 * DAY_MS)
  network.room.hour.events = 28
  await lists.start(new AbortController().signal)
  await until(() => kept.get(SAMPLE_NETWORK_ID)?.unfinished?.restated === 4_000)
  is(deltas().length, 5)
  block(...entries.slice(1))
  network.room.hour.events = 60
  await clock.advance(10 * 60_000)
  await until(() => kept.get(SAMPLE_NETWORK_ID)?.unfinished === undefined)
  is(deltas().length, 7)
  const anew = deltas().slice(3)
  is(new Set(anew.flatMap(({ adds }) => adds)).size, 6_000)
  equal(
    anew.flatMap(({ removes }) => removes),
    ['2400::/48']
  )
  await clock.advance(DAY_MS)
  is(deltas().length, 7)
  await lists.stop()
})
