/** Fills one frame with ranges, from the beginning on, and stops in time: what has no room is summed up in one last range. */
import {
  EVENT_ID_BYTES,
  SYNC_FINGERPRINT_BYTES,
  SYNC_FRAME_BYTES_MAX,
  SYNC_RANGES_MAX,
  type SyncBound,
  type SyncContent,
  type SyncRange
} from '../../wire/index.ts'
import type { FingerprintTree } from './fingerprint-tree.ts'
import { boundBetween, HIGHEST_BOUND, LOWEST_BOUND, type SyncItem } from './sync-item.ts'

/** Kind, round and refusal. */
const FRAME_HEAD_BYTES = 16
/** Tags, lengths, a time and a mode. */
const RANGE_HEAD_BYTES = 24
const LAST_RANGE_BYTES = RANGE_HEAD_BYTES + EVENT_ID_BYTES + SYNC_FINGERPRINT_BYTES
/** So few items are named instead of being split again: a fingerprint takes as much as half an id, and a round more. */
const NAMED_ITEMS_MAX = 8
const SPLIT_PARTS = 16
const ITEMS_A_PART = 4

export class FrameBuilder {
  readonly ranges: SyncRange[] = []
  readonly #tree: FingerprintTree
  #bytes = FRAME_HEAD_BYTES
  /** Where the next range begins. */
  #at: SyncBound = LOWEST_BOUND
  /** Equal ranges are told only if something comes after them. */
  #skippedTo: SyncBound | undefined
  #isFull = false

  constructor(tree: FingerprintTree) {
    this.#tree = tree
  }

  /** Nothing more has room; the rest is in the frame as one range. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The range up to the bound needs no more words. */
  skip(until: SyncBound): void {
    if (this.#isFull) return
    this.#skippedTo = until
    this.#at = until
  }

  /** What this node holds up to the bound, by parts: the fingerprint of each, or the ids themselves where they are few. */
  describe(until: SyncBound): void {
    const tree = this.#tree
    const from = tree.countBelow(this.#at)
    const to = tree.countBelow(until)
    const count = to - from
    if (count <= NAMED_ITEMS_MAX) {
      this.name(until)
      return
    }
    const parts = Math.min(SPLIT_PARTS, Math.ceil(count / ITEMS_A_PART))
    for (let part = 1; part <= parts && !this.#isFull; part++) {
      const end = part === parts ? until : boundAt(tree, from + Math.floor((count * part) / parts))
      this.#addFingerprint(end)
    }
  }

  /** The ids that this node holds up to the bound, as many as have room; what remains is a fingerprint again. */
  name(until: SyncBound): void {
    if (this.#isFull) return
    const from = this.#tree.countBelow(this.#at)
    const to = this.#tree.countBelow(until)
    const room = this.#roomForIds(until)
    if (room < 0 || (room === 0 && to > from)) {
      this.#close()
      return
    }
    const items = this.#tree.items(from, Math.min(to, from + room))
    const isWhole = from + items.length === to
    const end = isWhole ? until : boundAt(this.#tree, from + items.length)
    this.#add({ mode: 'ids', ids: items.map(({ id }) => id) }, end)
    if (isWhole) return
    // A range of its own, so that its lack of an end does not mix with what follows; the reserve has room for both.
    const { fingerprint } = this.#tree.summary(end, until)
    this.#add({ mode: 'fingerprint', fingerprint }, until)
    this.#close()
  }

  #addFingerprint(until: SyncBound): void {
    if (this.#isFull) return
    const { fingerprint } = this.#tree.summary(this.#at, until)
    if (!this.#hasRoom(RANGE_HEAD_BYTES + until.idPrefix.length + SYNC_FINGERPRINT_BYTES)) {
      this.#close()
      return
    }
    this.#add({ mode: 'fingerprint', fingerprint }, until)
  }

  #add(content: SyncContent, until: SyncBound): void {
    if (this.#skippedTo !== undefined) this.#push({ mode: 'skip' }, this.#skippedTo)
    this.#skippedTo = undefined
    this.#push(content, until)
    this.#at = until
  }

  #push(content: SyncContent, until: SyncBound): void {
    this.ranges.push({ ...content, until: until === HIGHEST_BOUND ? undefined : until })
    this.#bytes += RANGE_HEAD_BYTES + until.idPrefix.length
    if (content.mode === 'fingerprint') this.#bytes += SYNC_FINGERPRINT_BYTES
    if (content.mode === 'ids') this.#bytes += content.ids.length * EVENT_ID_BYTES
  }

  /** The skip before, the range itself, the remainder of a list that is cut, and the last range. */
  #hasRoom(bytes: number): boolean {
    const reserve = 3 * LAST_RANGE_BYTES
    return (
      this.#bytes + bytes + reserve <= SYNC_FRAME_BYTES_MAX &&
      this.ranges.length + 4 <= SYNC_RANGES_MAX
    )
  }

  /** Negative: not even for a range without ids. */
  #roomForIds(until: SyncBound): number {
    const head = RANGE_HEAD_BYTES + Math.max(EVENT_ID_BYTES, until.idPrefix.length)
    if (!this.#hasRoom(head)) return -1
    const left = SYNC_FRAME_BYTES_MAX - this.#bytes - 3 * LAST_RANGE_BYTES - head
    return Math.floor(left / EVENT_ID_BYTES)
  }

  #close(): void {
    if (this.#isFull) return
    this.#isFull = true
    if (this.#at === HIGHEST_BOUND) return
    const { fingerprint } = this.#tree.summary(this.#at, HIGHEST_BOUND)
    this.#add({ mode: 'fingerprint', fingerprint }, HIGHEST_BOUND)
  }
}

/** The bound before the item of this rank. */
function boundAt(tree: FingerprintTree, rank: number): SyncBound {
  const before: SyncItem | undefined = tree.at(rank - 1)
  const item = tree.at(rank)
  if (before === undefined || item === undefined) return HIGHEST_BOUND
  return boundBetween(before, item)
}
