/**
 * Alerts and votes that stand, by what they accuse: kept in memory beside the store, bounded, the newest first to be asked for. In
 * which order events came makes no difference to what is shown.
 */
import { findPrefix, type Prefix, type PrefixText, prefixesOverlap } from '../base/index.ts'
import {
  type AlertBody,
  decodeEvent,
  type EventKind,
  type Network,
  networkIdText,
  type SignedNetworkEvent,
  type VoteBody
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import type { AlertQuery, Page, ReceivedAlert, Threat, ThreatQuery } from './network-api.ts'
import type { EventPlace, EventStore, EventVia } from './ports.ts'

/** Of each network; an alert takes about 2 KiB. */
const ENTRIES_MAX = 20_000
const LOAD_LIMIT = 1_000
/** Hexadecimal digits. */
const NETWORK_ID_LENGTH = 32

interface Entry {
  readonly event: SignedNetworkEvent
  readonly body: AlertBody | VoteBody
  readonly receivedAtMs: number
  readonly via: EventVia
  /** Retracts of its author: while there is one, it is neither shown nor counted. */
  readonly retracts: Set<string>
}

export class EventView {
  readonly #network: Network
  readonly #ownKey: Uint8Array
  readonly #events: EventStore
  /** In the order of arrival. */
  readonly #entries = new Map<string, Entry>()
  readonly #names = new Map<string, string>()

  constructor(network: Network, ownKey: Uint8Array, events: EventStore) {
    this.#network = network
    this.#ownKey = ownKey
    this.#events = events
  }

  load(nowMs: number): void {
    for (const kind of ['node-announce', 'alert', 'vote'] as const) {
      let afterNumber = 0
      for (;;) {
        const page = this.#events.live({
          ...{ network: this.#network.id, kind, nowMs, afterNumber },
          ...{ includesTakenBack: true, limit: LOAD_LIMIT }
        })
        for (const { envelope, receivedAtMs, via, number } of page) {
          this.add(decodeEvent(envelope), { via, receivedAtMs })
          afterNumber = number
        }
        if (page.length < LOAD_LIMIT) break
      }
    }
  }

  /** The event is in the store. */
  add(event: SignedNetworkEvent, arrival: Pick<Entry, 'via' | 'receivedAtMs'>): void {
    const { body } = event
    if (body.kind === 'node-announce') this.#names.set(hex(event.author), body.name)
    if (body.kind === 'retract') this.#retract(event, hex(body.eventId))
    if (body.kind !== 'alert' && body.kind !== 'vote') return
    // A retract can come before what it takes back: they go round under different topics.
    const retracts = new Set(this.#events.retractsOf(event.id).map(hex))
    this.#entries.set(hex(event.id), { event, body, retracts, ...arrival })
    if (this.#entries.size <= ENTRIES_MAX) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  remove(places: readonly EventPlace[]): void {
    for (const { id, kind } of places) {
      this.#entries.delete(hex(id))
      // Its author was caught: what the retract took back stands again, unless it is void as well.
      if (kind !== 'retract') continue
      for (const { retracts } of this.#entries.values()) retracts.delete(hex(id))
    }
  }

  expire(nowMs: number): void {
    for (const [id, { event }] of this.#entries) if (event.expMs <= nowMs) this.#entries.delete(id)
  }

  nameOf(author: string): string | undefined {
    return this.#names.get(author)
  }

  /** How many of a kind are kept and do not count, since their authors took them back. */
  countTakenBack(kind: EventKind): number {
    let count = 0
    for (const { body, retracts } of this.#entries.values()) {
      if (body.kind === kind && retracts.size > 0) count++
    }
    return count
  }

  /** Newest first, before the filters that span networks. */
  *alerts(query: AlertQuery, nowMs: number): Generator<ReceivedAlert> {
    for (const entry of [...this.#entries.values()].reverse()) {
      const { event, body, receivedAtMs, via, retracts } = entry
      if (body.kind !== 'alert' || event.expMs <= nowMs || retracts.size > 0) continue
      if (receivedAtMs <= (query.sinceMs ?? 0) || body.severity < (query.severityMin ?? 0)) continue
      const prefixes = body.indicators.map(({ prefix }) => prefix)
      if (!touches(prefixes, query.prefix)) continue
      const author = hex(event.author)
      yield {
        id: hex(event.id),
        network: networkIdText(event.network),
        ...{ author, authorName: this.#names.get(author), isOwn: this.#isOwn(event) },
        ...{ atMs: event.tsMs, endsAtMs: event.expMs, receivedAtMs, via, body }
      }
    }
  }

  collect(threats: Map<PrefixText, MutableThreat>, query: ThreatQuery, nowMs: number): void {
    for (const { event, body, retracts } of this.#entries.values()) {
      if (event.expMs <= nowMs || retracts.size > 0) continue
      const isOwn = this.#isOwn(event)
      const author = `${networkIdText(event.network)}${hex(event.author)}`
      const said = { author, isOwn, seq: event.seq, endsAtMs: event.expMs }
      if (body.kind === 'alert') {
        const { category, severity, indicators } = body
        for (const { prefix, firstMs, lastMs } of indicators) {
          if (!touches([prefix], query.prefix)) continue
          note(threats, prefix, { ...said, stance: 'block', category, severity, firstMs, lastMs })
        }
        continue
      }
      for (const vote of body.votes) {
        if (touches([vote.prefix], query.prefix)) {
          note(threats, vote.prefix, { ...said, ...vote, severity: 0 })
        }
      }
    }
  }

  #retract(retract: SignedNetworkEvent, target: string): void {
    const entry = this.#entries.get(target)
    if (entry !== undefined && Buffer.compare(entry.event.author, retract.author) === 0) {
      entry.retracts.add(hex(retract.id))
    }
  }

  #isOwn(event: SignedNetworkEvent): boolean {
    return Buffer.compare(event.author, this.#ownKey) === 0
  }
}

/** All that is said of one prefix, by author within his network. */
export type MutableThreat = Map<string, readonly Said[]>

interface Said {
  readonly author: string
  readonly isOwn: boolean
  readonly seq: bigint
  readonly endsAtMs: number
  readonly stance: 'block' | 'retract' | 'benign'
  readonly category: number
  readonly severity: number
  readonly firstMs: number
  readonly lastMs: number
}

function note(threats: Map<PrefixText, MutableThreat>, prefix: PrefixText, said: Said): void {
  const threat: MutableThreat = threats.get(prefix) ?? new Map()
  threats.set(prefix, threat)
  threat.set(said.author, [...(threat.get(said.author) ?? []), said])
}

/** The later word of an author takes the place of the earlier one, by his own numbers; a retract ends all that he said before. */
function standingOf(said: readonly Said[]): readonly Said[] {
  const words = said.toSorted((a, b) => (a.seq < b.seq ? -1 : 1))
  const end = words.findLastIndex(({ stance }) => stance === 'retract')
  return words.slice(end + 1)
}

export function threatsOf(
  found: ReadonlyMap<PrefixText, MutableThreat>,
  accusersMin: number
): readonly Threat[] {
  return [...found]
    .flatMap(([prefix, threat]) => threatOf(prefix, threat) ?? [])
    .filter(({ accusers }) => accusers.length >= accusersMin)
    .sort((a, b) => b.accusers.length - a.accusers.length || (a.prefix < b.prefix ? -1 : 1))
}

function threatOf(prefix: PrefixText, threat: MutableThreat): Threat | undefined {
  const byAuthor = [...threat.values()].map(standingOf)
  const all = byAuthor.flat()
  if (all.length === 0) return undefined
  const last = byAuthor.flatMap((words) => words.at(-1) ?? [])
  const by = (wanted: Said['stance']) => [
    ...new Set(
      last.flatMap(({ isOwn, stance, author }) =>
        !isOwn && stance === wanted ? [author.slice(NETWORK_ID_LENGTH)] : []
      )
    )
  ]
  const own = last.filter(({ isOwn }) => isOwn).at(-1)?.stance
  return {
    prefix,
    accusers: by('block'),
    defenders: by('benign'),
    categories: [...new Set(all.map(({ category }) => category))].sort((a, b) => a - b),
    severityMax: Math.max(...all.map(({ severity }) => severity)),
    firstMs: Math.min(...all.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...all.map(({ lastMs }) => lastMs)),
    endsAtMs: Math.max(...all.map(({ endsAtMs }) => endsAtMs)),
    ownVerdict: own === 'retract' ? undefined : own
  }
}

/** A cursor is the number of items before; what comes in between shifts them. @throws {CURSOR_INVALID} */
export function pageOf<T>(
  items: readonly T[],
  query: { readonly cursor?: string; readonly limit: number }
): Page<T> {
  const cursor = query.cursor ?? '0'
  if (!/^\d{1,9}$/.test(cursor)) {
    throw new NetworkError('CURSOR_INVALID', 'expected a cursor of an earlier answer')
  }
  const from = Number(cursor)
  const next = from + query.limit
  return {
    items: items.slice(from, next),
    nextCursor: next < items.length ? String(next) : undefined
  }
}

function touches(prefixes: readonly PrefixText[], wanted: Prefix | undefined): boolean {
  if (wanted === undefined) return true
  return prefixes.some((text) => {
    const prefix = findPrefix(text)
    return prefix !== undefined && prefixesOverlap(prefix, wanted)
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
