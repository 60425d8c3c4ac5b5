/**
 * Prefixes of one address family with their ends and handles. What is new goes into a short run; when that is full, it is frozen
 * and merged into the long ones a slice at a time, so that neither an addition nor a look-up ever waits for the whole. No copy of
 * the whole is made on the way: each run is replaced for itself.
 */
import { maskWords, PrefixChunk, REMOVED, WORD_MIN } from './prefix-chunk.ts'
import { hashPrefix, PrefixFilter } from './prefix-filter.ts'
import type { PrefixKey } from './prefix-key.ts'
import { collectWhile, matchRun, type Wanted } from './prefix-match.ts'
import { CHUNK_MAX, hasEnded, joinChunks, mergeChunks } from './prefix-merge.ts'

/** Merging keeps ahead of what comes in: twice the share of the whole that each addition has to pay for, and a little. */
const EFFORT_FACTOR = 2
const EFFORT_MIN = 64
/** Entries of the short run: moving half of them, as an insertion does, takes about a microsecond. */
const ADDED_MAX = 4_096
/** A run shorter than this joins the one before it, where both fit. */
const CHUNK_MIN = 8_192
/** The first ten bits of an address say which of 1 024 parts of the address space it lies in; most of them touch one run. */
const PART_SHIFT = 22
/** Removed entries take up room until they are this share of all. */
const REMOVED_SHARE_MAX = 0.25

export class PrefixTable {
  readonly #wordsPerKey: number
  readonly #width: number
  /** Ascending, none empty. */
  #chunks: PrefixChunk[] = []
  /** First words of every run, side by side. */
  #firsts = new Int32Array(0)
  /** For each part of the address space, how many runs begin before it. */
  readonly #beginBefore = new Uint16Array(2 ** (32 - PART_SHIFT) + 1)
  #added: PrefixChunk | undefined
  #frozen: PrefixChunk | undefined
  /** Entries of the frozen run before this are merged already. */
  #mergedTo = 0
  #nextChunk = 0
  /** Entries of work that are allowed and not yet done. */
  #effort = 0
  #endedByS = 0
  #baseCount = 0
  #baseRemoved = 0
  #size = 0
  readonly #countByLength: Uint32Array
  /** Lengths that occur, longest first. */
  #lengths: number[] = []
  /** The question that `find` is about, kept for the next one. */
  readonly #wanted: Wanted

  constructor(wordsPerKey: number) {
    this.#wordsPerKey = wordsPerKey
    this.#width = wordsPerKey * 32
    this.#countByLength = new Uint32Array(this.#width + 1)
    const key = { words: new Int32Array(wordsPerKey), length: 0 }
    this.#wanted = { key, atS: 0, into: undefined }
  }

  get size(): number {
    return this.#size
  }

  get isMerging(): boolean {
    return this.#frozen !== undefined
  }

  get bytes(): number {
    let bytes = this.#firsts.byteLength + this.#beginBefore.byteLength
    bytes += (this.#added?.bytes ?? 0) + (this.#frozen?.bytes ?? 0)
    for (const chunk of this.#chunks) bytes += chunk.bytes
    return bytes
  }

  /** Adds an entry, or moves the end of one that is there. */
  add(key: PrefixKey, untilS: number, handle: number): void {
    const found = this.#locate(key, handle)
    if (found !== undefined) {
      found.chunk.setUntil(found.index, untilS)
      return
    }
    this.#added ??= newRun(this.#wordsPerKey)
    if (this.#added.count === ADDED_MAX) {
      while (this.#frozen !== undefined) this.#mergeNext()
      this.#startMerge(0)
    }
    this.#added.insert({ key, untilS, handle })
    this.#count(key.length, 1)
    if (this.#frozen !== undefined) {
      this.work(EFFORT_MIN + EFFORT_FACTOR * Math.ceil(this.#baseCount / ADDED_MAX))
    }
  }

  /** False if there was none. */
  remove(key: PrefixKey, handle: number): boolean {
    const found = this.#locate(key, handle)
    if (found === undefined) return false
    if (found.chunk === this.#added) found.chunk.erase(found.index)
    else {
      found.chunk.remove(found.index)
      if (found.chunk !== this.#frozen) this.#baseRemoved++
    }
    this.#count(key.length, -1)
    if (this.#frozen !== undefined) {
      this.work(EFFORT_MIN + EFFORT_FACTOR * Math.ceil(this.#baseCount / ADDED_MAX))
    } else if (this.#baseRemoved > ADDED_MAX + this.#baseCount * REMOVED_SHARE_MAX) {
      this.#startMerge(0)
    }
    return true
  }

  has(key: PrefixKey, handle: number): boolean {
    return this.#locate(key, handle) !== undefined
  }

  /** Begins a pass that also drops what ended by then. */
  startMerge(endedByS: number): void {
    if (this.#frozen === undefined) this.#startMerge(endedByS)
  }

  /** Goes on with the running merge for so many entries; what is too little for the next run is kept for the next call. */
  work(entries: number): void {
    if (this.#frozen === undefined) return
    this.#effort += entries
    while (this.#frozen !== undefined && this.#effort > 0) {
      const cost = (this.#chunks[this.#nextChunk]?.count ?? 0) + EFFORT_MIN
      if (cost > this.#effort) return
      this.#effort -= this.#mergeNext()
    }
  }

  /**
   * Handle of the longest prefix in force that contains the address, or `REMOVED` if none does. With `into`, all of them are put
   * there, longest first.
   */
  find(address: Int32Array, atS: number, into?: number[]): number {
    const wanted = this.#wanted
    const { key } = wanted
    wanted.atS = atS
    wanted.into = into
    for (let word = 0; word < this.#wordsPerKey; word++) key.words[word] = address[word] ?? 0
    let chunk = -1
    let index = 0
    for (const length of this.#lengths) {
      key.length = length
      if (length < this.#width) maskWords(key.words, length)
      if (this.#chunks.length > 0) {
        const before = index > 0 ? this.#chunks[chunk] : undefined
        // Lengths come in descending order, so each search ends at or before the last one; mostly right there.
        if (before === undefined || before.compare(index - 1, key) >= 0) {
          chunk = this.#findChunk(key)
          index = this.#chunks[chunk]?.lowerBound(key) ?? 0
        }
        const handle = this.#matchBase(chunk, index, wanted)
        if (handle !== REMOVED) return handle
      }
      const handle = this.#matchNew(wanted)
      if (handle !== REMOVED) return handle
    }
    return into?.[0] ?? REMOVED
  }

  /** Handles of all entries, ended or not, that contain the prefix or lie in it. */
  overlapping(key: PrefixKey): number[] {
    const found: number[] = []
    const around = { words: key.words.slice(), length: key.length }
    for (const length of this.#lengths) {
      if (length >= key.length) continue
      around.length = length
      maskWords(around.words, length)
      this.#matchAround(around, found)
    }
    const isInside = (chunk: PrefixChunk, index: number) => this.#contains(key, chunk, index)
    for (let at = this.#findChunk(key); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]
      if (chunk === undefined) break
      const start = chunk.lowerBound(key)
      const end = collectWhile(chunk, start, { into: found, isWanted: isInside })
      if (end < chunk.count) break
    }
    if (this.#frozen !== undefined) {
      const start = this.#frozen.lowerBound(key, this.#mergedTo)
      collectWhile(this.#frozen, start, { into: found, isWanted: isInside })
    }
    if (this.#added !== undefined) {
      const start = this.#added.lowerBound(key)
      collectWhile(this.#added, start, { into: found, isWanted: isInside })
    }
    return found
  }

  #matchAround(key: PrefixKey, into: number[]): void {
    if (this.#chunks.length > 0) {
      const chunk = this.#findChunk(key)
      const index = this.#chunks[chunk]?.lowerBound(key) ?? 0
      this.#matchBase(chunk, index, { key, atS: -1, into })
    }
    this.#matchNew({ key, atS: -1, into })
  }

  #contains(outer: PrefixKey, chunk: PrefixChunk, index: number): boolean {
    const inner = { words: chunk.keyAt(index).words.slice(), length: 0 }
    maskWords(inner.words, outer.length)
    return inner.words.every((word, at) => word === outer.words[at])
  }

  #matchBase(chunk: number, index: number, wanted: Wanted): number {
    for (let at = chunk, from = index; at < this.#chunks.length; at++, from = 0) {
      const run = this.#chunks[at]
      if (run === undefined) break
      const start = at === chunk ? from : run.lowerBound(wanted.key)
      if (start === run.count) continue
      // The first entry that is not before the prefix is either the prefix itself or behind it.
      if (run.compare(start, wanted.key) !== 0) break
      const handle = matchRun(run, start, wanted)
      if (handle !== REMOVED) return handle
      if (run.compare(run.count - 1, wanted.key) !== 0) break
    }
    return REMOVED
  }

  #matchNew(wanted: Wanted): number {
    const frozen = this.#frozen
    const added = this.#added
    if (added === undefined || (added.count === 0 && frozen === undefined)) return REMOVED
    const hash = hashPrefix(wanted.key)
    if (frozen?.mayHold(hash)) {
      const handle = matchRun(frozen, frozen.lowerBound(wanted.key, this.#mergedTo), wanted)
      if (handle !== REMOVED) return handle
    }
    if (!added.mayHold(hash)) return REMOVED
    return matchRun(added, added.lowerBound(wanted.key), wanted)
  }

  #locate(
    key: PrefixKey,
    handle: number
  ): { readonly chunk: PrefixChunk; readonly index: number } | undefined {
    if (this.#countByLength[key.length] === 0) return undefined
    for (let at = this.#findChunk(key); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]
      if (chunk === undefined) break
      const index = chunk.indexOf(key, handle)
      if (index >= 0) return { chunk, index }
      if (chunk.compare(chunk.count - 1, key) > 0) break
    }
    for (const chunk of [this.#frozen, this.#added]) {
      const index = chunk?.indexOf(key, handle, chunk === this.#frozen ? this.#mergedTo : 0) ?? -1
      if (chunk !== undefined && index >= 0) return { chunk, index }
    }
    return undefined
  }

  /** Index of the last run that begins before the key, or 0: the first entry that is not before the key is there or behind. */
  #findChunk(key: PrefixKey): number {
    const width = this.#wordsPerKey
    const firsts = this.#firsts
    const { words } = key
    const part = partOf(words[0] ?? 0)
    let low = this.#beginBefore[part] ?? 0
    let high = this.#beginBefore[part + 1] ?? 0
    while (low < high) {
      const middle = (low + high) >>> 1
      let difference = (firsts[middle * width] ?? 0) - (words[0] ?? 0)
      for (let word = 1; word < width && difference === 0; word++) {
        difference = (firsts[middle * width + word] ?? 0) - (words[word] ?? 0)
      }
      if (difference < 0) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  /** Notes where the runs begin. */
  #noteFirsts(): void {
    this.#firsts = new Int32Array(this.#chunks.length * this.#wordsPerKey)
    const beginBefore = this.#beginBefore.fill(this.#chunks.length)
    let part = 0
    this.#chunks.forEach((chunk, index) => {
      const { words } = chunk.keyAt(0)
      this.#firsts.set(words, index * this.#wordsPerKey)
      while (part <= partOf(words[0] ?? 0)) beginBefore[part++] = index
    })
  }

  #count(length: number, change: number): void {
    const count = (this.#countByLength[length] ?? 0) + change
    this.#countByLength[length] = count
    this.#size += change
    const isNew = change > 0 && count === change
    if (!isNew && count > 0) return
    this.#lengths = []
    for (let other = this.#width; other >= 0; other--) {
      if ((this.#countByLength[other] ?? 0) > 0) this.#lengths.push(other)
    }
  }

  #startMerge(endedByS: number): void {
    this.#frozen = this.#added ?? newRun(this.#wordsPerKey)
    this.#added = newRun(this.#wordsPerKey)
    this.#mergedTo = 0
    this.#nextChunk = 0
    this.#effort = 0
    this.#endedByS = endedByS
  }

  /** Merges the next run. @returns how much work that was, in entries */
  #mergeNext(): number {
    const added = this.#frozen
    if (added === undefined) return 0
    const base = this.#chunks[this.#nextChunk]
    const next = this.#chunks[this.#nextChunk + 1]
    const from = this.#mergedTo
    const to = next === undefined ? added.count : added.lowerBound(next.keyAt(0), from)
    const work = (base?.count ?? 0) + to - from
    this.#mergedTo = to
    const isUnchanged =
      from === to &&
      base?.removed === 0 &&
      (this.#endedByS === 0 || !hasEnded(base, this.#endedByS))
    if (isUnchanged) this.#nextChunk++
    else this.#replace(base, { added, from, to })
    if (this.#nextChunk >= this.#chunks.length && this.#mergedTo === added.count) {
      this.#frozen = undefined
    }
    return isUnchanged && this.#endedByS === 0 ? EFFORT_MIN : work
  }

  #replace(
    base: PrefixChunk | undefined,
    part: { readonly added: PrefixChunk; readonly from: number; readonly to: number }
  ): void {
    const pieces = mergeChunks({
      ...part,
      base,
      endedByS: this.#endedByS,
      onDropped: (length) => this.#count(length, -1)
    })
    this.#baseCount += sum(pieces) - (base?.count ?? 0)
    this.#baseRemoved -= base?.removed ?? 0
    let at = this.#nextChunk
    let replaced = base === undefined ? 0 : 1
    const [only] = pieces
    const before = this.#chunks[at - 1]
    if (pieces.length === 1 && only !== undefined && before !== undefined) {
      if (only.count < CHUNK_MIN && before.count + only.count <= CHUNK_MAX) {
        pieces[0] = joinChunks(before, only)
        at--
        replaced++
      }
    }
    this.#chunks.splice(at, replaced, ...pieces)
    this.#nextChunk = at + pieces.length
    this.#noteFirsts()
  }
}

/** Which part of the address space an address lies in. */
function partOf(firstWord: number): number {
  return (firstWord ^ WORD_MIN) >>> PART_SHIFT
}

/** Takes what is added until the next merge begins. */
function newRun(wordsPerKey: number): PrefixChunk {
  return new PrefixChunk(wordsPerKey, ADDED_MAX, new PrefixFilter(ADDED_MAX))
}

function sum(chunks: readonly PrefixChunk[]): number {
  return chunks.reduce((total, chunk) => total + chunk.count, 0)
}
