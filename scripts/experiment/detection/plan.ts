/** Which days a seed has, where they and what comes of them lie, and what is to be done to each. */
import { join } from 'node:path'
import type { PolicyName } from '../../../src/detection/index.ts'
import { type Region, type ScenarioName, scenariosOf } from '../../traffic/regions.ts'
import type { DayJob, ReplayJob } from './day-job.ts'
import { generatorHash, policyHash, rowsHash, sessionHash, trainingHash } from './fingerprints.ts'

/** Seeds of the generator are a thousand apart from those of the shipped model. */
const SEED_OFFSET: Readonly<Record<Region, number>> = {
  train: 7_000,
  validation: 8_000,
  test: 9_000
}

export interface PlannedDay {
  /** Region, scenario and seed. */
  readonly name: string
  readonly dir: string
  readonly region: Region
  readonly scenario: ScenarioName
  readonly seed: number
  readonly hours: number
}

export class Plan {
  readonly #root: string
  readonly #sessions = sessionHash()
  readonly #rows = rowsHash()
  readonly #training = trainingHash()
  readonly #policies = new Map<string, string>()

  /** @param root folder of all days; those of another generator lie apart */
  constructor(root: string) {
    this.#root = join(root, generatorHash())
  }

  daysOf(
    region: Region,
    seed: number,
    { hours, scenarios }: { readonly hours: number; readonly scenarios?: readonly ScenarioName[] }
  ): readonly PlannedDay[] {
    return (scenarios ?? scenariosOf(region)).map((scenario) => {
      const daySeed = SEED_OFFSET[region] + seed
      const name = `${region}-${scenario}-${daySeed}-${hours}h`
      return { name, dir: join(this.#root, name), region, scenario, seed: daySeed, hours }
    })
  }

  /** File of what came of a day under a policy. @param variant of the policy, if there are several */
  outcomeFile(
    day: { readonly dir: string },
    policy: PolicyName,
    of: { readonly modelDir?: string | undefined; readonly variant?: string } = {}
  ): string {
    const { modelDir, variant } = of
    const key = `${policy} ${modelDir ?? ''}`
    const hash = this.#policies.get(key) ?? policyHash(policy, modelDir)
    this.#policies.set(key, hash)
    const name = variant === undefined ? policy : `${policy}-${variant}`
    return join(day.dir, `outcomes-${name}-${hash}.json`)
  }

  /** Without its ending. */
  sessionFile(day: { readonly dir: string }): string {
    return join(day.dir, `sessions-${this.#sessions}`)
  }

  /** Folder of the rows that training learns from. */
  rowsDir(day: { readonly dir: string }): string {
    return join(day.dir, `rows-${this.#rows}`)
  }

  /** Folder of a model that the experiment itself trains. */
  modelDir(name: string): string {
    return join(this.#root, `models-${this.#rows}-${this.#training}`, name)
  }

  jobOf(
    day: PlannedDay,
    work: {
      readonly replays?: readonly ReplayJob[]
      readonly sessions?: string
      readonly rows?: string
    }
  ): DayJob {
    const { dir, seed, region, scenario, hours } = day
    return { dir, seed, generate: { region, scenario, hours }, replays: [], ...work }
  }
}
