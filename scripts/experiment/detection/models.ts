/** Models that the experiment itself trains: one for each seed, and one for each class that is left out. */
import type { Plan, PlannedDay } from './plan.ts'
import { runDays, runTrainings } from './run-jobs.ts'
import type { TrainJob } from './train-job.ts'

export interface ModelsOptions {
  readonly plan: Plan
  readonly hours: number
  readonly workers: number
  readonly say: (text: string) => void
}

/** Days of which the many small models learn: those of one seed. */
const SMALL_SEED = 1

interface Rows {
  readonly train: readonly string[]
  readonly validation: readonly string[]
}

export class Models {
  readonly #options: ModelsOptions

  constructor(options: ModelsOptions) {
    this.#options = options
  }

  /** The shipped model's recipe, on the seed's own days. @returns folder of the package */
  async trainFor(seed: number): Promise<string> {
    const out = this.#options.plan.modelDir(`seed-${seed}-${this.#options.hours}h`)
    await this.#train([
      { ...(await this.#rowsOf(seed)), ...{ out, seed, name: `seed-${seed}` }, isSmall: false }
    ])
    return out
  }

  /** @returns folder of the package of a model that has seen no campaign of this class */
  readonly trainWithout = async (
    names: readonly string[]
  ): Promise<ReadonlyMap<string, string>> => {
    const rows = await this.smallRows()
    const jobs = names.map((name) => ({
      ...rows,
      out: this.#options.plan.modelDir(`without-${name}-${this.#options.hours}h`),
      ...{ name: `without-${name}`, seed: SMALL_SEED, isSmall: true, withoutClass: name }
    }))
    await this.#train(jobs)
    return new Map(jobs.map(({ withoutClass, out }) => [withoutClass, out]))
  }

  /** Folders of the rows that small models learn from and set their thresholds on. */
  smallRows(): Promise<Rows> {
    return this.#rowsOf(SMALL_SEED)
  }

  async #rowsOf(seed: number): Promise<Rows> {
    const { plan, hours, workers, say } = this.#options
    const train = plan.daysOf('train', seed, { hours })
    const validation = plan.daysOf('validation', seed, { hours })
    await runDays(
      [...train, ...validation].map((day) => ({
        ...plan.jobOf(day, { rows: plan.rowsDir(day), sessions: plan.sessionFile(day) }),
        isBrief: true
      })),
      { workers, onDone: (_, left) => say(`rows of training days: ${left} days to go`) }
    )
    const dirs = (days: readonly PlannedDay[]) => days.map((day) => plan.rowsDir(day))
    return { train: dirs(train), validation: dirs(validation) }
  }

  #train(jobs: readonly TrainJob[]): Promise<void> {
    const { workers, say } = this.#options
    return runTrainings(jobs, {
      workers,
      onDone: ({ name }, left) => say(`${name} trained, ${left} to go`)
    })
  }
}
