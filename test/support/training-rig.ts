/** Trainings with real processes, over a real database; what they make is collected. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, SystemClock } from '../../src/base/index.ts'
import {
  type JobModels,
  type JobOrder,
  type JobProgress,
  type JobRecord,
  TrainingJobs,
  type TrainingJobsOptions
} from '../../src/jobs/index.ts'
import { openPackage, type PackageFiles, readTar } from '../../src/registry/index.ts'
import { TrainingJobRepository } from '../../src/store/index.ts'
import type { LabelledTable } from '../../src/training/index.ts'
import { inPieces } from './model-packages.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore, uuidOf } from './store.ts'

export const BY = { actor: 'token:test', reason: 'a test' }
const WAIT_MS = 60_000

/** Time goes on, but the day stays: what is made says when it was made. */
class StillClock extends SystemClock implements Clock {
  override nowMs(): number {
    return START_MS
  }
}

export class TrainingRig {
  readonly store: TemporaryStore = makeStore()
  readonly jobs: TrainingJobRepository<JobOrder, JobProgress>
  /** Tars of packages, as they were handed over. */
  readonly installed: Buffer[] = []
  readonly tablesDir: string
  readonly trainingDir: string
  champion: { readonly id: string; readonly tar: Uint8Array } | undefined
  trainings: TrainingJobs
  #next = 1

  constructor(options: Partial<TrainingJobsOptions> = {}) {
    this.jobs = new TrainingJobRepository(this.store.db)
    this.tablesDir = join(this.store.dataDir, 'tables')
    this.trainingDir = join(this.store.dataDir, 'training')
    mkdirSync(this.tablesDir)
    this.trainings = this.make(options)
  }

  /** Another life of the node over the same database. */
  make(options: Partial<TrainingJobsOptions> = {}): TrainingJobs {
    const models: JobModels = {
      champion: () => this.champion?.id,
      versionsOf: () => [],
      export: () => Promise.resolve(inPieces(this.champion?.tar ?? new Uint8Array(0))),
      install: async (tar) => {
        this.installed.push(readFileSync(tar))
        const { manifest } = openPackage(await this.last())
        return `${manifest.name}@${manifest.version}`
      }
    }
    this.trainings = new TrainingJobs(
      {
        ...{ isEnabled: true, dataDir: this.store.dataDir, dir: this.trainingDir },
        ...{ readFrom: [this.tablesDir], queueMax: 4, cores: 4, threads: 1 },
        ...{ memoryBytesMax: 2 ** 30, diskBytesMax: 2 ** 28, checkpointIntervalMs: 100 },
        ...{ codeVersion: '0.0.0', givesWay: false, keyFile: () => undefined, environment: {} },
        ...options
      },
      {
        ...{ store: this.jobs, audit: this.store.audit, models, clock: new StillClock() },
        unitOfWork: this.store.db.transaction,
        createId: () => uuidOf(this.#next++),
        log: { warn: () => undefined, info: () => undefined }
      }
    )
    return this.trainings
  }

  last(): Promise<PackageFiles> {
    return readTar(inPieces(this.installed.at(-1) ?? new Uint8Array(0)))
  }

  /** @returns its path */
  writeTable(name: string, table: LabelledTable): string {
    const path = join(this.tablesDir, name)
    const head = [...table.features.map((feature) => feature.name), 'class'].join(',')
    const lines = Array.from({ length: table.rows }, (_, row) => {
      const cells = table.features.map((feature, index) => {
        const value = table.columns[index]?.[row] ?? Number.NaN
        if (feature.kind === 'category') return feature.categories[value] ?? ''
        return Number.isNaN(value) ? '' : String(value)
      })
      return [...cells, `k${table.labels[row]}`].join(',')
    })
    writeFileSync(path, `${[head, ...lines].join('\n')}\n`)
    return path
  }

  order(path: string, fields: Partial<JobOrder> = {}): Omit<JobOrder, 'version'> {
    return {
      ...{ name: 'tried', model: 'gradient-boosting', params: { trees: 40 }, search: 0, seed: 1 },
      data: { kind: 'table', path, label: 'class', drop: [], isSynthetic: true },
      calibration: 'isotonic',
      ...fields
    }
  }

  /** Until it holds; what it was last is in the error. */
  async until(id: string, holds: (job: JobRecord) => boolean): Promise<JobRecord> {
    const clock = new SystemClock()
    for (const untilMs = clock.monotonicMs() + WAIT_MS; ; ) {
      const job = this.trainings.get(id)
      if (holds(job)) return job
      if (clock.monotonicMs() > untilMs) throw new Error(`it is ${JSON.stringify(job)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  untilEnd(id: string): Promise<JobRecord> {
    return this.until(id, ({ state }) => state !== 'queued' && state !== 'running')
  }

  /** Files in the folder of a job; none once it is gone. */
  filesOf(id: string): readonly string[] {
    const dir = join(this.trainingDir, id)
    return existsSync(dir) ? readdirSync(dir) : []
  }

  /** Its folder goes a moment after it has ended. */
  async untilGone(id: string): Promise<void> {
    const clock = new SystemClock()
    for (const untilMs = clock.monotonicMs() + WAIT_MS; this.filesOf(id).length > 0; ) {
      if (clock.monotonicMs() > untilMs) throw new Error(`left: ${this.filesOf(id).join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Kills the process that works on it as the kernel would, once. */
  async killWorker(id: string): Promise<void> {
    const file = join(this.trainingDir, id, 'pid')
    // It is there a moment before the number is in it.
    const findPid = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
    let pid = findPid()
    for (; !(pid > 1); pid = findPid()) await new Promise((resolve) => setTimeout(resolve, 5))
    process.kill(pid, 'SIGKILL')
  }

  async close(): Promise<void> {
    await this.trainings.stop()
    removeStore(this.store)
  }
}
