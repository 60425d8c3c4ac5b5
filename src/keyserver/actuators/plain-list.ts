/** One prefix a line in a file of its own, for whatever reads such files (nftables scripts, nginx includes, other proxies). */
import type {
  ActuatorAction,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport,
  ProtectionCheck,
  SweepableActuator
} from './actuator.ts'
import { entryKey, planDesired, prefixesOf } from './desired-plan.ts'
import { type HeldEntry, HeldRecord } from './held-record.ts'
import { checkListFile, readListFile, spelled } from './list-file.ts'
import { applyToFile, changesOfFile, type FileChanges, fileLines } from './list-file-changes.ts'
import { applyRecorded, plainEntry, type RecordedOutcome } from './recorded-apply.ts'

export interface PlainListOptions {
  readonly name: string
  readonly listPath: string
  readonly action: ActuatorAction
  readonly recordPath: string
}

export interface PlainListPorts {
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

export class PlainListActuator implements SweepableActuator {
  readonly kind = 'plain-list'
  readonly name: string
  readonly actions: readonly ActuatorAction[]
  readonly #options: PlainListOptions
  readonly #ports: PlainListPorts
  readonly #record: HeldRecord

  constructor(options: PlainListOptions, ports: PlainListPorts) {
    this.name = options.name
    this.actions = [options.action]
    this.#options = options
    this.#ports = ports
    this.#record = new HeldRecord(options.recordPath)
  }

  async apply(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<ApplyReport> {
    const { wanted, refused } = this.#plan(desired)
    const { changes, confirmed, warnings } = await this.#change(() => wanted, false, signal)
    return {
      added: changes?.added.length ?? 0,
      removed: changes?.removed.length ?? 0,
      mended: (changes?.added ?? []).filter((prefix) =>
        confirmed.has(entryKey({ prefix, action: this.#options.action }))
      ).length,
      refused,
      ...(warnings.length > 0 ? { warnings } : {})
    }
  }

  async sweep(
    isOver: (entry: ActuatorEntry) => boolean,
    signal: AbortSignal
  ): Promise<{ readonly removed: number }> {
    const goalOf = (before: readonly HeldEntry[]) =>
      before.some(isOver) ? before.filter((entry) => !isOver(entry)) : undefined
    const { changes } = await this.#change(goalOf, true, signal)
    return { removed: changes?.removed.length ?? 0 }
  }

  async held(): Promise<readonly ActuatorEntry[]> {
    const contents = await readListFile(this.#options.listPath)
    const { foreign, removed } = changesOfFile(contents, { wanted: new Set(), isEndingOnly: true })
    const there = new Set([...foreign, ...removed])
    return (await this.#record.read()).filter((entry) => there.has(entry.prefix)).map(plainEntry)
  }

  async dryRun(desired: readonly ActuatorEntry[]): Promise<readonly string[]> {
    const { wanted, refused } = this.#plan(desired)
    const { listPath, action } = this.#options
    const goal = { wanted: prefixesOf(wanted, action), isEndingOnly: false }
    return [
      ...refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`),
      ...fileLines(listPath, changesOfFile(await readListFile(listPath), goal))
    ]
  }

  async check(): Promise<readonly ActuatorProblem[]> {
    return await checkListFile(this.name, this.#options.listPath)
  }

  describe(entry: ActuatorEntry): string {
    return entry.action === this.#options.action
      ? `${this.name}: ${spelled(entry.prefix)} stands in ${this.#options.listPath} until ${new Date(entry.untilMs).toISOString()}`
      : `${this.name}: holds no entries of type ${entry.action}`
  }

  #plan(desired: readonly ActuatorEntry[]) {
    const { action } = this.#options
    return planDesired(desired, this.#ports, (entry) =>
      entry.action === action ? entry : undefined
    )
  }

  async #change(
    goalOf: (before: readonly HeldEntry[]) => readonly HeldEntry[] | undefined,
    isEndingOnly: boolean,
    signal: AbortSignal
  ): Promise<RecordedOutcome & { changes: FileChanges | undefined }> {
    const { listPath, action } = this.#options
    let changes: FileChanges | undefined
    const outcome = await applyRecorded({
      record: this.#record,
      signal,
      findMarked: async () => {
        const { own } = await readListFile(listPath)
        return own.map((prefix) => ({ prefix, action, untilMs: 0, decisionId: '' }))
      },
      goalOf,
      steps: [
        async (goal) => {
          const wanted = prefixesOf(goal, action)
          changes = await applyToFile(listPath, { wanted, isEndingOnly })
          return 'done'
        }
      ],
      finish: (goal) => goal
    })
    return { ...outcome, changes }
  }
}
