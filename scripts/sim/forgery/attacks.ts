/** Ways to pass off as said what nobody said, or nobody said here and now. Each makes bytes and says how they are handed in. */
import { integerBelow, type Random } from '../../../src/base/index.ts'
import type { EventOrigin } from '../../../src/network/index.ts'
import { type Network, type SignedNetworkEvent, TOPICS, topicOf } from '../../../src/wire/index.ts'

export interface Attempt {
  readonly bytes: Uint8Array
  readonly origin: EventOrigin
}

/** Genuine material that an attacker has. */
export interface Material {
  readonly network: Network
  /** Accepted by the node already. */
  readonly accepted: readonly SignedNetworkEvent[]
  /** Good, and never handed in as they should be: the node would accept each. */
  readonly unseen: readonly SignedNetworkEvent[]
  /** Good in another network that the node has joined as well, of authors who are known in both. */
  readonly foreign: readonly SignedNetworkEvent[]
  /** Signed well by keys that nobody admitted. */
  readonly unadmitted: readonly SignedNetworkEvent[]
  /** Signed well, of known authors, with a time that is not now. */
  readonly untimely: readonly SignedNetworkEvent[]
}

export type Attack = (material: Material, random: Random) => Attempt

function pick<T>(random: Random, from: readonly T[]): T {
  const item = from[integerBelow(random, from.length)]
  if (item === undefined) throw new RangeError('expected material to pick from, got none')
  return item
}

function gossiped(material: Material, event: SignedNetworkEvent, bytes: Uint8Array): Attempt {
  const { id: network } = material.network
  return { bytes, origin: { network, topic: topicOf(event.kind), via: 'gossip', peer: 'attacker' } }
}

function fetched(material: Material, bytes: Uint8Array): Attempt {
  return { bytes, origin: { network: material.network.id, via: 'sync', peer: 'attacker' } }
}

/** By whichever way the random source says. */
function handedIn(
  material: Material,
  random: Random,
  made: { readonly event: SignedNetworkEvent; readonly bytes: Uint8Array }
): Attempt {
  return random.next() < 0.5
    ? gossiped(material, made.event, made.bytes)
    : fetched(material, made.bytes)
}

function genuine(material: Material, random: Random): SignedNetworkEvent {
  return pick(random, random.next() < 0.5 ? material.accepted : material.unseen)
}

/** Another author's key in the place of the signer's. */
const forgedAuthor: Attack = (material, random) => {
  const event = genuine(material, random)
  const bytes = Buffer.from(event.bytes)
  let victim = genuine(material, random)
  while (Buffer.compare(victim.author, event.author) === 0) victim = genuine(material, random)
  bytes.set(victim.author, bytes.indexOf(event.author))
  return handedIn(material, random, { event, bytes })
}

/** The signature of one event under the payload of another. */
const swappedSignature: Attack = (material, random) => {
  const event = genuine(material, random)
  let other = genuine(material, random)
  while (Buffer.compare(other.signature, event.signature) === 0) other = genuine(material, random)
  const bytes = Buffer.from(event.bytes)
  bytes.set(other.signature, bytes.length - other.signature.length)
  return handedIn(material, random, { event, bytes })
}

const mutatedBits: Attack = (material, random) => {
  const event = genuine(material, random)
  const bytes = Uint8Array.from(event.bytes)
  const flips = new Set<number>()
  for (let i = integerBelow(random, 3); i >= 0; i--) {
    flips.add(integerBelow(random, bytes.length * 8))
  }
  for (const bit of flips) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return handedIn(material, random, { event, bytes })
}

const cutOrPadded: Attack = (material, random) => {
  const event = genuine(material, random)
  const { length } = event.bytes
  const bytes =
    random.next() < 0.5
      ? event.bytes.subarray(0, integerBelow(random, length))
      : Buffer.concat([event.bytes, Buffer.alloc(1 + integerBelow(random, 40), 0x18)])
  return handedIn(material, random, { event, bytes })
}

/** What was accepted once, in any order, by any way. */
const replayed: Attack = (material, random) => {
  const event = pick(random, material.accepted)
  return handedIn(material, random, { event, bytes: event.bytes })
}

/** The halves of two events exchanged at a random place. */
const reordered: Attack = (material, random) => {
  const event = genuine(material, random)
  let other = genuine(material, random)
  while (Buffer.compare(other.id, event.id) === 0) other = genuine(material, random)
  const middle = Math.floor(event.bytes.length / 2)
  const bytes = Buffer.concat([event.bytes.subarray(0, middle), other.bytes.subarray(middle)])
  return handedIn(material, random, { event, bytes })
}

const crossTopic: Attack = (material, random) => {
  const event = pick(random, material.unseen)
  const topic = pick(
    random,
    TOPICS.filter((other) => other !== topicOf(event.kind))
  )
  const { id: network } = material.network
  return { bytes: event.bytes, origin: { network, topic, via: 'gossip', peer: 'attacker' } }
}

const crossNetwork: Attack = (material, random) => {
  const event = pick(random, material.foreign)
  return handedIn(material, random, { event, bytes: event.bytes })
}

const notAdmitted: Attack = (material, random) => {
  const event = pick(random, material.unadmitted)
  return handedIn(material, random, { event, bytes: event.bytes })
}

const lyingAboutTime: Attack = (material, random) => {
  const event = pick(random, material.untimely)
  return gossiped(material, event, event.bytes)
}

export const ATTACKS: ReadonlyMap<string, Attack> = new Map([
  ['forged-author', forgedAuthor],
  ['swapped-signature', swappedSignature],
  ['mutated-bits', mutatedBits],
  ['cut-or-padded', cutOrPadded],
  ['replayed', replayed],
  ['reordered', reordered],
  ['cross-topic', crossTopic],
  ['cross-network', crossNetwork],
  ['not-admitted', notAdmitted],
  ['lying-about-time', lyingAboutTime]
])
