/**
 * How much a decoder takes. One place, since a bound that is looser here than at the peer makes honest nodes refuse each
 * other: a change of any of these is a change of the protocol.
 */
import type { EventKind } from './event/kinds.ts'

const KIB = 1_024
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Bytes of an encoded signed event (design defense.md e.2). A proof carries two events of up to 4 KiB. */
export const EVENT_BYTES_MAX: Readonly<Record<EventKind, number>> = {
  alert: 4 * KIB,
  vote: 4 * KIB,
  'list-delta': 64 * KIB,
  retract: 4 * KIB,
  'node-announce': 8 * KIB,
  revoke: 4 * KIB,
  'equivocation-proof': 9 * KIB
}
/** The largest of any kind: what is longer is not even parsed. */
export const ANY_EVENT_BYTES_MAX = 64 * KIB
/** An event in a proof: everything but a list delta, two of which no gossip message could hold. */
export const PROVEN_EVENT_BYTES_MAX = 4 * KIB

/** How long after its time an event may stand (design defense.md e.2). */
export const LIFETIME_MS_MAX: Readonly<Record<EventKind, number>> = {
  alert: DAY_MS,
  vote: 7 * DAY_MS,
  'list-delta': 30 * DAY_MS,
  // As long as the longest of what it takes back.
  retract: 30 * DAY_MS,
  'node-announce': 90 * DAY_MS,
  revoke: 90 * DAY_MS,
  // The author's weight is zero for that long.
  'equivocation-proof': 30 * DAY_MS
}

/** A clock may be ahead by this much; also how far what an event tells of may lie after the event itself. */
export const CLOCK_SKEW_MS_MAX = 5 * MINUTE_MS
/** 2100-01-01: milliseconds beyond are no times but overflows in waiting. */
export const TIME_MS_MAX = 4_102_444_800_000
/** SQLite's integers are signed. */
export const SEQUENCE_MAX = 2n ** 63n - 1n

export const NETWORK_ID_BYTES = 16
export const EVENT_ID_BYTES = 32
export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const INCIDENT_ID_BYTES = 16
export const DIGEST_BYTES = 32

export const ALERT_INDICATORS_MAX = 64
export const VOTE_INDICATORS_MAX = 64
export const LIST_CHANGES_MAX = 4_096
export const LIST_ENTRIES_MAX = 1_000_000
export const ADDRESSES_MAX = 16
/** A multiaddr with a relay, two peer ids and a DNS name of full length. */
export const ADDRESS_BYTES_MAX = 512

/** Categories of abuse by number (design defense.md e.3). */
export const CATEGORY_MAX = 12
export const SEVERITY_MAX = 4
export const CONFIDENCE_MAX = 100
export const CLASS_MAX = 15
/** Decades: see `countBucket`. */
export const COUNT_BUCKET_MAX = 12
export const TLP_MAX = 3
export const VOTE_TTL_S_MAX = 7 * 24 * 60 * 60

/** The widest prefix that a vote or an alert may name, by bytes of the address. */
export const ACCUSED_PREFIX_LENGTH_MIN = { ipv4: 24, ipv6: 48 } as const
/** A curated list may hold hijacked blocks; the shortest ones that such lists carry today. */
export const LISTED_PREFIX_LENGTH_MIN = { ipv4: 8, ipv6: 16 } as const

/** Bytes of UTF-8. */
export const NETWORK_NAME_BYTES_MAX = 64
export const NODE_NAME_BYTES_MAX = 64
export const AGENT_BYTES_MAX = 64
export const LIST_NAME_BYTES_MAX = 64
export const REASON_BYTES_MAX = 200

export const FOUNDERS_MAX = 8
export const NONCE_BYTES = 16
export const NETWORK_DOCUMENT_BYTES_MAX = 1 * KIB
export const INVITATION_BYTES_MAX = 12 * KIB
export const INVITATION_TEXT_LENGTH_MAX = 20_000
export const INVITATION_CHECKSUM_BYTES = 4

/** A frame of reconciliation (design defense.md e.5). */
export const SYNC_FRAME_BYTES_MAX = 60_000
export const SYNC_ROUNDS_MAX = 24
export const SYNC_SESSION_BYTES_MAX = 4 * KIB * KIB
export const SYNC_RANGES_MAX = 2_048
export const SYNC_FINGERPRINT_BYTES = 16
/** As many ids as a frame has room for. */
export const SYNC_IDS_MAX = Math.floor(SYNC_FRAME_BYTES_MAX / EVENT_ID_BYTES)

export const FETCH_IDS_MAX = 256
/** Sum of the events in one answer. */
export const FETCH_EVENTS_BYTES_MAX = 512 * KIB
export const FETCH_REQUEST_BYTES_MAX = FETCH_IDS_MAX * EVENT_ID_BYTES + 64
/** Each event has a tag and a length of up to four bytes beside it. */
export const FETCH_RESPONSE_BYTES_MAX = FETCH_EVENTS_BYTES_MAX + FETCH_IDS_MAX * 5 + 64
