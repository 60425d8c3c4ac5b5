/** The seven faults that were found in Iris (design defense.md §0 item 4), each looked for here. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { EventIntake } from '../../../src/network/events/event-intake.ts'
import type { EventOrigin } from '../../../src/network/events/first-look.ts'
import { StorageError } from '../../../src/store/errors.ts'
import { readOrCreateSecret } from '../../../src/store/secret-file.ts'
import {
  ANY_EVENT_BYTES_MAX,
  decodeEvent,
  type SignedNetworkEvent
} from '../../../src/wire/index.ts'
import {
  Author,
  alertBody,
  makeNode,
  NETWORK,
  type NodeRig,
  reasonOf
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('faults of Iris')
let node: NodeRig
let alice: Author
let mallory: Author

test.beforeEach(async () => {
  node = makeNode()
  alice = new Author('alice')
  mallory = new Author('mallory')
  await node.gossip(alice.announce())
  await node.gossip(mallory.announce())
})
test.afterEach(() => removeStore(node.store))

/** The author's 32 bytes are replaced in the payload, all else stays. */
function inTheNameOf(event: SignedNetworkEvent, author: Uint8Array): Uint8Array {
  const forged = Buffer.from(event.bytes)
  forged.set(author, forged.indexOf(event.author))
  return forged
}

test('1: nobody speaks in the name of another, however he fills in the author', async () => {
  const forged = inTheNameOf(mallory.say(alertBody()), alice.key)
  is(Buffer.compare(decodeEvent(forged).author, alice.key), 0)
  is(reasonOf(await node.submit(forged, { topic: 'alert' })), 'reject SIGNATURE_INVALID')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
})

test('2: a forged copy that comes first does not suppress the genuine event', async () => {
  const genuine = alice.say(alertBody())
  const forged = Uint8Array.from(genuine.bytes)
  forged[forged.length - 40] = (forged[forged.length - 40] ?? 0) ^ 1
  equal(decodeEvent(forged).id, genuine.id)
  const sameNumber = inTheNameOf(mallory.say(alertBody(), { seq: genuine.seq }), alice.key)
  for (const bytes of [forged, sameNumber]) {
    is(reasonOf(await node.submit(bytes, { topic: 'alert' })), 'reject SIGNATURE_INVALID')
  }
  is(reasonOf(await node.gossip(genuine)), 'accept')
})

test('3: the time of an event is checked', async () => {
  const nextDay = alice.say(alertBody(), { tsMs: START_MS + 86_400_000 })
  const yesterday = alice.say(alertBody(), { tsMs: START_MS - 86_400_000 + 1_000 })
  is(reasonOf(await node.gossip(nextDay)), 'reject FROM_THE_FUTURE')
  is(reasonOf(await node.gossip(yesterday)), 'ignore TOO_OLD')
})

test('4: what is larger than any event is refused unread', async () => {
  const huge = new Uint8Array(ANY_EVENT_BYTES_MAX + 1)
  is(reasonOf(await node.submit(huge, { topic: 'alert' })), 'reject TOO_LARGE')
})

test('5: what was seen is known once, also to copies at the same time, and is let go of in the end', async () => {
  const event = alice.say(alertBody())
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => node.gossip(event)))
  is(verdicts.filter(({ verdict }) => verdict === 'accept').length, 1)
  node.clock.jumpTo(START_MS + 48 * 3_600_000)
  node.intake.expire()
  is(node.intake.liveSet(NETWORK.id)?.size, 0)
  is(node.events.has(event.id), false)
})

test('6: a key that others than its owner can read is not used', () => {
  const path = join(node.store.dataDir, 'node.key')
  readOrCreateSecret(path, () => 'secret')
  chmodSync(path, 0o644)
  try {
    readOrCreateSecret(path, () => 'other')
    ok(false, 'expected the key to be refused')
  } catch (error) {
    is(error instanceof StorageError && error.code, 'SECRET_FILE_EXPOSED')
  }
})

test("7: an alert is its author's, whoever passed it on", async () => {
  const seen: { author: Uint8Array; origin: EventOrigin }[] = []
  ok(node.intake instanceof EventIntake)
  node.intake.subscribe({
    onAccepted: ({ author }, origin) => seen.push({ author, origin })
  })
  const event = alice.say(alertBody())
  await node.submit(event.bytes, { topic: 'alert', peer: 'forwarder' })
  equal(seen[0]?.author, alice.key)
  is(seen[0]?.origin.peer, 'forwarder')
  equal(node.events.find(event.id)?.author, Buffer.from(alice.key))
})
