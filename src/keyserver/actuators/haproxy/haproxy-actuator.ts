/**
 * Carries decisions out at HAProxy. A ban stands in the blacklist file, which HAProxy reads at every (re)load, in the running list,
 * which counts at once for new connections, and in the stock table `st_info_crawler`, whose rule answers 429 to every request, also
 * over connections that are open; a throttle is an entry of that table alone. HAProxy keeps table entries for 24 h after the last
 * request, so we clear ours when their time is up. What stands where is decided in places.ts; the record has a row for each place.
 */
import { messageOf, type PrefixText } from '../../../base/index.ts'
import type {
  ActuatorAction,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport,
  ProtectionCheck,
  SweepableActuator
} from '../actuator.ts'
import { entryKey, planDesired, prefixesOf } from '../desired-plan.ts'
import { type HeldEntry, HeldRecord } from '../held-record.ts'
import { readListFile } from '../list-file.ts'
import {
  applyToFile,
  changesOfFile,
  type FileChanges,
  type FileGoal,
  fileLines
} from '../list-file-changes.ts'
import { applyRecorded, plainEntry, type RecordedOutcome } from '../recorded-apply.ts'
import { checkHaproxy } from './check.ts'
import type { HaproxyActuatorOptions } from './haproxy-options.ts'
import { HaproxyRuntime, type RunningReport } from './haproxy-runtime.ts'
import type { RunningGoal } from './list-changes.ts'
import { HaproxyPlaces } from './places.ts'
import { isNobodyThere } from './runtime-client.ts'

export interface HaproxyActuatorPorts {
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

interface Change {
  readonly goalOf: (before: readonly HeldEntry[]) => readonly HeldEntry[] | undefined
  readonly isEndingOnly: boolean
}

interface Seen {
  /** Bans of before and of now: their entries in the table are part of them. */
  bans: ReadonlySet<PrefixText>
  file: FileChanges | undefined
  running: RunningReport | undefined
}

export class HaproxyActuator implements SweepableActuator {
  readonly kind = 'haproxy'
  readonly name: string
  readonly actions: readonly ActuatorAction[]
  readonly #options: HaproxyActuatorOptions
  readonly #ports: HaproxyActuatorPorts
  readonly #record: HeldRecord
  readonly #places: HaproxyPlaces
  readonly #runtime: HaproxyRuntime | undefined
  /** What the last plan put into the table; undefined before the first. */
  #inTable: ReadonlySet<PrefixText> | undefined

  constructor(options: HaproxyActuatorOptions, ports: HaproxyActuatorPorts) {
    this.name = options.name
    this.#options = options
    this.#ports = ports
    this.#record = new HeldRecord(options.recordPath)
    this.#runtime =
      options.socket === undefined
        ? undefined
        : new HaproxyRuntime({
            socket: options.socket,
            timeoutMs: options.commandTimeoutMs,
            listPath: options.listPathInProxy ?? options.listPath,
            isListPathExact: options.listPathInProxy !== undefined,
            throttleTable: options.throttleTable
          })
    this.#places = new HaproxyPlaces(options)
    this.actions = this.#places.actions
  }

  async apply(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<ApplyReport> {
    const plan = this.#plan(desired)
    this.#inTable = prefixesOf(plan.wanted, 'throttle')
    const outcome = await this.#change({ goalOf: () => plan.wanted, isEndingOnly: false }, signal)
    const warnings = [...outcome.warnings, ...(outcome.running?.warnings ?? [])]
    return {
      ...countChanges(outcome),
      refused: plan.refused,
      ...(warnings.length > 0 ? { warnings } : {})
    }
  }

  async sweep(
    isOver: (entry: ActuatorEntry) => boolean,
    signal: AbortSignal
  ): Promise<{ readonly removed: number }> {
    const goalOf = (before: readonly HeldEntry[]) =>
      before.some(isOver) ? before.filter((entry) => !isOver(entry)) : undefined
    return countChanges(await this.#change({ goalOf, isEndingOnly: true }, signal))
  }

  async held(signal: AbortSignal): Promise<readonly ActuatorEntry[]> {
    const file = await this.#seeFile({ wanted: new Set(), isEndingOnly: true })
    const inFile = new Set([...(file?.foreign ?? []), ...(file?.removed ?? [])])
    const running = await this.#runtime?.held(signal)
    const entries = await this.#record.read()
    const bans = prefixesOf(entries, 'ban')
    return entries
      .filter(({ action, prefix }) =>
        action === 'throttle'
          ? !bans.has(prefix) && running?.throttled.has(prefix) === true
          : (running?.listed ?? inFile).has(prefix)
      )
      .map(plainEntry)
  }

  async dryRun(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<readonly string[]> {
    const plan = this.#plan(desired)
    const lines = [
      ...(this.#options.isBehindProxy ? [this.#places.behindProxyLine()] : []),
      ...plan.refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`)
    ]
    const { listPath, socket } = this.#options
    const file = await this.#seeFile({
      wanted: prefixesOf(plan.wanted, 'ban'),
      isEndingOnly: false
    })
    if (listPath !== undefined && file !== undefined) lines.push(...fileLines(listPath, file))
    if (this.#runtime === undefined) return lines
    const { entries } = await this.#record.readOrReport()
    const before = [...entries, ...(await this.#findMarked(entries))]
    try {
      const goal = runningGoal(plan.wanted, { before, file, isEndingOnly: false })
      const commands = await this.#runtime.dryRun(goal, signal)
      lines.push(...commands.map((command) => `${socket} <- ${command}`))
    } catch (error) {
      lines.push(`${socket}: cannot tell: ${messageOf(error)}`)
    }
    return lines
  }

  check(signal: AbortSignal): Promise<readonly ActuatorProblem[]> {
    return checkHaproxy(this.#options, this.#runtime, signal)
  }

  describe(entry: ActuatorEntry): string {
    return this.#places.describe(entry, {
      nowMs: this.#ports.nowMs(),
      isInTable: this.#inTable?.has(entry.prefix) ?? true
    })
  }

  takesEffect(entry: ActuatorEntry): boolean {
    return this.#places.takesEffect(entry)
  }

  #plan(desired: readonly ActuatorEntry[]) {
    const plan = planDesired(desired, this.#ports, (entry) => this.#places.resolve(entry))
    return { ...plan, wanted: this.#places.withTableBans(plan.wanted) }
  }

  async #change(
    { goalOf, isEndingOnly }: Change,
    signal: AbortSignal
  ): Promise<Seen & RecordedOutcome> {
    const seen: Seen = { bans: new Set(), file: undefined, running: undefined }
    const outcome = await applyRecorded({
      record: this.#record,
      signal,
      findMarked: (recorded) => this.#findMarked(recorded),
      goalOf,
      steps: [
        async (goal, before) => {
          seen.bans = new Set([...prefixesOf(before, 'ban'), ...prefixesOf(goal, 'ban')])
          const { listPath } = this.#options
          if (listPath === undefined) return 'done'
          const wanted = prefixesOf(goal, 'ban')
          seen.file = await applyToFile(listPath, { wanted, isEndingOnly })
          return 'done'
        },
        async (goal, before) => {
          if (this.#runtime === undefined) return 'done'
          const { file } = seen
          try {
            seen.running = await this.#runtime.apply(
              runningGoal(goal, { before, file, isEndingOnly }),
              signal
            )
            return 'done'
          } catch (error) {
            // A proxy that does not run holds nothing; it is asked again by the next sweep, in case it was another path.
            if (isEndingOnly && isNobodyThere(error)) return 'pending'
            throw error
          }
        }
      ],
      finish: (goal) => goal.map((entry) => flagged(entry, seen))
    })
    return { ...outcome, ...seen }
  }

  /** What our block of the file holds is ours even if the record was lost, and so is then its entry in the table. */
  async #findMarked(recorded: readonly HeldEntry[]): Promise<readonly HeldEntry[]> {
    const { listPath } = this.#options
    if (listPath === undefined) return []
    const { own } = await readListFile(listPath)
    const known = prefixesOf(recorded, 'ban')
    return own
      .filter((prefix) => !known.has(prefix))
      .flatMap((prefix) =>
        this.#places
          .ofMarked(prefix)
          .map((action) => ({ prefix, action, untilMs: 0, decisionId: '' }))
      )
  }

  async #seeFile(goal: FileGoal): Promise<FileChanges | undefined> {
    const { listPath } = this.#options
    return listPath === undefined ? undefined : changesOfFile(await readListFile(listPath), goal)
  }
}

function runningGoal(
  goal: readonly HeldEntry[],
  known: {
    readonly before: readonly HeldEntry[]
    readonly file: FileChanges | undefined
    readonly isEndingOnly: boolean
  }
): RunningGoal {
  const own = known.before.filter((entry) => entry.isForeign !== true)
  const foreign = known.before.filter((entry) => entry.isForeign === true)
  return {
    listed: prefixesOf(goal, 'ban'),
    throttled: prefixesOf(goal, 'throttle'),
    ownListed: prefixesOf(own, 'ban'),
    ownThrottled: prefixesOf(own, 'throttle'),
    // Where the file could not be read just now, what it said last time.
    foreign: known.file?.foreign ?? prefixesOf(foreign, 'ban'),
    isEndingOnly: known.isEndingOnly
  }
}

function flagged(entry: HeldEntry, { file, running }: Seen): HeldEntry {
  const isForeignNow =
    entry.action === 'ban'
      ? (file?.foreign.has(entry.prefix) ?? entry.isForeign)
      : (running?.table.foreign.has(entry.prefix) ?? entry.isForeign)
  const plain = plainEntry(entry)
  return isForeignNow === true ? { ...plain, isForeign: true } : plain
}

/** An entry counts once, wherever it changed. */
function countChanges({ bans, file, running, confirmed }: Seen & RecordedOutcome) {
  const changed = (name: 'added' | 'removed') => {
    const inList = new Set([...(file?.[name] ?? []), ...(running?.list[name] ?? [])])
    return [
      ...[...inList].map((prefix) => ({ prefix, action: 'ban' as const })),
      ...(running?.table[name] ?? []).map((prefix) => ({ prefix, action: 'throttle' as const }))
    ]
  }
  const count = (rows: readonly Pick<HeldEntry, 'prefix' | 'action'>[]) =>
    new Set(
      rows.map(({ prefix, action }) =>
        entryKey({ prefix, action: bans.has(prefix) ? 'ban' : action })
      )
    ).size
  const added = changed('added')
  return {
    added: count(added),
    removed: count(changed('removed')),
    mended: count(added.filter((row) => confirmed.has(entryKey(row))))
  }
}
