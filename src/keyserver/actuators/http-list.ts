/** The list that others fetch over HTTP: nothing is put in place, the API answers from what this actuator was told. */
import type {
  Actuator,
  ActuatorAction,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport
} from './actuator.ts'
import { type PlanPorts, planDesired, prefixesOf } from './desired-plan.ts'
import { spelled } from './list-file.ts'

const PATH = '/api/defense/blocklist?format=plain'

export interface HttpListOptions {
  readonly name: string
  readonly action: ActuatorAction
}

export class HttpListActuator implements Actuator {
  readonly kind = 'http-list'
  readonly name: string
  readonly actions: readonly ActuatorAction[]
  readonly #options: HttpListOptions
  readonly #ports: PlanPorts
  #held: readonly ActuatorEntry[] = []

  constructor(options: HttpListOptions, ports: PlanPorts) {
    this.name = options.name
    this.actions = [options.action]
    this.#options = options
    this.#ports = ports
  }

  apply(desired: readonly ActuatorEntry[]): Promise<ApplyReport> {
    const { wanted, refused } = this.#plan(desired)
    const { added, removed } = this.#changes(wanted)
    this.#held = wanted
    return Promise.resolve({ added: added.length, removed: removed.length, mended: 0, refused })
  }

  held(): Promise<readonly ActuatorEntry[]> {
    const nowMs = this.#ports.nowMs()
    return Promise.resolve(this.#held.filter((entry) => entry.untilMs > nowMs))
  }

  dryRun(desired: readonly ActuatorEntry[]): Promise<readonly string[]> {
    const { wanted, refused } = this.#plan(desired)
    const { added, removed } = this.#changes(wanted)
    return Promise.resolve([
      ...refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`),
      ...added.map((prefix) => `${PATH}: + ${spelled(prefix)}`),
      ...removed.map((prefix) => `${PATH}: - ${spelled(prefix)}`)
    ])
  }

  check(): Promise<readonly ActuatorProblem[]> {
    return Promise.resolve([])
  }

  describe(entry: ActuatorEntry): string {
    return entry.action === this.#options.action
      ? `${this.name}: offered to others at ${PATH}`
      : `${this.name}: offers no entries of type ${entry.action}`
  }

  #plan(desired: readonly ActuatorEntry[]) {
    const { action } = this.#options
    return planDesired(desired, this.#ports, (entry) =>
      entry.action === action ? entry : undefined
    )
  }

  #changes(wanted: readonly ActuatorEntry[]) {
    const before = prefixesOf(this.#held, this.#options.action)
    const after = prefixesOf(wanted, this.#options.action)
    return {
      added: [...after].filter((prefix) => !before.has(prefix)),
      removed: [...before].filter((prefix) => !after.has(prefix))
    }
  }
}
