/** What is shown of what others say: the same, in whatever order it came, and after a restart. */
import { equal, is } from 'uvu/assert'
import { EventView, type MutableThreat, threatsOf } from '../../../src/network/event-view.ts'
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
  const found = new Map<string, MutableThreat>()
  shown.collect(found, { limit: 100 }, START_MS)
  return threatsOf(found, 0)
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
