/**
 * What was said in the networks. One row for each number of an author: that is what keeps an event from being taken twice,
 * whatever happened to the process in between. An event that has ended is kept a while, so that it is known when it comes again.
 */
import { assert } from '../base/index.ts'
import type { EventKind } from '../wire/index.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import {
  EQUIVOCATION_COLUMNS,
  type EquivocationRecord,
  type EquivocationRow,
  EVENT_COLUMNS,
  type EventPlace,
  type EventRecord,
  type EventRow,
  equivocationOf,
  eventOf,
  type SpentNumber
} from './event-row.ts'
import { RawEvents } from './raw-events.ts'
import type { Durability } from './transaction.ts'

const PAGE_MAX = 10_000
/** Of one event: one is enough, and an author can say more. */
const RETRACTS_MAX = 16
const FROM_EVENT = 'FROM event AS e JOIN author AS a ON a.number = e.author'
/** By the author and the network, a retract takes effect on its own author's event only. */
const IS_TAKEN_BACK =
  'EXISTS (SELECT 1 FROM event AS r WHERE r.target = e.id AND r.author = e.author)'

export interface LiveQuery {
  readonly network: Uint8Array
  readonly kind: EventKind
  readonly nowMs: number
  /** Events that arrived after this one. @default from the first on */
  readonly afterNumber?: number
  /** Also what its author has taken back. @default false */
  readonly includesTakenBack?: boolean
  /** At most 10 000. */
  readonly limit: number
}

/** An event and its place in the order of arrival, to go on from. */
export interface ArrivedEvent extends EventRecord {
  readonly number: number
}

interface SpentRow {
  readonly seq: string
  readonly stated_at_ms: number
  readonly kind: EventKind
  readonly accused: number
}

interface PlaceRow {
  readonly number: number
  readonly id: Uint8Array
  readonly kind: EventKind
  readonly stated_at_ms: number
  readonly expires_at_ms: number
}

export class EventRepository {
  readonly #db: Connection
  readonly #raw: RawEvents
  readonly #authorNumber: PreparedStatement<[Uint8Array, Uint8Array], { readonly number: number }>
  readonly #numbers = new Map<string, number>()
  readonly #byId: PreparedStatement<[Uint8Array], EventRow>
  readonly #isKnown: PreparedStatement<[Uint8Array, Uint8Array, Uint8Array], unknown>
  readonly #byAuthorSeq: PreparedStatement<[number, bigint], EventRow>
  readonly #live: PreparedStatement<[Uint8Array, string, number, number, number], EventRow>
  readonly #kept: PreparedStatement<[Uint8Array, string, number, number, number], EventRow>
  readonly #retracts: PreparedStatement<[Uint8Array], { readonly id: Uint8Array }>
  readonly #places: PreparedStatement<[Uint8Array, number, number, number], PlaceRow>
  readonly #ended: PreparedStatement<[Uint8Array, number, number], PlaceRow>
  readonly #spent: PreparedStatement<[number], SpentRow>
  readonly #highest: PreparedStatement<[number], { readonly seq: string | null }>
  readonly #lastHeard: PreparedStatement<[Uint8Array], { readonly received_at_ms: number }>
  readonly #remove: PreparedStatement<[Uint8Array]>
  readonly #ofAuthor: PreparedStatement<[number, string], PlaceRow>
  readonly #insertEquivocation: PreparedStatement<
    [Uint8Array, Uint8Array, bigint, Uint8Array, Uint8Array, Uint8Array, Uint8Array, number]
  >
  readonly #equivocation: PreparedStatement<[Uint8Array, Uint8Array, bigint], EquivocationRow>
  readonly #equivocations: PreparedStatement<[Uint8Array, Uint8Array], EquivocationRow>

  constructor(db: Connection) {
    this.#db = db
    this.#raw = new RawEvents(db)
    this.#authorNumber = db.prepare('SELECT number FROM author WHERE network = ? AND key = ?')
    this.#byId = db.prepare(`SELECT ${EVENT_COLUMNS} ${FROM_EVENT} WHERE e.id = ?`)
    this.#isKnown = db.prepare(`SELECT 1 WHERE EXISTS (SELECT 1 FROM event WHERE id = ?)
      OR EXISTS (SELECT 1 FROM equivocation WHERE first_id = ?)
      OR EXISTS (SELECT 1 FROM equivocation WHERE second_id = ?)`)
    this.#byAuthorSeq = db.prepare(
      `SELECT ${EVENT_COLUMNS} ${FROM_EVENT} WHERE e.author = ? AND e.seq = ?`
    )
    const live = (condition: string) => `SELECT ${EVENT_COLUMNS} ${FROM_EVENT}
      WHERE a.network = ? AND e.kind = ? AND e.expires_at_ms > ? AND e.number > ? ${condition}
      ORDER BY e.number LIMIT ?`
    this.#live = db.prepare(live(`AND NOT ${IS_TAKEN_BACK}`))
    this.#kept = db.prepare(live(''))
    this.#retracts = db.prepare(`SELECT r.id FROM event AS e JOIN event AS r ON r.target = e.id
      WHERE e.id = ? AND r.author = e.author LIMIT ${RETRACTS_MAX}`)
    this.#places =
      db.prepare(`SELECT e.number, e.id, e.kind, e.stated_at_ms, e.expires_at_ms ${FROM_EVENT}
      WHERE a.network = ? AND e.expires_at_ms > ? AND e.number > ? ORDER BY e.number LIMIT ?`)
    this.#ended =
      db.prepare(`SELECT e.number, e.id, e.kind, e.stated_at_ms, e.expires_at_ms ${FROM_EVENT}
      WHERE a.network = ? AND e.expires_at_ms > ? AND e.expires_at_ms <= ?
      ORDER BY e.expires_at_ms LIMIT ${PAGE_MAX * 10}`)
    this.#spent = db.prepare(
      'SELECT CAST(seq AS TEXT) AS seq, stated_at_ms, kind, accused FROM event WHERE author = ? ORDER BY event.seq LIMIT 1000000'
    )
    this.#highest = db.prepare('SELECT CAST(max(seq) AS TEXT) AS seq FROM event WHERE author = ?')
    // From the last event backwards: a plain join would sort all of them.
    this.#lastHeard =
      db.prepare(`SELECT e.received_at_ms FROM event AS e CROSS JOIN author AS a ON a.number = e.author
      WHERE a.network = ? AND e.via <> 'own' ORDER BY e.number DESC LIMIT 1`)
    this.#remove = db.prepare('DELETE FROM event WHERE id = ?')
    this.#ofAuthor = db.prepare(
      'SELECT number, id, kind, stated_at_ms, expires_at_ms FROM event WHERE author = ? AND kind <> ? LIMIT 1000000'
    )
    this.#insertEquivocation =
      db.prepare(`INSERT INTO equivocation (network, author, seq, first_id, second_id, first, second, detected_at_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
    this.#equivocation = db.prepare(
      `SELECT ${EQUIVOCATION_COLUMNS} FROM equivocation WHERE network = ? AND author = ? AND seq = ?`
    )
    this.#equivocations = db.prepare(
      `SELECT ${EQUIVOCATION_COLUMNS} FROM equivocation WHERE network = ? AND author = ? ORDER BY equivocation.seq LIMIT ${PAGE_MAX}`
    )
    db.transaction.onRollback(() => this.#numbers.clear())
  }

  /** All that `work` writes is kept, or nothing is. @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED} */
  transaction<T>(work: () => T, durability?: Durability): T {
    return this.#db.transaction.run(work, durability)
  }

  /** To be called when the authors of a network went with it: their numbers are given to others. */
  forgetAuthors(): void {
    this.#numbers.clear()
  }

  /**
   * Keeps the event of an author who is known.
   *
   * @throws {ROW_REFUSED} if there is one with this id, or of this author with this number
   */
  append(event: EventRecord): void {
    const number = this.#findNumber(event.network, event.author)
    assert(number !== undefined, 'expected the author of an event to be kept, got an unknown one')
    this.#raw.insert(number, event)
  }

  /** Kept as an event, or as half of a proof. */
  has(id: Uint8Array): boolean {
    return this.#isKnown.find(id, id, id) !== undefined
  }

  find(id: Uint8Array): EventRecord | undefined {
    const row = this.#byId.find(id)
    return row === undefined ? undefined : eventOf(row)
  }

  /** Those of the ids that are kept, in their order. */
  get(ids: readonly Uint8Array[]): readonly EventRecord[] {
    return ids.flatMap((id) => this.find(id) ?? [])
  }

  byAuthorSeq(network: Uint8Array, author: Uint8Array, seq: bigint): EventRecord | undefined {
    const number = this.#findNumber(network, author)
    const row = number === undefined ? undefined : this.#byAuthorSeq.find(number, seq)
    return row === undefined ? undefined : eventOf(row)
  }

  /** Of one kind and not ended, in the order of arrival. */
  live(query: LiveQuery): readonly ArrivedEvent[] {
    const { network, kind, nowMs, afterNumber = 0, includesTakenBack = false } = query
    const limit = Math.min(query.limit, PAGE_MAX)
    return (includesTakenBack ? this.#kept : this.#live)
      .all(network, kind, nowMs, afterNumber, limit)
      .map((row) => ({ ...eventOf(row), number: row.number }))
  }

  /** Ids of the events by which its own author takes it back, at most 16. */
  retractsOf(id: Uint8Array): readonly Uint8Array[] {
    return this.#retracts.all(id).map((row) => row.id)
  }

  /** Every event of a network that has not ended; for the set that nodes compare. */
  *places(network: Uint8Array, nowMs: number): Generator<EventPlace> {
    let after = 0
    for (;;) {
      const rows = this.#places.all(network, nowMs, after, PAGE_MAX)
      for (const row of rows) yield placeOf(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE_MAX) return
      after = last.number
    }
  }

  /** What ended after one time and up to another, at most 100 000 at once, first end first. */
  ended(network: Uint8Array, afterMs: number, untilMs: number): readonly EventPlace[] {
    return this.#ended.all(network, afterMs, untilMs).map(placeOf)
  }

  /** Numbers of an author whose events are kept, ended ones included, lowest first. */
  spentNumbers(network: Uint8Array, author: Uint8Array): readonly SpentNumber[] {
    const number = this.#findNumber(network, author)
    if (number === undefined) return []
    return this.#spent.all(number).map(({ seq, stated_at_ms: tsMs, kind, accused }) => ({
      ...{ seq: BigInt(seq), tsMs, kind, accused }
    }))
  }

  highestSeq(network: Uint8Array, author: Uint8Array): bigint | undefined {
    const number = this.#findNumber(network, author)
    const seq = number === undefined ? undefined : this.#highest.find(number)?.seq
    return seq === undefined || seq === null ? undefined : BigInt(seq)
  }

  /** When the last event of others came; undefined: none is kept. */
  lastHeardMs(network: Uint8Array): number | undefined {
    return this.#lastHeard.find(network)?.received_at_ms
  }

  remove(id: Uint8Array): void {
    this.#remove.run(id)
  }

  /** Removes all events of an author but those of one kind. @returns what is gone */
  removeAuthored(
    network: Uint8Array,
    author: Uint8Array,
    exceptKind: EventKind
  ): readonly EventPlace[] {
    const number = this.#findNumber(network, author)
    if (number === undefined) return []
    const rows = this.#ofAuthor.all(number, exceptKind)
    for (const row of rows) this.#remove.run(row.id)
    return rows.map(placeOf)
  }

  /** The first two events with one number are the proof; a third one changes nothing. */
  keepEquivocation(proof: EquivocationRecord): void {
    const { network, author, seq, firstId, secondId, first, second, detectedAtMs } = proof
    this.#insertEquivocation.run(
      network,
      author,
      seq,
      firstId,
      secondId,
      first,
      second,
      detectedAtMs
    )
  }

  findEquivocation(
    network: Uint8Array,
    author: Uint8Array,
    seq: bigint
  ): EquivocationRecord | undefined {
    const row = this.#equivocation.find(network, author, seq)
    return row === undefined ? undefined : equivocationOf(row)
  }

  equivocations(network: Uint8Array, author: Uint8Array): readonly EquivocationRecord[] {
    return this.#equivocations.all(network, author).map(equivocationOf)
  }

  /** Authors who have events that ended before the time. */
  authorsEndedBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[] {
    return this.#raw.authorsEndedBefore(network, beforeMs)
  }

  /** @returns how many are gone */
  removeEndedBefore(network: Uint8Array, beforeMs: number): number {
    return this.#raw.removeEndedBefore(network, beforeMs)
  }

  /** Authors with a proof against them that was found before the time. */
  authorsProvenBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[] {
    return this.#raw.authorsProvenBefore(network, beforeMs)
  }

  removeProvenBefore(network: Uint8Array, beforeMs: number): void {
    this.#raw.removeProvenBefore(network, beforeMs)
  }

  /** What the list deltas that are kept take, of all authors or of one. */
  listBytes(network: Uint8Array, author?: Uint8Array): number {
    return this.#raw.listBytes(network, author)
  }

  /** The one known longest of those of whom nothing is kept, whose word was not taken away. @returns his key */
  removeSilentAuthor(network: Uint8Array, invitation?: Uint8Array): Uint8Array | undefined {
    const key = this.#raw.removeSilentAuthor(network, invitation)
    // Another may get his number.
    if (key !== undefined) this.#numbers.clear()
    return key
  }

  #findNumber(network: Uint8Array, author: Uint8Array): number | undefined {
    const key = `${latin1(network)}${latin1(author)}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#authorNumber.find(network, author)?.number
    if (number !== undefined) this.#numbers.set(key, number)
    return number
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function placeOf(row: PlaceRow): EventPlace {
  return { id: row.id, kind: row.kind, tsMs: row.stated_at_ms }
}
