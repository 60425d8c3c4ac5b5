/** The operator's list as others know it, by network. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface PublishedListRecord {
  readonly version: number
  readonly entries: readonly string[]
  /** Since when every entry has been said anew. Undefined: not since the network was joined. */
  readonly statedAtMs: number | undefined
  /** A publication that was begun and is not finished. */
  readonly unfinished:
    | { readonly startedAtMs: number; readonly isAsked: boolean; readonly restated: number }
    | undefined
}

interface PublishedListRow {
  readonly version: number
  readonly entries: string
  readonly stated_at_ms: number | null
  readonly started_at_ms: number | null
  readonly is_asked: number
  readonly restated: number
}

type Fields = [Uint8Array, number, string, number | null, number | null, number, number]

export class PublishedListRepository {
  readonly #find: PreparedStatement<[Uint8Array], PublishedListRow>
  readonly #save: PreparedStatement<Fields>

  constructor(db: Connection) {
    this.#find = db.prepare(
      `SELECT version, entries, stated_at_ms, started_at_ms, is_asked, restated
      FROM published_list WHERE network = ?`
    )
    this.#save = db.prepare(`INSERT INTO published_list
        (network, version, entries, stated_at_ms, started_at_ms, is_asked, restated)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version, entries = excluded.entries,
        stated_at_ms = excluded.stated_at_ms, started_at_ms = excluded.started_at_ms,
        is_asked = excluded.is_asked, restated = excluded.restated`)
  }

  /** @param network 32 hexadecimal digits */
  find(network: string): PublishedListRecord | undefined {
    const row = this.#find.find(bytesOf(network))
    if (row === undefined) return undefined
    const { version, restated, started_at_ms: startedAtMs } = row
    // Written by `save`.
    const entries = JSON.parse(row.entries) as readonly string[]
    const unfinished =
      startedAtMs === null ? undefined : { startedAtMs, isAsked: row.is_asked === 1, restated }
    return { version, entries, statedAtMs: row.stated_at_ms ?? undefined, unfinished }
  }

  save(network: string, { version, entries, statedAtMs, unfinished }: PublishedListRecord): void {
    const { startedAtMs = null, isAsked = false, restated = 0 } = unfinished ?? {}
    const text = JSON.stringify(entries)
    const fields: Fields = [
      ...([bytesOf(network), version, text, statedAtMs ?? null] as const),
      ...([startedAtMs, isAsked ? 1 : 0, restated] as const)
    ]
    this.#save.run(...fields)
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
