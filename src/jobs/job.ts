/** What a training is asked to do, what is known of it while it runs and afterwards, and the adapters that its queue needs. */
import type { ModelKind, ModelParams } from '../training/index.ts'

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** Trees of one kind, or boosted trees, a random forest and an isolation forest under one judge. */
export type JobModel = ModelKind | 'stack'

/** A CSV file on the node's machine. */
export interface TableData {
  readonly kind: 'table'
  readonly path: string
  /** Column of the class. */
  readonly label: string
  /** Rows of one group are never on both sides of a validation. */
  readonly group?: string | undefined
  readonly drop: readonly string[]
  /** Of two classes, the one whose probability is the score. */
  readonly positive?: string | undefined
  readonly isSynthetic: boolean
}

/** Logs of a keyserver and what is known of the sources in them, in files on the node's machine. */
export interface LogsData {
  readonly kind: 'logs'
  readonly haproxy?: string | undefined
  readonly hockeypuck?: string | undefined
  readonly nginx?: string | undefined
  /** JSON lines or CSV: source, label, and what else is known. */
  readonly labels: string
  /** A name for the logs: campaigns of one site are kept together. */
  readonly site: string
  readonly timeZone?: string | undefined
  readonly behindProxy: 'none' | 'proxy' | 'cloudflare'
  readonly isSynthetic: boolean
}

/** What the node kept of its own traffic, with the labels that were given since. */
export interface LabelsData {
  readonly kind: 'labels'
  /** Rows from this moment on. */
  readonly sinceMs: number
}

export type JobData = TableData | LogsData | LabelsData

/** JSON: it is stored, and handed to the process that trains. */
export interface JobOrder {
  readonly name: string
  readonly version: string
  readonly data: JobData
  readonly model: JobModel
  readonly params: ModelParams
  /** Folds of the cross-validation; without it one fifth is held out once. */
  readonly folds?: number | undefined
  /** Random draws of hyper-parameters, beside what was given. */
  readonly search: number
  readonly calibration: 'none' | 'temperature' | 'isotonic'
  readonly falsePositiveRateMax?: number | undefined
  readonly seed: number
}

export interface JobFailure {
  readonly code: string
  readonly message: string
}

export interface JobRecord {
  /** UUID of version 7. */
  readonly id: string
  readonly order: JobOrder
  readonly state: JobState
  readonly actor: string
  readonly reason: string
  readonly createdAtMs: number
  readonly startedAtMs: number | undefined
  readonly endedAtMs: number | undefined
  /** Who was champion of the task when it began: what its own model is compared with. */
  readonly parent: string | undefined
  /** Starts since it last got further; one that ended in a crash counts for four. */
  readonly attempts: number
  /** How often it went on from a checkpoint. */
  readonly resumes: number
  readonly progress: JobProgress
  /** What happened to it that is worth a word: a damaged checkpoint, a crash. Oldest first, at most 20. */
  readonly notes: readonly string[]
  readonly failure: JobFailure | undefined
  /** What training measured, as in the manifest of the model. */
  readonly report: unknown
  /** `name@version` of what came out. */
  readonly model: string | undefined
}

export interface JobProgress {
  readonly step: string
  /** 0 to 1. */
  readonly share: number
  /** Milliseconds that it will still take if it goes on as it did; undefined until something can be said. */
  readonly leftMs: number | undefined
  /** Checkpoints written. */
  readonly checkpoints: number
  readonly memoryBytes: number
  readonly memoryBytesMax: number
  readonly cpuSeconds: number
}

export const NO_PROGRESS: JobProgress = {
  ...{ step: '', share: 0, leftMs: undefined, checkpoints: 0 },
  ...{ memoryBytes: 0, memoryBytesMax: 0, cpuSeconds: 0 }
}

export interface JobPage {
  readonly items: readonly JobRecord[]
  readonly nextCursor: string | undefined
}

export interface JobStore {
  insert(job: JobRecord): void
  /** Replaces everything that changes; false if there is none of this id. */
  update(job: JobRecord): boolean
  find(id: string): JobRecord | undefined
  /** Newest first. @throws {CURSOR_INVALID} */
  page(query: {
    readonly state: JobState | undefined
    readonly limit: number
    readonly cursor: string | undefined
  }): JobPage
  /** Queued or running, oldest first. */
  open(): readonly JobRecord[]
  /** Forgets all that have ended but the newest. @returns how many were forgotten */
  prune(kept: number): number
}

/** What the API asks for. */
export interface TrainingApi {
  /** @throws {JOB_QUEUE_FULL | PATH_FORBIDDEN | TRAINING_OFF} */
  create(
    order: Omit<JobOrder, 'version'>,
    by: { readonly actor: string; readonly reason: string }
  ): Promise<JobRecord>
  /** @throws {JOB_NOT_FOUND} */
  get(id: string): JobRecord
  page: JobStore['page']
  /** @throws {JOB_NOT_FOUND | JOB_ENDED} */
  cancel(id: string, by: { readonly actor: string; readonly reason: string }): Promise<JobRecord>
  /** Called with every change of state, and with progress that is worth a word. */
  subscribe(listener: (job: JobRecord) => void): () => void
}
