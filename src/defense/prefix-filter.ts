/** Says quickly that a prefix is not among the new ones, which is what nearly every question about them comes to. */
import type { PrefixKey } from './prefix-key.ts'

/** Bits for each entry: one in sixteen questions is passed on in vain when it is full. */
const BITS_PER_ENTRY = 16
/** 2^32 divided by the golden ratio, odd: spreads neighbouring addresses (Knuth, The Art of Computer Programming, 6.4). */
const MULTIPLIER = 0x9e37_79b1 | 0

export class PrefixFilter {
  readonly #bits: Int32Array
  readonly #shift: number

  constructor(entries: number) {
    const width = Math.ceil(Math.log2(entries * BITS_PER_ENTRY))
    this.#bits = new Int32Array(2 ** (width - 5))
    this.#shift = 32 - width
  }

  get bytes(): number {
    return this.#bits.byteLength
  }

  add(hash: number): void {
    const bit = hash >>> this.#shift
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
  }

  /** False only if the prefix of this hash was never added. */
  mayHold(hash: number): boolean {
    const bit = hash >>> this.#shift
    return ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0
  }
}

/** 32 bits, of which the upper ones are the better. */
export function hashPrefix({ words, length }: PrefixKey): number {
  let hash = length
  for (let word = 0; word < words.length; word++) {
    hash = Math.imul(hash ^ (words[word] ?? 0), MULTIPLIER)
    hash ^= hash >>> 15
  }
  return Math.imul(hash, MULTIPLIER)
}
