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

/** Own items that are looked at between two looks at what is still sought. */
const SLICE_ITEMS = 1_024
/** That the peer lacks something is reason enough to tell him so; which of it, he finds out himself. */
const HAVES_MAX = 4_096
/**
 * Own items compared with named ids, of one kind: a peer that names one id that nobody has in the range of everything makes this
 * node go through all that it holds, with each frame. Twice what an honest session of 4 MiB could name.
 */
export const WALKED_ITEMS_MAX = 262_144

export class Reconciliation {
  readonly kind: EventKind
  readonly #role: SyncRole
  readonly #tree: FingerprintTree
  /** By their text, since an id may be named again after a list was cut. */
  readonly #needs = new Map<string, Uint8Array>()
  readonly #haves = new Map<string, Uint8Array>()
  #round = 0
  #walked = 0

  constructor(kind: EventKind, tree: FingerprintTree, role: SyncRole) {
    this.kind = kind
    this.#tree = tree
    this.#role = role
  }

  /** What the peer has and this node lacks, in the order of their times. A responder does not learn it. */
  get needs(): readonly Uint8Array[] {
    return [...this.#needs.values()]
  }

  /** What this node has and the peer lacks, or as much of it as tells him to ask. A responder does not learn it. */
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
   * @throws {KIND_UNEXPECTED | ROUND_UNEXPECTED | ROUNDS_EXCEEDED | ITEMS_EXCEEDED | PEER_BUSY | PEER_LIMIT}
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
    if (this.#role === 'responder') {
      builder.name(until)
      return
    }
    this.#note(range.ids, bounds)
    builder.skip(until)
  }

  /** Compares the ids that the peer holds in a range with our own. */
  #note(
    ids: readonly Uint8Array[],
    bounds: { readonly lower: SyncBound; readonly until: SyncBound }
  ): void {
    const missing = new Map(ids.map((id) => [textOf(id), id]))
    const to = this.#tree.countBelow(bounds.until)
    let from = this.#tree.countBelow(bounds.lower)
    while (from < to && (missing.size > 0 || this.#haves.size < HAVES_MAX)) {
      const own = this.#tree.items(from, Math.min(to, from + SLICE_ITEMS))
      from += own.length
      this.#walk(own.length)
      for (const { id } of own) {
        const text = textOf(id)
        if (!missing.delete(text) && this.#haves.size < HAVES_MAX) this.#haves.set(text, id)
      }
    }
    for (const [text, id] of missing) this.#needs.set(text, id)
  }

  #walk(items: number): void {
    this.#walked += items
    if (this.#walked <= WALKED_ITEMS_MAX) return
    throw new SyncError(
      'ITEMS_EXCEEDED',
      `expected to compare at most ${WALKED_ITEMS_MAX} items, got more`,
      { context: { kind: this.kind, needs: this.#needs.size } }
    )
  }
}

function textOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}
