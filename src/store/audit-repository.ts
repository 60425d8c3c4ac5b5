/**
 * The audit: who did what to what, before, after and why. Entries are only ever appended, each hashed over the one before, and
 * the end of the chain is recorded outside the database. Nothing here is ever pruned: it is the record of what people and the
 * node did, and an operator who must shorten it archives the whole database.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/index.ts'
import {
  AuditChecker,
  type AuditTail,
  type AuditVerification,
  DISCONTINUITY_ACTION,
  EMPTY_TAIL,
  findHeadFault
} from './audit-check.ts'
import {
  type AuditHead,
  type AuditHeadReading,
  readAuditHead,
  writeAuditHead
} from './audit-head.ts'
import {
  type AuditRecord,
  type AuditRow,
  auditRecordOf,
  boundedJson,
  boundedText,
  hashAuditRow,
  type UnhashedAuditRow
} from './audit-row.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit, decodeCursor, encodeCursor, type StorePage } from './cursor.ts'

/** About 2 ms of reading and hashing between two turns of the event loop. */
const VERIFY_BATCH = 500
const CURSOR_PATTERN = /^(\d{1,16})$/
const COLUMNS =
  'sequence, batch, at_ms, actor, action, target, before, after, reason, previous_hash, hash'

export interface AuditInput {
  readonly actor: string
  readonly action: string
  readonly target: string
  /** JSON-serialisable; of more than 64 KiB only size and hash are kept. */
  readonly before: unknown
  readonly after: unknown
  readonly reason: string
}

export interface AuditFilter {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

export interface AuditRepositoryOptions {
  /** Beside the database: `storePaths(dataDir).auditHead`. */
  readonly headFile: string
  /**
   * Called when an entry was committed and the head could not be written after it. The next append tries again and fails if it
   * still cannot, so at most one transaction is ever without a head.
   */
  readonly onHeadFailure?: (error: unknown) => void
}

interface AuditPageBindings {
  readonly [name: string]: string | number | null
}

export class AuditRepository {
  readonly #db: Connection
  readonly #clock: Clock
  readonly #options: AuditRepositoryOptions
  readonly #insert: PreparedStatement<
    [Readonly<Record<string, string | number | Uint8Array | null>>]
  >
  readonly #tail: PreparedStatement<[], AuditTail>
  readonly #at: PreparedStatement<[number], AuditTail>
  readonly #page: PreparedStatement<[AuditPageBindings], AuditRow>
  readonly #after: PreparedStatement<[number, number], AuditRow>
  readonly #firstAbout: PreparedStatement<[string, string], AuditRow>
  /** What is on disk; undefined until the first append has looked. */
  #head: AuditHead | undefined
  /** Sequence of the first entry of the transaction in progress, or of one that was rolled back. */
  #batch: number | undefined

  constructor(db: Connection, clock: Clock, options: AuditRepositoryOptions) {
    this.#db = db
    this.#clock = clock
    this.#options = options
    this.#insert =
      db.prepare(`INSERT INTO audit_entry (${COLUMNS}) VALUES (:sequence, :batch, :at_ms, :actor, :action,
      :target, :before, :after, :reason, :previous_hash, :hash)`)
    this.#tail = db.prepare(
      'SELECT sequence, batch, hash FROM audit_entry ORDER BY sequence DESC LIMIT 1'
    )
    this.#at = db.prepare('SELECT sequence, batch, hash FROM audit_entry WHERE sequence = ?')
    this.#page = db.prepare(`SELECT ${COLUMNS} FROM audit_entry
      WHERE sequence < :before AND at_ms >= :sinceMs
        AND (:actor IS NULL OR actor = :actor)
        AND (:action IS NULL OR action = :action)
        AND (:target IS NULL OR target = :target)
      ORDER BY sequence DESC LIMIT :limit`)
    this.#after = db.prepare(
      `SELECT ${COLUMNS} FROM audit_entry WHERE sequence > ? ORDER BY sequence LIMIT ?`
    )
    this.#firstAbout =
      db.prepare(`SELECT ${COLUMNS} FROM audit_entry INDEXED BY audit_entry_by_target
      WHERE target = ? AND action = ? ORDER BY sequence LIMIT 1`)
  }

  /** The oldest entry with this action about a target. */
  findFirst(target: string, action: string): AuditRecord | undefined {
    const row = this.#firstAbout.find(target, action)
    return row === undefined ? undefined : auditRecordOf(row)
  }

  /**
   * Adds an entry, in the transaction in progress or in one of its own.
   *
   * @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED}
   */
  append(entry: AuditInput): void {
    this.#db.transaction.run(() => {
      const tail = this.#tail.find() ?? EMPTY_TAIL
      // A batch beyond the end of the chain is one that was rolled back, wholly or to a savepoint before its first entry.
      if (this.#batch === undefined || this.#batch > tail.sequence) this.#begin(tail)
      this.#write(entry)
    })
  }

  /** Newest first. @throws {CURSOR_INVALID} */
  list(query: AuditFilter): StorePage<AuditRecord> {
    const limit = clampPageLimit(query.limit)
    const [before] = query.cursor === undefined ? [] : decodeCursor(query.cursor, CURSOR_PATTERN)
    const rows = this.#page.all({
      before: before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
      sinceMs: query.sinceMs ?? Number.MIN_SAFE_INTEGER,
      actor: query.actor ?? null,
      action: query.action ?? null,
      target: query.target ?? null,
      limit: limit + 1
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const hasMore = rows.length > limit && last !== undefined
    return {
      items: items.map(auditRecordOf),
      nextCursor: hasMore ? encodeCursor([last.sequence]) : undefined
    }
  }

  /** Reads the whole audit and names what was changed, removed, reordered or cut off. Lets others run in between. */
  async verify(): Promise<AuditVerification> {
    const checker = new AuditChecker()
    let sequence = 0
    for (;;) {
      const rows = this.#after.all(sequence, VERIFY_BATCH)
      for (const row of rows) checker.add(row)
      sequence = rows.at(-1)?.sequence ?? sequence
      // The last page and the head are read in one turn, so no entry can come between them.
      if (rows.length < VERIFY_BATCH) break
      await nextTurn()
    }
    const reading = readAuditHead(this.#options.headFile)
    return checker.finish(reading, this.#rowAtHead(reading))
  }

  /** First entry of a transaction: settles where the chain ends before it goes on. */
  #begin(tail: AuditTail): void {
    const reading: AuditHeadReading =
      this.#head === undefined
        ? readAuditHead(this.#options.headFile)
        : { kind: 'present', head: this.#head }
    const fault = findHeadFault(reading, this.#rowAtHead(reading), tail)
    const head = headOf(tail)
    const isWritten =
      reading.kind === 'present' &&
      reading.head.count === head.count &&
      reading.head.hash === head.hash
    this.#batch = tail.sequence + 1
    this.#db.transaction.onceCommitted('audit head', () => this.#publishHead())
    if (fault !== undefined) {
      // Going on silently would write a new head and so hide that entries are gone.
      this.#write({
        actor: 'system',
        action: DISCONTINUITY_ACTION,
        target: 'audit',
        before: reading.kind === 'present' ? reading.head : { head: reading.kind },
        after: head,
        reason: fault.detail
      })
    } else if (!isWritten && tail.sequence > 0) {
      writeAuditHead(this.#options.headFile, head)
      this.#head = head
    }
  }

  #write(entry: AuditInput): void {
    const tail = this.#tail.find() ?? EMPTY_TAIL
    const row: UnhashedAuditRow = {
      sequence: tail.sequence + 1,
      batch: this.#batch ?? tail.sequence + 1,
      at_ms: this.#clock.nowMs(),
      actor: boundedText(entry.actor),
      action: boundedText(entry.action),
      target: boundedText(entry.target),
      before: boundedJson(entry.before),
      after: boundedJson(entry.after),
      reason: boundedText(entry.reason),
      previous_hash: tail.hash
    }
    this.#insert.run({ ...row, hash: hashAuditRow(row) })
  }

  #publishHead(): void {
    this.#batch = undefined
    const head = headOf(this.#tail.find() ?? EMPTY_TAIL)
    try {
      writeAuditHead(this.#options.headFile, head)
      this.#head = head
    } catch (error) {
      this.#options.onHeadFailure?.(error)
    }
  }

  #rowAtHead(reading: AuditHeadReading): AuditTail | undefined {
    return reading.kind === 'present' ? this.#at.find(reading.head.count) : undefined
  }
}

function headOf(tail: AuditTail): AuditHead {
  return { count: tail.sequence, hash: Buffer.from(tail.hash).toString('hex') }
}
