/** Events of networks as rows, and back. The numbers of authors are this database's own and do not leave the store. */
import type { EventKind } from '../wire/index.ts'

export type EventVia = 'gossip' | 'sync' | 'own'

/** What the store has to know of an event; what it says is in the payload. */
export interface EventRecord {
  readonly id: Uint8Array
  readonly network: Uint8Array
  readonly author: Uint8Array
  readonly seq: bigint
  readonly kind: EventKind
  readonly tsMs: number
  readonly expMs: number
  readonly receivedAtMs: number
  readonly via: EventVia
  /** How many prefixes it accuses. */
  readonly accused: number
  /** The event that it takes back. */
  readonly target: Uint8Array | undefined
  /** The signed envelope as it came. */
  readonly envelope: Uint8Array
}

/** Enough to place an event in the set that two nodes compare. */
export interface EventPlace {
  readonly id: Uint8Array
  readonly kind: EventKind
  readonly tsMs: number
}

/** One number of an author that is spent by an event that is kept. */
export interface SpentNumber {
  readonly seq: bigint
  readonly tsMs: number
  readonly kind: EventKind
  readonly accused: number
}

export interface EquivocationRecord {
  readonly network: Uint8Array
  readonly author: Uint8Array
  readonly seq: bigint
  readonly firstId: Uint8Array
  readonly secondId: Uint8Array
  /** Encoded signed events. */
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly detectedAtMs: number
}

export interface EventRow {
  readonly number: number
  readonly id: Uint8Array
  readonly network: Uint8Array
  readonly author: Uint8Array
  /** As text: SQLite's 64 bits do not fit a JavaScript number. */
  readonly seq: string
  readonly kind: EventKind
  readonly stated_at_ms: number
  readonly expires_at_ms: number
  readonly received_at_ms: number
  readonly via: EventVia
  readonly accused: number
  readonly target: Uint8Array | null
  readonly envelope: Uint8Array
}

export const EVENT_COLUMNS = `e.number, e.id, a.network, a.key AS author, CAST(e.seq AS TEXT) AS seq, e.kind,
  e.stated_at_ms, e.expires_at_ms, e.received_at_ms, e.via, e.accused, e.target, e.envelope`

export interface EquivocationRow {
  readonly network: Uint8Array
  readonly author: Uint8Array
  readonly seq: string
  readonly first_id: Uint8Array
  readonly second_id: Uint8Array
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly detected_at_ms: number
}

export const EQUIVOCATION_COLUMNS =
  'network, author, CAST(seq AS TEXT) AS seq, first_id, second_id, first, second, detected_at_ms'

export function eventOf(row: EventRow): EventRecord {
  return {
    id: row.id,
    network: row.network,
    author: row.author,
    seq: BigInt(row.seq),
    kind: row.kind,
    tsMs: row.stated_at_ms,
    expMs: row.expires_at_ms,
    receivedAtMs: row.received_at_ms,
    via: row.via,
    accused: row.accused,
    target: row.target ?? undefined,
    envelope: row.envelope
  }
}

export function equivocationOf(row: EquivocationRow): EquivocationRecord {
  return {
    network: row.network,
    author: row.author,
    seq: BigInt(row.seq),
    firstId: row.first_id,
    secondId: row.second_id,
    first: row.first,
    second: row.second,
    detectedAtMs: row.detected_at_ms
  }
}
