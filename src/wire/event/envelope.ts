/**
 * The signed envelope of every event: one format for gossip, reconciliation, storage and export. The id and the signature are
 * over the payload as it came; nothing is encoded again to check it. Who may speak, and when, is for others to decide.
 */
import { isSameBytes, sha256, varint } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature } from '../ed25519.ts'
import { DecodeError, expectThat } from '../errors.ts'
import { checkLength, own, parse, readTime } from '../fields.ts'
import {
  EquivocationProofBody as EquivocationProofMessage,
  Event,
  SignedEvent
} from '../generated/event.ts'
import {
  ANY_EVENT_BYTES_MAX,
  EVENT_BYTES_MAX,
  LIFETIME_MS_MAX,
  NETWORK_ID_BYTES,
  PROVEN_EVENT_BYTES_MAX,
  SEQUENCE_MAX
} from '../limits.ts'
import type { Signer } from '../ports.ts'
import { signatureInput } from '../signature-input.ts'
import type { EquivocationProofBody, EventFields, EventHead, SignedNetworkEvent } from './bodies.ts'
import { type EventKind, findKind, kindNumber } from './kinds.ts'
import { readBody } from './read-body.ts'
import { writeBody } from './write-body.ts'

const ENVELOPE_VERSION = 1

/** @throws {DecodeError} Its `verdict` says whether the sender is at fault. Never throws anything else. */
export function decodeEvent(bytes: Uint8Array): SignedNetworkEvent {
  return decodeEventBody(decodeEventHead(bytes))
}

/**
 * Everything but what the event says, which costs most to read: enough to know whether anybody wants to.
 *
 * @throws {DecodeError} as `decodeEvent` does
 */
export function decodeEventHead(bytes: Uint8Array): EventHead {
  const { payload, signature } = readEnvelope(bytes)
  expectThat(
    isWellFormedSignature(signature),
    'SIGNATURE_MALFORMED',
    'expected 64 bytes with S below the order and a sound R'
  )
  const event = parse(() => Event.decode(payload))
  expectThat(
    event.version === ENVELOPE_VERSION,
    'VERSION_UNSUPPORTED',
    `expected version ${ENVELOPE_VERSION}, got ${event.version}`
  )
  const network = checkLength(event.network, NETWORK_ID_BYTES, 'network', 'NETWORK_INVALID')
  expectThat(isWellFormedKey(event.author), 'KEY_INVALID', 'expected an Ed25519 public key')
  const kind = findKind(event.kind)
  expectThat(kind !== undefined, 'KIND_UNKNOWN', `expected a known kind, got ${event.kind}`)
  expectThat(
    bytes.length <= EVENT_BYTES_MAX[kind],
    'TOO_LARGE',
    `expected at most ${EVENT_BYTES_MAX[kind]} bytes`,
    { kind, bytes: bytes.length }
  )
  expectThat(
    event.seq > 0n && event.seq <= SEQUENCE_MAX,
    'SEQUENCE_INVALID',
    'expected a sequence number from 1 to 2^63 - 1'
  )
  const head = { id: sha256(payload), network, kind, author: event.author, seq: event.seq }
  const times = readTimes(event, kind)
  return { ...head, ...times, bodyBytes: event.body, bytes, payload, signature }
}

/** @throws {DecodeError} as `decodeEvent` does */
export function decodeEventBody(head: EventHead): SignedNetworkEvent {
  const { bodyBytes, bytes, payload, signature, ...fields } = head
  const { kind, network } = fields
  const body =
    kind === 'equivocation-proof'
      ? readProof(bodyBytes, network)
      : readBody(kind, bodyBytes, fields)
  return { ...fields, body, bytes, payload, signature }
}

/** The id of whatever is in an envelope, also if nothing else of it can be understood here. Undefined: there is no envelope. */
export function findEventId(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return sha256(readEnvelope(bytes).payload)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function readEnvelope(bytes: Uint8Array): SignedEvent {
  expectThat(
    bytes.length <= ANY_EVENT_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${ANY_EVENT_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const envelope = parse(() => SignedEvent.decode(bytes))
  // A forwarder could otherwise make an event as large as he likes, with its id and signature still good.
  expectThat(
    bytes.length === fieldLength(envelope.payload) + fieldLength(envelope.signature),
    'ENVELOPE_PADDED',
    'expected payload and signature alone'
  )
  return envelope
}

function readProof(bytes: Uint8Array, network: Uint8Array): EquivocationProofBody {
  const message = parse(() => EquivocationProofMessage.decode(bytes))
  const first = readProven(message.first)
  const second = readProven(message.second)
  expectThat(
    isSameBytes(first.network, network) &&
      isSameBytes(second.network, network) &&
      isSameBytes(first.author, second.author) &&
      first.seq === second.seq,
    'PROOF_INVALID',
    'expected two events of one author with one number in this network'
  )
  // One order, so that two witnesses of one fault say the same.
  expectThat(
    Buffer.compare(first.id, second.id) < 0,
    'PROOF_INVALID',
    'expected the event with the smaller id first'
  )
  return { kind: 'equivocation-proof', first, second }
}

function readProven(bytes: Uint8Array): SignedNetworkEvent {
  expectThat(
    bytes.length <= PROVEN_EVENT_BYTES_MAX,
    'TOO_LARGE',
    `expected an event of at most ${PROVEN_EVENT_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const event = decodeEvent(bytes)
  // A proof of two proofs would let a few bytes be read many times over.
  expectThat(event.kind !== 'equivocation-proof', 'PROOF_INVALID', 'expected no proof in a proof')
  return event
}

function readTimes(event: Event, kind: EventKind): { tsMs: number; expMs: number } {
  const tsMs = readTime(event.tsMs, 'ts_ms')
  const expMs = readTime(event.expMs, 'exp_ms')
  expectThat(
    expMs > tsMs && expMs - tsMs <= LIFETIME_MS_MAX[kind],
    'LIFETIME_INVALID',
    `expected an end within ${LIFETIME_MS_MAX[kind]} ms after the event`,
    { kind, lifetimeMs: expMs - tsMs }
  )
  return { tsMs, expMs }
}

/** Tag, length and content. */
function fieldLength(bytes: Uint8Array): number {
  return 1 + varint(bytes.length).length + bytes.length
}

/**
 * Makes and signs an event.
 *
 * @throws {DecodeError} if others would refuse it: what is sent is decoded first
 */
export function sealEvent(fields: EventFields, signer: Signer): SignedNetworkEvent {
  const payload = Event.encode({
    version: ENVELOPE_VERSION,
    network: own(fields.network),
    kind: kindNumber(fields.body.kind),
    author: own(signer.publicKey),
    seq: fields.seq,
    tsMs: BigInt(fields.tsMs),
    expMs: BigInt(fields.expMs),
    body: own(writeBody(fields.body))
  })
  const signature = own(signer.sign(signatureInput(payload)))
  return decodeEvent(SignedEvent.encode({ payload, signature }))
}

/** SHA-256 of the payload bytes as they came. */
export function eventId(payload: Uint8Array): Uint8Array {
  return sha256(payload)
}
