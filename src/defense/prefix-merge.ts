/** Merges one run of a prefix table with what was added since, into new runs of exactly the size they need. */
import { PrefixChunk, REMOVED } from './prefix-chunk.ts'

/** Entries of one run. Merging one takes a few hundred microseconds: so long a look-up waits at most. Positions fit into 16 bits. */
export const CHUNK_MAX = 32_768

export interface MergeInput {
  readonly base: PrefixChunk | undefined
  readonly added: PrefixChunk
  /** The part of `added` that belongs here. */
  readonly from: number
  readonly to: number
  /** Entries that ended by then are dropped; 0 keeps them all. */
  readonly endedByS: number
  /** Called with the length of every entry that is dropped because it has ended. */
  readonly onDropped: (length: number) => void
}

/** What is left of both, in order; empty if nothing is. */
export function mergeChunks(input: MergeInput): PrefixChunk[] {
  const { base, added } = input
  const baseCount = base?.count ?? 0
  const kept = countKept(base, { ...input, from: 0, to: baseCount }) + countKept(added, input)
  const pieces = new Pieces(added.wordsPerKey, kept)
  let baseIndex = 0
  for (let index = input.from; index < input.to; index++) {
    const stop = base?.lowerBound(added.keyAt(index), baseIndex) ?? 0
    appendKept(pieces, base, { ...input, from: baseIndex, to: stop })
    appendKept(pieces, added, { ...input, from: index, to: index + 1 })
    baseIndex = stop
  }
  appendKept(pieces, base, { ...input, from: baseIndex, to: baseCount })
  return pieces.sealed()
}

/** Both runs in one. */
export function joinChunks(before: PrefixChunk, after: PrefixChunk): PrefixChunk {
  const joined = new PrefixChunk(before.wordsPerKey, before.count + after.count)
  joined.appendRange(before, 0, before.count)
  joined.appendRange(after, 0, after.count)
  joined.removed = before.removed + after.removed
  joined.seal()
  return joined
}

/** Whether an entry of the run has ended by then. */
export function hasEnded(chunk: PrefixChunk, endedByS: number): boolean {
  for (let index = 0; index < chunk.count; index++) {
    if (chunk.untilAt(index) <= endedByS) return true
  }
  return false
}

function isKept(source: PrefixChunk, index: number, endedByS: number): boolean {
  return source.handleAt(index) !== REMOVED && (endedByS === 0 || source.untilAt(index) > endedByS)
}

function countKept(source: PrefixChunk | undefined, input: MergeInput): number {
  if (source === undefined) return 0
  if (source.removed === 0 && input.endedByS === 0) return input.to - input.from
  let kept = 0
  for (let index = input.from; index < input.to; index++) {
    if (isKept(source, index, input.endedByS)) kept++
  }
  return kept
}

/** Copies whole stretches at once, from one dropped entry to the next. */
function appendKept(pieces: Pieces, source: PrefixChunk | undefined, input: MergeInput): void {
  if (source === undefined || input.from === input.to) return
  let from = input.from
  if (source.removed > 0 || input.endedByS > 0) {
    for (let index = input.from; index < input.to; index++) {
      if (isKept(source, index, input.endedByS)) continue
      if (source.handleAt(index) !== REMOVED) input.onDropped(source.lengthAt(index))
      pieces.append(source, from, index)
      from = index + 1
    }
  }
  pieces.append(source, from, input.to)
}

/** New runs of about the same size, filled one after the other. */
class Pieces {
  readonly #wordsPerKey: number
  readonly #size: number
  readonly #pieces: PrefixChunk[] = []
  #left: number

  constructor(wordsPerKey: number, total: number) {
    this.#wordsPerKey = wordsPerKey
    this.#left = total
    this.#size = Math.ceil(total / Math.ceil(total / CHUNK_MAX))
  }

  append(source: PrefixChunk, from: number, to: number): void {
    for (let at = from; at < to; ) {
      let piece = this.#pieces.at(-1)
      if (piece === undefined || piece.count === piece.capacity) {
        piece = new PrefixChunk(this.#wordsPerKey, Math.min(this.#size, this.#left))
        this.#left -= piece.capacity
        this.#pieces.push(piece)
      }
      const stop = Math.min(to, at + piece.capacity - piece.count)
      piece.appendRange(source, at, stop)
      at = stop
    }
  }

  sealed(): PrefixChunk[] {
    for (const piece of this.#pieces) piece.seal()
    return this.#pieces
  }
}
