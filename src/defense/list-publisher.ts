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
  listDigest
} from '../wire/index.ts'
import type { GuardApi } from './guard-api.ts'
import type { GuardLogger } from './guard-service-ports.ts'

export interface PublishedList {
  readonly network: string
  /** 0: nothing was ever published. */
  readonly version: number
  readonly entries: number
  readonly added: number
  readonly removed: number
}

/** What was published last. */
export interface PublishedListRecord {
  readonly version: number
  readonly entries: readonly PrefixText[]
  /** Since when every entry has been said anew. Undefined: not since the network was joined. */
  readonly statedAtMs: number | undefined
}

/** By network. */
export interface PublishedListStore {
  find(network: string): PublishedListRecord | undefined
  save(network: string, list: PublishedListRecord): void
}

export interface ListPublisherPorts {
  readonly network: Pick<NetworkService, 'list' | 'publish'>
  readonly guard: Pick<GuardApi, 'blocklist'>
  /** Why the prefix may not be named; undefined if it may. */
  findProtection(prefix: PrefixText): string | undefined
  readonly lists: PublishedListStore
  readonly clock: Clock
  readonly logger: GuardLogger
}

const LIST_NAME = 'operator'
/** An event of 64 KiB holds so many IPv6 prefixes. */
const CHANGES_AT_ONCE = 2_000
const DAY_MS = 24 * 3_600_000
/** Ten days are left for a node that is off, or a network that cannot be reached. */
const RESTATE_AFTER_MS = 20 * DAY_MS
const LOOK_MS = 6 * 3_600_000

export class ListPublisher implements Component {
  readonly name = 'list-publisher'
  readonly #ports: ListPublisherPorts
  readonly #treatAsPublic: readonly Prefix[]
  readonly #tasks: TaskGroup
  /** One after the other: two at once would give out a version twice. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = new AbortController()

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
    const look = () => this.#tasks.run(() => this.#renew())
    look()
    this.#ports.clock.every(LOOK_MS, look, this.#stopped.signal)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  /** The list as it is now. @throws {NETWORK_NOT_JOINED | EVENT_REFUSED} */
  publish(network: string): Promise<PublishedList> {
    return this.#inTurn(() => this.#publish(network, this.#listable()))
  }

  /** The network is left: nothing is said there any more until the operator publishes again. */
  forget(network: string): void {
    const { lists } = this.#ports
    const list = lists.find(network)
    if (list !== undefined) lists.save(network, { ...list, statedAtMs: undefined })
  }

  /** In the networks that have been told the list: what was told and still holds. What is new waits for the operator. */
  async #renew(): Promise<void> {
    const { network, lists } = this.#ports
    for (const { id } of network.list()) {
      await this.#inTurn(async () => {
        const list = lists.find(id)
        if (list?.statedAtMs === undefined || !this.#isDue(list) || list.entries.length === 0)
          return
        const listable = this.#listable()
        await this.#publish(id, new Set(list.entries.filter((prefix) => listable.has(prefix))))
      })
    }
  }

  #listable(): ReadonlySet<PrefixText> {
    const { guard, clock, findProtection } = this.#ports
    const nowMs = clock.nowMs()
    const entries = guard
      .blocklist()
      .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
      .map(({ prefix }) => getPrefix(prefix))
      .filter(({ length, bits }) => length >= LISTED_PREFIX_LENGTH_MIN[bits.kind()])
      .map(({ text }) => text)
    return new Set(
      entries.filter(
        (text) => isPublicPrefix(text, this.#treatAsPublic) && findProtection(text) === undefined
      )
    )
  }

  #isDue({ statedAtMs }: Pick<PublishedListRecord, 'statedAtMs'>): boolean {
    return statedAtMs === undefined || this.#ports.clock.nowMs() - statedAtMs >= RESTATE_AFTER_MS
  }

  async #publish(network: string, wanted: ReadonlySet<PrefixText>): Promise<PublishedList> {
    const { lists, clock } = this.#ports
    const before = lists.find(network) ?? { version: 0, entries: [], statedAtMs: undefined }
    const held = new Set(before.entries)
    const added = [...wanted].filter((prefix) => !held.has(prefix))
    const removes = [...held].filter((prefix) => !wanted.has(prefix))
    const isDue = this.#isDue(before)
    // Said anew, everything is added once more: who holds it already ends up with the same list, who does not gets all of it.
    const adds = isDue ? [...wanted] : added
    const startedMs = clock.nowMs()
    let { version } = before
    for (const part of inParts(removes, adds)) {
      await this.#say(network, { version: ++version, held, ...part })
      lists.save(network, { version, entries: [...held], statedAtMs: before.statedAtMs })
    }
    if (isDue && version > 0) {
      lists.save(network, { version, entries: [...held], statedAtMs: startedMs })
    }
    return {
      network,
      version,
      entries: held.size,
      added: added.length,
      removed: removes.length
    }
  }

  async #say(
    network: string,
    { version, held, adds, removes }: Part & { version: number; held: Set<PrefixText> }
  ): Promise<void> {
    const previousDigest = version === 1 ? new Uint8Array(DIGEST_BYTES) : listDigest([...held])
    const next = new Set(held)
    for (const prefix of removes) next.delete(prefix)
    for (const prefix of adds) next.add(prefix)
    const [count, digest] = [next.size, listDigest([...next])]
    await this.#ports.network.publish(
      network,
      {
        ...{ kind: 'list-delta', list: LIST_NAME, version, previousDigest, digest, count },
        adds: adds.toSorted(compareIndicators),
        removes: removes.toSorted(compareIndicators)
      },
      { ttlMs: LIFETIME_MS_MAX['list-delta'] }
    )
    for (const prefix of removes) held.delete(prefix)
    for (const prefix of adds) held.add(prefix)
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
