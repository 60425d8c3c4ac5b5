/** One fault for every rule about bodies: the sample of the kind with one field changed, and the code that refuses it. */
import * as wire from '../../src/wire/generated/event.ts'
import type { DecodeErrorCode, EventBody, EventKind } from '../../src/wire/index.ts'
import { BODIES, NOW_MS, STRANGER, seal } from './samples.ts'

type BodyFault = readonly [name: string, code: DecodeErrorCode, body: Uint8Array<ArrayBuffer>]
type Codec<T> = {
  encode(message: Partial<T>): Uint8Array<ArrayBuffer>
  decode(bytes: Uint8Array): T
}

/** Protobuf of the sample, to be changed. */
function messageOf<T>(body: EventBody, codec: Codec<T>): T {
  const { payload } = wire.SignedEvent.decode(seal(body).bytes)
  return codec.decode(wire.Event.decode(payload).body)
}

function times<T>(count: number, item: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => item(i))
}

const bytes = (...values: readonly number[]) => Uint8Array.from(values)
const text = (value: string) => new TextEncoder().encode(value)

const SPACE = 0x0a_00_00_00
/** Different addresses by number. */
function host(i: number): wire.Indicator {
  const value = SPACE + i
  return {
    address: bytes(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255),
    length: 32
  }
}

const IPV6 = (...head: readonly number[]) => Uint8Array.from({ length: 16 }, (_, i) => head[i] ?? 0)

/** Faults of a prefix wherever one stands; the limits are those of accusations. */
const INDICATORS: readonly (readonly [string, DecodeErrorCode, wire.Indicator])[] = [
  ['an address of 5 bytes', 'INDICATOR_INVALID', { address: bytes(192, 0, 2, 7, 1), length: 32 }],
  ['no address', 'INDICATOR_INVALID', { address: bytes(), length: 0 }],
  ['33 bits of IPv4', 'INDICATOR_INVALID', { address: bytes(192, 0, 2, 7), length: 33 }],
  ['129 bits of IPv6', 'INDICATOR_INVALID', { address: IPV6(0x20, 1), length: 129 }],
  ['host bits', 'INDICATOR_INVALID', { address: bytes(192, 0, 2, 7), length: 24 }],
  [
    'host bits of IPv6',
    'INDICATOR_INVALID',
    { address: IPV6(0x20, 1, 0, 0, 0, 0, 0, 0, 1), length: 64 }
  ],
  [
    'a mapped address',
    'INDICATOR_INVALID',
    { address: IPV6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7), length: 128 }
  ],
  ['23 bits of IPv4', 'INDICATOR_TOO_WIDE', { address: bytes(192, 0, 2, 0), length: 23 }],
  ['47 bits of IPv6', 'INDICATOR_TOO_WIDE', { address: IPV6(0x20, 1), length: 47 }]
]

function alertFaults(): readonly BodyFault[] {
  const sample = messageOf(BODIES.alert, wire.AlertBody)
  const [indicator] = sample.indicators
  const alert = (changes: Partial<wire.AlertBody>) =>
    wire.AlertBody.encode({ ...sample, ...changes })
  const about = (changes: Partial<wire.AlertIndicator>) =>
    alert({ indicators: [{ ...indicator, ...changes } as wire.AlertIndicator] })
  const evidence = (changes: Partial<wire.AlertEvidence>) =>
    alert({ evidence: { ...sample.evidence, ...changes } as wire.AlertEvidence })
  const now = BigInt(NOW_MS)
  const { evidence: _, ...withoutEvidence } = sample
  return [
    ...INDICATORS.map(
      ([name, code, value]): BodyFault => [name, code, about({ indicator: value })]
    ),
    ['no body', 'FIELD_INVALID', bytes()],
    ['an incident of 15 bytes', 'FIELD_INVALID', alert({ incident: new Uint8Array(15) })],
    ['category 0', 'FIELD_INVALID', alert({ category: 0 })],
    ['category 13', 'FIELD_INVALID', alert({ category: 13 })],
    ['severity 5', 'FIELD_INVALID', alert({ severity: 5 })],
    ['confidence 101', 'FIELD_INVALID', alert({ confidence: 101 })],
    ['path class 16', 'FIELD_INVALID', alert({ pathClass: 16 })],
    ['port class 16', 'FIELD_INVALID', alert({ portClass: 16 })],
    ['traffic light 4', 'FIELD_INVALID', alert({ tlp: 4 })],
    ['no indicator', 'FIELD_INVALID', alert({ indicators: [] })],
    [
      '65 indicators',
      'LIMIT_EXCEEDED',
      alert({
        indicators: times(65, (i) => ({ indicator: host(i), count: 1, firstMs: now, lastMs: now }))
      })
    ],
    [
      'one indicator twice',
      'INDICATOR_INVALID',
      alert({ indicators: [...sample.indicators, ...sample.indicators] })
    ],
    ['a count of 13 digits', 'FIELD_INVALID', about({ count: 13 })],
    ['no evidence', 'FIELD_INVALID', wire.AlertBody.encode(withoutEvidence)],
    ['evidence of 13 digits', 'FIELD_INVALID', evidence({ bytes: 13 })],
    [
      'a window that ends before it begins',
      'TIME_INVALID',
      alert({ windowStartMs: sample.windowEndMs + 1n })
    ],
    ['a window without beginning', 'TIME_INVALID', alert({ windowStartMs: 0n })],
    ['seen more than five minutes later', 'TIME_INVALID', about({ lastMs: now + 300_001n })]
  ]
}

function voteFaults(): readonly BodyFault[] {
  const sample = messageOf(BODIES.vote, wire.VoteBody)
  const [first] = sample.votes
  const vote = (changes: Partial<wire.Vote>) =>
    wire.VoteBody.encode({ votes: [{ ...first, ...changes } as wire.Vote] })
  return [
    ...INDICATORS.map(([name, code, value]): BodyFault => [name, code, vote({ indicator: value })]),
    ['no vote', 'FIELD_INVALID', bytes()],
    [
      '65 votes',
      'LIMIT_EXCEEDED',
      wire.VoteBody.encode({
        votes: times(65, (i) => ({ ...first, indicator: host(i) }) as wire.Vote)
      })
    ],
    [
      'two votes on one prefix',
      'INDICATOR_INVALID',
      wire.VoteBody.encode({ votes: [...sample.votes, ...sample.votes] })
    ],
    ['no stance', 'FIELD_INVALID', vote({ stance: 0 })],
    ['stance 4', 'FIELD_INVALID', vote({ stance: 4 })],
    ['confidence 101', 'FIELD_INVALID', vote({ confidence: 101 })],
    ['category 0', 'FIELD_INVALID', vote({ category: 0 })],
    ['a count of 13 digits', 'FIELD_INVALID', vote({ count: 13 })],
    ['a block of no time', 'FIELD_INVALID', vote({ ttlS: 0 })],
    ['a block of more than a week', 'FIELD_INVALID', vote({ ttlS: 604_801 })],
    ['a retraction that stands', 'FIELD_INVALID', vote({ stance: 2, ttlS: 1 })],
    ['the last sight before the first', 'TIME_INVALID', vote({ lastMs: 1n })]
  ]
}

function listFaults(): readonly BodyFault[] {
  const sample = messageOf(BODIES['list-delta'], wire.ListDeltaBody)
  const list = (changes: Partial<wire.ListDeltaBody>) =>
    wire.ListDeltaBody.encode({ ...sample, ...changes })
  return [
    ['no name', 'TEXT_INVALID', list({ list: bytes() })],
    ['a name with capitals', 'TEXT_INVALID', list({ list: text('Hijacked') })],
    ['a name of 65 bytes', 'TEXT_INVALID', list({ list: text('x'.repeat(65)) })],
    ['version 0', 'FIELD_INVALID', list({ version: 0 })],
    [
      'a digest before version 1',
      'FIELD_INVALID',
      list({ previousDigest: new Uint8Array(32).fill(1) })
    ],
    ['no digest before version 2', 'FIELD_INVALID', list({ version: 2 })],
    ['a digest of 31 bytes', 'FIELD_INVALID', list({ digest: new Uint8Array(31) })],
    ['1 000 001 entries', 'FIELD_INVALID', list({ count: 1_000_001 })],
    ['4 097 additions', 'LIMIT_EXCEEDED', list({ adds: times(4_097, host) })],
    ['4 097 removals', 'LIMIT_EXCEEDED', list({ adds: [], removes: times(4_097, host) })],
    [
      '7 bits of IPv4',
      'INDICATOR_TOO_WIDE',
      list({ adds: [{ address: bytes(2, 0, 0, 0), length: 7 }] })
    ],
    [
      '15 bits of IPv6',
      'INDICATOR_TOO_WIDE',
      list({ adds: [{ address: IPV6(0x20), length: 15 }] })
    ],
    [
      'additions that do not ascend',
      'INDICATOR_INVALID',
      list({ adds: [...sample.adds].reverse() })
    ],
    ['one prefix added and removed', 'INDICATOR_INVALID', list({ removes: sample.adds })]
  ]
}

function announceFaults(): readonly BodyFault[] {
  const sample = messageOf(BODIES['node-announce'], wire.NodeAnnounceBody)
  const { admission } = sample
  const announce = (changes: Partial<wire.NodeAnnounceBody>) =>
    wire.NodeAnnounceBody.encode({ ...sample, ...changes })
  const admitted = (changes: Partial<wire.Admission>) =>
    announce({ admission: { ...admission, ...changes } as wire.Admission })
  return [
    ['a name of 65 bytes', 'TEXT_INVALID', announce({ name: text('x'.repeat(65)) })],
    ['a name that is no UTF-8', 'TEXT_INVALID', announce({ name: bytes(0xc3, 0x28) })],
    ['a name not in normal form C', 'TEXT_INVALID', announce({ name: text('ke\u0301ys') })],
    ['a name with a line feed', 'TEXT_INVALID', announce({ name: text('keys\n') })],
    ['a name that is written backwards', 'TEXT_INVALID', announce({ name: text('\u202esyek') })],
    ['a program of 65 bytes', 'TEXT_INVALID', announce({ agent: text('x'.repeat(65)) })],
    ['17 addresses', 'LIMIT_EXCEEDED', announce({ addresses: times(17, () => bytes(1)) })],
    ['an address of 513 bytes', 'LIMIT_EXCEEDED', announce({ addresses: [new Uint8Array(513)] })],
    ['an address of no bytes', 'FIELD_INVALID', announce({ addresses: [bytes()] })],
    ['a founder of small order', 'KEY_INVALID', admitted({ founder: new Uint8Array(32) })],
    [
      'an invitation key of 31 bytes',
      'KEY_INVALID',
      admitted({ invitationKey: new Uint8Array(31).fill(9) })
    ],
    ["no founder's signature", 'SIGNATURE_MALFORMED', admitted({ founderSignature: bytes() })],
    [
      'no signature of the invitation',
      'SIGNATURE_MALFORMED',
      admitted({ invitationSignature: bytes() })
    ],
    ['neither by invitation nor by founder', 'FIELD_INVALID', admitted({ invitationKey: bytes() })],
    ['an invitation without end', 'TIME_INVALID', admitted({ notAfterMs: 0n })],
    ['an admission without time', 'TIME_INVALID', admitted({ admittedAtMs: 0n })]
  ]
}

function revokeFaults(): readonly BodyFault[] {
  const sample = messageOf(BODIES.revoke, wire.RevokeBody)
  const revoke = (changes: Partial<wire.RevokeBody>) =>
    wire.RevokeBody.encode({ ...sample, ...changes })
  return [
    ['no subject', 'FIELD_INVALID', revoke({ subject: 0 })],
    ['subject 3', 'FIELD_INVALID', revoke({ subject: 3 })],
    ['a key of 33 bytes', 'KEY_INVALID', revoke({ key: new Uint8Array(33).fill(9) })],
    ['a reason of 201 bytes', 'TEXT_INVALID', revoke({ reason: text('x'.repeat(201)) })]
  ]
}

function proofFaults(): readonly BodyFault[] {
  const [a, b] = [seal(BODIES.alert), seal(BODIES.vote)].sort((x, y) => Buffer.compare(x.id, y.id))
  if (a === undefined || b === undefined) throw new Error('expected two events')
  const proof = (first: { bytes: Uint8Array }, second: { bytes: Uint8Array }) =>
    wire.EquivocationProofBody.encode({
      first: new Uint8Array(first.bytes),
      second: new Uint8Array(second.bytes)
    })
  const nested = seal({ kind: 'equivocation-proof', first: a, second: b })
  const large = { bytes: new Uint8Array(4_097) }
  const other = (options: Parameters<typeof seal>[1]) => seal(BODIES.retract, options)
  const inOrder = (
    x: { id: Uint8Array; bytes: Uint8Array },
    y: { id: Uint8Array; bytes: Uint8Array }
  ) => (Buffer.compare(x.id, y.id) < 0 ? proof(x, y) : proof(y, x))
  return [
    ['one event', 'MALFORMED', proof(a, { bytes: bytes(1) })],
    ['no second event', 'ENVELOPE_PADDED', proof(a, { bytes: bytes() })],
    ['the same event twice', 'PROOF_INVALID', proof(a, a)],
    ['the larger id first', 'PROOF_INVALID', proof(b, a)],
    ['two numbers', 'PROOF_INVALID', inOrder(a, other({ seq: 2n }))],
    ['two authors', 'PROOF_INVALID', inOrder(a, other({ signer: STRANGER }))],
    [
      'another network',
      'PROOF_INVALID',
      inOrder(
        other({ network: new Uint8Array(16) }),
        seal(BODIES.vote, { network: new Uint8Array(16) })
      )
    ],
    ['a proof in a proof', 'PROOF_INVALID', inOrder(nested, a)],
    ['an event of more than 4 KiB', 'TOO_LARGE', proof(large, a)]
  ]
}

export function bodyFaults(): Readonly<Record<EventKind, readonly BodyFault[]>> {
  return {
    alert: alertFaults(),
    vote: voteFaults(),
    'list-delta': listFaults(),
    retract: [
      [
        'an id of 31 bytes',
        'FIELD_INVALID',
        wire.RetractBody.encode({ eventId: new Uint8Array(31) })
      ]
    ],
    'node-announce': announceFaults(),
    revoke: revokeFaults(),
    'equivocation-proof': proofFaults()
  }
}
