/** The operator's own lists: what may never be blocked, and what he blocks himself. One instance per list. */
import type { Connection, PreparedStatement } from './connection.ts'

export type ListName = 'allowlist' | 'blocklist'

/** Far above what a person keeps; a larger set belongs into a feed. */
export const LIST_ENTRIES_MAX = 1_000_000

export interface ListEntryRecord {
  readonly prefix: string
  readonly note: string
  readonly addedBy: string
  readonly createdAtMs: number
  /** Undefined: until removed. */
  readonly untilMs: number | undefined
}

interface ListRow {
  readonly prefix: string
  readonly note: string
  readonly added_by: string
  readonly created_at_ms: number
  readonly until_at_ms: number | null
}

export class ListRepository {
  readonly #list: ListName
  readonly #all: PreparedStatement<[ListName], ListRow>
  readonly #put: PreparedStatement<[ListName, string, string, string, number, number | null]>
  readonly #remove: PreparedStatement<[ListName, string]>

  constructor(db: Connection, list: ListName) {
    this.#list = list
    this.#all = db.prepare(
      `SELECT prefix, note, added_by, created_at_ms, until_at_ms FROM list_entry WHERE list = ?
       ORDER BY created_at_ms, prefix LIMIT ${LIST_ENTRIES_MAX}`
    )
    this.#put =
      db.prepare(`INSERT INTO list_entry (list, prefix, note, added_by, created_at_ms, until_at_ms)
        VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (list, prefix) DO UPDATE SET note = excluded.note, added_by = excluded.added_by,
        created_at_ms = excluded.created_at_ms, until_at_ms = excluded.until_at_ms`)
    this.#remove = db.prepare('DELETE FROM list_entry WHERE list = ? AND prefix = ?')
  }

  /** Oldest first. Entries whose time is over are among them: whether they still count is the reader's rule. */
  all(): readonly ListEntryRecord[] {
    return this.#all.all(this.#list).map((row) => ({
      prefix: row.prefix,
      note: row.note,
      addedBy: row.added_by,
      createdAtMs: row.created_at_ms,
      untilMs: row.until_at_ms ?? undefined
    }))
  }

  /** Replaces an entry with the same prefix. */
  put(entry: ListEntryRecord): void {
    const { prefix, note, addedBy, createdAtMs, untilMs } = entry
    this.#put.run(this.#list, prefix, note, addedBy, createdAtMs, untilMs ?? null)
  }

  /** False if there was none. */
  remove(prefix: string): boolean {
    return this.#remove.run(this.#list, prefix) > 0
  }
}
