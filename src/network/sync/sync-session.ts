/**
 * One talk with one peer over all kinds of events, as bytes in and bytes out. Who may speak comes first, so that what they said is
 * understood when it is fetched. Its limits are those of design defense.md e.5; a peer that answers garbage, or for ever, ends in
 * a `SyncError`, and what was found until then is kept.
 */
import { messageOf } from '../../base/index.ts'
import {
  DecodeError,
  decodeSyncFrame,
  type EventKind,
  encodeSyncFrame,
  SYNC_SESSION_BYTES_MAX,
  type SyncFrame
} from '../../wire/index.ts'
import { SyncError } from '../errors.ts'
import type { LiveSet } from './live-set.ts'
import { Reconciliation } from './reconciliation.ts'

export const SYNC_KINDS: readonly EventKind[] = [
  'node-announce',
  'revoke',
  'equivocation-proof',
  'alert',
  'retract',
  'vote',
  'list-delta'
]

export interface KindDifference {
  readonly kind: EventKind
  /** The peer has them, this node does not: to be fetched in this order. */
  readonly needs: readonly Uint8Array[]
  /** This node has them, the peer does not: if there are any, the peer does well to open a session of its own. */
  readonly haves: readonly Uint8Array[]
}

abstract class Session {
  protected readonly set: LiveSet
  readonly #done: Reconciliation[] = []
  #bytes = 0

  constructor(set: LiveSet) {
    this.set = set
  }

  /** Both directions, events not included. */
  get bytes(): number {
    return this.#bytes
  }

  /** By kind, in the order in which they were compared. */
  get differences(): readonly KindDifference[] {
    return this.#done.map(({ kind, needs, haves }) => ({ kind, needs, haves }))
  }

  protected begin(kind: EventKind, role: 'initiator' | 'responder'): Reconciliation {
    const reconciliation = new Reconciliation(kind, this.set.treeOf(kind), role)
    this.#done.push(reconciliation)
    return reconciliation
  }

  /** @throws {BYTES_EXCEEDED} */
  protected encode(frame: SyncFrame): Uint8Array {
    const bytes = encodeSyncFrame(frame)
    this.#count(bytes.length)
    return bytes
  }

  /** @throws {FRAME_INVALID | BYTES_EXCEEDED} */
  protected decode(bytes: Uint8Array): SyncFrame {
    this.#count(bytes.length)
    try {
      return decodeSyncFrame(bytes)
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      throw new SyncError('FRAME_INVALID', `expected a frame, got ${messageOf(cause)}`, {
        context: { code: cause.code },
        cause
      })
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= SYNC_SESSION_BYTES_MAX) return
    throw new SyncError(
      'BYTES_EXCEEDED',
      `expected a session of at most ${SYNC_SESSION_BYTES_MAX} bytes, got more`
    )
  }
}

/** The side that asks. */
export class SyncInitiator extends Session {
  readonly #kinds: readonly EventKind[]
  #next = 0
  #current: Reconciliation | undefined
  #peerSentAtMs: number | undefined

  /** `kinds` leaves some out, for tests and measurements. */
  constructor(set: LiveSet, kinds: readonly EventKind[] = SYNC_KINDS) {
    super(set)
    this.#kinds = kinds
  }

  /** What the clock of the peer said in the last frame that it sent; undefined: it does not tell. */
  get peerSentAtMs(): number | undefined {
    return this.#peerSentAtMs
  }

  /** The first frame to send. */
  open(): Uint8Array | undefined {
    return this.#openNext()
  }

  /**
   * @returns the next frame to send; undefined: everything is compared, close the stream
   * @throws {SyncError}
   */
  receive(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#current === undefined) {
      throw new SyncError('SESSION_ENDED', 'expected no frame after the end, got one')
    }
    const frame = this.decode(bytes)
    this.#peerSentAtMs = frame.sentAtMs
    const answer = this.#current.receive(frame)
    return answer === undefined ? this.#openNext() : this.encode(answer)
  }

  #openNext(): Uint8Array | undefined {
    const kind = this.#kinds[this.#next]
    this.#next++
    this.#current = kind === undefined ? undefined : this.begin(kind, 'initiator')
    return this.#current === undefined ? undefined : this.encode(this.#current.open())
  }
}

/** The side that answers, until the other one closes the stream. */
export class SyncResponder extends Session {
  readonly #kinds = new Set<EventKind>()
  readonly #nowMs: (() => number) | undefined
  #current: Reconciliation | undefined
  #hasDifference = false

  /** `nowMs` is told in the first answer. */
  constructor(set: LiveSet, nowMs?: () => number) {
    super(set)
    this.#nowMs = nowMs
  }

  /** The two do not hold the same; who lacks what, the side that asks finds out. */
  get hasDifference(): boolean {
    return this.#hasDifference
  }

  /** @throws {SyncError} */
  receive(bytes: Uint8Array): Uint8Array {
    const frame = this.decode(bytes)
    if (frame.round === 1) {
      // Once over every kind: who wants more opens a new session, which counts.
      if (this.#kinds.has(frame.kind)) {
        throw new SyncError('KIND_UNEXPECTED', `expected ${frame.kind} once, got it again`)
      }
      this.#kinds.add(frame.kind)
      this.#current = this.begin(frame.kind, 'responder')
    }
    const answer = this.#current?.receive(frame)
    if (answer === undefined) {
      throw new SyncError('ROUND_UNEXPECTED', `expected round 1, got ${frame.round}`)
    }
    if (answer.ranges.some(({ mode }) => mode !== 'skip')) this.#hasDifference = true
    const isFirst = this.bytes === bytes.length
    return this.encode(
      isFirst && this.#nowMs !== undefined ? { ...answer, sentAtMs: this.#nowMs() } : answer
    )
  }
}
