/** Alerts and votes that stand, by what they accuse: kept in memory beside the store, bounded, the newest first to be asked for. */
import { findPrefix, type Prefix, type PrefixText, prefixesOverlap } from '../base/index.ts'
import {
  type AlertBody,
  decodeEvent,
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

interface Entry {
  readonly event: SignedNetworkEvent
  readonly body: AlertBody | VoteBody
  readonly receivedAtMs: number
  readonly via: EventVia
}

export class EventView {
  readonly #network: Network
  readonly #ownKey: Uint8Array
  /** In the order of arrival. */
  readonly #entries = new Map<string, Entry>()
  readonly #names = new Map<string, string>()

  constructor(network: Network, ownKey: Uint8Array) {
    this.#network = network
    this.#ownKey = ownKey
  }

  load(events: EventStore, nowMs: number): void {
    for (const kind of ['node-announce', 'alert', 'vote'] as const) {
      let afterNumber = 0
      for (;;) {
        const query = { network: this.#network.id, kind, nowMs, afterNumber, limit: LOAD_LIMIT }
        const page = events.live(query)
        for (const { envelope, receivedAtMs, via, number } of page) {
          this.add(decodeEvent(envelope), { via, receivedAtMs })
          afterNumber = number
        }
        if (page.length < LOAD_LIMIT) break
      }
    }
  }

  add(event: SignedNetworkEvent, arrival: Pick<Entry, 'via' | 'receivedAtMs'>): void {
    const { body } = event
    if (body.kind === 'node-announce') this.#names.set(hex(event.author), body.name)
    if (body.kind === 'retract') this.#retract(event.author, hex(body.eventId))
    if (body.kind !== 'alert' && body.kind !== 'vote') return
    this.#entries.set(hex(event.id), { event, body, ...arrival })
    if (this.#entries.size <= ENTRIES_MAX) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  remove(places: readonly EventPlace[]): void {
    for (const { id } of places) this.#entries.delete(hex(id))
  }

  expire(nowMs: number): void {
    for (const [id, { event }] of this.#entries) if (event.expMs <= nowMs) this.#entries.delete(id)
  }

  nameOf(author: string): string | undefined {
    return this.#names.get(author)
  }

  /** Newest first, before the filters that span networks. */
  *alerts(query: AlertQuery, nowMs: number): Generator<ReceivedAlert> {
    for (const { event, body, receivedAtMs, via } of [...this.#entries.values()].reverse()) {
      if (body.kind !== 'alert' || event.expMs <= nowMs) continue
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
    for (const { event, body } of this.#entries.values()) {
      if (event.expMs <= nowMs) continue
      const isOwn = this.#isOwn(event)
      const author = hex(event.author)
      const said = { author, isOwn, endsAtMs: event.expMs }
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

  #retract(author: Uint8Array, id: string): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined && Buffer.compare(entry.event.author, author) === 0) {
      this.#entries.delete(id)
    }
  }

  #isOwn(event: SignedNetworkEvent): boolean {
    return Buffer.compare(event.author, this.#ownKey) === 0
  }
}

export interface MutableThreat {
  readonly stances: Map<string, 'block' | 'benign'>
  readonly categories: Set<number>
  severityMax: number
  firstMs: number
  lastMs: number
  endsAtMs: number
  own: 'block' | 'benign' | undefined
}

interface Said {
  readonly author: string
  readonly isOwn: boolean
  readonly endsAtMs: number
  readonly stance: 'block' | 'retract' | 'benign'
  readonly category: number
  readonly severity: number
  readonly firstMs: number
  readonly lastMs: number
}

/** The later word of an author on a prefix takes the place of the earlier one. */
function note(threats: Map<PrefixText, MutableThreat>, prefix: PrefixText, said: Said): void {
  const threat = threats.get(prefix) ?? {
    stances: new Map(),
    categories: new Set(),
    severityMax: 0,
    firstMs: said.firstMs,
    ...{ lastMs: 0, endsAtMs: 0, own: undefined }
  }
  threats.set(prefix, threat)
  const stance = said.stance === 'retract' ? undefined : said.stance
  if (said.isOwn) threat.own = stance
  else if (stance === undefined) threat.stances.delete(said.author)
  else threat.stances.set(said.author, stance)
  if (stance === undefined) return
  threat.categories.add(said.category)
  threat.severityMax = Math.max(threat.severityMax, said.severity)
  threat.firstMs = Math.min(threat.firstMs, said.firstMs)
  threat.lastMs = Math.max(threat.lastMs, said.lastMs)
  threat.endsAtMs = Math.max(threat.endsAtMs, said.endsAtMs)
}

export function threatsOf(
  found: ReadonlyMap<PrefixText, MutableThreat>,
  accusersMin: number
): readonly Threat[] {
  return [...found]
    .map(([prefix, threat]): Threat => {
      const by = (wanted: string) =>
        [...threat.stances].flatMap(([author, stance]) => (stance === wanted ? [author] : []))
      const { severityMax, firstMs, lastMs, endsAtMs, own } = threat
      return {
        prefix,
        accusers: by('block'),
        defenders: by('benign'),
        categories: [...threat.categories].sort((a, b) => a - b),
        ...{ severityMax, firstMs, lastMs, endsAtMs, ownVerdict: own }
      }
    })
    .filter(({ accusers }) => accusers.length >= accusersMin)
    .sort((a, b) => b.accusers.length - a.accusers.length || (a.prefix < b.prefix ? -1 : 1))
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
