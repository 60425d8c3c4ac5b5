/**
 * The one door for events, however they come: looks at them, waits for their signatures, judges and keeps them by the batch, and
 * only then says accept. What it has not accepted leaves no trace (but for the proof of a liar); what it has is on the disk.
 */
import { type Clock, NetminderError, type Prefix } from '../../base/index.ts'
import type { EventHead, Network, SignedNetworkEvent, Verify } from '../../wire/index.ts'
import type { AuthorStore, EventPlace, EventStore, SequenceSource } from '../ports.ts'
import { LiveSet } from '../sync/live-set.ts'
import { AuthorBook } from './author-book.ts'
import { EventJudge, type Judgement } from './event-judge.ts'
import { type EventOrigin, isReadLate, readBody, takeFirstLook } from './first-look.ts'
import { checkLarge } from './large-event.ts'
import { PROOFS_MAX } from './proof-book.ts'
import { Pruner } from './pruner.ts'
import type { QuotaLedger } from './quota.ts'
import { RefusedEvents } from './refused-events.ts'
import { type Authenticated, checkSignatures } from './signature-check.ts'
import type { SpaceLimits } from './space.ts'
import { ignore, type Verdict } from './verdict.ts'
import { LANE_LENGTH_MAX, type Lane, VerifyQueue } from './verify-queue.ts'

/**
 * Enough that the threads have signatures to verify while a batch is kept, few enough that the queue decides what comes next: with
 * a flood behind it an event is kept 80 ms after it was taken from the queue, on one core.
 */
const IN_FLIGHT_MAX = 768
/**
 * So many share one transaction and one flush of the disk: 10 ms, in which nothing else runs. A quiet node keeps each event as soon
 * as it is verified.
 */
const BATCH_MAX = 512

export interface IntakeOptions {
  /** Prefixes that may be accused though they are not public; for tests on loopback. */
  readonly treatAsPublic?: readonly Prefix[]
  /** Of each lane. @default 2 048 */
  readonly laneLengthMax?: number
  /** This node's own. */
  readonly ownKey?: Uint8Array
  /** What others may take here. @default `SPACE_LIMITS` */
  readonly space?: SpaceLimits
}

export interface IntakePorts {
  readonly clock: Clock
  readonly verify: Verify
  readonly events: EventStore
  readonly authors: AuthorStore
  readonly sequence?: Pick<SequenceSource, 'learn'>
  /** What failed without being anybody's fault: the disk, or a mistake of ours. */
  onFailure(error: unknown): void
}

/** Each is called after the change is on the disk. A listener that needs all of them reads the store from where it stopped. */
export interface IntakeListener {
  onVerdict?(verdict: Verdict, origin: EventOrigin): void
  onAccepted?(event: SignedNetworkEvent, origin: EventOrigin): void
  /** What stood before and does not any more: its author was revoked, or said two things under one number. */
  onVoided?(network: Uint8Array, places: readonly EventPlace[]): void
  /** Signed envelopes of two events with one number, found here: to be told to the others, unless somebody has. */
  onEquivocation?(network: Uint8Array, first: Uint8Array, second: Uint8Array): void
  /** An event under this node's key that it does not know: its database is old, or another node has its key. */
  onOwnKeyUsed?(event: SignedNetworkEvent, origin: EventOrigin): void
}

interface Joined {
  readonly network: Network
  readonly live: LiveSet
  /** The live set is without what had ended by then. */
  endedUntilMs: number
}

interface Waiting {
  readonly head: EventHead
  /** Undefined: it is so large that its body is read only when its signature is good. */
  readonly event: SignedNetworkEvent | undefined
  readonly origin: EventOrigin
  readonly joined: Joined
  settle(verdict: Verdict): void
}

interface Ready {
  readonly waiting: Waiting
  readonly authenticated: Authenticated
}

interface Judged {
  readonly waiting: Waiting
  readonly event: SignedNetworkEvent
  readonly judgement: Judgement
}

export class EventIntake {
  readonly #options: IntakeOptions
  readonly #ports: IntakePorts
  readonly #book: AuthorBook
  readonly #judge: EventJudge
  readonly #pruner: Pruner
  readonly #queue: VerifyQueue<Waiting>
  readonly #networks = new Map<string, Joined>()
  #byBytes = new WeakMap<Uint8Array, Joined>()
  readonly #refused: RefusedEvents
  readonly #listeners = new Set<IntakeListener>()
  #ready: Ready[] = []
  #inFlight = 0
  #waiters: (() => void)[] = []

  constructor(options: IntakeOptions, ports: IntakePorts) {
    this.#options = options
    this.#ports = ports
    this.#book = new AuthorBook(ports)
    this.#refused = new RefusedEvents(ports.clock)
    this.#judge = new EventJudge(options, { ...ports, book: this.#book })
    this.#pruner = new Pruner({ ...ports, book: this.#book })
    this.#queue = new VerifyQueue(options.laneLengthMax ?? LANE_LENGTH_MAX)
  }

  /** From now on the network's events are taken. It has to be in the store of networks. */
  join(network: Network): LiveSet {
    const nowMs = this.#ports.clock.nowMs()
    this.#ports.events.forgetAuthors()
    const live = new LiveSet(this.#ports.events.places(network.id, nowMs))
    this.#byBytes = new WeakMap()
    this.#networks.set(textOf(network.id), { network, live, endedUntilMs: nowMs })
    return live
  }

  leave(network: Uint8Array): void {
    this.#judge.forget(network)
    this.#networks.delete(textOf(network))
    this.#ports.events.forgetAuthors()
    this.#byBytes = new WeakMap()
    this.#book.clear()
  }

  /** What this node may still say; nothing if it may not speak. */
  ownRooms(network: Uint8Array): ReturnType<QuotaLedger['rooms']> | undefined {
    const { ownKey } = this.#options
    const author = ownKey === undefined ? undefined : this.#book.find(network, ownKey)
    if (author === undefined || author.isRevoked) return undefined
    return author.ledger.rooms(this.#ports.clock.nowMs(), author.record.level)
  }

  /** It was fetched not long ago, and was not taken. */
  isRefused(id: Uint8Array): boolean {
    return this.#refused.has(id)
  }

  /** Whether there is nothing left to prove of this. */
  isProven(network: Uint8Array, author: Uint8Array, seq: bigint): boolean {
    const proofs = this.#book.proofs.against(network, author, this.#ports.clock.nowMs())
    return proofs.length >= PROOFS_MAX || proofs.some((proof) => proof.seq === seq)
  }

  liveSet(network: Uint8Array): LiveSet | undefined {
    return this.#networks.get(textOf(network))?.live
  }

  /** Waiting for their signatures to be checked. */
  queueLength(lane: Lane): number {
    return this.#queue.sizeOf(lane)
  }

  /** @returns how to stop listening */
  subscribe(listener: IntakeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Never rejects: what goes wrong here is Ignore, since it is not the peer's fault. */
  submit(bytes: Uint8Array, origin: EventOrigin): Promise<Verdict> {
    let verdict: Verdict
    try {
      const taken = this.#take(bytes, origin)
      if (taken instanceof Promise) return taken
      verdict = taken
    } catch (error) {
      this.#ports.onFailure(error)
      verdict = ignore('INTERNAL')
    }
    this.#tell((listener) => listener.onVerdict?.(verdict, origin))
    return Promise.resolve(verdict)
  }

  /** Resolves when everything that was submitted has its verdict. */
  async drained(): Promise<void> {
    while (this.#inFlight > 0 || this.#queue.size > 0) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /**
   * Lets go of what has ended; to be called every few seconds. When the clock was set back, what stands again comes back.
   *
   * @throws {StorageError}
   */
  expire(): void {
    const nowMs = this.#ports.clock.nowMs()
    for (const joined of this.#networks.values()) {
      const { network, live } = joined
      if (nowMs < joined.endedUntilMs) {
        live.reset(this.#ports.events.places(network.id, nowMs))
      } else {
        for (const place of this.#ports.events.ended(network.id, joined.endedUntilMs, nowMs)) {
          live.remove(place)
        }
      }
      joined.endedUntilMs = nowMs
    }
    this.#pruner.prune([...this.#networks.values()].map(({ network }) => network.id))
  }

  #take(bytes: Uint8Array, origin: EventOrigin): Promise<Verdict> | Verdict {
    const joined = this.#find(origin.network)
    if (joined === undefined) return ignore('NETWORK_NOT_JOINED')
    const look = takeFirstLook(bytes, origin, this.#ports.clock.nowMs())
    if (look.refusal !== undefined) return look.refusal
    const { head } = look
    if (this.#isKept(head)) return ignore('DUPLICATE')
    if (origin.via === 'sync' && this.#refused.has(head.id)) return ignore('REFUSED_BEFORE')
    const isLarge = isReadLate(head)
    if (isLarge && this.#isUnknown(head, joined.network)) return ignore('UNKNOWN_AUTHOR')
    const read = isLarge ? undefined : readBody(head)
    if (read?.refusal !== undefined) return read.refusal
    return new Promise((settle) => {
      const waiting = { head, event: read?.event, origin, joined, settle }
      if (origin.via === 'own') this.#check(waiting)
      else {
        const lane = origin.topic ?? 'sync'
        const dropped = this.#queue.push(lane, origin.peer, waiting)
        if (dropped !== undefined) this.#settle(dropped, ignore('QUEUE_FULL'))
        this.#pump()
      }
    })
  }

  /** To the last byte, so that its signature is known to be good. The disk is asked only where the number is spent. */
  #isKept(head: EventHead): boolean {
    if (this.#book.find(head.network, head.author)?.spent.has(head.seq) !== true) return false
    const kept = this.#ports.events.find(head.id)
    return kept !== undefined && Buffer.compare(kept.envelope, head.bytes) === 0
  }

  /** A founder may speak before he has announced himself. */
  #isUnknown({ author }: EventHead, { id, founders }: Network): boolean {
    if (this.#book.find(id, author) !== undefined) return false
    return founders.every((founder) => Buffer.compare(founder, author) !== 0)
  }

  /** Most callers name a network by the same bytes again and again. */
  #find(network: Uint8Array): Joined | undefined {
    const known = this.#byBytes.get(network)
    if (known !== undefined) return known
    const joined = this.#networks.get(textOf(network))
    if (joined !== undefined) this.#byBytes.set(network, joined)
    return joined
  }

  #pump(): void {
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const waiting = this.#queue.shift()
      if (waiting === undefined) return
      this.#check(waiting)
    }
  }

  #check(waiting: Waiting): void {
    this.#inFlight++
    const { head, event, origin, joined } = waiting
    const ports = { verify: this.#ports.verify, network: joined.network, book: this.#book }
    const checked =
      event === undefined
        ? checkLarge(head, { ...ports, via: origin.via })
        : checkSignatures(event, ports)
    checked.then(
      ({ refusal, authenticated }) => {
        if (refusal !== undefined) {
          this.#settle(waiting, refusal)
          this.#goOn(1)
          return
        }
        this.#learnOwn(waiting, authenticated.event)
        this.#ready.push({ waiting, authenticated })
        this.#flushIfDue()
      },
      (error: unknown) => {
        this.#ports.onFailure(error)
        this.#settle(waiting, ignore('INTERNAL'))
        this.#goOn(1)
      }
    )
  }

  #learnOwn({ origin }: Waiting, event: SignedNetworkEvent): void {
    const { ownKey } = this.#options
    if (ownKey === undefined || origin.via === 'own') return
    if (Buffer.compare(ownKey, event.author) !== 0) return
    this.#ports.sequence?.learn(event.network, event.seq)
    if (this.#ports.events.has(event.id)) return
    this.#tell((listener) => listener.onOwnKeyUsed?.(event, origin))
  }

  /** When there is a batch, or nothing else is being verified that it could wait for. */
  #flushIfDue(): void {
    const { length } = this.#ready
    if (length > 0 && (length >= BATCH_MAX || length >= this.#inFlight)) this.#flush()
  }

  #flush(): void {
    const batch = this.#ready
    this.#ready = []
    for (const { waiting, event, judgement } of this.#judgeTogether(batch)) {
      this.#follow(waiting, { event, judgement })
      this.#settle(waiting, judgement.verdict)
    }
    this.#goOn(batch.length)
  }

  #judgeTogether(batch: readonly Ready[]): readonly Judged[] {
    const nowMs = this.#ports.clock.nowMs()
    try {
      const judgeAll = () =>
        batch.map(({ waiting, authenticated }) => {
          const { origin, joined } = waiting
          const context = { origin, network: joined.network, nowMs }
          const judgement = this.#judge.judge(authenticated, context)
          return { waiting, event: authenticated.event, judgement }
        })
      // What others said, they hold too: after a loss of power it comes again by reconciliation.
      const isOwn = batch.some(({ waiting }) => waiting.origin.via === 'own')
      return this.#ports.events.transaction(judgeAll, isOwn ? 'power-loss' : 'process')
    } catch (error) {
      // What was written is undone, so what was remembered of it has to go as well.
      this.#book.clear()
      const [only, ...others] = batch
      if (only === undefined) return []
      // One that cannot be kept must not take the others with it.
      if (others.length > 0) return batch.flatMap((ready) => this.#judgeTogether([ready]))
      this.#ports.onFailure(error)
      const verdict = ignore(error instanceof NetminderError ? 'STORE_FAILED' : 'INTERNAL')
      const { waiting, authenticated } = only
      return [{ waiting, event: authenticated.event, judgement: { verdict, voided: [] } }]
    }
  }

  /** The disk has it: now memory, and those who listen. */
  #follow({ origin, joined }: Waiting, { event, judgement }: Omit<Judged, 'waiting'>): void {
    const { verdict, voided, equivocation } = judgement
    const { id: network } = joined.network
    if (origin.via === 'sync' && verdict.verdict === 'ignore') {
      this.#refused.note(event.id, verdict.reason)
    }
    for (const place of voided) joined.live.remove(place)
    if (voided.length > 0) this.#tell((listener) => listener.onVoided?.(network, voided))
    if (equivocation !== undefined) {
      const { first, second } = equivocation
      this.#tell((listener) => listener.onEquivocation?.(network, first, second))
    }
    if (verdict.verdict !== 'accept') return
    joined.live.insert(event)
    this.#tell((listener) => listener.onAccepted?.(event, origin))
  }

  #settle(waiting: Waiting, verdict: Verdict): void {
    waiting.settle(verdict)
    if (this.#listeners.size === 0) return
    this.#tell((listener) => listener.onVerdict?.(verdict, waiting.origin))
  }

  #goOn(done: number): void {
    this.#inFlight -= done
    this.#pump()
    this.#flushIfDue()
    if (this.#inFlight > 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  #tell(call: (listener: IntakeListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener)
      } catch (error) {
        this.#ports.onFailure(error)
      }
    }
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
