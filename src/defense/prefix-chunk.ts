/**
 * A run of prefixes in ascending order, in typed arrays over one buffer: 13 bytes an IPv4 entry, 25 an IPv6 entry. Words, end and
 * handle of an entry lie side by side, since a look-up waits for memory more than for anything else. Knows order, search and
 * copying; which runs there are and when they are merged is the table's business.
 */

import { hashPrefix, type PrefixFilter } from './prefix-filter.ts'
import type { PrefixKey } from './prefix-key.ts'

/** Takes the place of the handle of an entry that was removed; the next merge drops it. */
export const REMOVED = 0xffff_ffff
/** An end beyond what 32 bits of seconds can say. */
export const NO_END_S = 0xffff_ffff

/** A sealed run of IPv4 addresses is divided by value into parts of two to four entries: a line of the processor's cache. */
const BUCKET_ENTRIES = 2

/** So few entries are looked at one after the other: the processor guesses right more often than with halves. */
const LINEAR_MAX = 8

/** What a word of 32 zero bits is kept as. */
export const WORD_MIN = -0x8000_0000

export interface ChunkEntry {
  readonly key: PrefixKey
  readonly untilS: number
  readonly handle: number
}

export class PrefixChunk {
  readonly wordsPerKey: number
  readonly capacity: number
  /** For each entry its words, its end in seconds and its handle; the last two without sign. */
  readonly #records: Int32Array
  readonly #lengths: Uint8Array
  readonly #stride: number
  count = 0
  removed = 0
  readonly #filter: PrefixFilter | undefined
  #first = 0
  #last = 0
  #shift = 0
  #starts: Uint16Array | undefined
  /** The length of all entries of a sealed run, where it is the same; else -1. */
  #onlyLength = -1

  /** @param filter for a run that takes new entries, of which most questions are not about */
  constructor(wordsPerKey: number, capacity: number, filter?: PrefixFilter) {
    this.#filter = filter
    this.wordsPerKey = wordsPerKey
    this.capacity = capacity
    this.#stride = wordsPerKey + 2
    const buffer = new ArrayBuffer(capacity * (4 * this.#stride + 1))
    this.#records = new Int32Array(buffer, 0, capacity * this.#stride)
    this.#lengths = new Uint8Array(buffer, capacity * 4 * this.#stride, capacity)
  }

  get bytes(): number {
    return (
      this.#records.buffer.byteLength + (this.#starts?.byteLength ?? 0) + (this.#filter?.bytes ?? 0)
    )
  }

  /** No entry comes any more: notes where in the run each part of its span begins. */
  seal(): void {
    const length = this.#lengths[0] ?? 0
    let same = 1
    while (same < this.count && this.#lengths[same] === length) same++
    if (same === this.count) this.#onlyLength = length
    if (this.wordsPerKey > 1 || this.count <= BUCKET_ENTRIES) return
    // Two at least: a shift by 32 bits is none, and a span can have 32.
    const bucketBits = Math.max(1, 31 - Math.clz32(this.count / BUCKET_ENTRIES))
    const buckets = 2 ** bucketBits
    this.#first = this.#records[0] ?? 0
    this.#last = this.#records[(this.count - 1) * this.#stride] ?? 0
    const span = (this.#last - this.#first) >>> 0
    this.#shift = Math.max(0, 32 - Math.clz32(span) - bucketBits)
    const starts = new Uint16Array(buckets + 1).fill(this.count)
    let bucket = 0
    for (let index = 0; index < this.count; index++) {
      const last = ((this.#records[index * this.#stride] ?? 0) - this.#first) >>> this.#shift
      while (bucket <= last) starts[bucket++] = index
    }
    this.#starts = starts
  }

  /** Negative if the entry stands before the key, 0 if it is that prefix, positive if it stands behind. */
  compare(index: number, key: PrefixKey): number {
    const at = index * this.#stride
    for (let word = 0; word < this.wordsPerKey; word++) {
      const difference = (this.#records[at + word] ?? 0) - (key.words[word] ?? 0)
      if (difference !== 0) return difference
    }
    return this.#lengthAt(index) - key.length
  }

  /** Index of the first entry from `from` on that does not stand before the key; `count` if all do. */
  lowerBound(key: PrefixKey, from = 0): number {
    if (this.wordsPerKey === 1) return this.#lowerBoundOfWord(key.words[0] ?? 0, key.length, from)
    let low = from
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compare(middle, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The same for IPv4, where every log line asks: plain numbers, and mostly four steps instead of twelve. */
  #lowerBoundOfWord(word: number, length: number, from: number): number {
    const records = this.#records
    const stride = this.#stride
    let low = from
    let high = this.count
    const starts = this.#starts
    if (starts !== undefined) {
      if (word < this.#first) return low
      if (word > this.#last) return high
      const bucket = (word - this.#first) >>> this.#shift
      low = Math.max(low, starts[bucket] ?? 0)
      high = starts[bucket + 1] ?? high
    }
    while (high - low > LINEAR_MAX) {
      const middle = (low + high) >>> 1
      const other = records[middle * stride] ?? 0
      if (other < word || (other === word && this.#lengthAt(middle) < length)) low = middle + 1
      else high = middle
    }
    for (; low < high; low++) {
      const other = records[low * stride] ?? 0
      if (other > word || (other === word && this.#lengthAt(low) >= length)) break
    }
    return low
  }

  #lengthAt(index: number): number {
    return this.#onlyLength >= 0 ? this.#onlyLength : (this.#lengths[index] ?? 0)
  }

  lengthAt(index: number): number {
    return this.#lengths[index] ?? 0
  }

  untilAt(index: number): number {
    return (this.#records[index * this.#stride + this.wordsPerKey] ?? 0) >>> 0
  }

  handleAt(index: number): number {
    return (this.#records[index * this.#stride + this.wordsPerKey + 1] ?? REMOVED) >>> 0
  }

  setUntil(index: number, untilS: number): void {
    this.#records[index * this.#stride + this.wordsPerKey] = untilS
  }

  /** Index of this very entry, or -1. */
  indexOf(key: PrefixKey, handle: number, from = 0): number {
    for (let index = this.lowerBound(key, from); index < this.count; index++) {
      if (this.compare(index, key) !== 0) return -1
      if (this.handleAt(index) === handle) return index
    }
    return -1
  }

  /** Puts an entry in its place. The caller has made sure that there is room. */
  insert({ key, untilS, handle }: ChunkEntry): void {
    const index = this.lowerBound(key)
    const stride = this.#stride
    this.#records.copyWithin((index + 1) * stride, index * stride, this.count * stride)
    this.#lengths.copyWithin(index + 1, index, this.count)
    this.#records.set(key.words, index * stride)
    this.#records[index * stride + this.wordsPerKey] = untilS
    this.#records[index * stride + this.wordsPerKey + 1] = handle
    this.#lengths[index] = key.length
    this.count++
    this.#filter?.add(hashPrefix(key))
  }

  /** False only if the prefix of this hash is not here. */
  mayHold(hash: number): boolean {
    return this.#filter?.mayHold(hash) ?? true
  }

  /** Leaves a hole: for runs that are read by position while they are merged. */
  remove(index: number): void {
    this.#records[index * this.#stride + this.wordsPerKey + 1] = REMOVED
    this.removed++
  }

  /** Closes the gap: for the short run that takes what is new. */
  erase(index: number): void {
    const stride = this.#stride
    this.#records.copyWithin(index * stride, (index + 1) * stride, this.count * stride)
    this.#lengths.copyWithin(index, index + 1, this.count)
    this.count--
  }

  /** Appends a copy of some of another chunk's entries, which stand behind all that are here. */
  appendRange(other: PrefixChunk, from: number, to: number): void {
    const stride = this.#stride
    if (to - from === 1) {
      for (let word = 0; word < stride; word++) {
        this.#records[this.count * stride + word] = other.#records[from * stride + word] ?? 0
      }
      this.#lengths[this.count] = other.#lengths[from] ?? 0
    } else {
      this.#records.set(other.#records.subarray(from * stride, to * stride), this.count * stride)
      this.#lengths.set(other.#lengths.subarray(from, to), this.count)
    }
    this.count += to - from
  }

  /** The prefix of an entry; `words` are a view that lives as long as the chunk is not changed. */
  keyAt(index: number): PrefixKey {
    const at = index * this.#stride
    return {
      words: this.#records.subarray(at, at + this.wordsPerKey),
      length: this.#lengths[index] ?? 0
    }
  }
}

/** Clears the host bits of `words` in place. */
export function maskWords(words: Int32Array, length: number): void {
  for (let word = 0; word < words.length; word++) {
    const bits = length - word * 32
    if (bits <= 0) words[word] = WORD_MIN
    else if (bits < 32) words[word] = (words[word] ?? 0) & (-1 << (32 - bits))
  }
}
