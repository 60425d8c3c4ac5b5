/**
 * Decisions and what they cover. Every prefix of a decision, a swarm's members included, is a row of its own, so that "what
 * stands against this address" is a look-up of the prefixes that contain it.
 */
import { assert, findPrefix, LruMap, type Prefix } from '../base/index.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit, decodeCursor, encodeCursor, type StorePage } from './cursor.ts'
import {
  DECISION_COLUMNS,
  type DecisionBindings,
  type DecisionFilter,
  type DecisionRecord,
  type DecisionRow,
  decisionBindings,
  decisionOf
} from './decision-record.ts'
import { type SuppressionRecord, SuppressionRing } from './suppression-ring.ts'
import { findUuidBytes, uuidText } from './uuid.ts'

export const ACTIVE_DECISIONS_MAX = 1_000_000
/** So long a transaction does not hold up the event loop: about 10 ms. */
const PRUNE_BATCH = 500
const DETECTED_PAGE = 1_000
const REMEMBERED_PREFIX_LISTS = 256
const CURSOR_PATTERN = /^(-?\d{1,16})\|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

type Suppressed<D extends DecisionRecord> = SuppressionRecord<D['type'], D['category']>

interface PageBindings {
  readonly [name: string]: string | number | Uint8Array | null
}

/**
 * Newest first, below the cursor. Each filter is off where its parameter is null. Columns are read for the rows of the page only,
 * not for all that are sorted.
 */
function pageSql(source: string): string {
  return `SELECT ${DECISION_COLUMNS} FROM (
    SELECT c.sequence FROM ${source} AS c
    WHERE (c.created_at_ms, c.id) < (:beforeMs, :beforeId)
      AND c.created_at_ms >= :sinceMs
      AND (:type IS NULL OR c.type = :type)
      AND (:category IS NULL OR c.category = :category)
      AND (:mode IS NULL OR c.mode = :mode)
      AND (:activeAtMs IS NULL OR (c.created_at_ms <= :activeAtMs AND c.ends_at_ms > :activeAtMs))
    ORDER BY c.created_at_ms DESC, c.id DESC LIMIT :limit
  ) AS page JOIN decision AS d ON d.sequence = page.sequence
  ORDER BY d.created_at_ms DESC, d.id DESC`
}

const BY_VALUE = `(SELECT * FROM decision WHERE sequence IN (
  SELECT sequence FROM decision WHERE value IN (:value, :canonical)
  UNION SELECT decision_sequence FROM decision_prefix
    WHERE prefix IN (SELECT containing.value FROM json_each(:containing) AS containing)))`
const BY_END = '(SELECT * FROM decision INDEXED BY decision_by_end WHERE ends_at_ms > :activeAtMs)'
/** Up to here it is quicker to sort what is in force than to walk the history for it; above, much of what is new is in force. */
const FEW_ACTIVE = 10_000

export class DecisionRepository<D extends DecisionRecord = DecisionRecord> {
  readonly #db: Connection
  readonly #ring: SuppressionRing<D['type'], D['category']>
  readonly #insert: PreparedStatement<[DecisionBindings], { readonly sequence: number }>
  readonly #update: PreparedStatement<[DecisionBindings], { readonly sequence: number }>
  readonly #insertPrefix: PreparedStatement<[number, number, string]>
  readonly #deletePrefixesFrom: PreparedStatement<[number, number]>
  readonly #byId: PreparedStatement<[Uint8Array], DecisionRow>
  readonly #page: PreparedStatement<[PageBindings], DecisionRow>
  readonly #pageByValue: PreparedStatement<[PageBindings], DecisionRow>
  readonly #pageByEnd: PreparedStatement<[PageBindings], DecisionRow>
  readonly #detected: PreparedStatement<[number, number], DecisionRow>
  readonly #active: PreparedStatement<[number], DecisionRow>
  readonly #hasManyActive: PreparedStatement<[number], { readonly isMany: 0 | 1 }>
  readonly #prune: PreparedStatement<[number, number]>
  /** What was last written for a decision: a swarm grows by one member at a time, and only that one is then written. */
  readonly #written = new LruMap<string, readonly string[]>(REMEMBERED_PREFIX_LISTS)

  constructor(db: Connection) {
    this.#db = db
    this.#ring = new SuppressionRing(db)
    this.#insert =
      db.prepare(`INSERT INTO decision (id, scope, value, type, category, origin, mode, score, reasons,
        line_hashes, model, offence, created_at_ms, until_at_ms, lifted_at_ms, lifted_by, lift_reason)
      VALUES (:id, :scope, :value, :type, :category, :origin, :mode, :score, :reasons, :lineHashes, :model, :offence,
        :createdAtMs, :untilMs, :liftedAtMs, :liftedBy, :liftReason) RETURNING sequence`)
    this.#update =
      db.prepare(`UPDATE decision SET scope = :scope, value = :value, type = :type, category = :category,
        origin = :origin, mode = :mode, score = :score, reasons = :reasons, line_hashes = :lineHashes, model = :model,
        offence = :offence, created_at_ms = :createdAtMs, until_at_ms = :untilMs, lifted_at_ms = :liftedAtMs,
        lifted_by = :liftedBy, lift_reason = :liftReason WHERE id = :id RETURNING sequence`)
    this.#insertPrefix = db.prepare(
      'INSERT INTO decision_prefix (decision_sequence, position, prefix) VALUES (?, ?, ?)'
    )
    this.#deletePrefixesFrom = db.prepare(
      'DELETE FROM decision_prefix WHERE decision_sequence = ? AND position >= ?'
    )
    this.#byId = db.prepare(`SELECT ${DECISION_COLUMNS} FROM decision AS d WHERE d.id = ?`)
    this.#page = db.prepare(pageSql('decision'))
    this.#pageByValue = db.prepare(pageSql(BY_VALUE))
    this.#pageByEnd = db.prepare(pageSql(BY_END))
    this.#active = db.prepare(
      `SELECT ${DECISION_COLUMNS} FROM decision AS d WHERE d.ends_at_ms > ? ORDER BY d.sequence LIMIT ${ACTIVE_DECISIONS_MAX}`
    )
    this.#detected = db.prepare(
      `SELECT ${DECISION_COLUMNS} FROM decision AS d INDEXED BY decision_detected_by_end
        WHERE d.ends_at_ms > ? AND d.sequence < ? AND d.origin = 'detection' AND d.type <> 'watch' ORDER BY d.sequence DESC LIMIT ${DETECTED_PAGE}`
    )
    this.#hasManyActive = db.prepare(
      `SELECT count(*) > ${FEW_ACTIVE} AS isMany FROM (SELECT 1 FROM decision WHERE ends_at_ms > ? LIMIT ${FEW_ACTIVE + 1})`
    )
    this.#prune = db.prepare(
      'DELETE FROM decision WHERE sequence IN (SELECT sequence FROM decision WHERE ends_at_ms < ? ORDER BY ends_at_ms LIMIT ?)'
    )
    db.transaction.onRollback(() => this.#written.clear())
  }

  /** @throws {ROW_REFUSED} if there is a decision of this id */
  insert(decision: D): void {
    this.#db.transaction.run(() => {
      const row = this.#insert.find(decisionBindings(uuidBytesOf(decision), decision))
      assert(row !== undefined, 'expected the new row of a decision, got none')
      this.#writePrefixes(decision, row.sequence, [])
    })
  }

  /** Overwrites the decision with the same id. */
  update(decision: D): void {
    this.#db.transaction.run(() => {
      const row = this.#update.find(decisionBindings(uuidBytesOf(decision), decision))
      assert(row !== undefined, 'expected a stored decision to overwrite, got an unknown id', {
        id: decision.id
      })
      this.#writePrefixes(decision, row.sequence, this.#written.get(decision.id))
    })
  }

  find(id: string): D | undefined {
    const bytes = findUuidBytes(id)
    const row = bytes === undefined ? undefined : this.#byId.find(bytes)
    return row === undefined ? undefined : asDecision<D>(row)
  }

  /** Newest first. @throws {CURSOR_INVALID} */
  list(query: DecisionFilter): StorePage<D> {
    const limit = clampPageLimit(query.limit)
    const bindings: PageBindings = {
      ...pageStart(query.cursor),
      sinceMs: query.sinceMs ?? Number.MIN_SAFE_INTEGER,
      type: query.type ?? null,
      category: query.category ?? null,
      mode: query.mode ?? null,
      activeAtMs: query.activeAtMs ?? null,
      limit: limit + 1
    }
    const rows = this.#pageFor(query).all(
      query.value === undefined ? bindings : { ...bindings, ...valueBindings(query.value) }
    )
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const hasMore = rows.length > limit && last !== undefined
    return {
      items: items.map((row) => asDecision<D>(row)),
      nextCursor: hasMore ? encodeCursor([last.created_at_ms, uuidText(last.id)]) : undefined
    }
  }

  /**
   * All that have not ended at `atMs`, oldest first, at most 1 000 000. A decision made at a later time counts as well: the clock
   * was set back since, and what was blocked stays so until its time is over.
   */
  active(atMs: number): readonly D[] {
    return this.#active.all(atMs).map((row) => asDecision<D>(row))
  }

  /** What was detected and restricts somebody at `atMs`, newest first, from below a sequence number on. */
  detected(query: { readonly atMs: number; readonly before?: number | undefined }): {
    readonly items: readonly D[]
    /** Undefined: there is no more. */
    readonly before: number | undefined
  } {
    const rows = this.#detected.all(query.atMs, query.before ?? Number.MAX_SAFE_INTEGER)
    return {
      items: rows.map((row) => asDecision<D>(row)),
      before: rows.length < DETECTED_PAGE ? undefined : rows.at(-1)?.sequence
    }
  }

  insertSuppression(suppression: Suppressed<D>): void {
    this.#ring.insert(suppression)
  }

  /** Newest first, at most 1 000. */
  suppressions(query: {
    readonly sinceMs: number
    readonly limit: number
  }): readonly Suppressed<D>[] {
    return this.#ring.list(query)
  }

  /**
   * Deletes a batch of the decisions that ended before this time, the longest ended first.
   *
   * @returns how many went; call again, with a pause, until it is 0
   */
  prune(endedBeforeMs: number, batchSize: number = PRUNE_BATCH): number {
    return this.#db.transaction.run(() => this.#prune.run(endedBeforeMs, batchSize))
  }

  /** The same for verdicts that were held back before this time. */
  pruneSuppressions(beforeMs: number, batchSize: number = PRUNE_BATCH): number {
    return this.#ring.prune(beforeMs, batchSize)
  }

  #pageFor(query: DecisionFilter): PreparedStatement<[PageBindings], DecisionRow> {
    if (query.value !== undefined) return this.#pageByValue
    if (query.activeAtMs === undefined) return this.#page
    return this.#hasManyActive.find(query.activeAtMs)?.isMany === 1 ? this.#page : this.#pageByEnd
  }

  /** Keeps what both lists begin with and writes the rest. */
  #writePrefixes(decision: D, sequence: number, written: readonly string[] | undefined): void {
    const { id, prefixes } = decision
    let same = 0
    while (written !== undefined && same < prefixes.length && written[same] === prefixes[same]) {
      same++
    }
    if (written === undefined || written.length > same) this.#deletePrefixesFrom.run(sequence, same)
    for (let position = same; position < prefixes.length; position++) {
      this.#insertPrefix.run(sequence, position, prefixes[position] ?? '')
    }
    this.#written.set(id, [...prefixes])
  }
}

function asDecision<D extends DecisionRecord>(row: DecisionRow): D {
  // The row holds what an earlier `insert(decision: D)` put there.
  return decisionOf(row) as D
}

function uuidBytesOf(decision: DecisionRecord): Uint8Array {
  const bytes = findUuidBytes(decision.id)
  assert(bytes !== undefined, 'expected a UUID as the id of a decision', { id: decision.id })
  return bytes
}

function pageStart(cursor: string | undefined): PageBindings {
  if (cursor === undefined) {
    return { beforeMs: Number.MAX_SAFE_INTEGER, beforeId: Buffer.alloc(16, 0xff) }
  }
  const [ms = '', uuid = ''] = decodeCursor(cursor, CURSOR_PATTERN)
  const beforeId = findUuidBytes(uuid)
  assert(beforeId !== undefined, 'expected the pattern to let only UUIDs through')
  return { beforeMs: Number(ms), beforeId }
}

function valueBindings(value: string): PageBindings {
  const prefix = findPrefix(value)
  if (prefix === undefined) return { value, canonical: value, containing: '[]' }
  const isSingle = prefix.length === widthOf(prefix)
  return {
    value,
    canonical: isSingle ? prefix.bits.toString() : prefix.text,
    containing: JSON.stringify(containingPrefixes(prefix))
  }
}

function widthOf(prefix: Prefix): number {
  return prefix.bits.kind() === 'ipv4' ? 32 : 128
}

/** The prefix itself and every shorter one around it: 33 for an IPv4 address, 129 for an IPv6 address. */
function containingPrefixes(prefix: Prefix): string[] {
  const address = prefix.bits.toString()
  return Array.from(
    { length: prefix.length + 1 },
    (_, length) => findPrefix(`${address}/${length}`)?.text ?? prefix.text
  )
}
