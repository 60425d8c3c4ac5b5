/**
 * Finds out what two nodes lack of each other's events of one kind: ranges of (time, id) are compared by fingerprint, those that
 * differ are split, and where little is left the ids are named (range-based set reconciliation, A. Meyer 2022; the splitting is
 * that of negentropy 1). A pure state machine: frame in, frame out.
 */
import {
  type EventKind,
  SYNC_ROUNDS_MAX,
  type SyncBound,
  type SyncFrame,
  type SyncRange
} from '../../wire/index.ts'
import { SyncError } from '../errors.ts'
import type { FingerprintTree } from './fingerprint-tree.ts'
import { FrameBuilder } from './frame-builder.ts'
import { HIGHEST_BOUND, LOWEST_BOUND } from './sync-item.ts'

export type SyncRole = 'initiator' | 'responder'

export class Reconciliation {
  readonly kind: EventKind
  readonly #role: SyncRole
  readonly #tree: FingerprintTree
  /** By their text, since an id may be named again after a list was cut. */
  readonly #needs = new Map<string, Uint8Array>()
  readonly #haves = new Map<string, Uint8Array>()
  #round = 0

  constructor(kind: EventKind, tree: FingerprintTree, role: SyncRole) {
    this.kind = kind
    this.#tree = tree
    this.#role = role
  }

  /** What the peer has and this node lacks, in the order of their times. */
  get needs(): readonly Uint8Array[] {
    return [...this.#needs.values()]
  }

  /** What this node has and the peer lacks. A responder does not learn it. */
  get haves(): readonly Uint8Array[] {
    return [...this.#haves.values()]
  }

  /** The first frame: everything by one fingerprint. */
  open(): SyncFrame {
    const { fingerprint } = this.#tree.summary(LOWEST_BOUND, HIGHEST_BOUND)
    this.#round = 1
    const ranges: SyncRange[] = [{ mode: 'fingerprint', fingerprint, until: undefined }]
    return { kind: this.kind, round: 1, refusal: undefined, ranges }
  }

  /**
   * @returns the next frame; undefined: the initiator knows everything. A responder always answers, at the end without ranges.
   * @throws {KIND_UNEXPECTED | ROUND_UNEXPECTED | ROUNDS_EXCEEDED | PEER_BUSY | PEER_LIMIT}
   */
  receive(frame: SyncFrame): SyncFrame | undefined {
    this.#check(frame)
    const builder = new FrameBuilder(this.#tree)
    let lower = LOWEST_BOUND
    for (const range of frame.ranges) {
      if (builder.isFull) break
      const until = range.until ?? HIGHEST_BOUND
      this.#compare(range, { lower, until }, builder)
      lower = until
    }
    if (this.#role === 'initiator' && builder.ranges.length === 0) return undefined
    if (frame.round >= SYNC_ROUNDS_MAX) {
      throw new SyncError(
        'ROUNDS_EXCEEDED',
        `expected to know all differences after ${SYNC_ROUNDS_MAX} rounds, got more`,
        { context: { kind: this.kind, needs: this.#needs.size } }
      )
    }
    this.#round = frame.round + 1
    return { kind: this.kind, round: this.#round, refusal: undefined, ranges: builder.ranges }
  }

  #check(frame: SyncFrame): void {
    if (frame.refusal !== undefined) {
      const code = frame.refusal === 'busy' ? 'PEER_BUSY' : 'PEER_LIMIT'
      throw new SyncError(code, `expected a frame, got a refusal: ${frame.refusal}`)
    }
    if (frame.kind !== this.kind) {
      throw new SyncError('KIND_UNEXPECTED', `expected ${this.kind}, got ${frame.kind}`)
    }
    if (frame.round !== this.#round + 1) {
      throw new SyncError(
        'ROUND_UNEXPECTED',
        `expected round ${this.#round + 1}, got ${frame.round}`
      )
    }
  }

  #compare(
    range: SyncRange,
    bounds: { readonly lower: SyncBound; readonly until: SyncBound },
    builder: FrameBuilder
  ): void {
    const { lower, until } = bounds
    if (range.mode === 'skip') {
      builder.skip(until)
      return
    }
    if (range.mode === 'fingerprint') {
      const own = this.#tree.summary(lower, until).fingerprint
      if (Buffer.compare(own, range.fingerprint) === 0) builder.skip(until)
      else builder.describe(until)
      return
    }
    this.#note(range.ids, bounds)
    if (this.#role === 'initiator') builder.skip(until)
    else builder.name(until)
  }

  /** Compares the ids that the peer holds in a range with our own. */
  #note(
    ids: readonly Uint8Array[],
    bounds: { readonly lower: SyncBound; readonly until: SyncBound }
  ): void {
    const from = this.#tree.countBelow(bounds.lower)
    const own = this.#tree.items(from, this.#tree.countBelow(bounds.until))
    const missing = new Map(ids.map((id) => [textOf(id), id]))
    for (const { id } of own) {
      const text = textOf(id)
      if (!missing.delete(text)) this.#haves.set(text, id)
    }
    for (const [text, id] of missing) this.#needs.set(text, id)
    if (this.#role === 'responder') this.#haves.clear()
  }
}

function textOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}
