/**
 * Alerts and votes that stand, by what they accuse: kept in memory beside the store, bounded, the newest first to be asked for. In
 * which order events came makes no difference to what is shown.
 */
import { findPrefix, hexOf, type Prefix, type PrefixText, prefixesOverlap } from '../base/index.ts'
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
import type { AlertQuery, Page, ReceivedAlert, ThreatQuery } from './network-api.ts'
import type { EventPlace, EventStore, EventVia } from './ports.ts'
import { type FoundThreats, noteThreat } from './threats.ts'

/** Of each network. */
const ENTRIES_MAX = 20_000
/**
 * Prefixes that these name: an event may name 64, and 20 000 such would take a gigabyte to add up. A usual alert names one or two.
 */
const NAMED_MAX = 40_000
/** Retracts of one entry that are remembered: when they are void, the store is asked whether there are others. */
const RETRACTS_MAX = 16
const LOAD_LIMIT = 1_000

interface Entry {
  readonly event: SignedNetworkEvent
  readonly body: AlertBody | VoteBody
  readonly author: string
  readonly isOwn: boolean
  readonly receivedAtMs: number
  readonly via: EventVia
  /** Retracts of its author: while there is one, it is neither shown nor counted. */
  readonly retracts: Set<string>
}

interface Name {
  readonly text: string
  readonly announceId: string
  readonly seq: bigint
  readonly endsAtMs: number
}

export class EventView {
  readonly #network: Network
  readonly #ownKey: Uint8Array
  readonly #events: EventStore
  /** In the order of arrival. */
  readonly #entries = new Map<string, Entry>()
  /** Prefixes that the entries name, all together. */
  #named = 0
  /** From a retract to what it takes back, for those that an entry remembers. */
  readonly #targets = new Map<string, string>()
  readonly #names = new Map<string, Name>()
  /** The latest end of what was let go since it had ended; earlier, it stands again. */
  #endedUntilMs = Number.NEGATIVE_INFINITY
  /** What is taken back and has not come yet, so that the store is asked for retracts only where there are any. */
  #awaited: Set<string> | undefined = new Set()

  constructor(network: Network, ownKey: Uint8Array, events: EventStore) {
    this.#network = network
    this.#ownKey = ownKey
    this.#events = events
  }

  load(nowMs: number): void {
    for (const kind of ['retract', 'node-announce', 'alert', 'vote'] as const) {
      let afterNumber = 0
      for (;;) {
        const page = this.#events.live({
          // A retract holds as long as it is kept, also after its end.
          ...{
            network: this.#network.id,
            kind,
            nowMs: kind === 'retract' ? 0 : nowMs,
            afterNumber
          },
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
    if (body.kind === 'node-announce') this.#nameAuthor(event, body.name)
    if (body.kind === 'retract') this.#retract(event, hexOf(body.eventId))
    if (body.kind !== 'alert' && body.kind !== 'vote') return
    // A retract can come before what it takes back: they go round under different topics.
    const id = hexOf(event.id)
    const isAwaited = this.#awaited?.has(id) ?? true
    const retracts = new Set(isAwaited ? this.#events.retractsOf(event.id).map(hexOf) : [])
    for (const retract of retracts) this.#targets.set(retract, id)
    const author = hexOf(event.author)
    this.#drop(id)
    this.#entries.set(id, { event, body, author, isOwn: this.#isOwn(event), retracts, ...arrival })
    this.#named += namedBy(body)
    while (this.#entries.size > ENTRIES_MAX || this.#named > NAMED_MAX) {
      const [oldest] = this.#entries.keys()
      if (oldest === undefined) return
      this.#drop(oldest)
    }
  }

  remove(places: readonly EventPlace[]): void {
    const announces = new Set<string>()
    for (const { id, kind } of places) {
      const name = hexOf(id)
      if (kind === 'node-announce') announces.add(name)
      // Its author was caught: what the retract took back stands again, unless it is void as well.
      if (kind === 'retract') this.#void(name)
      else this.#drop(name)
    }
    if (announces.size === 0) return
    for (const [author, { announceId }] of this.#names) {
      if (announces.has(announceId)) this.#names.delete(author)
    }
  }

  /** What has ended is let go; after the clock was set back, what stands again comes back. */
  expire(nowMs: number): void {
    if (nowMs < this.#endedUntilMs) {
      this.#clear()
      this.load(nowMs)
      return
    }
    for (const [id, { event }] of this.#entries) {
      if (event.expMs > nowMs) continue
      this.#drop(id)
      this.#endedUntilMs = Math.max(this.#endedUntilMs, event.expMs)
    }
    for (const [author, { endsAtMs }] of this.#names) {
      if (endsAtMs > nowMs) continue
      this.#names.delete(author)
      this.#endedUntilMs = Math.max(this.#endedUntilMs, endsAtMs)
    }
  }

  nameOf(author: string): string | undefined {
    return this.#names.get(author)?.text
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
      const { event, body, receivedAtMs, retracts } = entry
      if (body.kind !== 'alert' || event.expMs <= nowMs || retracts.size > 0) continue
      if (receivedAtMs <= (query.sinceMs ?? 0) || body.severity < (query.severityMin ?? 0)) continue
      const prefixes = body.indicators.map(({ prefix }) => prefix)
      if (touches(prefixes, query.prefix)) yield this.#alertOf(entry, body)
    }
  }

  /** Whether its author has taken it back before it came. */
  isTakenBack({ id }: SignedNetworkEvent): boolean {
    return (this.#entries.get(hexOf(id))?.retracts.size ?? 0) > 0
  }

  /** The alert that this retract, which was added, was the first to take back. */
  findRetracted({ id, body }: SignedNetworkEvent): ReceivedAlert | undefined {
    if (body.kind !== 'retract') return undefined
    const entry = this.#entries.get(hexOf(body.eventId))
    if (entry?.body.kind !== 'alert') return undefined
    const [first] = entry.retracts
    return first === hexOf(id) ? this.#alertOf(entry, entry.body) : undefined
  }

  #alertOf({ event, author, isOwn, receivedAtMs, via }: Entry, body: AlertBody): ReceivedAlert {
    return {
      id: hexOf(event.id),
      network: networkIdText(event.network),
      ...{ author, authorName: this.nameOf(author), isOwn },
      ...{ atMs: event.tsMs, endsAtMs: event.expMs, receivedAtMs, via, body }
    }
  }

  collect(threats: FoundThreats, query: ThreatQuery, nowMs: number): void {
    const network = networkIdText(this.#network.id)
    for (const { event, body, author, isOwn, retracts } of this.#entries.values()) {
      const { seq, expMs } = event
      if (expMs <= nowMs || retracts.size > 0) continue
      const word = { network, author, isOwn, seq, endsAtMs: expMs }
      if (body.kind === 'alert') {
        const { category, severity } = body
        const accusation = { ...word, stance: 'block', category, severity } as const
        for (const indicator of body.indicators) {
          if (!touches([indicator.prefix], query.prefix)) continue
          noteThreat(threats, indicator.prefix, { word: accusation, span: indicator })
        }
        continue
      }
      for (const vote of body.votes) {
        if (!touches([vote.prefix], query.prefix)) continue
        const { stance, category } = vote
        const said = { word: { ...word, stance, category, severity: 0 }, span: vote }
        noteThreat(threats, vote.prefix, said)
      }
    }
  }

  #nameAuthor({ author, id, seq, expMs }: SignedNetworkEvent, text: string): void {
    const key = hexOf(author)
    if ((this.#names.get(key)?.seq ?? 0n) > seq) return
    this.#names.set(key, { text, announceId: hexOf(id), seq, endsAtMs: expMs })
  }

  #clear(): void {
    this.#entries.clear()
    this.#named = 0
    this.#targets.clear()
    this.#names.clear()
    this.#awaited = new Set()
    this.#endedUntilMs = Number.NEGATIVE_INFINITY
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#named -= namedBy(entry.body)
    for (const retract of entry.retracts) this.#targets.delete(retract)
  }

  #void(retract: string): void {
    const target = this.#targets.get(retract)
    const entry = target === undefined ? undefined : this.#entries.get(target)
    if (target === undefined || entry === undefined) return
    this.#targets.delete(retract)
    entry.retracts.delete(retract)
    if (entry.retracts.size === 0) this.#remember(target, entry)
  }

  #remember(target: string, { event, retracts }: Entry): void {
    for (const other of this.#events.retractsOf(event.id).map(hexOf)) {
      retracts.add(other)
      this.#targets.set(other, target)
    }
  }

  #retract(retract: SignedNetworkEvent, target: string): void {
    const entry = this.#entries.get(target)
    if (entry === undefined) this.#await(target)
    else if (
      Buffer.compare(entry.event.author, retract.author) === 0 &&
      entry.retracts.size < RETRACTS_MAX
    ) {
      entry.retracts.add(hexOf(retract.id))
      this.#targets.set(hexOf(retract.id), target)
    }
  }

  /** Too many to remember, and the store is asked every time. */
  #await(target: string): void {
    this.#awaited?.add(target)
    if ((this.#awaited?.size ?? 0) > ENTRIES_MAX) this.#awaited = undefined
  }

  #isOwn(event: SignedNetworkEvent): boolean {
    return Buffer.compare(event.author, this.#ownKey) === 0
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

function namedBy(body: AlertBody | VoteBody): number {
  return body.kind === 'alert' ? body.indicators.length : body.votes.length
}

function touches(prefixes: readonly PrefixText[], wanted: Prefix | undefined): boolean {
  if (wanted === undefined) return true
  return prefixes.some((text) => {
    const prefix = findPrefix(text)
    return prefix !== undefined && prefixesOverlap(prefix, wanted)
  })
}
