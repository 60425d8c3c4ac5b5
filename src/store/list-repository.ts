/** The operator's own lists: what may never be blocked, and what he blocks himself. One instance per list. */
import type { Connection, PreparedStatement } from './connection.ts'

export type ListName = 'allowlist' | 'blocklist'

/** Far above what a person keeps; a larger set belongs into a feed. */
export const LIST_ENTRIES_MAX = 1_000_000

const COLUMNS = 'prefix, note, added_by, created_at_ms, until_at_ms'

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
  readonly #find: PreparedStatement<[ListName, string], ListRow>
  readonly #put: PreparedStatement<[ListName, string, string, string, number, number | null]>
  readonly #remove: PreparedStatement<[ListName, string]>
  readonly #removeEnded: PreparedStatement<[ListName, number]>

  constructor(db: Connection, list: ListName) {
    this.#list = list
    this.#all = db.prepare(
      `SELECT ${COLUMNS} FROM list_entry WHERE list = ?
       ORDER BY created_at_ms, prefix LIMIT ${LIST_ENTRIES_MAX}`
    )
    this.#find = db.prepare(`SELECT ${COLUMNS} FROM list_entry WHERE list = ? AND prefix = ?`)
    this.#put = db.prepare(`INSERT INTO list_entry (list, ${COLUMNS})
        VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (list, prefix) DO UPDATE SET note = excluded.note, added_by = excluded.added_by,
        created_at_ms = excluded.created_at_ms, until_at_ms = excluded.until_at_ms`)
    this.#remove = db.prepare('DELETE FROM list_entry WHERE list = ? AND prefix = ?')
    this.#removeEnded = db.prepare('DELETE FROM list_entry WHERE list = ? AND until_at_ms <= ?')
  }

  /** Oldest first. Entries whose time is over are among them: whether they still count is the reader's rule. */
  all(): readonly ListEntryRecord[] {
    return this.#all.all(this.#list).map(entryOf)
  }

  find(prefix: string): ListEntryRecord | undefined {
    const row = this.#find.find(this.#list, prefix)
    return row === undefined ? undefined : entryOf(row)
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

  /** Removes what ended at this time or before. */
  removeEnded(atMs: number): void {
    this.#removeEnded.run(this.#list, atMs)
  }
}

function entryOf(row: ListRow): ListEntryRecord {
  return {
    prefix: row.prefix,
    note: row.note,
    addedBy: row.added_by,
    createdAtMs: row.created_at_ms,
    untilMs: row.until_at_ms ?? undefined
  }
}
