/** Runs days and trainings in processes of their own, so many side by side; what is there already is passed over. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type DayJob, missingOf } from './day-job.ts'
import { isTrained, type TrainJob } from './train-job.ts'

interface JobsOptions<Job> {
  readonly workers: number
  readonly onDone?: (job: Job, left: number) => void
}

const HEAP_MB = 4_096

/** @throws {Error} if a day could not be made; those that run beside it are let finish */
export function runDays(jobs: readonly DayJob[], options: JobsOptions<DayJob>): Promise<void> {
  const waiting = jobs.map(missingOf).filter((job) => job !== undefined)
  return runAll('day-job.ts', waiting, options)
}

/** @throws {Error} if a model could not be trained */
export function runTrainings(
  jobs: readonly TrainJob[],
  options: JobsOptions<TrainJob>
): Promise<void> {
  return runAll(
    'train-job.ts',
    jobs.filter((job) => !isTrained(job)),
    options
  )
}

async function runAll<Job>(
  program: string,
  jobs: readonly Job[],
  { workers, onDone }: JobsOptions<Job>
): Promise<void> {
  const waiting = [...jobs]
  let left = waiting.length
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      await runApart(program, job).catch((error: unknown) => {
        waiting.length = 0
        throw error
      })
      left--
      onDone?.(job, left)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: workers }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

function runApart(program: string, job: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = join(import.meta.dirname, program)
    const args = [`--max-old-space-size=${HEAP_MB}`, path, JSON.stringify(job)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else
        reject(
          new Error(
            `expected ${program} to end well, got exit code ${code}: ${JSON.stringify(job).slice(0, 200)}`
          )
        )
    })
  })
}
