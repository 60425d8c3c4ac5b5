/** Labels: what was said of sources, by whom, about which time. Their sources are ranges, so that rows can be found by them. */
import { assert, getPrefix, type PrefixText, sourceRangeOf } from '../base/index.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit, decodeCursor, encodeCursor, type StorePage } from './cursor.ts'
import type { FeatureRepository } from './feature-repository.ts'
import { findUuidBytes, uuidText } from './uuid.ts'

export type LabelRecordSource = 'operator' | 'import' | 'verdict' | 'lifted-decision' | 'rule'

export interface LabelRecord {
  readonly id: string
  readonly prefix: PrefixText
  readonly label: 'abuse' | 'benign'
  readonly class: string | undefined
  readonly campaign: string
  readonly fromMs: number
  readonly toMs: number
  readonly source: LabelRecordSource
  readonly weight: number
  readonly origin: string
  readonly note: string
  readonly saidBy: string
  readonly saidAtMs: number
}

export interface LabelFilter {
  /** Those about it, about what holds it, and about parts of it. */
  readonly prefix?: PrefixText | undefined
  readonly label?: LabelRecord['label'] | undefined
  readonly source?: LabelRecordSource | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

interface LabelRow {
  readonly sequence: number
  readonly id: Uint8Array
  readonly prefix: string
  readonly first_source: Uint8Array
  readonly last_source: Uint8Array
  readonly label: LabelRecord['label']
  readonly class: string | null
  readonly campaign: string
  readonly from_at_ms: number
  readonly to_at_ms: number
  readonly source: LabelRecordSource
  readonly weight: number
  readonly origin: string
  readonly note: string
  readonly said_by: string
  readonly said_at_ms: number
  readonly marked_at_ms: number
}

type Named = readonly [Readonly<Record<string, string | number | Uint8Array | null>>]

const CURSOR_PATTERN = /^(\d{1,16})$/
const TOUCHING_MAX = 100
/** So long a transaction does not hold up the event loop. */
const BATCH = 500
/** Lengths of the prefixes that a label can have. */
const WIDEST = { ipv4: 24, ipv6: 48 }
const NARROWEST = { ipv4: 32, ipv6: 64 }
/** All its rows are marked. */
const MARKED_MS = Number.MAX_SAFE_INTEGER
/** A row is stored a moment after the time that it is about. */
const ROWS_LATE_MS = 60_000

/** Labels of the prefix, of what holds it, and of parts of it. */
const TOUCHING = `sequence IN (
  SELECT sequence FROM label WHERE prefix IN (SELECT value FROM json_each(:containing))
  UNION SELECT sequence FROM label WHERE first_source BETWEEN :first AND :last)`

export class LabelRepository {
  readonly #db: Connection
  readonly #features: Pick<FeatureRepository, 'markLabelled'>
  readonly #insert: PreparedStatement<Named>
  readonly #update: PreparedStatement<Named>
  readonly #remove: PreparedStatement<[Uint8Array], { readonly source: LabelRecordSource }>
  readonly #find: PreparedStatement<[Uint8Array], LabelRow>
  readonly #page: PreparedStatement<Named, LabelRow>
  readonly #pageTouching: PreparedStatement<Named, LabelRow>
  readonly #touching: PreparedStatement<Named, LabelRow>
  readonly #removeOldest: PreparedStatement<[string]>
  readonly #removeOld: PreparedStatement<[number, number]>
  readonly #unmarked: PreparedStatement<[number, number], LabelRow>
  readonly #setMarked: PreparedStatement<[number, number]>
  readonly #countAll: PreparedStatement<
    [],
    { readonly source: LabelRecordSource; readonly count: number }
  >
  /** By source; undefined: to be counted anew. */
  #counts: Map<LabelRecordSource, number> | undefined

  constructor(db: Connection, features: Pick<FeatureRepository, 'markLabelled'>) {
    this.#db = db
    this.#features = features
    this.#insert =
      db.prepare(`INSERT INTO label (id, prefix, first_source, last_source, label, class,
      campaign, from_at_ms, to_at_ms, source, weight, origin, note, said_by, said_at_ms, marked_at_ms)
      VALUES (:id, :prefix, :first, :last, :label, :class, :campaign, :fromMs, :toMs, :source,
      :weight, :origin, :note, :saidBy, :saidAtMs, :fromMs - 1)`)
    this.#update = db.prepare(`UPDATE label SET from_at_ms = :fromMs, to_at_ms = :toMs,
      weight = :weight, note = :note, said_at_ms = :saidAtMs, marked_at_ms = :fromMs - 1 WHERE id = :id`)
    this.#remove = db.prepare('DELETE FROM label WHERE id = ? RETURNING source')
    this.#find = db.prepare('SELECT * FROM label WHERE id = ?')
    const page = (more: string) => `SELECT * FROM label WHERE sequence < :before ${more}
      AND (:label IS NULL OR label = :label) AND (:source IS NULL OR source = :source)
      AND said_at_ms >= :sinceMs ORDER BY sequence DESC LIMIT :limit`
    this.#page = db.prepare(page(''))
    this.#pageTouching = db.prepare(page(`AND ${TOUCHING}`))
    this.#touching = db.prepare(`SELECT * FROM label WHERE ${TOUCHING}
      AND from_at_ms <= :toMs AND to_at_ms >= :fromMs
      ORDER BY said_at_ms DESC, sequence DESC LIMIT ${TOUCHING_MAX}`)
    this.#removeOldest = db.prepare(`DELETE FROM label WHERE sequence = (
      SELECT sequence FROM label WHERE source = ? ORDER BY said_at_ms LIMIT 1)`)
    this.#removeOld = db.prepare(`DELETE FROM label WHERE sequence IN (
      SELECT sequence FROM label WHERE said_at_ms < ? AND to_at_ms < ? LIMIT ${BATCH})`)
    this.#unmarked = db.prepare(
      'SELECT * FROM label WHERE marked_at_ms < ? ORDER BY marked_at_ms LIMIT ?'
    )
    this.#setMarked = db.prepare('UPDATE label SET marked_at_ms = ? WHERE sequence = ?')
    this.#countAll = db.prepare('SELECT source, count(*) AS count FROM label GROUP BY source')
    db.transaction.onRollback(() => {
      this.#counts = undefined
    })
  }

  /** @throws {ROW_REFUSED} if there is a label of this id */
  insert(label: LabelRecord): void {
    const { class: kind, id, ...fields } = label
    const range = sourceRangeOf(label.prefix)
    this.#insert.run({ ...fields, ...range, class: kind ?? null, id: uuidBytesOf(id) })
    this.#addToCount(label.source, 1)
  }

  /** Overwrites span, weight, note and time of the label with this id. */
  update({ id, fromMs, toMs, weight, note, saidAtMs }: LabelRecord): void {
    this.#update.run({ id: uuidBytesOf(id), fromMs, toMs, weight, note, saidAtMs })
  }

  /** @returns false if there is none. Rows that only it spoke of still go last. */
  remove(id: string): boolean {
    const bytes = findUuidBytes(id)
    const removed = bytes === undefined ? undefined : this.#remove.find(bytes)
    if (removed !== undefined) this.#addToCount(removed.source, -1)
    return removed !== undefined
  }

  find(id: string): LabelRecord | undefined {
    const bytes = findUuidBytes(id)
    const row = bytes === undefined ? undefined : this.#find.find(bytes)
    return row === undefined ? undefined : labelOf(row)
  }

  /** Newest first. @throws {CURSOR_INVALID} */
  list(query: LabelFilter): StorePage<LabelRecord> {
    const limit = clampPageLimit(query.limit)
    const [before] = query.cursor === undefined ? [] : decodeCursor(query.cursor, CURSOR_PATTERN)
    const bindings = {
      before: before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
      label: query.label ?? null,
      source: query.source ?? null,
      sinceMs: query.sinceMs ?? Number.MIN_SAFE_INTEGER,
      limit: limit + 1
    }
    const rows =
      query.prefix === undefined
        ? this.#page.all(bindings)
        : this.#pageTouching.all({ ...bindings, ...touchingOf(query.prefix) })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const hasMore = rows.length > limit && last !== undefined
    return {
      items: items.map(labelOf),
      nextCursor: hasMore ? encodeCursor([last.sequence]) : undefined
    }
  }

  /** Of this prefix, of what holds it and of its parts, within the span; said last first, at most 100. */
  touching(span: {
    readonly prefix: PrefixText
    readonly fromMs: number
    readonly toMs: number
  }): readonly LabelRecord[] {
    const { prefix, fromMs, toMs } = span
    return this.#touching.all({ ...touchingOf(prefix), fromMs, toMs }).map(labelOf)
  }

  count(source?: LabelRecordSource): number {
    this.#counts ??= new Map(this.#countAll.all().map((row) => [row.source, row.count]))
    if (source !== undefined) return this.#counts.get(source) ?? 0
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Deletes the one of this source that was said first. @returns false if there is none */
  removeOldest(source: LabelRecordSource): boolean {
    const isRemoved = this.#removeOldest.run(source) > 0
    if (isRemoved) this.#addToCount(source, -1)
    return isRemoved
  }

  /** A batch of what was said before this time, about times before it. @returns how many; 0: none is left */
  prune(beforeMs: number): number {
    const count = this.#removeOld.run(beforeMs, beforeMs)
    if (count > 0) this.#counts = undefined
    return count
  }

  /** Marks rows that labels speak of, a batch of both. @returns how many labels were looked at; 0: all is marked */
  markRows(nowMs: number): number {
    const untilMs = nowMs - ROWS_LATE_MS
    return this.#db.transaction.run(() => {
      const labels = this.#unmarked.all(untilMs, BATCH)
      let left = BATCH
      for (const { sequence, ...label } of labels) {
        const toMs = Math.min(label.to_at_ms, untilMs)
        const range = { first: label.first_source, last: label.last_source }
        const span = { fromMs: label.from_at_ms, toMs }
        const count = this.#features.markLabelled({ ...range, ...span })
        left -= count
        const isOver = label.to_at_ms <= untilMs
        // A full batch may not be all of it.
        if (count < BATCH) this.#setMarked.run(isOver ? MARKED_MS : untilMs, sequence)
        if (left <= 0) break
      }
      return labels.length
    }, 'process')
  }

  #addToCount(source: LabelRecordSource, amount: number): void {
    if (this.#counts === undefined) return
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + amount)
  }
}

function touchingOf(text: PrefixText) {
  return { containing: JSON.stringify(containing(text)), ...sourceRangeOf(text) }
}

function containing(text: PrefixText): readonly PrefixText[] {
  const { bits, length } = getPrefix(text)
  const family = bits.kind()
  const texts: PrefixText[] = []
  for (let width = WIDEST[family]; width <= Math.min(length, NARROWEST[family]); width++) {
    texts.push(getPrefix(`${bits.toString()}/${width}`).text)
  }
  return texts
}

function uuidBytesOf(id: string): Buffer {
  const bytes = findUuidBytes(id)
  assert(bytes !== undefined, 'expected a UUID as the id of a label, got another text', { id })
  return bytes
}

function labelOf(row: LabelRow): LabelRecord {
  return {
    id: uuidText(row.id),
    prefix: row.prefix,
    label: row.label,
    class: row.class ?? undefined,
    campaign: row.campaign,
    fromMs: row.from_at_ms,
    toMs: row.to_at_ms,
    source: row.source,
    weight: row.weight,
    origin: row.origin,
    note: row.note,
    saidBy: row.said_by,
    saidAtMs: row.said_at_ms
  }
}
