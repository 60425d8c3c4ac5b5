/** A clock that was wrong for a while does not cost what a node knows. */
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { Author, alertBody, makeNode, NETWORK, reasonOf, voteBody } from '../../support/network.ts'
import { makeStore, removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: a wrong clock')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Wall and monotonic time, apart from each other. */
class TwoFacedClock extends ManualClock {
  aheadMs = 0

  override nowMs(): number {
    return super.nowMs() + this.aheadMs
  }
}

async function scene() {
  const store = makeStore()
  const clock = new TwoFacedClock(START_MS)
  const node = makeNode({ store, ports: { clock } })
  const mallory = new Author('m')
  const events = [
    mallory.announce({ expMs: START_MS + 7 * DAY_MS }),
    mallory.say(voteBody(['8.8.8.8']), { expMs: START_MS + 7 * DAY_MS - 1 }),
    mallory.say(alertBody(), { expMs: START_MS + 20 * HOUR_MS })
  ]
  for (const event of events) is(reasonOf(await node.gossip(event)), 'accept')
  const liveSizes = () =>
    (['node-announce', 'vote', 'alert'] as const).map(
      (kind) => node.intake.liveSet(NETWORK.id)?.treeOf(kind).size
    )
  return { store, clock, node, events, author: mallory, liveSizes }
}

test('what a node knew is there again when its clock was ahead for seconds', async () => {
  const { store, clock, node, events, liveSizes } = await scene()
  clock.jumpTo(START_MS + 2 * HOUR_MS)
  node.intake.expire()
  clock.aheadMs = 10 * DAY_MS
  node.intake.expire()
  equal(liveSizes(), [0, 0, 0])
  clock.aheadMs = 0
  node.intake.expire()
  equal(liveSizes(), [1, 1, 1])
  for (const { id } of events) is(node.events.has(id), true)
  removeStore(store)
})

test('a clock that was ahead for a day: what is gone is taken again, and its number stands for nothing else', async () => {
  const { store, clock, node, events, author, liveSizes } = await scene()
  clock.aheadMs = 10 * DAY_MS
  node.intake.expire()
  clock.jumpTo(START_MS + 2 * HOUR_MS)
  node.intake.expire()
  equal(
    events.map(({ id }) => node.events.has(id)),
    [false, false, false]
  )
  clock.aheadMs = 0
  node.intake.expire()
  const restarted = makeNode({ store, ports: { clock } })
  for (const event of events) is(reasonOf(await restarted.fetch(event)), 'accept')
  for (const event of events) is(reasonOf(await restarted.fetch(event)), 'ignore DUPLICATE')
  const other = author.say(voteBody(['1.1.1.1']), { seq: 2n, expMs: START_MS + DAY_MS })
  is(reasonOf(await restarted.fetch(other)), 'ignore EQUIVOCATION')
  // By a right clock no number becomes free.
  const late = author.say(alertBody(), {
    seq: 3n,
    expMs: START_MS + 12 * DAY_MS,
    tsMs: START_MS + 11.5 * DAY_MS
  })
  clock.jumpTo(START_MS + 11.6 * DAY_MS)
  restarted.intake.expire()
  is(restarted.events.has(events[2]?.id ?? late.id), false)
  is(reasonOf(await restarted.fetch(late)), 'ignore SEQUENCE_SPENT')
  equal(liveSizes(), [0, 0, 0])
  removeStore(store)
})

test('a proof is let go after a month, and the number stays spent', async () => {
  const { store, clock, node, author } = await scene()
  const fields = { seq: 50n, expMs: START_MS + 7 * DAY_MS }
  await node.gossip(author.say(voteBody(['1.1.1.1']), fields))
  is(reasonOf(await node.gossip(author.say(voteBody(['1.1.1.2']), fields))), 'ignore EQUIVOCATION')
  const proofs = () => node.events.equivocations(NETWORK.id, author.key).length
  clock.jumpTo(START_MS + 31 * DAY_MS)
  node.intake.expire()
  is(proofs(), 1)
  clock.jumpTo(START_MS + 31 * DAY_MS + HOUR_MS)
  node.intake.expire()
  is(proofs(), 0)
  const tsMs = clock.nowMs()
  is(
    reasonOf(await node.fetch(author.say(voteBody(['1.1.1.3']), { seq: 50n, tsMs }))),
    'ignore SEQUENCE_SPENT'
  )
  removeStore(store)
})

test('a proof about somebody whom nobody let in is not kept', async () => {
  const { store, node, author } = await scene()
  const proofOf = (liar: Author) => {
    const [first, second] = [1, 2]
      .map((i) => liar.say(voteBody([`9.9.9.${i}`]), { seq: 60n }))
      .sort((a, b) => Buffer.compare(a.id, b.id))
    if (first === undefined || second === undefined) throw new Error('expected two')
    return author.say({ kind: 'equivocation-proof', first, second })
  }
  const nobody = new Author('nobody')
  is(reasonOf(await node.gossip(proofOf(nobody))), 'ignore UNKNOWN_AUTHOR')
  equal(node.events.equivocations(NETWORK.id, nobody.key), [])
  await node.gossip(nobody.announce())
  is(reasonOf(await node.gossip(proofOf(nobody))), 'accept')
  removeStore(store)
})

const MINUTE_MS = 60_000
for (const [aheadMs, expected] of [
  [5 * MINUTE_MS, 'accept'],
  [5 * MINUTE_MS + 1, 'ignore AHEAD_OF_CLOCK'],
  [15 * MINUTE_MS, 'ignore AHEAD_OF_CLOCK'],
  [15 * MINUTE_MS + 1, 'reject FROM_THE_FUTURE']
] as const) {
  test(`an event that is ${aheadMs} ms ahead: ${expected}`, async () => {
    const { store, node, author } = await scene()
    const event = author.say(alertBody('1.1.1.1', 'early'), { tsMs: START_MS + aheadMs })
    is(reasonOf(await node.gossip(event)), expected)
    removeStore(store)
  })
}
