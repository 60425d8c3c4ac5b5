/**
 * Carries decisions out at HAProxy. A ban stands in the blacklist file, which HAProxy reads at every (re)load, and in the running
 * list, which counts at once; a throttle is an entry of the stock table `st_info_crawler`, whose rule answers 429. HAProxy keeps
 * table entries for 24 h after the last request, so we clear ours when their time is up. Connections that are open when a ban
 * begins stay open until they end: HAProxy checks the list when a connection comes in. A stick table holds single addresses, so
 * a throttled prefix (every IPv6 client is a /64) goes on the list for the time of the throttle: either way it gets no answer.
 */
import { displayPrefix, findPrefix, formatDuration, type PrefixText } from '../../../base/index.ts'
import type {
  Actuator,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport,
  ProtectionCheck
} from '../actuator.ts'
import { HeldRecord } from '../held-record.ts'
import { foreignPrefixes, readListFile, writeListFile } from '../list-file.ts'
import { checkHaproxy } from './check.ts'
import type { HaproxyActuatorOptions } from './haproxy-options.ts'
import { HaproxyRuntime } from './haproxy-runtime.ts'

export interface HaproxyActuatorPorts {
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

interface Plan {
  readonly bans: readonly ActuatorEntry[]
  readonly throttles: readonly ActuatorEntry[]
  readonly refused: { prefix: PrefixText; reason: string }[]
}

export class HaproxyActuator implements Actuator {
  readonly kind = 'haproxy'
  readonly name: string
  readonly actions
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
    this.actions =
      this.#runtime !== undefined && options.throttleTable !== undefined
        ? (['ban', 'throttle'] as const)
        : (['ban'] as const)
  }

  async apply(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<ApplyReport> {
    const plan = this.#plan(desired)
    const before = await this.#record.read()
    const wanted = [...plan.bans, ...plan.throttles]
    // Recorded first: what a crash leaves in place is then known to the sweep.
    await this.#record.write(union(wanted, before))
    const file = await this.#applyFile(plan, true)
    const running = await this.#applyRunning(plan, before, { signal, isDry: false })
    await this.#record.write(wanted)
    return {
      added: Math.max(file.added, running.added),
      removed: Math.max(file.removed, running.removed),
      mended: running.mended,
      refused: plan.refused
    }
  }

  async held(signal: AbortSignal): Promise<readonly ActuatorEntry[]> {
    const known = new Map<string, ActuatorEntry>()
    for (const entry of await this.#record.read())
      known.set(`${entry.action} ${entry.prefix}`, entry)
    const own = new Set((await this.#readFile()).own)
    const running = await this.#runtime?.read(signal)
    const held: ActuatorEntry[] = []
    for (const entry of known.values()) {
      const isInPlace =
        entry.action === 'throttle'
          ? running?.throttled.has(entry.prefix) === true
          : running === undefined
            ? own.has(entry.prefix)
            : running.listed.has(entry.prefix)
      if (isInPlace) held.push(entry)
    }
    return held
  }

  async dryRun(desired: readonly ActuatorEntry[], signal: AbortSignal): Promise<readonly string[]> {
    const plan = this.#plan(desired)
    const before = await this.#record.read()
    const lines = plan.refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`)
    const file = await this.#applyFile(plan, false)
    lines.push(...file.lines)
    const running = await this.#applyRunning(plan, before, { signal, isDry: true })
    lines.push(...running.commands.map((command) => `${this.#options.socket} <- ${command}`))
    return lines
  }

  check(signal: AbortSignal): Promise<readonly ActuatorProblem[]> {
    return checkHaproxy(this.#options, this.#runtime, signal)
  }

  describe(entry: ActuatorEntry): string {
    const prefix = findPrefix(entry.prefix)
    const shown = prefix === undefined ? entry.prefix : displayPrefix(prefix)
    const until = new Date(entry.untilMs).toISOString()
    if (entry.action === 'throttle' && isSingle(entry.prefix)) {
      return this.#options.throttleTable === undefined || this.#runtime === undefined
        ? `${this.name}: HAProxy cannot throttle here (no socket or table)`
        : `${this.name}: HAProxy answers ${shown} with 429 (table ${this.#options.throttleTable}) until ${until}`
    }
    const where = this.#options.listPath ?? this.#options.listPathInProxy ?? 'its blacklist'
    return `${this.name}: HAProxy closes connections from ${shown} (list ${where}) until ${until}, ${formatDuration(Math.max(0, entry.untilMs - this.#ports.nowMs()))} from now`
  }

  #plan(desired: readonly ActuatorEntry[]): Plan {
    const bans: ActuatorEntry[] = []
    const throttles: ActuatorEntry[] = []
    const refused: { prefix: PrefixText; reason: string }[] = []
    const nowMs = this.#ports.nowMs()
    for (const entry of desired) {
      if (entry.untilMs <= nowMs) continue
      const protection = this.#ports.findProtection(entry.prefix)
      const unable = protection ?? this.#whyUnable(entry)
      if (unable !== undefined) refused.push({ prefix: entry.prefix, reason: unable })
      else if (entry.action === 'ban' || !isSingle(entry.prefix))
        bans.push({ ...entry, action: 'ban' })
      else throttles.push(entry)
    }
    return { bans, throttles, refused }
  }

  #whyUnable(entry: ActuatorEntry): string | undefined {
    const canThrottle = this.actions.some((action) => action === 'throttle')
    return entry.action === 'ban' || !isSingle(entry.prefix) || canThrottle
      ? undefined
      : 'this HAProxy cannot throttle: it needs the admin socket and a table'
  }

  async #readFile() {
    const { listPath } = this.#options
    return listPath === undefined ? { foreignLines: [], own: [] } : await readListFile(listPath)
  }

  async #applyFile(
    plan: Plan,
    isWriting: boolean
  ): Promise<{ added: number; removed: number; lines: string[] }> {
    const { listPath } = this.#options
    if (listPath === undefined) return { added: 0, removed: 0, lines: [] }
    const contents = await readListFile(listPath)
    const foreign = foreignPrefixes(contents)
    const wanted = new Set(
      plan.bans.map((entry) => entry.prefix).filter((prefix) => !foreign.has(prefix))
    )
    const own = new Set(contents.own)
    const added = [...wanted].filter((prefix) => !own.has(prefix))
    const removed = [...own].filter((prefix) => !wanted.has(prefix))
    if (isWriting && added.length + removed.length > 0) {
      await writeListFile(listPath, { foreignLines: contents.foreignLines, own: [...wanted] })
    }
    const lines = [
      ...added.map((prefix) => `${listPath}: + ${prefix}`),
      ...removed.map((prefix) => `${listPath}: - ${prefix}`)
    ]
    return { added: added.length, removed: removed.length, lines }
  }

  async #applyRunning(
    plan: Plan,
    before: readonly ActuatorEntry[],
    how: { readonly signal: AbortSignal; readonly isDry: boolean }
  ): Promise<{ added: number; removed: number; mended: number; commands: readonly string[] }> {
    if (this.#runtime === undefined) return { added: 0, removed: 0, mended: 0, commands: [] }
    const foreign = foreignPrefixes(await this.#readFile())
    return await this.#runtime.apply(
      {
        listed: new Set(plan.bans.map((entry) => entry.prefix)),
        throttled: new Set(plan.throttles.map((entry) => entry.prefix)),
        ownListed: new Set(prefixesOf(before, 'ban')),
        ownThrottled: new Set(prefixesOf(before, 'throttle')),
        foreign
      },
      how
    )
  }
}

function isSingle(prefix: PrefixText): boolean {
  return /\/(?:32|128)$/.test(prefix)
}

function prefixesOf(entries: readonly ActuatorEntry[], action: 'ban' | 'throttle'): PrefixText[] {
  return entries.filter((entry) => entry.action === action).map((entry) => entry.prefix)
}

function union(
  wanted: readonly ActuatorEntry[],
  before: readonly ActuatorEntry[]
): readonly ActuatorEntry[] {
  const keys = new Set(wanted.map((entry) => `${entry.action} ${entry.prefix}`))
  return [...wanted, ...before.filter((entry) => !keys.has(`${entry.action} ${entry.prefix}`))]
}
