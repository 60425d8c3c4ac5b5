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
  readonly #listBytes: PreparedStatement<[Uint8Array], { readonly bytes: number }>
  readonly #listBytesOf: PreparedStatement<[Uint8Array, Uint8Array], { readonly bytes: number }>
  readonly #silent: PreparedStatement<[Uint8Array], { readonly key: Uint8Array }>
  readonly #silentOf: PreparedStatement<[Uint8Array, Uint8Array], { readonly key: Uint8Array }>
  readonly #removeAuthor: PreparedStatement<[Uint8Array, Uint8Array]>

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
    const listBytes = (condition: string) => `SELECT coalesce(sum(length(e.envelope)), 0) AS bytes
      FROM event AS e JOIN author AS a ON a.number = e.author
      WHERE a.network = ? ${condition} AND e.kind = 'list-delta'`
    this.#listBytes = db.prepare(listBytes(''))
    this.#listBytesOf = db.prepare(listBytes('AND a.key = ?'))
    const silent = (condition: string) => `SELECT a.key FROM author AS a
      WHERE a.network = ? ${condition} AND NOT EXISTS (SELECT 1 FROM event AS e WHERE e.author = a.number)
      ORDER BY a.first_seen_at_ms, a.number LIMIT 1`
    this.#silent = db.prepare(silent(''))
    this.#silentOf = db.prepare(silent('AND a.invitation = ?'))
    this.#removeAuthor = db.prepare('DELETE FROM author WHERE network = ? AND key = ?')
    this.#removeProven = db.prepare(
      'DELETE FROM equivocation WHERE network = ? AND detected_at_ms < ?'
    )
  }

  listBytes(network: Uint8Array, author?: Uint8Array): number {
    const row =
      author === undefined ? this.#listBytes.find(network) : this.#listBytesOf.find(network, author)
    return row?.bytes ?? 0
  }

  removeSilentAuthor(network: Uint8Array, invitation?: Uint8Array): Uint8Array | undefined {
    const row =
      invitation === undefined
        ? this.#silent.find(network)
        : this.#silentOf.find(network, invitation)
    if (row !== undefined) this.#removeAuthor.run(network, row.key)
    return row?.key
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
