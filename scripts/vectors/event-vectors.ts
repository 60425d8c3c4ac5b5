/** Vectors of the event protocol: the envelope, every kind of body, ids, names and signature input. */
import * as wire from '../../src/wire/generated/event.ts'
import {
  type DecodeErrorCode,
  decodeEvent,
  EVENT_KINDS,
  type EventKind,
  gossipMessageId,
  kindNumber,
  signatureInput,
  topicName,
  topicOf
} from '../../src/wire/index.ts'
import { bodyFaults } from './event-body-faults.ts'
import { AUTHOR, bytesOf, FOUNDER, NETWORK, NOW_MS, STRANGER, sampleEvents } from './samples.ts'
import {
  type Fault,
  hex,
  invalid,
  type Json,
  toJson,
  type Vector,
  type VectorFile
} from './vector.ts'

const HOUR = 3_600_000n

/** An event with any fields, well signed. */
export function forge(fields: Partial<wire.Event>): Uint8Array<ArrayBuffer> {
  const payload = wire.Event.encode({
    version: 1,
    network: new Uint8Array(NETWORK.id),
    kind: 7,
    author: new Uint8Array(AUTHOR.publicKey),
    seq: 1n,
    tsMs: BigInt(NOW_MS),
    expMs: BigInt(NOW_MS) + HOUR,
    body: wire.RetractBody.encode({ eventId: new Uint8Array(bytesOf('an earlier event')) }),
    ...fields
  })
  const signature = new Uint8Array(AUTHOR.sign(signatureInput(payload)))
  return wire.SignedEvent.encode({ payload, signature })
}

/** The bytes of an event are in the vector already; nested ones keep theirs. */
function decodedJson(bytes: Uint8Array): Json {
  const { bytes: _, ...event } = decodeEvent(bytes)
  return toJson(event)
}

function validEvent(name: string, bytes: Uint8Array): Vector {
  return { name, bytes: hex(bytes), decoded: decodedJson(bytes) }
}

const given = {
  networkDocument: hex(NETWORK.bytes),
  seeds: { author: hex(bytesOf('author')), founder: hex(bytesOf('founder')) },
  keys: { author: hex(AUTHOR.publicKey), founder: hex(FOUNDER.publicKey) }
}

export function eventVectorFiles(): readonly VectorFile[] {
  const samples = sampleEvents()
  const faults = bodyFaults()
  return [
    ...EVENT_KINDS.map((kind) => ({
      path: `protocols/event/vectors/${kind}.json`,
      about: `Signed events of kind ${kindNumber(kind)} (${kind}): bytes, and what they say or why they are refused.`,
      given,
      vectors: [
        validEvent('well made', samples[kind].bytes),
        ...faults[kind].map(([name, code, body]) =>
          invalid([name, code, forge({ kind: kindNumber(kind), body })], decodeEvent)
        )
      ]
    })),
    {
      path: 'protocols/event/vectors/envelope.json',
      about:
        'Signed events: what the envelope may not be. All are well signed where nothing else is said.',
      given,
      vectors: [
        ...boundaryEvents().map(([name, bytes]) => validEvent(name, bytes)),
        ...envelopeFaults(samples.retract.bytes).map((fault) => invalid(fault, decodeEvent))
      ]
    },
    signatureVectors(samples.vote.bytes),
    nameVectors(samples.alert.id)
  ]
}

function boundaryEvents(): readonly (readonly [string, Uint8Array])[] {
  const ts = BigInt(NOW_MS)
  return [
    ['the highest sequence number', forge({ seq: 2n ** 63n - 1n })],
    ['as long as its kind may stand', forge({ expMs: ts + 720n * HOUR })],
    ['ends one millisecond later', forge({ expMs: ts + 1n })],
    ['the last time there is', forge({ tsMs: 4_102_444_799_999n, expMs: 4_102_444_800_000n })]
  ]
}

function envelopeFaults(bytes: Uint8Array): readonly Fault[] {
  const { payload, signature } = wire.SignedEvent.decode(bytes)
  const ts = BigInt(NOW_MS)
  const order = Buffer.from(
    'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010',
    'hex'
  )
  const signed = (changes: Partial<wire.SignedEvent>) =>
    wire.SignedEvent.encode({ payload, signature, ...changes })
  const withHalf = (half: Uint8Array, at: number) => {
    const changed = new Uint8Array(signature)
    changed.set(half, at)
    return signed({ signature: changed })
  }
  return [
    ['no bytes', 'ENVELOPE_PADDED', new Uint8Array(0)],
    ['cut off', 'MALFORMED', bytes.subarray(0, -1)],
    ['an unknown field behind', 'ENVELOPE_PADDED', Buffer.concat([bytes, Uint8Array.of(24, 1)])],
    ['the signature twice', 'ENVELOPE_PADDED', Buffer.concat([bytes, bytes.subarray(-66)])],
    ['no signature', 'ENVELOPE_PADDED', signed({ signature: new Uint8Array(0) }).subarray(0)],
    [
      'a signature of 63 bytes',
      'SIGNATURE_MALFORMED',
      signed({ signature: signature.subarray(1) })
    ],
    ['S is the order of the group', 'SIGNATURE_MALFORMED', withHalf(order, 32)],
    [
      'R is the neutral point',
      'SIGNATURE_MALFORMED',
      withHalf(Buffer.concat([Uint8Array.of(1), new Uint8Array(31)]), 0)
    ],
    [
      'R with y not below the prime',
      'SIGNATURE_MALFORMED',
      withHalf(new Uint8Array(32).fill(0xff), 0)
    ],
    ['a payload that is no event', 'MALFORMED', signed({ payload: Uint8Array.of(10, 200) })],
    ['version 2', 'VERSION_UNSUPPORTED', forge({ version: 2 })],
    ['no version', 'VERSION_UNSUPPORTED', forge({ version: 0 })],
    ['a network id of 15 bytes', 'NETWORK_INVALID', forge({ network: new Uint8Array(15) })],
    ['kind 4', 'KIND_UNKNOWN', forge({ kind: 4 })],
    ['an author of 31 bytes', 'KEY_INVALID', forge({ author: new Uint8Array(31).fill(9) })],
    ['an author of small order', 'KEY_INVALID', forge({ author: new Uint8Array(32) })],
    ['sequence number 0', 'SEQUENCE_INVALID', forge({ seq: 0n })],
    ['sequence number 2^63', 'SEQUENCE_INVALID', forge({ seq: 2n ** 63n })],
    ['no time', 'TIME_INVALID', forge({ tsMs: 0n })],
    ['a time after 2100', 'TIME_INVALID', forge({ expMs: 4_102_444_800_001n })],
    ['ends when it begins', 'LIFETIME_INVALID', forge({ expMs: ts })],
    ['stands a millisecond too long', 'LIFETIME_INVALID', forge({ expMs: ts + 720n * HOUR + 1n })],
    ['longer than any event', 'TOO_LARGE', new Uint8Array(65_537)],
    ['longer than its kind', 'TOO_LARGE', forge({ body: new Uint8Array(4_096) })]
  ] satisfies readonly (readonly [string, DecodeErrorCode, Uint8Array])[]
}

function signatureVectors(bytes: Uint8Array): VectorFile {
  const event = decodeEvent(bytes)
  const changed = new Uint8Array(bytes)
  const last = event.payload.length - 1
  const at = bytes.length - 66 - 1
  changed[at] = (changed[at] ?? 0) ^ 1
  const byStranger = wire.SignedEvent.encode({
    payload: new Uint8Array(event.payload),
    signature: new Uint8Array(STRANGER.sign(signatureInput(event.payload)))
  })
  const bare = wire.SignedEvent.encode({
    payload: new Uint8Array(event.payload),
    signature: new Uint8Array(AUTHOR.sign(event.payload))
  })
  const elsewhere = wire.SignedEvent.encode({
    payload: new Uint8Array(event.payload),
    signature: new Uint8Array(AUTHOR.sign(signatureInput(event.payload, 'network')))
  })
  const vector = (name: string, signed: Uint8Array, verifies: boolean) => ({
    name,
    bytes: hex(signed),
    input: hex(signatureInput(decodeEvent(signed).payload)),
    verifies
  })
  return {
    path: 'protocols/event/vectors/signature.json',
    about: 'Signed events that decode, what the signature is over, and whether it verifies.',
    given: { ...given, changedByte: last },
    vectors: [
      vector('well signed', bytes, true),
      vector('the last byte of the payload changed', changed, false),
      vector('signed by another key than the author', byStranger, false),
      vector('signed without the domain', bare, false),
      vector('signed for another purpose', elsewhere, false)
    ]
  }
}

function nameVectors(id: Uint8Array): VectorFile {
  return {
    path: 'protocols/event/vectors/names.json',
    about: 'Topics by kind, and the ids of gossip messages.',
    vectors: EVENT_KINDS.map((kind: EventKind) => {
      const topic = topicName(NETWORK.id, topicOf(kind))
      return {
        name: kind,
        kind: kindNumber(kind),
        network: hex(NETWORK.id),
        topic,
        envelopeDigest: hex(id),
        messageId: hex(gossipMessageId(topic, id))
      }
    })
  }
}
