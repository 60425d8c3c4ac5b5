/** Rows of features: appended in batches, read in pages, and gone after their time or when there is no room for all. */
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit } from './cursor.ts'

export type FeatureLevel = 'benign' | 'watch' | 'throttle' | 'ban'

export interface FeatureRecord {
  readonly atMs: number
  /** 4 and the address of IPv4, or 6 and the first 64 bits of IPv6. */
  readonly source: Uint8Array
  readonly requests: number
  readonly featureSetVersion: number
  readonly level: FeatureLevel
  /** Undefined: no model judged. */
  readonly score: number | undefined
  readonly packed: Uint8Array
}

export interface StoredFeatureRecord extends FeatureRecord {
  readonly sequence: number
}

export interface FeatureTotals {
  readonly rows: number
  /** Estimated, with what the database needs for a row and its indexes. */
  readonly bytes: number
}

interface FeatureTableRow {
  readonly sequence: number
  readonly at_ms: number
  readonly source: Uint8Array
  readonly requests: number
  readonly feature_set_version: number
  readonly level: FeatureLevel
  readonly score: number | null
  readonly packed: Uint8Array
}

type InsertBindings = [number, Uint8Array, number, number, FeatureLevel, number | null, Uint8Array]

/** Row and two indexes, without the packed values: measured over 100 000 rows. */
const ROW_OVERHEAD_BYTES = 86
/** So long a transaction does not hold up the event loop. */
const REMOVE_BATCH = 500

export class FeatureRepository {
  readonly #db: Connection
  readonly #insert: PreparedStatement<InsertBindings>
  readonly #page: PreparedStatement<[number, number, number, number], FeatureTableRow>
  readonly #last: PreparedStatement<[], { readonly sequence: number }>
  readonly #totals: PreparedStatement<
    [],
    { readonly row_count: number; readonly byte_count: number }
  >
  readonly #removeOld: PreparedStatement<[number, number]>
  readonly #removeOldest: PreparedStatement<[number]>
  readonly #mark: PreparedStatement<[Uint8Array, Uint8Array, number, number, number]>

  constructor(db: Connection) {
    this.#db = db
    this.#insert = db.prepare(`INSERT INTO feature_row
      (at_ms, source, requests, feature_set_version, level, score, packed) VALUES (?, ?, ?, ?, ?, ?, ?)`)
    this.#page = db.prepare(`SELECT sequence, at_ms, source, requests, feature_set_version, level,
      score, packed FROM feature_row
      WHERE sequence > ? AND at_ms >= ? AND feature_set_version = ? ORDER BY sequence LIMIT ?`)
    this.#last = db.prepare('SELECT max(sequence) AS sequence FROM feature_row')
    this.#totals = db.prepare('SELECT row_count, byte_count FROM feature_total')
    const oldest = `SELECT sequence FROM feature_row`
    this.#removeOld = db.prepare(`DELETE FROM feature_row WHERE sequence IN (
      ${oldest} WHERE is_labelled = 0 AND at_ms < ?
      UNION ALL ${oldest} WHERE is_labelled = 1 AND at_ms < ? LIMIT ${REMOVE_BATCH})`)
    this.#removeOldest = db.prepare(`DELETE FROM feature_row WHERE sequence IN (
      ${oldest} ORDER BY is_labelled, at_ms LIMIT ?)`)
    this.#mark = db.prepare(`UPDATE feature_row SET is_labelled = 1 WHERE sequence IN (
      ${oldest} WHERE source BETWEEN ? AND ? AND at_ms BETWEEN ? AND ? AND is_labelled = 0 LIMIT ?)`)
  }

  /** All of them or none. A loss of power may take the last ones: they are no record of anything. */
  append(rows: readonly FeatureRecord[]): void {
    this.#db.transaction.run(() => {
      for (const row of rows) {
        const { atMs, source, requests, featureSetVersion, level, score, packed } = row
        this.#insert.run(
          ...([atMs, source, requests, featureSetVersion, level] as const),
          ...([score ?? null, packed] as const)
        )
      }
    }, 'process')
  }

  /** By sequence, above `after`. @param query.limit 1–1000 */
  page(query: {
    readonly after: number
    readonly sinceMs: number
    readonly featureSetVersion: number
    readonly limit: number
  }): readonly StoredFeatureRecord[] {
    const { after, sinceMs, featureSetVersion, limit } = query
    return this.#page
      .all(after, sinceMs, featureSetVersion, clampPageLimit(limit))
      .map(({ at_ms, feature_set_version, score, ...row }) => ({
        ...row,
        atMs: at_ms,
        featureSetVersion: feature_set_version,
        score: score ?? undefined
      }))
  }

  /** 0: there is none. */
  lastSequence(): number {
    return this.#last.find()?.sequence ?? 0
  }

  totals(): FeatureTotals {
    const { row_count: rows, byte_count: bytes } = this.#totals.find() ?? {
      row_count: 0,
      byte_count: 0
    }
    return { rows, bytes: bytes + rows * ROW_OVERHEAD_BYTES }
  }

  /** A batch of the rows before this time. @returns how many; 0: none is left */
  prune(beforeMs: number): number {
    return this.#db.transaction.run(() => this.#removeOld.run(beforeMs, beforeMs), 'process')
  }

  /** A batch of what is more than there is room for, the oldest first, labelled ones last. @returns how many; 0: it fits */
  trim(most: FeatureTotals): number {
    const { rows, bytes } = this.totals()
    if (rows <= most.rows && bytes <= most.bytes) return 0
    const bytesARow = Math.max(1, bytes / Math.max(1, rows))
    const extra = Math.max(rows - most.rows, Math.ceil((bytes - most.bytes) / bytesARow), 1)
    return this.#db.transaction.run(
      () => this.#removeOldest.run(Math.min(extra, REMOVE_BATCH)),
      'process'
    )
  }

  /** Marks a batch of the rows that a label covers: they go last. @returns how many; 0: none is left */
  markLabelled(range: {
    readonly first: Uint8Array
    readonly last: Uint8Array
    readonly fromMs: number
    readonly toMs: number
  }): number {
    const { first, last, fromMs, toMs } = range
    return this.#mark.run(first, last, fromMs, toMs, REMOVE_BATCH)
  }
}
