/**
 * Where one HAProxy holds an entry: on its list, in its table, or nowhere. The list is looked at when a connection comes in and the
 * table at every request, so a banned address stands in both: new connections are closed, and requests over one that was
 * open are answered 429. A stick table holds single addresses only, so a prefix (every IPv6 client is a /64) is on the list alone.
 * Behind another proxy nothing may go on the list, which would hit that proxy. Pure.
 */
import { formatDuration, type PrefixText } from '../../../base/index.ts'
import type { ActuatorAction, ActuatorEntry } from '../actuator.ts'
import { spelled } from '../list-file.ts'
import type { HaproxyActuatorOptions } from './haproxy-options.ts'

/**
 * Bans that stand in the table as well: it is read at every reconciliation and written again when a restart has emptied it, and
 * an imported list may hold a million.
 */
const TABLE_BANS_MAX = 10_000

export class HaproxyPlaces {
  readonly actions: readonly ActuatorAction[]
  readonly #options: HaproxyActuatorOptions
  readonly #tableBansMax: number

  constructor(options: HaproxyActuatorOptions, tableBansMax = TABLE_BANS_MAX) {
    this.#options = options
    this.#tableBansMax = tableBansMax
    const hasTable = options.socket !== undefined && options.throttleTable !== undefined
    this.actions = hasTable ? ['ban', 'throttle'] : options.isBehindProxy ? [] : ['ban']
  }

  /** The entry as it is held here, `ban` on the list and `throttle` in the table; or why there is no place for it. */
  resolve(entry: ActuatorEntry): ActuatorEntry | string {
    const reason = this.#whyNot(entry)
    if (reason !== undefined) return reason
    const action = this.#placeOf(entry)
    if (action === 'throttle' && !this.#hasTable) {
      return 'this HAProxy cannot throttle: it needs the admin socket and a table'
    }
    return { ...entry, action }
  }

  /** Adds what holds the bans on the list over connections that are open: an entry in the table for each single address. */
  withTableBans(wanted: readonly ActuatorEntry[]): readonly ActuatorEntry[] {
    if (!this.#hasTable) return wanted
    const endOf = new Map<PrefixText, number>()
    for (const { action, prefix, untilMs } of wanted) {
      if (action === 'throttle') endOf.set(prefix, untilMs)
    }
    const bans = wanted.filter(({ action, prefix }) => action === 'ban' && isSingle(prefix))
    const chosen = soonestEnding(bans, this.#tableBansMax).filter(
      ({ prefix, untilMs }) => (endOf.get(prefix) ?? 0) < untilMs
    )
    if (chosen.length === 0) return wanted
    const replaced = new Set(chosen.map(({ prefix }) => prefix))
    return [
      ...wanted.filter(({ action, prefix }) => action === 'ban' || !replaced.has(prefix)),
      ...chosen.map((entry): ActuatorEntry => ({ ...entry, action: 'throttle' }))
    ]
  }

  /** A ban that the list's own marks tell of, without the record: the table may hold it as well. */
  ofMarked(prefix: PrefixText): readonly ActuatorAction[] {
    return this.#hasTable && isSingle(prefix) ? ['ban', 'throttle'] : ['ban']
  }

  /** Without the admin socket a list is read at HAProxy's next reload only, and nobody can be throttled. */
  takesEffect(entry: ActuatorEntry): boolean {
    return (
      this.#whyNot(entry) === undefined &&
      this.#options.socket !== undefined &&
      (this.#placeOf(entry) === 'ban' || this.#hasTable)
    )
  }

  /** `isInTable`: whether a ban is among those that the table holds as well. */
  describe(entry: ActuatorEntry, how: { readonly nowMs: number; readonly isInTable: boolean }) {
    const { name, throttleTable, listPath, listPathInProxy, socket } = this.#options
    const shown = spelled(entry.prefix)
    const until = new Date(entry.untilMs).toISOString()
    const reason = this.#whyNot(entry)
    if (reason !== undefined) return `${name}: HAProxy cannot refuse ${shown}: ${reason}`
    if (this.#placeOf(entry) === 'throttle') {
      return this.#hasTable
        ? `${name}: HAProxy answers ${shown} with 429 (table ${throttleTable}) until ${until}`
        : `${name}: HAProxy cannot throttle here (no socket or table)`
    }
    const where = listPath ?? listPathInProxy ?? 'its blacklist'
    if (socket === undefined) {
      return `${name}: ${shown} is written to ${where} until ${until}; without an admin socket HAProxy closes connections from it only after its next reload`
    }
    const left = formatDuration(Math.max(0, entry.untilMs - how.nowMs))
    const closed = `${name}: HAProxy closes connections from ${shown} (list ${where}) until ${until}, ${left} from now`
    if (isSingle(entry.prefix)) {
      return this.#hasTable && how.isInTable
        ? `${closed}, and answers 429 over those that were open (table ${throttleTable})`
        : `${closed}; one that was open stays open until it ends`
    }
    return `${closed}; those that were open and that HAProxy shows as sessions are ended once`
  }

  behindProxyLine(): string {
    const { throttleTable, listPath } = this.#options
    const place = this.#hasTable
      ? `bans go into the table ${throttleTable}, which goes by the client`
      : 'nobody can be refused here without admin socket and table'
    return `behind another proxy: nothing is put on ${listPath ?? 'the list'}, which is compared with that proxy; ${place}`
  }

  get #hasTable(): boolean {
    return this.actions.includes('throttle')
  }

  #placeOf({ action, prefix }: ActuatorEntry): ActuatorAction {
    if (this.#options.isBehindProxy) return 'throttle'
    return isSingle(prefix) ? action : 'ban'
  }

  /** Why this HAProxy has no place for an entry, behind another proxy. */
  #whyNot({ prefix }: ActuatorEntry): string | undefined {
    if (!this.#options.isBehindProxy) return undefined
    if (!this.#hasTable) {
      return 'behind another proxy a ban needs the admin socket and a table, since the list is compared with that proxy'
    }
    if (isSingle(prefix)) return undefined
    return 'behind another proxy only the table sees the client, and it holds single addresses, no prefixes'
  }
}

/** A stick table holds whole addresses only. */
export function isSingle(prefix: PrefixText): boolean {
  return prefix.endsWith(prefix.includes(':') ? '/128' : '/32')
}

/** Bans by detection end sooner than an operator's list, and it is their sources that are likely to be connected. */
function soonestEnding(bans: readonly ActuatorEntry[], countMax: number): readonly ActuatorEntry[] {
  if (bans.length <= countMax) return bans
  const ends = Float64Array.from(bans, ({ untilMs }) => untilMs).sort()
  const endMs = ends[countMax] ?? 0
  const sooner = bans.filter(({ untilMs }) => untilMs < endMs)
  const alike = bans.filter(({ untilMs }) => untilMs === endMs)
  return [...sooner, ...alike.slice(0, countMax - sooner.length)]
}
