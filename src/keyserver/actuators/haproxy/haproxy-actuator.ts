/**
 * Carries decisions out at HAProxy. A ban stands in the blacklist file, which HAProxy reads at every (re)load, and in the running
 * list, which counts at once; a throttle is an entry of the stock table `st_info_crawler`, whose rule answers 429. HAProxy keeps
 * table entries for 24 h after the last request, so we clear ours when their time is up. Connections that are open when a ban
 * begins stay open until they end: HAProxy checks the list when a connection comes in. A stick table holds single addresses, so
 * a throttled prefix (every IPv6 client is a /64) goes on the list for the time of the throttle: either way it gets no answer.
 * Behind another proxy nothing may go on the list, which would hit that proxy; bans are entries of the table there.
 */
import { formatDuration, messageOf, type PrefixText } from '../../../base/index.ts'
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
import { readListFile, spelled } from '../list-file.ts'
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
  readonly #runtime: HaproxyRuntime | undefined

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
    const hasTable = this.#runtime !== undefined && options.throttleTable !== undefined
    this.actions = hasTable ? ['ban', 'throttle'] : options.isBehindProxy ? [] : ['ban']
  }

  async apply(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<ApplyReport> {
    const plan = this.#plan(desired)
    const outcome = await this.#change({ goalOf: () => plan.wanted, isEndingOnly: false }, signal)
    const { warnings } = outcome
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
    return entries
      .filter(({ action, prefix }) =>
        action === 'throttle'
          ? running?.throttled.has(prefix) === true
          : (running?.listed ?? inFile).has(prefix)
      )
      .map(plainEntry)
  }

  async dryRun(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<readonly string[]> {
    const plan = this.#plan(desired)
    const lines = [
      ...(this.#options.isBehindProxy ? [this.#behindProxyLine()] : []),
      ...plan.refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`)
    ]
    const { listPath, socket } = this.#options
    const file = await this.#seeFile({
      wanted: prefixesOf(plan.wanted, 'ban'),
      isEndingOnly: false
    })
    if (listPath !== undefined && file !== undefined) lines.push(...fileLines(listPath, file))
    if (this.#runtime === undefined) return lines
    const before = [...(await this.#record.readOrReport()).entries, ...(await this.#findMarked())]
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
    const shown = spelled(entry.prefix)
    const until = new Date(entry.untilMs).toISOString()
    const reason = this.#whyNot(entry)
    if (reason !== undefined) return `${this.name}: HAProxy cannot refuse ${shown}: ${reason}`
    if (this.#placeOf(entry) === 'throttle') {
      return this.actions.includes('throttle')
        ? `${this.name}: HAProxy answers ${shown} with 429 (table ${this.#options.throttleTable}) until ${until}`
        : `${this.name}: HAProxy cannot throttle here (no socket or table)`
    }
    const where = this.#options.listPath ?? this.#options.listPathInProxy ?? 'its blacklist'
    const leftMs = Math.max(0, entry.untilMs - this.#ports.nowMs())
    return `${this.name}: HAProxy closes connections from ${shown} (list ${where}) until ${until}, ${formatDuration(leftMs)} from now`
  }

  #plan(desired: readonly ActuatorEntry[]) {
    const canThrottle = this.actions.includes('throttle')
    return planDesired(desired, this.#ports, (entry) => {
      const reason = this.#whyNot(entry)
      if (reason !== undefined) return reason
      const action = this.#placeOf(entry)
      if (action === 'throttle' && !canThrottle) {
        return 'this HAProxy cannot throttle: it needs the admin socket and a table'
      }
      return { ...entry, action }
    })
  }

  /** Where an entry is held: `ban` is the list, `throttle` the table. */
  #placeOf({ action, prefix }: ActuatorEntry): ActuatorAction {
    if (this.#options.isBehindProxy) return 'throttle'
    return isSingle(prefix) ? action : 'ban'
  }

  /** Why this HAProxy has no place for an entry, behind another proxy. */
  #whyNot({ prefix }: ActuatorEntry): string | undefined {
    if (!this.#options.isBehindProxy) return undefined
    if (!this.actions.includes('throttle')) {
      return 'behind another proxy a ban needs the admin socket and a table, since the list is compared with that proxy'
    }
    if (isSingle(prefix)) return undefined
    return 'behind another proxy only the table sees the client, and it holds single addresses, no prefixes'
  }

  #behindProxyLine(): string {
    const { throttleTable, listPath } = this.#options
    const place = this.actions.includes('throttle')
      ? `bans go into the table ${throttleTable}, which goes by the client`
      : 'nobody can be refused here without admin socket and table'
    return `behind another proxy: nothing is put on ${listPath ?? 'the list'}, which is compared with that proxy; ${place}`
  }

  async #change(
    { goalOf, isEndingOnly }: Change,
    signal: AbortSignal
  ): Promise<Seen & RecordedOutcome> {
    const seen: Seen = { file: undefined, running: undefined }
    const outcome = await applyRecorded({
      record: this.#record,
      signal,
      findMarked: () => this.#findMarked(),
      goalOf,
      steps: [
        async (goal) => {
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

  /** What our block of the file holds is ours even if the record was lost. */
  async #findMarked(): Promise<readonly HeldEntry[]> {
    const { listPath } = this.#options
    if (listPath === undefined) return []
    const { own } = await readListFile(listPath)
    return own.map((prefix) => ({ prefix, action: 'ban', untilMs: 0, decisionId: '' }))
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
function countChanges({ file, running, confirmed }: Seen & RecordedOutcome) {
  const keys = (prefixes: readonly PrefixText[], action: ActuatorAction) =>
    prefixes.map((prefix) => entryKey({ prefix, action }))
  const changed = (name: 'added' | 'removed') => [
    ...new Set([
      ...keys(file?.[name] ?? [], 'ban'),
      ...keys(running?.list[name] ?? [], 'ban'),
      ...keys(running?.table[name] ?? [], 'throttle')
    ])
  ]
  const added = changed('added')
  return {
    added: added.length,
    removed: changed('removed').length,
    mended: added.filter((key) => confirmed.has(key)).length
  }
}

/** A stick table holds whole addresses only. */
function isSingle(prefix: PrefixText): boolean {
  return prefix.endsWith(prefix.includes(':') ? '/128' : '/32')
}
