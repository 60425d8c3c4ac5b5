/**
 * The trainings of a node: a queue in the database, of which one at a time is worked on by a process of its own. What a crash interrupts,
 * of that process or of the node, goes on from its last checkpoint; what crashes again and again without getting further is given up.
 */
import { join } from 'node:path'
import {
  type Clock,
  type Component,
  isAbortError,
  messageOf,
  NetminderError,
  TaskGroup
} from '../base/index.ts'
import { allowedFile } from './allowed-file.ts'
import { JobError } from './errors.ts'
import { idlePrefix } from './idle-priority.ts'
import {
  type JobFailure,
  type JobOrder,
  type JobPage,
  type JobRecord,
  type JobState,
  type JobStore,
  NO_PROGRESS,
  type TrainingApi
} from './job.ts'
import { JobFolders } from './job-folders.ts'
import { type JobOutcome, runJobProcess } from './job-process.ts'
import { filesOf, nextVersion, taskOf } from './order.ts'
import { ProgressClock } from './progress-clock.ts'
import { RunningJob } from './running-job.ts'
import { WORK_FILE } from './worker/work-spec.ts'

export interface TrainingJobsOptions {
  readonly isEnabled: boolean
  readonly dataDir: string
  /** Folder of the jobs that have not ended. */
  readonly dir: string
  /** Directories whose files may be read. */
  readonly readFrom: readonly string[]
  readonly queueMax: number
  readonly memoryBytesMax: number
  readonly diskBytesMax: number
  readonly cores: number
  readonly threads: number
  readonly checkpointIntervalMs: number
  /** Takes only what nobody else wants. @default true */
  readonly givesWay?: boolean | undefined
  readonly codeVersion: string
  /** With which packages are signed; undefined while the node has none. */
  readonly keyFile: () => string | undefined
  readonly environment: Readonly<Record<string, string>>
}

/** What the queue asks of the registry. */
export interface JobModels {
  /** `name@version` of the champion. */
  champion(task: string): string | undefined
  versionsOf(name: string): readonly string[]
  export(id: string): Promise<AsyncIterable<Uint8Array>>
  /** The package in this file, as a candidate; the same package again is no mistake. @returns its id */
  install(tar: string, given: { readonly actor: string; readonly reason: string }): Promise<string>
}

export interface TrainingJobsPorts {
  readonly store: JobStore
  readonly models: JobModels
  readonly audit: {
    append(entry: {
      readonly actor: string
      readonly action: string
      readonly target: string
      readonly before: unknown
      readonly after: unknown
      readonly reason: string
    }): void
  }
  readonly unitOfWork: { run<T>(work: () => T): T }
  readonly clock: Clock
  readonly createId: (atMs: number) => string
  readonly log: {
    warn(fields: object, text: string): void
    info(fields: object, text: string): void
  }
}

type By = { readonly actor: string; readonly reason: string }

/** Its process ended so often without getting any further: it is given up. */
const CRASHES_MAX = 3
/** A start that the node did not see the end of, because it died itself, counts for so much of a crash: it may have been the cause. */
const STARTS_OF_CRASH = 4
const ATTEMPTS_MAX = CRASHES_MAX * STARTS_OF_CRASH
/** Jobs that the database remembers. */
const JOBS_KEPT = 200

export class TrainingJobs implements Component, TrainingApi {
  readonly name = 'training'
  readonly #options: TrainingJobsOptions
  readonly #ports: TrainingJobsPorts
  readonly #folders: JobFolders
  readonly #listeners = new Set<(job: JobRecord) => void>()
  readonly #tasks: TaskGroup
  #stopped = new AbortController()
  #isWorking = false
  #prefix: readonly string[] | undefined
  #current: RunningJob | undefined

  constructor(options: TrainingJobsOptions, ports: TrainingJobsPorts) {
    this.#options = options
    this.#ports = ports
    this.#folders = new JobFolders(options.dir)
    this.#tasks = new TaskGroup((error) =>
      ports.log.warn({ reason: messageOf(error) }, 'training stopped; it goes on at the next start')
    )
  }

  async start(): Promise<void> {
    this.#stopped = new AbortController()
    await this.#folders.sweep(new Set(this.#ports.store.open().map(({ id }) => id)))
    this.#wake()
  }

  /** What runs is ended and goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  async create(order: Omit<JobOrder, 'version'>, by: By): Promise<JobRecord> {
    if (!this.#options.isEnabled) {
      throw new JobError('TRAINING_OFF', 'trainings are turned off (training.isEnabled)')
    }
    const { store, clock, audit, unitOfWork, models } = this.#ports
    for (const path of Object.values(filesOf(order.data))) {
      await allowedFile(path, this.#options.readFrom)
    }
    const open = store.open()
    const waiting = open.filter(({ state }) => state === 'queued').length
    if (waiting >= this.#options.queueMax) {
      throw new JobError(
        'JOB_QUEUE_FULL',
        `expected fewer than ${this.#options.queueMax} trainings that wait, got as many: cancel one, or wait`
      )
    }
    const taken = [
      ...models.versionsOf(order.name),
      ...open.filter((job) => job.order.name === order.name).map((job) => job.order.version)
    ]
    const createdAtMs = clock.nowMs()
    const job: JobRecord = {
      id: this.#ports.createId(createdAtMs),
      order: { ...order, version: nextVersion(taken) },
      ...{ state: 'queued', ...by, createdAtMs, attempts: 0, resumes: 0, notes: [] },
      ...{ startedAtMs: undefined, endedAtMs: undefined, parent: undefined },
      ...{ progress: NO_PROGRESS, failure: undefined, report: undefined, model: undefined }
    }
    unitOfWork.run(() => {
      store.insert(job)
      audit.append({ ...this.#auditOf(job, 'create'), ...by, after: job.order })
    })
    this.#tell(job)
    this.#wake()
    return job
  }

  get(id: string): JobRecord {
    const job = this.#current?.job.id === id ? this.#current.job : this.#ports.store.find(id)
    if (job !== undefined) return job
    throw new JobError(
      'JOB_NOT_FOUND',
      `expected the id of a training, got "${id.slice(0, 40)}": "netminder models jobs list" shows them`
    )
  }

  page(query: {
    readonly state: JobState | undefined
    readonly limit: number
    readonly cursor: string | undefined
  }): JobPage {
    const page = this.#ports.store.page(query)
    return { ...page, items: page.items.map((job) => this.get(job.id)) }
  }

  cancel(id: string, by: By): Promise<JobRecord> {
    const job = this.get(id)
    if (job.state !== 'queued' && job.state !== 'running') {
      throw new JobError(
        'JOB_ENDED',
        `expected a training that has not ended, got one that is ${job.state}`
      )
    }
    const isCurrent = this.#current?.job.id === id
    const ended = this.#end(job, { state: 'cancelled' }, { action: 'cancel', ...by })
    if (isCurrent) this.#current?.cancelled.abort()
    else this.#tasks.run(() => this.#folders.remove(id))
    return Promise.resolve(ended)
  }

  subscribe(listener: (job: JobRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #wake(): void {
    if (this.#isWorking || !this.#options.isEnabled || this.#stopped.signal.aborted) return
    this.#isWorking = true
    this.#tasks.run(async () => {
      try {
        for (;;) {
          const next = this.#ports.store.open()[0]
          if (next === undefined || this.#stopped.signal.aborted) return
          await this.#workOn(next)
        }
      } finally {
        this.#isWorking = false
      }
    })
  }

  async #workOn(found: JobRecord): Promise<void> {
    if (found.attempts >= ATTEMPTS_MAX) {
      const last = found.notes.at(-1) ?? ''
      const message = `its process ended ${CRASHES_MAX} times, or the node with it ever again, without getting any further${last === '' ? '' : `; at last: ${last}`}`
      this.#end(found, { state: 'failed', failure: { code: 'JOB_CRASHED', message } }, SYSTEM_END)
      await this.#folders.remove(found.id)
      return
    }
    const current = this.#begin(found)
    const { job, cancelled } = current
    this.#current = current
    try {
      const signal = AbortSignal.any([cancelled.signal, this.#stopped.signal])
      const outcome = await this.#run(current, signal)
      if (!cancelled.signal.aborted) await this.#conclude(current, outcome)
    } catch (error) {
      if (!isAbortError(error) && !cancelled.signal.aborted) {
        const code = error instanceof NetminderError ? error.code : 'INTERNAL'
        this.#fail(current, { code, message: messageOf(error) })
      }
    } finally {
      const { state } = current.job
      this.#current = undefined
      const isOver = cancelled.signal.aborted || (state !== 'running' && state !== 'queued')
      if (isOver) await this.#folders.remove(job.id)
      this.#ports.store.prune(JOBS_KEPT)
    }
  }

  #begin(found: JobRecord): RunningJob {
    const { store, models, clock } = this.#ports
    const isFirst = found.state === 'queued'
    const job: JobRecord = {
      ...found,
      state: 'running',
      startedAtMs: found.startedAtMs ?? clock.nowMs(),
      parent: isFirst ? models.champion(taskOf(found.order.data)) : found.parent,
      attempts: found.attempts + 1,
      resumes: found.resumes + (isFirst ? 0 : 1)
    }
    store.update(job)
    this.#tell(job)
    return new RunningJob(job, {
      store,
      tell: (changed) => this.#tell(changed),
      monotonicMs: () => clock.monotonicMs()
    })
  }

  async #run(current: RunningJob, signal: AbortSignal): Promise<JobOutcome> {
    const options = this.#options
    const { models, clock } = this.#ports
    const givesWay = options.givesWay ?? true
    this.#prefix ??= givesWay ? await idlePrefix() : []
    const { job } = current
    const named = Object.entries(filesOf(job.order.data))
    const files = await Promise.all(
      named.map(async ([name, path]) => [name, await allowedFile(path, options.readFrom)] as const)
    )
    const { id, order, createdAtMs, parent } = job
    const { cores, threads, checkpointIntervalMs, diskBytesMax, codeVersion, dataDir } = options
    const dir = await this.#folders.prepare(
      {
        ...{ id, order, createdAtMs, parent: parent ?? null, files: Object.fromEntries(files) },
        ...{ cores, threads, checkpointIntervalMs, diskBytesMax, codeVersion, dataDir },
        ...{ keyFile: options.keyFile() ?? null, givesWay }
      },
      () => models.export(parent ?? '')
    )
    const pace = new ProgressClock(clock)
    const { memoryBytesMax, environment } = options
    return await runJobProcess(
      { dir, memoryBytesMax, environment, prefix: this.#prefix },
      {
        ...{ clock, signal, onUsage: (usage) => current.took(usage) },
        onReport: (report) => {
          if (report.type === 'note') current.note(report.text)
          else if (report.type === 'checkpoint') current.gotFurther()
          else current.went(report.step, report.share, pace.leftMs(report.share))
        }
      }
    )
  }

  async #conclude(current: RunningJob, outcome: JobOutcome): Promise<void> {
    const { id, actor, reason } = current.job
    switch (outcome.kind) {
      case 'stopped':
        // The node stops: that is no fault of the job's.
        current.countAttempts(-1)
        return
      case 'crashed':
        current.countAttempts(STARTS_OF_CRASH - 1)
        current.note(`its process ended: ${outcome.reason}`)
        this.#ports.log.warn({ job: id, reason: outcome.reason }, 'training crashed')
        return
      case 'failed':
        this.#fail(current, outcome)
        return
      case 'done': {
        const tar = join(this.#folders.dirOf(id), WORK_FILE.result)
        const given = { actor, reason: reason || `training ${id}` }
        const model = await this.#ports.models.install(tar, given)
        const { job } = current
        // Cancelled while it was installed: the candidate stays, and can be deleted.
        if (job.state !== 'running') return
        const progress = { ...job.progress, step: 'done', share: 1, leftMs: 0 }
        const { report } = outcome
        this.#end({ ...job, progress }, { state: 'done', report, model }, SYSTEM_END)
      }
    }
  }

  #fail({ job }: RunningJob, { code, message }: JobFailure): void {
    this.#end(job, { state: 'failed', failure: { code, message } }, SYSTEM_END)
  }

  #end(
    job: JobRecord,
    by: Partial<JobRecord> & { readonly state: JobState },
    deed: By & { readonly action: string }
  ): JobRecord {
    const ended: JobRecord = { ...job, ...by, endedAtMs: this.#ports.clock.nowMs() }
    const { action, actor, reason } = deed
    const { state, failure, model } = ended
    this.#ports.unitOfWork.run(() => {
      this.#ports.store.update(ended)
      this.#ports.audit.append({
        ...this.#auditOf(job, action),
        ...{ actor, reason: reason || (failure?.message ?? '') },
        before: { state: job.state },
        after: { state, ...(model === undefined ? {} : { model }) }
      })
    })
    if (this.#current?.job.id === job.id) this.#current.job = ended
    this.#tell(ended)
    return ended
  }

  #auditOf(job: JobRecord, action: string) {
    return { action: `training.${action}`, target: `training:${job.id}`, before: undefined }
  }

  #tell(job: JobRecord): void {
    for (const listener of this.#listeners) listener(job)
  }
}

const SYSTEM_END = { action: 'end', actor: 'system', reason: '' } as const
