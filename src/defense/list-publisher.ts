/**
 * Tells the operator's own blocklist, as what has changed since it was told last, and says it anew before others forget it: an
 * event lives for thirty days. What is protected or private here is never named.
 */
import {
  type Clock,
  type Component,
  getPrefix,
  messageOf,
  type Prefix,
  type PrefixText,
  TaskGroup
} from '../base/index.ts'
import type { NetworkService } from '../network/index.ts'
import {
  compareIndicators,
  DIGEST_BYTES,
  isPublicPrefix,
  LIFETIME_MS_MAX,
  LISTED_PREFIX_LENGTH_MIN,
  ListDigester
} from '../wire/index.ts'
import type { GuardApi } from './guard-api.ts'
import type { GuardLogger } from './guard-service-ports.ts'
import { budgetOf } from './share-pace.ts'

export interface PublishedList {
  readonly network: string
  /** 0: nothing was ever published. */
  readonly version: number
  readonly entries: number
  /** Told just now, as is what was removed. */
  readonly added: number
  readonly removed: number
  /** Changes for which there is no room now; they are told as soon as there is. */
  readonly waiting: number
}

/** What was published last. */
export interface PublishedListRecord {
  readonly version: number
  readonly entries: readonly PrefixText[]
  /** Since when every entry has been said anew. Undefined: not since the network was joined. */
  readonly statedAtMs: number | undefined
  /** A publication that there was no room for yet, or that was interrupted. */
  readonly unfinished: UnfinishedList | undefined
}

export interface UnfinishedList {
  readonly startedAtMs: number
  /** By the operator: what is new is told too. */
  readonly isAsked: boolean
  /** So many of the last entries have been said since, where all of them are said anew. */
  readonly restated: number
}

/** By network. */
export interface PublishedListStore {
  find(network: string): PublishedListRecord | undefined
  save(network: string, list: PublishedListRecord): void
}

export interface ListPublisherPorts {
  readonly network: Pick<NetworkService, 'list' | 'publish' | 'speakingRoom'>
  readonly guard: Pick<GuardApi, 'blocklist'>
  /** Why the prefix may not be named; undefined if it may. */
  findProtection(prefix: PrefixText): string | undefined
  readonly lists: PublishedListStore
  readonly clock: Clock
  readonly logger: GuardLogger
}

const LIST_NAME = 'operator'
const NEVER_PUBLISHED: PublishedListRecord = {
  ...{ version: 0, entries: [], statedAtMs: undefined, unfinished: undefined }
}
/** An event of 64 KiB holds so many IPv6 prefixes. */
const CHANGES_AT_ONCE = 2_000
/** Entries that are read before others get their turn: a few milliseconds. */
const ENTRIES_A_TURN = 500
const DAY_MS = 24 * 3_600_000
/** Ten days are left for a node that is off, or a network that cannot be reached. */
const RESTATE_AFTER_MS = 20 * DAY_MS
const LOOK_MS = 6 * 3_600_000
/** What was said anew is forgotten by others thirty days later: a publication that takes longer than this begins again. */
const RESTATE_WITHIN_MS = 9 * DAY_MS
/** Whether there is room again for what is unfinished. */
const GO_ON_MS = 10 * 60_000
/** Of what decisions may use of an hour: a third of all is left to them, whatever the length of the list. */
const EVENTS_KEPT = 20

export class ListPublisher implements Component {
  readonly name = 'list-publisher'
  readonly #ports: ListPublisherPorts
  readonly #treatAsPublic: readonly Prefix[]
  readonly #tasks: TaskGroup
  /** One after the other: two at once would give out a version twice. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = new AbortController()
  /** Networks in which a publication is unfinished. */
  readonly #unfinished = new Set<string>()

  constructor(options: { readonly treatAsPublic: readonly string[] }, ports: ListPublisherPorts) {
    this.#treatAsPublic = options.treatAsPublic.map(getPrefix)
    this.#ports = ports
    this.#tasks = new TaskGroup((error) =>
      ports.logger.warn({ reason: messageOf(error) }, 'the list could not be said anew')
    )
  }

  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#stopped = new AbortController()
    const { clock } = this.#ports
    const look = () => this.#tasks.run(() => this.#renew())
    look()
    clock.every(LOOK_MS, look, this.#stopped.signal)
    const goOn = () => {
      if (this.#unfinished.size > 0) look()
    }
    clock.every(GO_ON_MS, goOn, this.#stopped.signal)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  /** The list as it is now, as far as there is room; the rest follows. @throws {NETWORK_NOT_JOINED | EVENT_REFUSED} */
  publish(network: string): Promise<PublishedList> {
    return this.#inTurn(async () => this.#publish(network, await this.#listable(), true))
  }

  /** The network is left: nothing is said there any more until the operator publishes again. */
  forget(network: string): void {
    const { lists } = this.#ports
    const list = lists.find(network)
    if (list === undefined) return
    lists.save(network, { ...list, statedAtMs: undefined, unfinished: undefined })
    this.#unfinished.delete(network)
  }

  /** In the networks that have been told the list: what was told and still holds. What is new waits for the operator. */
  async #renew(): Promise<void> {
    const { network, lists } = this.#ports
    for (const { id } of network.list()) {
      await this.#inTurn(async () => {
        const list = lists.find(id)
        if (list === undefined || !this.#isToBeSaid(list)) return
        const listable = await this.#listable()
        const isAsked = list.unfinished?.isAsked === true
        const told = () => new Set(list.entries.filter((prefix) => listable.has(prefix)))
        await this.#publish(id, isAsked ? listable : told(), isAsked)
      })
    }
  }

  #isToBeSaid(list: PublishedListRecord): boolean {
    if (list.unfinished !== undefined) return true
    return list.statedAtMs !== undefined && this.#isDue(list) && list.entries.length > 0
  }

  async #listable(): Promise<ReadonlySet<PrefixText>> {
    const { guard, clock, findProtection } = this.#ports
    const nowMs = clock.nowMs()
    const standing = guard
      .blocklist()
      .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
    const listable = new Set<PrefixText>()
    await inTurns(standing, (entries) => {
      for (const { prefix } of entries) {
        const { length, bits, text } = getPrefix(prefix)
        if (length < LISTED_PREFIX_LENGTH_MIN[bits.kind()]) continue
        if (!isPublicPrefix(text, this.#treatAsPublic) || findProtection(text) !== undefined)
          continue
        listable.add(text)
      }
    })
    return listable
  }

  #isDue({ statedAtMs }: Pick<PublishedListRecord, 'statedAtMs'>): boolean {
    return statedAtMs === undefined || this.#ports.clock.nowMs() - statedAtMs >= RESTATE_AFTER_MS
  }

  async #publish(
    network: string,
    wanted: ReadonlySet<PrefixText>,
    isAsked: boolean
  ): Promise<PublishedList> {
    const { lists } = this.#ports
    const before = lists.find(network) ?? NEVER_PUBLISHED
    const isDue = this.#isDue(before)
    const unfinished = this.#resumed(before, isAsked)
    const held = new Set(before.entries)
    const restated = new Set(before.entries.slice(before.entries.length - unfinished.restated))
    const removes = [...held].filter((prefix) => !wanted.has(prefix))
    // Said anew, everything is added once more: who holds it already ends up with the same list, who does not gets all of it.
    const adds = [...wanted].filter((prefix) => !(isDue ? restated : held).has(prefix))
    const parts = inParts(removes, adds)
    const digester = new ListDigester()
    // Without a change there is nothing to be told, and nothing to be read.
    if (parts.length > 0) await inTurns([...held, ...adds], (entries) => digester.add(entries))
    let { version } = before
    let digest = version === 0 ? new Uint8Array(DIGEST_BYTES) : digester.digest(held)
    const told = { added: 0, removed: 0 }
    const save = (fields: Pick<PublishedListRecord, 'statedAtMs' | 'unfinished'>) =>
      lists.save(network, { version, entries: [...held], ...fields })
    // Until all is said: whatever ends this, it goes on where it was.
    if (parts.length > 0) this.#unfinished.add(network)
    let waiting = removes.length + adds.length
    for (const part of parts) {
      const { statedAtMs } = before
      if (!this.#hasRoom(network)) {
        save({ statedAtMs, unfinished: { ...unfinished, restated: isDue ? restated.size : 0 } })
        return { network, version, entries: held.size, ...told, waiting }
      }
      const size = held.size
      digest = await this.#say(network, { version: version + 1, held, digester, ...part }, digest)
      version++
      for (const prefix of part.removes) restated.delete(prefix)
      for (const prefix of part.adds) restated.add(prefix)
      told.removed += part.removes.length
      told.added += held.size - size + part.removes.length
      waiting -= part.adds.length + part.removes.length
      await nextTurn()
      save({ statedAtMs, unfinished: { ...unfinished, restated: isDue ? restated.size : 0 } })
    }
    const isStated = isDue && version > 0
    if (parts.length > 0 || isStated || before.unfinished !== undefined) {
      const statedAtMs = isStated ? unfinished.startedAtMs : before.statedAtMs
      save({ statedAtMs, unfinished: undefined })
    }
    this.#unfinished.delete(network)
    return { network, version, entries: held.size, ...told, waiting }
  }

  /** What is to be done, where it was left. */
  #resumed(before: PublishedListRecord, isAsked: boolean): UnfinishedList {
    const { unfinished } = before
    const nowMs = this.#ports.clock.nowMs()
    const fresh = { startedAtMs: nowMs, isAsked, restated: 0 }
    if (unfinished === undefined) return fresh
    const isLate = nowMs - unfinished.startedAtMs >= RESTATE_WITHIN_MS
    return isLate
      ? { ...fresh, isAsked: isAsked || unfinished.isAsked }
      : { ...unfinished, isAsked: isAsked || unfinished.isAsked }
  }

  /** Warnings and votes come before entries of a list. */
  #hasRoom(network: string): boolean {
    const rooms = this.#ports.network.speakingRoom(network)
    // In no such network: whoever publishes is told why.
    if (rooms === undefined) return true
    return budgetOf(rooms, this.#ports.clock.nowMs()).events > EVENTS_KEPT
  }

  async #say(
    network: string,
    { version, held, digester, adds, removes }: Delta,
    previousDigest: Uint8Array
  ): Promise<Uint8Array> {
    const next = new Set(held)
    for (const prefix of removes) next.delete(prefix)
    for (const prefix of adds) next.add(prefix)
    const [count, digest] = [next.size, digester.digest(next)]
    await this.#ports.network.publish(
      network,
      {
        ...{ kind: 'list-delta', list: LIST_NAME, version, previousDigest, digest, count },
        adds: adds.toSorted(compareIndicators),
        removes: removes.toSorted(compareIndicators)
      },
      { ttlMs: LIFETIME_MS_MAX['list-delta'] }
    )
    for (const prefix of [...removes, ...adds]) held.delete(prefix)
    // At the end, also those that were there: by their place it is known what was said anew.
    for (const prefix of adds) held.add(prefix)
    return digest
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

interface Part {
  readonly adds: readonly PrefixText[]
  readonly removes: readonly PrefixText[]
}

interface Delta extends Part {
  readonly version: number
  /** What the version before holds; in the end, what this one does. */
  readonly held: Set<PrefixText>
  readonly digester: ListDigester
}

/** A list of a hundred thousand entries must not keep a ban waiting. */
async function inTurns<T>(items: readonly T[], work: (some: readonly T[]) => void): Promise<void> {
  for (let from = 0; from < items.length; from += ENTRIES_A_TURN) {
    work(items.slice(from, from + ENTRIES_A_TURN))
    await nextTurn()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function inParts(removes: readonly PrefixText[], adds: readonly PrefixText[]): readonly Part[] {
  const changes = [
    ...removes.map((prefix) => ({ prefix, isAdd: false })),
    ...adds.map((prefix) => ({ prefix, isAdd: true }))
  ]
  const parts: Part[] = []
  for (let from = 0; from < changes.length; from += CHANGES_AT_ONCE) {
    const part = changes.slice(from, from + CHANGES_AT_ONCE)
    const named = (wanted: boolean) =>
      part.filter(({ isAdd }) => isAdd === wanted).map(({ prefix }) => prefix)
    parts.push({ adds: named(true), removes: named(false) })
  }
  return parts
}
