/** Trainings that were asked for, in the order in which they were; what each is to do and what came of it is JSON of its owner. */
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit, decodeCursor, encodeCursor, type StorePage } from './cursor.ts'
import { findUuidBytes, uuidText } from './uuid.ts'

export type TrainingJobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** Everything of a job that the store does not look into. */
export interface TrainingJobRow<Order, Progress> {
  readonly id: string
  readonly order: Order
  readonly state: TrainingJobState
  readonly actor: string
  readonly reason: string
  readonly createdAtMs: number
  readonly startedAtMs: number | undefined
  readonly endedAtMs: number | undefined
  readonly parent: string | undefined
  readonly attempts: number
  readonly resumes: number
  readonly progress: Progress
  readonly notes: readonly string[]
  readonly failure: { readonly code: string; readonly message: string } | undefined
  readonly report: unknown
  readonly model: string | undefined
}

interface StoredJob {
  readonly sequence: number
  readonly id: Uint8Array
  readonly job_order: string
  readonly state: TrainingJobState
  readonly actor: string
  readonly reason: string
  readonly created_at_ms: number
  readonly started_at_ms: number | null
  readonly ended_at_ms: number | null
  readonly parent: string | null
  readonly attempts: number
  readonly resumes: number
  readonly progress: string
  readonly notes: string
  readonly failure: string | null
  readonly report: string | null
  readonly model: string | null
}

type JobBindings = readonly [Readonly<Record<string, string | number | Uint8Array | null>>]

const CURSOR_PATTERN = /^(\d{1,15})$/
/** More than a queue ever holds. */
const OPEN_MAX = 1_000
const COLUMNS =
  'sequence, id, job_order, state, actor, reason, created_at_ms, started_at_ms, ended_at_ms, parent, attempts, resumes, progress, notes, failure, report, model'

export class TrainingJobRepository<Order = unknown, Progress = unknown> {
  readonly #insert: PreparedStatement<JobBindings>
  readonly #update: PreparedStatement<JobBindings>
  readonly #find: PreparedStatement<[Uint8Array], StoredJob>
  readonly #page: PreparedStatement<JobBindings, StoredJob>
  readonly #open: PreparedStatement<[], StoredJob>
  readonly #prune: PreparedStatement<[number]>

  constructor(db: Connection) {
    this.#insert = db.prepare(`INSERT INTO training_job
      (id, job_order, state, actor, reason, created_at_ms, started_at_ms, ended_at_ms, parent, attempts,
        resumes, progress, notes, failure, report, model)
      VALUES (:id, :order, :state, :actor, :reason, :createdAtMs, :startedAtMs, :endedAtMs, :parent, :attempts,
        :resumes, :progress, :notes, :failure, :report, :model)`)
    this.#update = db.prepare(`UPDATE training_job SET state = :state, started_at_ms = :startedAtMs,
      ended_at_ms = :endedAtMs, parent = :parent, attempts = :attempts, resumes = :resumes,
      progress = :progress, notes = :notes, failure = :failure, report = :report, model = :model
      WHERE id = :id`)
    this.#find = db.prepare(`SELECT ${COLUMNS} FROM training_job WHERE id = ?`)
    this.#page = db.prepare(`SELECT ${COLUMNS} FROM training_job
      WHERE sequence < :before AND (:state IS NULL OR state = :state)
      ORDER BY sequence DESC LIMIT :limit`)
    this.#open = db.prepare(`SELECT ${COLUMNS} FROM training_job
      WHERE state IN ('queued', 'running') ORDER BY sequence LIMIT ${OPEN_MAX}`)
    this.#prune = db.prepare(`DELETE FROM training_job WHERE state NOT IN ('queued', 'running')
      AND sequence <= (SELECT sequence FROM training_job ORDER BY sequence DESC LIMIT 1 OFFSET ?)`)
  }

  /** @throws {ROW_REFUSED} if it is there already */
  insert(job: TrainingJobRow<Order, Progress>): void {
    const { actor, reason, createdAtMs } = job
    const order = JSON.stringify(job.order)
    this.#insert.run({ ...changeable(job), ...{ order, actor, reason, createdAtMs } })
  }

  /** Replaces everything that changes. @returns false if there is none of this id */
  update(job: TrainingJobRow<Order, Progress>): boolean {
    return this.#update.run(changeable(job)) > 0
  }

  find(id: string): TrainingJobRow<Order, Progress> | undefined {
    const bytes = findUuidBytes(id)
    const row = bytes && this.#find.find(bytes)
    return row && jobOf(row)
  }

  /** Newest first. @param limit 1–1000 @throws {CURSOR_INVALID} */
  page(query: {
    readonly state: TrainingJobState | undefined
    readonly limit: number
    readonly cursor: string | undefined
  }): StorePage<TrainingJobRow<Order, Progress>> {
    const limit = clampPageLimit(query.limit)
    const [before] = query.cursor === undefined ? [] : decodeCursor(query.cursor, CURSOR_PATTERN)
    const rows = this.#page.all({
      before: before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
      state: query.state ?? null,
      limit: limit + 1
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const hasMore = rows.length > limit && last !== undefined
    return {
      items: items.map((row) => jobOf<Order, Progress>(row)),
      nextCursor: hasMore ? encodeCursor([last.sequence]) : undefined
    }
  }

  /** Queued or running, oldest first. */
  open(): readonly TrainingJobRow<Order, Progress>[] {
    return this.#open.all().map((row) => jobOf<Order, Progress>(row))
  }

  /** Forgets those that have ended, but for the newest `kept` of all. @returns how many were forgotten */
  prune(kept: number): number {
    return this.#prune.run(kept)
  }
}

function changeable(job: TrainingJobRow<unknown, unknown>) {
  const { id, state, attempts, resumes, failure, report } = job
  return {
    ...{ id: findUuidBytes(id) ?? new Uint8Array(0), state, attempts, resumes },
    startedAtMs: job.startedAtMs ?? null,
    endedAtMs: job.endedAtMs ?? null,
    parent: job.parent ?? null,
    progress: JSON.stringify(job.progress),
    notes: JSON.stringify(job.notes),
    failure: failure === undefined ? null : JSON.stringify(failure),
    report: report === undefined ? null : JSON.stringify(report),
    model: job.model ?? null
  }
}

function jobOf<Order, Progress>(row: StoredJob): TrainingJobRow<Order, Progress> {
  return {
    id: uuidText(row.id),
    order: JSON.parse(row.job_order) as Order,
    state: row.state,
    actor: row.actor,
    reason: row.reason,
    createdAtMs: row.created_at_ms,
    startedAtMs: row.started_at_ms ?? undefined,
    endedAtMs: row.ended_at_ms ?? undefined,
    parent: row.parent ?? undefined,
    attempts: row.attempts,
    resumes: row.resumes,
    progress: JSON.parse(row.progress) as Progress,
    notes: JSON.parse(row.notes) as string[],
    failure:
      row.failure === null
        ? undefined
        : (JSON.parse(row.failure) as { readonly code: string; readonly message: string }),
    report: row.report === null ? undefined : JSON.parse(row.report),
    model: row.model ?? undefined
  }
}
