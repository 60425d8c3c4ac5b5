/** The operator's list as others know it, by network. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface PublishedListRecord {
  readonly version: number
  readonly entries: readonly string[]
  /** Since when every entry has been said anew. Undefined: not since the network was joined. */
  readonly statedAtMs: number | undefined
}

interface PublishedListRow {
  readonly version: number
  readonly entries: string
  readonly stated_at_ms: number | null
}

export class PublishedListRepository {
  readonly #find: PreparedStatement<[Uint8Array], PublishedListRow>
  readonly #save: PreparedStatement<[Uint8Array, number, string, number | null]>

  constructor(db: Connection) {
    this.#find = db.prepare(
      'SELECT version, entries, stated_at_ms FROM published_list WHERE network = ?'
    )
    this.#save =
      db.prepare(`INSERT INTO published_list (network, version, entries, stated_at_ms) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version, entries = excluded.entries,
        stated_at_ms = excluded.stated_at_ms`)
  }

  /** @param network 32 hexadecimal digits */
  find(network: string): PublishedListRecord | undefined {
    const row = this.#find.find(bytesOf(network))
    if (row === undefined) return undefined
    // Written by `save`.
    const entries = JSON.parse(row.entries) as readonly string[]
    return { version: row.version, entries, statedAtMs: row.stated_at_ms ?? undefined }
  }

  save(network: string, { version, entries, statedAtMs }: PublishedListRecord): void {
    this.#save.run(bytesOf(network), version, JSON.stringify(entries), statedAtMs ?? null)
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
