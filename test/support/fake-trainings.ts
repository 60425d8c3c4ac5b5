/** Trainings behind the API without a process: they stay in the state that they are put in. */
import { JobError, type JobRecord, NO_PROGRESS, type TrainingApi } from '../../src/jobs/index.ts'

/** What the examples of the contract speak of. */
export const SAMPLE_TRAINING_ID = '01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b21'
export const WAITING_TRAINING_ID = '01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b22'
const START_MS = 1_767_225_600_000

export function makeJob(id: string, fields: Partial<JobRecord> = {}): JobRecord {
  return {
    id,
    order: {
      ...{ name: 'local', version: '1', model: 'stack', params: {}, search: 0, seed: 1 },
      data: { kind: 'labels', sinceMs: 0 },
      calibration: 'isotonic'
    },
    ...{ state: 'queued', actor: 'token:admin', reason: '', createdAtMs: START_MS },
    ...{ startedAtMs: undefined, endedAtMs: undefined, parent: undefined },
    ...{ attempts: 0, resumes: 0, progress: NO_PROGRESS, notes: [] },
    ...{ failure: undefined, report: undefined, model: undefined },
    ...fields
  }
}

export class FakeTrainings implements TrainingApi {
  jobs: readonly JobRecord[] = [
    makeJob(WAITING_TRAINING_ID),
    makeJob(SAMPLE_TRAINING_ID, {
      state: 'done',
      startedAtMs: START_MS + 1_000,
      endedAtMs: START_MS + 61_000,
      parent: 'sample@1',
      progress: { ...NO_PROGRESS, step: 'done', share: 1, leftMs: 0, checkpoints: 12 },
      report: { gate: { passed: true } },
      model: 'local@1'
    })
  ]
  readonly #listeners = new Set<(job: JobRecord) => void>()

  create(
    order: Parameters<TrainingApi['create']>[0],
    by: { readonly actor: string; readonly reason: string }
  ): Promise<JobRecord> {
    const number = (0x7a6d1c0f4b30 + this.jobs.length).toString(16)
    const job = makeJob(`01933b2e-8d0a-7c3e-9b1f-${number}`, {
      order: { ...order, version: '2' },
      ...by
    })
    this.jobs = [job, ...this.jobs]
    for (const listener of this.#listeners) listener(job)
    return Promise.resolve(job)
  }

  get(id: string): JobRecord {
    const job = this.jobs.find((own) => own.id === id)
    if (job === undefined) throw new JobError('JOB_NOT_FOUND', 'expected a training, got none')
    return job
  }

  page(query: Parameters<TrainingApi['page']>[0]): ReturnType<TrainingApi['page']> {
    const all = this.jobs.filter(({ state }) => query.state === undefined || state === query.state)
    return { items: all.slice(0, query.limit), nextCursor: undefined }
  }

  cancel(id: string): Promise<JobRecord> {
    const job = this.get(id)
    if (job.state !== 'queued' && job.state !== 'running') {
      throw new JobError('JOB_ENDED', 'expected a training that has not ended')
    }
    const cancelled: JobRecord = { ...job, state: 'cancelled', endedAtMs: START_MS }
    this.jobs = this.jobs.map((own) => (own.id === id ? cancelled : own))
    for (const listener of this.#listeners) listener(cancelled)
    return Promise.resolve(cancelled)
  }

  subscribe(listener: (job: JobRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
