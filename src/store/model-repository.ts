/** Models that the node knows and what happened to them. At most one is champion of a task: the schema itself holds that. */
import type { Connection, PreparedStatement } from './connection.ts'
import { clampPageLimit } from './cursor.ts'

export type ModelStageName = 'candidate' | 'shadow' | 'canary' | 'champion' | 'archived'

export interface ModelRow {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly kind: string
  readonly stage: ModelStageName
  readonly origin: 'shipped' | 'imported' | 'trained'
  /** SHA-256 of the manifest, in hexadecimal. */
  readonly digest: string
  readonly thresholds: Readonly<Record<string, number>>
  readonly notes: string
  readonly revision: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** When another became champion after it; undefined: it never was one, is one, or was turned out by a rollback. */
  readonly succeededAtMs: number | undefined
}

export interface ModelEventRow {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly action: 'install' | 'promote' | 'rollback' | 'move' | 'change' | 'delete'
  readonly stageBefore: ModelStageName | undefined
  readonly stageAfter: ModelStageName | undefined
  readonly actor: string
  readonly reason: string
  readonly atMs: number
}

interface StoredModel {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly kind: string
  readonly stage: ModelStageName
  readonly origin: ModelRow['origin']
  readonly digest: Uint8Array
  readonly thresholds: string
  readonly notes: string
  readonly revision: number
  readonly created_at_ms: number
  readonly updated_at_ms: number
  readonly succeeded_at_ms: number | null
}

interface StoredEvent {
  readonly name: string
  readonly version: string
  readonly task: string
  readonly action: ModelEventRow['action']
  readonly stage_before: ModelStageName | null
  readonly stage_after: ModelStageName | null
  readonly actor: string
  readonly reason: string
  readonly at_ms: number
}

type ModelBindings = readonly [Readonly<Record<string, string | number | Uint8Array | null>>]

/** More models than a node will ever hold. */
const MODELS_MAX = 10_000
const COLUMNS =
  'name, version, task, kind, stage, origin, digest, thresholds, notes, revision, created_at_ms, updated_at_ms, succeeded_at_ms'

export class ModelRepository {
  readonly #insert: PreparedStatement<ModelBindings>
  readonly #update: PreparedStatement<ModelBindings>
  readonly #remove: PreparedStatement<[string, string, number]>
  readonly #find: PreparedStatement<[string, string], StoredModel>
  readonly #all: PreparedStatement<[], StoredModel>
  readonly #champion: PreparedStatement<[string], StoredModel>
  readonly #lastSucceeded: PreparedStatement<[string], StoredModel>
  readonly #insertEvent: PreparedStatement<ModelBindings>
  readonly #events: PreparedStatement<[string, number], StoredEvent>

  constructor(db: Connection) {
    this.#insert = db.prepare(`INSERT INTO model (${COLUMNS}) VALUES (:name, :version, :task, :kind,
      :stage, :origin, :digest, :thresholds, :notes, 1, :createdAtMs, :updatedAtMs, :succeededAtMs)`)
    this.#update =
      db.prepare(`UPDATE model SET stage = :stage, thresholds = :thresholds, notes = :notes,
      revision = revision + 1, updated_at_ms = :updatedAtMs, succeeded_at_ms = :succeededAtMs
      WHERE name = :name AND version = :version AND revision = :revision`)
    this.#remove = db.prepare('DELETE FROM model WHERE name = ? AND version = ? AND revision = ?')
    this.#find = db.prepare(`SELECT ${COLUMNS} FROM model WHERE name = ? AND version = ?`)
    this.#all = db.prepare(
      `SELECT ${COLUMNS} FROM model ORDER BY sequence DESC LIMIT ${MODELS_MAX}`
    )
    this.#champion = db.prepare(
      `SELECT ${COLUMNS} FROM model WHERE task = ? AND stage = 'champion'`
    )
    this.#lastSucceeded = db.prepare(`SELECT ${COLUMNS} FROM model
      WHERE task = ? AND succeeded_at_ms IS NOT NULL AND stage <> 'champion'
      ORDER BY succeeded_at_ms DESC, sequence DESC LIMIT 1`)
    this.#insertEvent = db.prepare(`INSERT INTO model_event
      (name, version, task, action, stage_before, stage_after, actor, reason, at_ms)
      VALUES (:name, :version, :task, :action, :stageBefore, :stageAfter, :actor, :reason, :atMs)`)
    this.#events = db.prepare(`SELECT name, version, task, action, stage_before, stage_after, actor,
      reason, at_ms FROM model_event WHERE task = ? ORDER BY sequence DESC LIMIT ?`)
  }

  /** Its revision becomes 1. @throws {ROW_REFUSED} if it is there already, or its task has a champion and it would be one too */
  insert(model: Omit<ModelRow, 'revision'>): void {
    const { name, version, task, kind, origin, digest, createdAtMs } = model
    this.#insert.run({
      ...{ name, version, task, kind, origin, createdAtMs, ...changeable(model) },
      digest: Buffer.from(digest, 'hex')
    })
  }

  /**
   * Stores stage, thresholds, notes and times if the model still has the revision that is given, and raises it.
   *
   * @returns false if it has another by now, or is gone
   * @throws {ROW_REFUSED} if its task would have a second champion
   */
  update(model: ModelRow): boolean {
    const { name, version, revision } = model
    return this.#update.run({ name, version, revision, ...changeable(model) }) > 0
  }

  /** @returns false if it has another revision by now, or is gone */
  remove({ name, version, revision }: Pick<ModelRow, 'name' | 'version' | 'revision'>): boolean {
    return this.#remove.run(name, version, revision) > 0
  }

  find(name: string, version: string): ModelRow | undefined {
    return found(this.#find.find(name, version))
  }

  /** At most 10 000, newest first. */
  all(): readonly ModelRow[] {
    return this.#all.all().map(modelOf)
  }

  findChampion(task: string): ModelRow | undefined {
    return found(this.#champion.find(task))
  }

  /** Who was champion of the task before: the one that a rollback brings back. */
  findLastSucceeded(task: string): ModelRow | undefined {
    return found(this.#lastSucceeded.find(task))
  }

  append(event: ModelEventRow): void {
    const { stageBefore, stageAfter, ...rest } = event
    this.#insertEvent.run({
      ...rest,
      stageBefore: stageBefore ?? null,
      stageAfter: stageAfter ?? null
    })
  }

  /** Newest first. @param limit 1–1000 */
  events(task: string, limit: number): readonly ModelEventRow[] {
    return this.#events.all(task, clampPageLimit(limit)).map((row) => ({
      name: row.name,
      version: row.version,
      task: row.task,
      action: row.action,
      stageBefore: row.stage_before ?? undefined,
      stageAfter: row.stage_after ?? undefined,
      actor: row.actor,
      reason: row.reason,
      atMs: row.at_ms
    }))
  }
}

function changeable(model: Omit<ModelRow, 'revision'>) {
  return {
    stage: model.stage,
    thresholds: JSON.stringify(model.thresholds),
    notes: model.notes,
    updatedAtMs: model.updatedAtMs,
    succeededAtMs: model.succeededAtMs ?? null
  }
}

function found(row: StoredModel | undefined): ModelRow | undefined {
  return row === undefined ? undefined : modelOf(row)
}

function modelOf(row: StoredModel): ModelRow {
  return {
    name: row.name,
    version: row.version,
    task: row.task,
    kind: row.kind,
    stage: row.stage,
    origin: row.origin,
    digest: Buffer.from(row.digest).toString('hex'),
    thresholds: JSON.parse(row.thresholds) as Record<string, number>,
    notes: row.notes,
    revision: row.revision,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    succeededAtMs: row.succeeded_at_ms ?? undefined
  }
}
