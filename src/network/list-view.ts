/**
 * The lists that authors of one network publish, put together from what each said has changed. They are their authors' word: shown,
 * and without any effect. A list stands while its author does; what is kept of all of them is bounded.
 */
import { findPrefix, hexOf, type PrefixText, prefixesOverlap } from '../base/index.ts'
import {
  decodeEvent,
  type ListDeltaBody,
  type Network,
  networkIdText,
  type SignedNetworkEvent
} from '../wire/index.ts'
import { AnnounceBook } from './announce-book.ts'
import type { ListedPrefix, ListQuery } from './network-api.ts'
import type { EventPlace, EventStore } from './ports.ts'

/** Added and removed prefixes of all lists: some 15 MB. */
const CHANGES_MAX = 100_000
const LOAD_LIMIT = 500

interface Delta {
  readonly author: string
  readonly body: ListDeltaBody
  readonly seq: bigint
  readonly tsMs: number
  readonly expMs: number
}

export class ListView {
  readonly announces = new AnnounceBook()
  readonly #network: Network
  readonly #ownAuthor: string
  readonly #events: EventStore
  readonly #changesMax: number
  /** In the order of arrival. */
  readonly #deltas = new Map<string, Delta>()
  readonly #changesBy = new Map<string, number>()
  #changes = 0
  #isStale = false
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #entries: readonly ListedPrefix[] | undefined

  constructor(
    network: Network,
    ownKey: Uint8Array,
    events: EventStore,
    changesMax: number = CHANGES_MAX
  ) {
    this.#network = network
    this.#ownAuthor = hexOf(ownKey)
    this.#events = events
    this.#changesMax = changesMax
  }

  load(nowMs: number): void {
    this.announces.clear()
    this.#deltas.clear()
    this.#changesBy.clear()
    this.#changes = 0
    this.#entries = undefined
    this.#isStale = false
    for (const kind of ['node-announce', 'list-delta'] as const) {
      let afterNumber = 0
      for (;;) {
        // Without what its author took back.
        const where = { network: this.#network.id, kind, nowMs, afterNumber }
        const page = this.#events.live({ ...where, limit: LOAD_LIMIT })
        for (const { envelope, number } of page) {
          this.#take(decodeEvent(envelope))
          afterNumber = number
        }
        if (page.length < LOAD_LIMIT) break
      }
    }
  }

  /** The event is in the store. */
  add(event: SignedNetworkEvent): void {
    const { body } = event
    // A retract can come before what it takes back: they go round under different topics.
    if (body.kind === 'list-delta' && this.#events.retractsOf(event.id).length > 0) return
    this.#take(event)
    if (body.kind === 'retract') {
      const target = hexOf(body.eventId)
      if (this.#deltas.get(target)?.author === hexOf(event.author)) this.#drop(target)
    }
  }

  remove(places: readonly EventPlace[]): void {
    for (const { id, kind } of places) {
      this.#drop(hexOf(id))
      // What was taken back may stand again, and what was said of himself before.
      if (kind === 'retract' || kind === 'node-announce') this.#isStale = true
    }
  }

  /** What has ended is let go; after the clock was set back, what stands again comes back. */
  expire(nowMs: number): void {
    const isBefore = nowMs < this.#lookedAtMs
    this.#lookedAtMs = nowMs
    if (this.#isStale || isBefore) this.load(nowMs)
    for (const [id, { expMs }] of this.#deltas) if (expMs <= nowMs) this.#drop(id)
  }

  /** By author, list and prefix. */
  *entries(query: Pick<ListQuery, 'prefix'>, nowMs: number): Generator<ListedPrefix> {
    this.expire(nowMs)
    this.#entries ??= this.#merge()
    const { prefix: wanted } = query
    for (const entry of this.#entries) {
      const isOwn = entry.author === this.#ownAuthor
      if (entry.endsAtMs <= nowMs || !(isOwn || this.announces.isThere(entry.author, nowMs)))
        continue
      const prefix = wanted && findPrefix(entry.prefix)
      if (wanted !== undefined && !(prefix && prefixesOverlap(prefix, wanted))) continue
      yield entry
    }
  }

  #take(event: SignedNetworkEvent): void {
    const { body, seq, tsMs, expMs } = event
    // Names come with the entries.
    if (body.kind === 'node-announce') this.#entries = undefined
    this.announces.add(event)
    if (body.kind !== 'list-delta') return
    const [id, author] = [hexOf(event.id), hexOf(event.author)]
    this.#drop(id)
    this.#deltas.set(id, { author, body, seq, tsMs, expMs })
    this.#count(author, sizeOf(body))
    while (this.#changes > this.#changesMax) this.#drop(this.#oldestOfLoudest())
  }

  #drop(id: string): void {
    const delta = this.#deltas.get(id)
    if (delta === undefined) return
    this.#deltas.delete(id)
    this.#count(delta.author, -sizeOf(delta.body))
  }

  #count(author: string, change: number): void {
    this.#entries = undefined
    this.#changes += change
    const count = (this.#changesBy.get(author) ?? 0) + change
    if (count === 0) this.#changesBy.delete(author)
    else this.#changesBy.set(author, count)
  }

  /** Whoever says the most loses first, so that nobody can push out what others say. */
  #oldestOfLoudest(): string {
    let loudest = ['', 0] as readonly [string, number]
    for (const one of this.#changesBy) if (one[1] > loudest[1]) loudest = one
    for (const [id, { author }] of this.#deltas) if (author === loudest[0]) return id
    return ''
  }

  #merge(): readonly ListedPrefix[] {
    const lists = new Map<string, Delta[]>()
    for (const delta of this.#deltas.values()) {
      const name = `${delta.author} ${delta.body.list}`
      const known = lists.get(name)
      if (known === undefined) lists.set(name, [delta])
      else known.push(delta)
    }
    return [...lists]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, deltas]) => this.#mergeOne(deltas))
  }

  #mergeOne(deltas: readonly Delta[]): readonly ListedPrefix[] {
    const standing = new Map<PrefixText, { sinceMs: number; endsAtMs: number }>()
    const sorted = deltas.toSorted(
      (a, b) => a.body.version - b.body.version || Number(a.seq - b.seq)
    )
    for (const { body, tsMs, expMs } of sorted) {
      for (const prefix of body.removes) standing.delete(prefix)
      for (const prefix of body.adds) {
        // Said anew, it is as old as it was.
        const sinceMs = standing.get(prefix)?.sinceMs ?? tsMs
        standing.set(prefix, { sinceMs, endsAtMs: expMs })
      }
    }
    const last = sorted.at(-1)
    if (last === undefined) return []
    const { author, body } = last
    const common = {
      network: networkIdText(this.#network.id),
      author,
      authorName: this.announces.nameOf(author),
      isOwn: author === this.#ownAuthor,
      list: body.list,
      version: body.version
    }
    return [...standing]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([prefix, times]) => ({ ...common, prefix, ...times }))
  }
}

function sizeOf({ adds, removes }: ListDeltaBody): number {
  // One that changes nothing takes a place as well.
  return 1 + adds.length + removes.length
}
