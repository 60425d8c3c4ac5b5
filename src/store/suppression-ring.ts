/** Verdicts that a rule of precedence held back: the newest ones, for the operator's eyes. The oldest make room. */
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit } from './cursor.ts'

export const SUPPRESSIONS_KEPT = 100_000

export interface SuppressionRecord<
  Wanted extends string = string,
  Category extends string = string
> {
  readonly atMs: number
  readonly value: string
  readonly wanted: Wanted
  readonly category: Category
  readonly protectedBy: string
  readonly detail: string
}

interface SuppressionRow {
  readonly at_ms: number
  readonly value: string
  readonly wanted: string
  readonly category: string
  readonly protected_by: string
  readonly detail: string
}

export class SuppressionRing<Wanted extends string = string, Category extends string = string> {
  readonly #db: Connection
  readonly #insert: PreparedStatement<[number, string, string, string, string, string]>
  readonly #makeRoom: PreparedStatement<[number]>
  readonly #prune: PreparedStatement<[number, number]>
  readonly #listed: PreparedStatement<[number, number], SuppressionRow>
  readonly #kept: number

  /** @param kept how many are kept; the default is that of the program */
  constructor(db: Connection, kept: number = SUPPRESSIONS_KEPT) {
    this.#db = db
    this.#kept = kept
    this.#insert = db.prepare(
      'INSERT INTO suppression (at_ms, value, wanted, category, protected_by, detail) VALUES (?, ?, ?, ?, ?, ?)'
    )
    this.#makeRoom = db.prepare(
      'DELETE FROM suppression WHERE sequence <= (SELECT max(sequence) FROM suppression) - ?'
    )
    this.#prune = db.prepare(
      'DELETE FROM suppression WHERE sequence IN (SELECT sequence FROM suppression WHERE at_ms < ? ORDER BY at_ms LIMIT ?)'
    )
    this.#listed = db.prepare(
      'SELECT at_ms, value, wanted, category, protected_by, detail FROM suppression WHERE at_ms >= ? ORDER BY at_ms DESC, sequence DESC LIMIT ?'
    )
  }

  insert(suppression: SuppressionRecord<Wanted, Category>): void {
    const { atMs, value, wanted, category, protectedBy, detail } = suppression
    this.#db.transaction.run(() => {
      this.#insert.run(atMs, value, wanted, category, protectedBy, detail)
      this.#makeRoom.run(this.#kept)
    })
  }

  /** @returns how many went, at most `batchSize`: the oldest of those from before this time */
  prune(beforeMs: number, batchSize: number): number {
    return this.#db.transaction.run(() => this.#prune.run(beforeMs, batchSize))
  }

  /** Newest first, at most 1 000. */
  list(query: {
    readonly sinceMs: number
    readonly limit: number
  }): readonly SuppressionRecord<Wanted, Category>[] {
    return this.#listed.all(query.sinceMs, clampPageLimit(query.limit)).map((row) => ({
      atMs: row.at_ms,
      value: row.value,
      wanted: row.wanted as Wanted,
      category: row.category as Category,
      protectedBy: row.protected_by,
      detail: row.detail
    }))
  }
}
