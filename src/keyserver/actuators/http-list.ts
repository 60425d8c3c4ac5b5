/** The list that others fetch over HTTP: nothing is put in place, the API answers from what this actuator was told. */
import type {
  Actuator,
  ActuatorAction,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport,
  ProtectionCheck
} from './actuator.ts'

export interface HttpListOptions {
  readonly name: string
  readonly action: ActuatorAction
}

export class HttpListActuator implements Actuator {
  readonly kind = 'http-list'
  readonly name: string
  readonly actions: readonly ActuatorAction[]
  readonly #options: HttpListOptions
  readonly #findProtection: ProtectionCheck
  #held: readonly ActuatorEntry[] = []

  constructor(options: HttpListOptions, findProtection: ProtectionCheck) {
    this.name = options.name
    this.actions = [options.action]
    this.#options = options
    this.#findProtection = findProtection
  }

  apply(desired: readonly ActuatorEntry[]): Promise<ApplyReport> {
    const before = new Set(this.#held.map((entry) => entry.prefix))
    const refused: { prefix: string; reason: string }[] = []
    const held: ActuatorEntry[] = []
    for (const entry of desired) {
      if (entry.action !== this.#options.action) continue
      const reason = this.#findProtection(entry.prefix)
      if (reason === undefined) held.push(entry)
      else refused.push({ prefix: entry.prefix, reason })
    }
    this.#held = held
    const added = held.filter((entry) => !before.has(entry.prefix)).length
    const removed = before.size + added - held.length
    return Promise.resolve({ added, removed, mended: 0, refused })
  }

  held(): Promise<readonly ActuatorEntry[]> {
    return Promise.resolve(this.#held)
  }

  dryRun(desired: readonly ActuatorEntry[]): Promise<readonly string[]> {
    const entries = desired.filter((entry) => entry.action === this.#options.action)
    return Promise.resolve(
      entries.map((entry) => `GET /api/defense/blocklist?format=plain would hold ${entry.prefix}`)
    )
  }

  check(): Promise<readonly ActuatorProblem[]> {
    return Promise.resolve([])
  }

  describe(entry: ActuatorEntry): string {
    return entry.action === this.#options.action
      ? `${this.name}: offered to others at /api/defense/blocklist?format=plain`
      : `${this.name}: offers no entries of type ${entry.action}`
  }
}
