/** Rows of events, written and thinned out. */
import type { Connection, PreparedStatement } from './connection.ts'
import type { EventRecord, EventVia } from './event-row.ts'

/** So long a step does not hold up the event loop. */
const REMOVE_BATCH = 2_000

type InsertBindings = [
  Uint8Array,
  number,
  bigint,
  string,
  number,
  number,
  number,
  EventVia,
  number,
  Uint8Array | null,
  Uint8Array
]

export class RawEvents {
  readonly #insert: PreparedStatement<InsertBindings>
  readonly #authorsEnded: PreparedStatement<[Uint8Array, number], { readonly key: Uint8Array }>
  readonly #removeEnded: PreparedStatement<[Uint8Array, number]>
  readonly #authorsProven: PreparedStatement<[Uint8Array, number], { readonly author: Uint8Array }>
  readonly #removeProven: PreparedStatement<[Uint8Array, number]>

  constructor(db: Connection) {
    this.#insert =
      db.prepare(`INSERT INTO event (id, author, seq, kind, stated_at_ms, expires_at_ms, received_at_ms, via, accused,
      target, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#authorsEnded = db.prepare(`SELECT DISTINCT a.key
      FROM event AS e JOIN author AS a ON a.number = e.author
      WHERE a.network = ? AND e.expires_at_ms < ? LIMIT 100000`)
    this.#removeEnded = db.prepare(`DELETE FROM event WHERE number IN (
      SELECT e.number FROM event AS e JOIN author AS a ON a.number = e.author
      WHERE a.network = ? AND e.expires_at_ms < ? ORDER BY e.expires_at_ms LIMIT ${REMOVE_BATCH})`)
    this.#authorsProven = db.prepare(`SELECT DISTINCT author FROM equivocation
      WHERE network = ? AND detected_at_ms < ? LIMIT 100000`)
    this.#removeProven = db.prepare(
      'DELETE FROM equivocation WHERE network = ? AND detected_at_ms < ?'
    )
  }

  insert(author: number, event: EventRecord): void {
    this.#insert.run(
      event.id,
      author,
      event.seq,
      event.kind,
      event.tsMs,
      event.expMs,
      event.receivedAtMs,
      event.via,
      event.accused,
      event.target ?? null,
      event.envelope
    )
  }

  authorsEndedBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[] {
    return this.#authorsEnded.all(network, beforeMs).map(({ key }) => key)
  }

  authorsProvenBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[] {
    return this.#authorsProven.all(network, beforeMs).map(({ author }) => author)
  }

  removeProvenBefore(network: Uint8Array, beforeMs: number): void {
    this.#removeProven.run(network, beforeMs)
  }

  /** At most 2 000 at once. */
  removeEndedBefore(network: Uint8Array, beforeMs: number): number {
    return this.#removeEnded.run(network, beforeMs)
  }
}
