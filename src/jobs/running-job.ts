/** The job that is worked on, as it is now: told at once to whoever listens, and to the database when it matters. */
import type { JobProgress, JobRecord, JobStore } from './job.ts'

export interface RunningJobPorts {
  readonly store: Pick<JobStore, 'update'>
  readonly tell: (job: JobRecord) => void
  readonly monotonicMs: () => number
}

const NOTES_KEPT = 20
const NOTE_CHARACTERS_MAX = 500
const STORE_EVERY_MS = 5_000
/** Listeners hear of every hundredth. */
const TOLD_STEP = 0.01

export class RunningJob {
  job: JobRecord
  readonly cancelled = new AbortController()
  readonly #ports: RunningJobPorts
  /** Of the processes before this one. */
  readonly #cpuSecondsBefore: number
  #storedAtMs: number

  constructor(job: JobRecord, ports: RunningJobPorts) {
    this.job = job
    this.#ports = ports
    this.#cpuSecondsBefore = job.progress.cpuSeconds
    this.#storedAtMs = ports.monotonicMs()
  }

  note(text: string): void {
    const notes = [...this.job.notes, text.slice(0, NOTE_CHARACTERS_MAX)].slice(-NOTES_KEPT)
    this.#change({ notes })
  }

  /** A checkpoint more: what has crashed until now has not crashed there. */
  gotFurther(): void {
    const { progress } = this.job
    const checkpoints = progress.checkpoints + 1
    this.#change({ attempts: 1, progress: { ...progress, checkpoints } })
  }

  /** It counts for so much more, or less, of a crash. */
  countAttempts(more: number): void {
    this.#change({ attempts: Math.max(0, this.job.attempts + more) })
  }

  went(step: string, share: number, leftMs: number | undefined): void {
    const before = this.job.progress
    if (!this.#progress({ step, share, leftMs })) return
    const hundredth = (of: number) => Math.floor(of / TOLD_STEP)
    const isNews = step !== before.step || hundredth(share) !== hundredth(before.share)
    if (isNews) this.#ports.tell(this.job)
  }

  took({
    memoryBytes,
    cpuSeconds
  }: {
    readonly memoryBytes: number
    readonly cpuSeconds: number
  }): void {
    const memoryBytesMax = Math.max(this.job.progress.memoryBytesMax, memoryBytes)
    const total = this.#cpuSecondsBefore + cpuSeconds
    if (!this.#progress({ memoryBytes, memoryBytesMax, cpuSeconds: total })) return
    if (this.#ports.monotonicMs() - this.#storedAtMs >= STORE_EVERY_MS) this.#save()
  }

  /** False once it has ended: last words may still come. */
  #progress(change: Partial<JobProgress>): boolean {
    if (this.job.state !== 'running') return false
    this.job = { ...this.job, progress: { ...this.job.progress, ...change } }
    return true
  }

  #change(change: Partial<JobRecord>): void {
    if (this.job.state !== 'running') return
    this.job = { ...this.job, ...change }
    this.#save()
  }

  #save(): void {
    this.#storedAtMs = this.#ports.monotonicMs()
    this.#ports.store.update(this.job)
  }
}
