/** What events say, as plain data. Addresses are canonical text, numbers are in range: `decodeEvent` and `sealEvent` see to that. */
import type { PrefixText } from '../../base/index.ts'
import type { Admission } from '../network/admission.ts'
import type { EventKind } from './kinds.ts'

/** 1 http-flood … 12 other: position in detection's list of categories, counted from 1. */
export type CategoryNumber = number
/** Number of decimal digits of a count (0: none): 1 is 1 to 9, 2 is 10 to 99, …, 12 is everything from 10^11. */
export type CountBucket = number

export interface AlertIndicator {
  readonly prefix: PrefixText
  readonly count: CountBucket
  readonly firstMs: number
  readonly lastMs: number
}

/** Counters alone: neither what was asked for nor by which rule it was found. */
export interface AlertEvidence {
  readonly requests: CountBucket
  readonly errors: CountBucket
  readonly bytes: CountBucket
  readonly distinctPaths: CountBucket
}

export interface AlertBody {
  readonly kind: 'alert'
  /** 16 bytes, the author's choice; later alerts of one incident repeat it. */
  readonly incident: Uint8Array
  readonly category: CategoryNumber
  /** 0 none, 1 low, 2 medium, 3 high, 4 critical */
  readonly severity: number
  /** 0..100 */
  readonly confidence: number
  readonly windowStartMs: number
  readonly windowEndMs: number
  /** What was attacked, coarsely: 0..15, 0 unknown. */
  readonly pathClass: number
  readonly portClass: number
  /** 1 to 64, no prefix twice. */
  readonly indicators: readonly AlertIndicator[]
  /** Autonomous system of the indicators, if they share one. */
  readonly asn: number | undefined
  readonly evidence: AlertEvidence
  /** Traffic light protocol: 0 clear, 1 green, 2 amber, 3 red. */
  readonly tlp: number
}

export const STANCES = ['block', 'retract', 'benign'] as const
/** `retract` takes the author's own earlier vote on the prefix back. */
export type Stance = (typeof STANCES)[number]

export interface Vote {
  readonly prefix: PrefixText
  readonly stance: Stance
  /** 0..100 */
  readonly confidence: number
  readonly category: CategoryNumber
  /** Seen by the author, not heard from others. */
  readonly isFirstHand: boolean
  readonly firstMs: number
  readonly lastMs: number
  readonly count: CountBucket
  /** How long the stance is meant to hold; 0 for `retract`, else 1 s to 7 d. */
  readonly ttlS: number
}

export interface VoteBody {
  readonly kind: 'vote'
  /** 1 to 64, no prefix twice. */
  readonly votes: readonly Vote[]
}

export interface ListDeltaBody {
  readonly kind: 'list-delta'
  /** Kebab-case, unique for its author. */
  readonly list: string
  /** Counts from 1; a delta leads from the version before to this one. */
  readonly version: number
  /** `listDigest` of the version before; 32 zero bytes for version 1. */
  readonly previousDigest: Uint8Array
  readonly digest: Uint8Array
  /** Entries of this version. */
  readonly count: number
  readonly adds: readonly PrefixText[]
  readonly removes: readonly PrefixText[]
}

export interface RetractBody {
  readonly kind: 'retract'
  /** Id of an event of the same author. */
  readonly eventId: Uint8Array
}

export interface NodeAnnounceBody {
  readonly kind: 'node-announce'
  /** For people; may be empty. */
  readonly name: string
  /** Program and version, `netminder/0.1.0`; may be empty. */
  readonly agent: string
  /** Binary multiaddrs, at most 16, opaque here: one that this version cannot read is no fault. */
  readonly addresses: readonly Uint8Array[]
  /** A founder needs none. */
  readonly admission: Admission | undefined
  /** The node's last word: it leaves the network. */
  readonly isLeaving: boolean
}

export interface RevokeBody {
  readonly kind: 'revoke'
  readonly subject: 'author' | 'invitation'
  /** Public key of the author or of the invitation. */
  readonly key: Uint8Array
  /** For people; may be empty. */
  readonly reason: string
}

export interface EquivocationProofBody {
  readonly kind: 'equivocation-proof'
  /** Two events of one author with one sequence number and different ids. Their signatures are NOT checked by the decoder. */
  readonly first: SignedNetworkEvent
  readonly second: SignedNetworkEvent
}

export type EventBody =
  | AlertBody
  | VoteBody
  | ListDeltaBody
  | RetractBody
  | NodeAnnounceBody
  | RevokeBody
  | EquivocationProofBody

export interface NetworkEvent {
  /** SHA-256 of the payload. */
  readonly id: Uint8Array
  /** 16 bytes. */
  readonly network: Uint8Array
  readonly kind: EventKind
  /** Raw Ed25519 public key. */
  readonly author: Uint8Array
  /** 1 and upwards; each number is used once by its author in the network. */
  readonly seq: bigint
  readonly tsMs: number
  readonly expMs: number
  readonly body: EventBody
}

/** An event with the bytes that prove it. `decodeEvent` has NOT checked the signature. */
export interface SignedNetworkEvent extends NetworkEvent {
  /** The whole envelope, as gossiped, stored and fetched. */
  readonly bytes: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** An event whose body nobody has read yet; nothing is known to be wrong with the rest. */
export interface EventHead extends Omit<SignedNetworkEvent, 'body'> {
  readonly bodyBytes: Uint8Array
}

export interface EventFields {
  readonly network: Uint8Array
  readonly seq: bigint
  readonly tsMs: number
  readonly expMs: number
  readonly body: EventBody
}
