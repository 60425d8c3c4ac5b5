/** What the network keeps and asks for, as interfaces: the store, the clock's owner and the keys are handed in by the daemon. */
import type { EventKind } from '../wire/index.ts'

/** How an event came: pushed by a peer, fetched from one, or made here. */
export type EventVia = 'gossip' | 'sync' | 'own'

/** An event as it is kept. */
export interface KeptEvent {
  readonly id: Uint8Array
  readonly network: Uint8Array
  readonly author: Uint8Array
  readonly seq: bigint
  readonly kind: EventKind
  readonly tsMs: number
  readonly expMs: number
  readonly receivedAtMs: number
  readonly via: EventVia
  /** How many prefixes it accuses; counts for the author's quota. */
  readonly accused: number
  /** The event that a retract takes back. */
  readonly target: Uint8Array | undefined
  /** The signed envelope as it came. */
  readonly envelope: Uint8Array
}

export interface EventPlace {
  readonly id: Uint8Array
  readonly kind: EventKind
  readonly tsMs: number
}

export interface SpentNumber {
  readonly seq: bigint
  readonly tsMs: number
  readonly kind: EventKind
  readonly accused: number
}

/** Two events of one author with one number. */
export interface Equivocation {
  readonly network: Uint8Array
  readonly author: Uint8Array
  readonly seq: bigint
  readonly firstId: Uint8Array
  readonly secondId: Uint8Array
  /** Signed envelopes. */
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly detectedAtMs: number
}

/** Events on disk. Everything is synchronous: what a transaction has written is decided on before anything else happens. */
export interface EventStore {
  /** The authors of a network went with it, or may have: what was remembered of them does not hold. */
  forgetAuthors(): void
  /**
   * All that `work` writes is kept, or nothing is.
   *
   * @param durability `process` for what others hold as well and give again after a loss of power @default 'power-loss'
   */
  transaction<T>(work: () => T, durability?: 'power-loss' | 'process'): T
  /** Of an author who is kept. @throws if there is one with this id, or of this author with this number */
  append(event: KeptEvent): void
  /** As an event, or as half of a proof. */
  has(id: Uint8Array): boolean
  find(id: Uint8Array): KeptEvent | undefined
  get(ids: readonly Uint8Array[]): readonly KeptEvent[]
  byAuthorSeq(network: Uint8Array, author: Uint8Array, seq: bigint): KeptEvent | undefined
  highestSeq(network: Uint8Array, author: Uint8Array): bigint | undefined
  /** What has not ended, in the order of arrival, after an event's number. */
  live(query: {
    readonly network: Uint8Array
    readonly kind: EventKind
    readonly nowMs: number
    readonly afterNumber?: number
    /** Also what its author has taken back. @default false */
    readonly includesTakenBack?: boolean
    readonly limit: number
  }): readonly (KeptEvent & { readonly number: number })[]
  /** The retracts of an event by its own author. */
  retractsOf(id: Uint8Array): readonly Uint8Array[]
  /** Everything that has not ended. */
  places(network: Uint8Array, nowMs: number): Iterable<EventPlace>
  /** What ended after one time and up to another. */
  ended(network: Uint8Array, afterMs: number, untilMs: number): readonly EventPlace[]
  spentNumbers(network: Uint8Array, author: Uint8Array): readonly SpentNumber[]
  remove(id: Uint8Array): void
  /** When the last event of others came; undefined: none is kept. */
  lastHeardMs(network: Uint8Array): number | undefined
  /** All of an author but one kind. @returns what is gone */
  removeAuthored(
    network: Uint8Array,
    author: Uint8Array,
    exceptKind: EventKind
  ): readonly EventPlace[]
  /** The first proof of a number stays. */
  keepEquivocation(proof: Equivocation): void
  findEquivocation(network: Uint8Array, author: Uint8Array, seq: bigint): Equivocation | undefined
  equivocations(network: Uint8Array, author: Uint8Array): readonly Equivocation[]
  authorsEndedBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[]
  /** @returns how many are gone; there may be more */
  removeEndedBefore(network: Uint8Array, beforeMs: number): number
  /** Authors with a proof against them that was found before the time. */
  authorsProvenBefore(network: Uint8Array, beforeMs: number): readonly Uint8Array[]
  removeProvenBefore(network: Uint8Array, beforeMs: number): void
  /** What the list deltas that are kept take, of all authors or of one. */
  listBytes(network: Uint8Array, author?: Uint8Array): number
  /** The one known longest of those of whom nothing is kept. @returns his key; undefined if there is none */
  removeSilentAuthor(network: Uint8Array, invitation?: Uint8Array): Uint8Array | undefined
}

export interface KnownAuthor {
  readonly network: Uint8Array
  readonly key: Uint8Array
  readonly level: number
  /** Undefined: let in by a founder, or one himself. */
  readonly invitation: Uint8Array | undefined
  readonly admittedAtMs: number
  readonly firstSeenAtMs: number
  /** Numbers whose events are gone, encoded by `SequenceRanges`. */
  readonly spent: Uint8Array
}

export interface Revocation {
  readonly network: Uint8Array
  readonly subject: 'author' | 'invitation'
  readonly key: Uint8Array
  readonly revokedBy: Uint8Array
  readonly reason: string
  readonly revokedAtMs: number
}

export interface AuthorStore {
  /** Of a network, or of those whom one of its invitations let in. */
  count(network: Uint8Array, invitation?: Uint8Array): number
  save(author: Omit<KnownAuthor, 'spent'>): void
  saveSpent(network: Uint8Array, key: Uint8Array, spent: Uint8Array): void
  find(network: Uint8Array, key: Uint8Array): KnownAuthor | undefined
  list(network: Uint8Array): readonly KnownAuthor[]
  /** When the first author was seen, other than this node. */
  firstHeardMs(network: Uint8Array, ownKey: Uint8Array | undefined): number | undefined
  admittedBy(network: Uint8Array, invitation: Uint8Array): readonly KnownAuthor[]
  /** The first revocation stays. */
  revoke(revocation: Revocation): void
  findRevocation(
    network: Uint8Array,
    subject: Revocation['subject'],
    key: Uint8Array
  ): Revocation | undefined
  revocations(network: Uint8Array): readonly Revocation[]
}

export interface JoinedNetwork {
  readonly id: Uint8Array
  readonly name: string
  /** The signed network document, as it came. */
  readonly document: Uint8Array
  /** What lets this node in, encoded; undefined: it is a founder. */
  readonly admission: Uint8Array | undefined
  /** Multiaddrs. */
  readonly bootstrap: readonly string[]
  readonly joinedAtMs: number
}

export interface NetworkStore {
  save(network: JoinedNetwork): void
  find(id: Uint8Array): JoinedNetwork | undefined
  list(): readonly JoinedNetwork[]
  /** With everything that was kept of it. @returns false if it was not joined */
  remove(id: Uint8Array): boolean
}

/** Numbers of this node's own events, none ever twice. */
export interface SequenceSource {
  next(network: Uint8Array): bigint
  /** A number that an event under this node's key already has. */
  learn(network: Uint8Array, seq: bigint): void
}

/** What libp2p keeps of its peers. */
export interface PeerValueStore {
  put(key: string, value: Uint8Array): void
  find(key: string): Uint8Array | undefined
  delete(key: string): void
  query(prefix: string): readonly { readonly key: string; readonly value: Uint8Array }[]
  batch(
    puts: readonly { readonly key: string; readonly value: Uint8Array }[],
    deletes: readonly string[]
  ): void
}
