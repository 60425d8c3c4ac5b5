/** What is shown of what others say: the same, in whatever order it came, and after a restart. */
import { equal, is, ok } from 'uvu/assert'
import { EventView } from '../../../src/network/event-view.ts'
import {
  type FoundThreats,
  noteThreat,
  rankThreats,
  threatOf
} from '../../../src/network/threats.ts'
import type { EventBody, SignedNetworkEvent } from '../../../src/wire/index.ts'
import {
  Author,
  alertBody,
  makeNode,
  NETWORK,
  type NodeRig,
  voteBody
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: event view')
const OWN = new Author('self')
let node: NodeRig
let view: EventView
let alice: Author
let bob: Author

test.beforeEach(async () => {
  node = makeNode()
  view = viewOf(node)
  node.intake.subscribe({
    onAccepted: (event, { via }) => view.add(event, { via, receivedAtMs: START_MS }),
    onVoided: (_network, places) => view.remove(places)
  })
  alice = new Author('alice')
  bob = new Author('bob')
  await take(alice.announce(), bob.announce())
})
test.afterEach(() => removeStore(node.store))

function viewOf({ events }: NodeRig): EventView {
  return new EventView(NETWORK, OWN.key, events)
}

async function take(...events: readonly SignedNetworkEvent[]): Promise<void> {
  for (const event of events) await node.gossip(event)
}

function alertsIn(shown = view): readonly string[] {
  return [...shown.alerts({ limit: 100 }, START_MS)].map(({ id }) => id.slice(0, 8))
}

function threatsIn(shown = view) {
  const found: FoundThreats = new Map()
  shown.collect(found, { limit: 100 }, START_MS)
  return rankThreats(found, 0).map(threatOf)
}

function afterRestart(): EventView {
  const restarted = viewOf(node)
  restarted.load(START_MS)
  return restarted
}

function retractOf(event: SignedNetworkEvent): EventBody {
  return { kind: 'retract', eventId: event.id }
}

function shortOf({ id }: SignedNetworkEvent): string {
  return Buffer.from(id).toString('hex').slice(0, 8)
}

for (const isLate of [false, true]) {
  test(`an alert that its author took back is gone, ${isLate ? 'also if the retract came first' : 'wherever it is asked for'}`, async () => {
    const alert = alice.say(alertBody('8.8.8.8', 'one'))
    const other = alice.say(alertBody('8.8.4.4', 'two'))
    const retract = alice.say(retractOf(alert))
    await take(...(isLate ? [retract, alert, other] : [alert, other, retract]))
    for (const shown of [view, afterRestart()]) {
      equal(alertsIn(shown), [shortOf(other)])
      equal(
        threatsIn(shown).map(({ prefix }) => prefix),
        ['8.8.4.4/32']
      )
      is(shown.countTakenBack('alert'), 1)
    }
  })
}

test('nobody takes back what another one said', async () => {
  const alert = alice.say(alertBody())
  await take(bob.say(retractOf(alert)), alert, bob.say(retractOf(alert)))
  for (const shown of [view, afterRestart()]) {
    equal(alertsIn(shown), [shortOf(alert)])
    is(shown.countTakenBack('alert'), 0)
  }
})

test('what was taken back by a void retract stands again', async () => {
  const alert = alice.say(alertBody())
  const retract = alice.say(retractOf(alert), { seq: 90n })
  await take(alert, retract)
  equal(alertsIn(), [])
  view = afterRestart()
  // The same number for another word: neither counts.
  await take(alice.say(alertBody('1.1.1.1', 'lie'), { seq: 90n }))
  equal(alertsIn(), [shortOf(alert)])
})

for (const order of [
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0],
  [1, 0, 2]
]) {
  test(`the last word of an author on a prefix counts, by his numbers: heard in the order ${order.join(', ')}`, async () => {
    const [vote] = [voteBody(['8.8.8.8'])]
    if (vote.kind !== 'vote') throw new Error('expected a vote')
    const votes = vote.votes.map((one) => ({ ...one, stance: 'retract' as const, ttlS: 0 }))
    const events = [
      alice.say(alertBody()),
      alice.say({ kind: 'vote', votes }),
      bob.say(voteBody(['8.8.8.8']))
    ]
    await take(...order.flatMap((i) => events[i] ?? []))
    const [threat] = threatsIn()
    equal(threat?.accusers, [Buffer.from(bob.key).toString('hex')])
    is(threat?.severityMax, 0)
    await take(alice.say(voteBody(['8.8.8.8'])))
    is(threatsIn()[0]?.accusers.length, 2)
  })
}

test('of more retracts than are remembered, those that are left hold when the others are void', async () => {
  const alert = alice.say(alertBody())
  const retracts = Array.from({ length: 20 }, () => alice.say(retractOf(alert)))
  await take(alert, ...retracts)
  for (const { seq } of retracts.slice(0, 19)) {
    await take(alice.say(alertBody('1.1.1.1', `lie ${seq}`), { seq }))
  }
  equal(alertsIn(), [])
  await take(alice.say(alertBody('1.1.1.1', 'last lie'), { seq: retracts[19]?.seq ?? 0n }))
  equal(alertsIn(), [shortOf(alert)])
})

test('a retract that is void is not looked for among everything that was said', async () => {
  const alert = alice.say(alertBody())
  await take(alert)
  for (let i = 0; i < 5_000; i++) {
    view.add({ ...alert, id: idOf(i) }, { via: 'sync', receivedAtMs: START_MS })
  }
  const places = Array.from({ length: 20_000 }, (_, i) => ({
    ...{ id: idOf(100_000 + i), kind: 'retract' as const, tsMs: START_MS }
  }))
  const few = viewOf(node)
  const msOf = (shown: EventView) => {
    const before = process.cpuUsage().user
    shown.remove(places)
    return (process.cpuUsage().user - before) / 1_000
  }
  msOf(few)
  const [alone, among] = [msOf(few), msOf(view)]
  // A hundred million comparisons take seconds.
  ok(among < 10 * alone + 200, `${among} ms among 5 000 entries, ${alone} ms in an empty view`)
  is(alertsIn().length, 5_001)
})

test('what is kept to be shown is bounded by the prefixes that it names', () => {
  const vote = alice.say(voteBody(Array.from({ length: 64 }, (_, i) => `8.8.${i}.1`)))
  for (let i = 0; i < 1_100; i++) {
    view.add({ ...vote, id: idOf(i), seq: BigInt(i) }, { via: 'sync', receivedAtMs: START_MS })
  }
  const found: FoundThreats = new Map()
  view.collect(found, { limit: 100 }, START_MS)
  is([...found.values()].flat().length, 40_000)
  view.remove(
    Array.from({ length: 1_100 }, (_, i) => ({ id: idOf(i), kind: 'vote', tsMs: START_MS }))
  )
  is(threatsIn().length, 0)
})

test('a hundred and fifty thousand words of one author on one prefix are put together', () => {
  const found: FoundThreats = new Map()
  for (let i = 0; i < 150_000; i++) {
    const word = { network: '', author: 'a', isOwn: false, seq: BigInt(i), endsAtMs: i }
    noteThreat(found, '8.8.8.8/32', {
      word: { ...word, stance: 'block', category: 1, severity: 1 },
      span: { firstMs: i + 5, lastMs: i }
    })
  }
  const [threat] = rankThreats(found, 1).map(threatOf)
  equal(threat?.accusers, ['a'])
  equal([threat?.firstMs, threat?.lastMs, threat?.endsAtMs], [5, 149_999, 149_999])
})

test('a name goes with the last announce, and the newest holds', async () => {
  const key = Buffer.from(bob.key).toString('hex')
  const announce = (name: string, expMs: number) => {
    const event = bob.announce({ expMs })
    return { ...event, body: { ...event.body, name } } as SignedNetworkEvent
  }
  const first = announce('first', START_MS + 1_000)
  const second = announce('second', START_MS + 2_000)
  for (const event of [second, first]) view.add(event, { via: 'sync', receivedAtMs: START_MS })
  is(view.nameOf(key), 'second')
  view.expire(START_MS + 2_000)
  is(view.nameOf(key), undefined)
})

test('what a clock that was ahead took for ended is shown again', async () => {
  const alert = alice.say(alertBody())
  await take(alert)
  view.expire(START_MS + 10 * 24 * 3_600_000)
  equal([alertsIn(), view.nameOf(Buffer.from(alice.key).toString('hex'))], [[], undefined])
  view.expire(START_MS)
  equal([alertsIn(), view.nameOf(Buffer.from(alice.key).toString('hex'))], [[shortOf(alert)], ''])
})

function idOf(number: number): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(64, '0'), 'hex'))
}

test('a retract names what it takes back once, and nothing that is not of its author', async () => {
  const alert = alice.say(alertBody('8.8.8.8', 'one'))
  const vote = alice.say(voteBody(['8.8.4.4']))
  const [early, again] = [alice.say(retractOf(alert)), alice.say(retractOf(alert))]
  const foreign = bob.say(retractOf(alert))
  const ofVote = alice.say(retractOf(vote))
  await take(alert, vote)
  is(view.isTakenBack(alert), false)
  is(view.findRetracted(early), undefined)
  await take(foreign, early, again, ofVote)
  equal(
    [alert, foreign, early, again, ofVote].map(
      (event) => view.findRetracted(event)?.body.indicators[0]?.prefix
    ),
    [undefined, undefined, '8.8.8.8/32', undefined, undefined]
  )
  is(view.isTakenBack(alert), true)
})

test('an alert that was taken back before it came is known as that', async () => {
  const alert = alice.say(alertBody('8.8.8.8', 'one'))
  await take(alice.say(retractOf(alert)), alert)
  is(view.isTakenBack(alert), true)
})
