/**
 * The one door for events, however they come: looks at them, waits for their signatures, judges and keeps them by the batch, and
 * only then says accept. What it has not accepted leaves no trace (but for the proof of a liar); what it has is on the disk.
 */
import { type Clock, LruMap, NetminderError, type Prefix } from '../../base/index.ts'
import type { Network, SignedNetworkEvent, Verify } from '../../wire/index.ts'
import type { AuthorStore, EventPlace, EventStore, SequenceSource } from '../ports.ts'
import { LiveSet } from '../sync/live-set.ts'
import { AuthorBook } from './author-book.ts'
import { EventJudge, type Judgement } from './event-judge.ts'
import { type EventOrigin, takeFirstLook } from './first-look.ts'
import { type Authenticated, checkSignatures } from './signature-check.ts'
import { ignore, type Verdict } from './verdict.ts'
import { LANE_LENGTH_MAX, type Lane, VerifyQueue } from './verify-queue.ts'

/**
 * Enough that the threads have signatures to verify while a batch is kept, few enough that the queue decides what comes next: a
 * batch waits for no more than these, 50 ms on one core that has nothing but floods to do.
 */
const IN_FLIGHT_MAX = 512
/** So many share one transaction and one flush of the disk; a quiet node keeps each event as soon as it is verified. */
const BATCH_MAX = 256
/** Copies of an event come from several peers within seconds. */
const RECENT_MAX = 16_384
/** An event that has ended is known for this long when it comes again (design defense.md e.3). */
export const KEPT_AFTER_END_MS = 24 * 3_600_000

export interface IntakeOptions {
  /** Prefixes that may be accused though they are not public; for tests on loopback. */
  readonly treatAsPublic?: readonly Prefix[]
  /** Of each lane. @default 2 048 */
  readonly laneLengthMax?: number
  /** This node's own. */
  readonly ownKey?: Uint8Array
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
  readonly event: SignedNetworkEvent
  readonly origin: EventOrigin
  readonly joined: Joined
  settle(verdict: Verdict): void
}

interface Ready extends Waiting {
  readonly authenticated: Authenticated
}

export class EventIntake {
  readonly #options: IntakeOptions
  readonly #ports: IntakePorts
  readonly #book: AuthorBook
  readonly #judge: EventJudge
  readonly #queue: VerifyQueue<Waiting>
  readonly #networks = new Map<string, Joined>()
  readonly #listeners = new Set<IntakeListener>()
  /** Signatures of what was accepted lately, by id: the very same bytes need no check. */
  readonly #recent = new LruMap<string, Uint8Array>(RECENT_MAX)
  #ready: Ready[] = []
  #inFlight = 0
  #waiters: (() => void)[] = []

  constructor(options: IntakeOptions, ports: IntakePorts) {
    this.#options = options
    this.#ports = ports
    this.#book = new AuthorBook(ports)
    this.#judge = new EventJudge(options, { ...ports, book: this.#book })
    this.#queue = new VerifyQueue(options.laneLengthMax ?? LANE_LENGTH_MAX)
  }

  /** From now on the network's events are taken. It has to be in the store of networks. */
  join(network: Network): LiveSet {
    const nowMs = this.#ports.clock.nowMs()
    const live = new LiveSet(this.#ports.events.places(network.id, nowMs))
    this.#networks.set(textOf(network.id), { network, live, endedUntilMs: nowMs })
    return live
  }

  leave(network: Uint8Array): void {
    this.#networks.delete(textOf(network))
    this.#book.clear()
    this.#recent.clear()
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
  async submit(bytes: Uint8Array, origin: EventOrigin): Promise<Verdict> {
    let verdict: Verdict
    try {
      verdict = await this.#take(bytes, origin)
    } catch (error) {
      this.#ports.onFailure(error)
      verdict = ignore('INTERNAL')
    }
    this.#tell((listener) => listener.onVerdict?.(verdict, origin))
    return verdict
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
      this.#prune(network.id, nowMs - KEPT_AFTER_END_MS)
    }
  }

  /** The numbers of events that go stay spent. */
  #prune(network: Uint8Array, beforeMs: number): void {
    const { events, authors } = this.#ports
    const keys = events.authorsEndedBefore(network, beforeMs)
    if (keys.length === 0) return
    events.transaction(() => {
      for (const key of keys) {
        const state = this.#book.find(network, key)
        if (state !== undefined) authors.saveSpent(network, key, state.spent.encode())
      }
      events.removeEndedBefore(network, beforeMs)
    })
  }

  #take(bytes: Uint8Array, origin: EventOrigin): Promise<Verdict> | Verdict {
    const joined = this.#networks.get(textOf(origin.network))
    if (joined === undefined) return ignore('NETWORK_NOT_JOINED')
    const look = takeFirstLook(bytes, origin, this.#ports.clock.nowMs())
    if (look.refusal !== undefined) return look.refusal
    const { event } = look
    const known = this.#recent.get(textOf(event.id))
    if (known !== undefined && Buffer.compare(known, event.signature) === 0) {
      return ignore('DUPLICATE')
    }
    return new Promise((settle) => {
      const waiting = { event, origin, joined, settle }
      if (origin.via === 'own') this.#check(waiting)
      else {
        const lane = origin.topic ?? 'sync'
        this.#queue.push(lane, origin.peer, waiting)?.settle(ignore('QUEUE_FULL'))
        this.#pump()
      }
    })
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
    const { event, joined } = waiting
    const ports = { verify: this.#ports.verify, network: joined.network, book: this.#book }
    checkSignatures(event, ports).then(
      ({ refusal, authenticated }) => {
        if (refusal !== undefined) {
          this.#done([{ waiting, verdict: refusal }])
          return
        }
        this.#learnOwn(waiting)
        this.#ready.push({ ...waiting, authenticated })
        this.#flushIfDue()
      },
      (error: unknown) => {
        this.#ports.onFailure(error)
        this.#done([{ waiting, verdict: ignore('INTERNAL') }])
      }
    )
  }

  #learnOwn({ event, origin }: Waiting): void {
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
    const judged = this.#judgeTogether(batch)
    for (const { waiting, judgement } of judged) this.#follow(waiting, judgement)
    this.#done(judged.map(({ waiting, judgement }) => ({ waiting, verdict: judgement.verdict })))
  }

  #judgeTogether(
    batch: readonly Ready[]
  ): { readonly waiting: Ready; readonly judgement: Judgement }[] {
    const nowMs = this.#ports.clock.nowMs()
    try {
      return this.#ports.events.transaction(() =>
        batch.map((waiting) => {
          const { origin, joined, authenticated } = waiting
          const context = { origin, network: joined.network, nowMs }
          return { waiting, judgement: this.#judge.judge(authenticated, context) }
        })
      )
    } catch (error) {
      // What was written is undone, so what was remembered of it has to go as well.
      this.#book.clear()
      const [only, ...others] = batch
      if (only === undefined) return []
      // One that cannot be kept must not take the others with it.
      if (others.length > 0) return batch.flatMap((waiting) => this.#judgeTogether([waiting]))
      this.#ports.onFailure(error)
      const verdict = ignore(error instanceof NetminderError ? 'STORE_FAILED' : 'INTERNAL')
      return [{ waiting: only, judgement: { verdict, voided: [] } }]
    }
  }

  /** The disk has it: now memory, and those who listen. */
  #follow({ event, origin, joined }: Ready, judgement: Judgement): void {
    const { verdict, voided, equivocation } = judgement
    const { id: network } = joined.network
    for (const place of voided) {
      joined.live.remove(place)
      this.#recent.delete(textOf(place.id))
    }
    if (voided.length > 0) this.#tell((listener) => listener.onVoided?.(network, voided))
    if (equivocation !== undefined) {
      const { first, second } = equivocation
      this.#tell((listener) => listener.onEquivocation?.(network, first, second))
    }
    if (verdict.verdict !== 'accept') return
    joined.live.insert(event)
    this.#recent.set(textOf(event.id), event.signature)
    this.#tell((listener) => listener.onAccepted?.(event, origin))
  }

  #done(settled: readonly { readonly waiting: Waiting; readonly verdict: Verdict }[]): void {
    for (const { waiting, verdict } of settled) waiting.settle(verdict)
    this.#inFlight -= settled.length
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
