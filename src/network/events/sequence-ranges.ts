/**
 * Which sequence numbers of an author are spent: ascending ranges that do not touch. Numbers are given out one after the other,
 * so this is a handful of ranges, and it tells apart whatever a bitmap of the last 1 024 numbers would (defense.md e.2) and much
 * more: a node that was away for a week still sees which of five thousand numbers it lacks, when the newest one comes first.
 * A number that was spent never becomes free again, but for what a clock that was ahead let go too early.
 */

interface Range {
  first: bigint
  last: bigint
}

/**
 * Beyond it the lowest gap is closed: its numbers count as spent. Any pattern of the last 1 024 numbers takes 512 ranges; a week
 * of events that come in random order, half of them, takes 2 520.
 */
export const RANGES_MAX = 4_096
const NUMBER_BYTES = 8
const RANGE_BYTES = 2 * NUMBER_BYTES

export class SequenceRanges {
  readonly #ranges: Range[] = []
  #endedUntilMs: number | undefined

  /** @throws {RangeError} if the bytes are not what `encode` gives */
  static decode(bytes: Uint8Array): SequenceRanges {
    const ranges = new SequenceRanges()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at < bytes.length; at += RANGE_BYTES) {
      const [first, last] = [view.getBigUint64(at), view.getBigUint64(at + NUMBER_BYTES)]
      if (first === 0n) ranges.#endedUntilMs = Number(last)
      else ranges.#ranges.push({ first, last })
    }
    return ranges
  }

  /**
   * Events that ended by then were let go. One that ends by then and has not ended yet was let go by a clock that was wrong, so its
   * number may be used again: by a clock that is right there is no such event.
   */
  get endedUntilMs(): number | undefined {
    return this.#endedUntilMs
  }

  noteEnded(untilMs: number): void {
    this.#endedUntilMs = Math.max(this.#endedUntilMs ?? 0, untilMs)
  }

  get highest(): bigint | undefined {
    return this.#ranges.at(-1)?.last
  }

  get count(): number {
    return this.#ranges.length
  }

  has(seq: bigint): boolean {
    const range = this.#ranges[this.#after(seq) - 1]
    return range !== undefined && seq <= range.last
  }

  /** @returns false if the number was spent already */
  add(seq: bigint): boolean {
    const index = this.#after(seq)
    const below = this.#ranges[index - 1]
    if (below !== undefined && seq <= below.last) return false
    const above = this.#ranges[index]
    const joinsBelow = below !== undefined && below.last + 1n === seq
    if (above !== undefined && seq + 1n === above.first) {
      above.first = joinsBelow ? below.first : seq
      if (joinsBelow) this.#ranges.splice(index - 1, 1)
    } else if (joinsBelow) {
      below.last = seq
    } else {
      this.#ranges.splice(index, 0, { first: seq, last: seq })
      this.#closeLowestGap()
    }
    return true
  }

  /** Numbers begin with 1: what stands as a range from 0 is the time until which ended events were let go. */
  encode(): Uint8Array {
    const ended = this.#endedUntilMs
    const ranges =
      ended === undefined ? this.#ranges : [{ first: 0n, last: BigInt(ended) }, ...this.#ranges]
    const bytes = new Uint8Array(ranges.length * RANGE_BYTES)
    const view = new DataView(bytes.buffer)
    ranges.forEach(({ first, last }, index) => {
      view.setBigUint64(index * RANGE_BYTES, first)
      view.setBigUint64(index * RANGE_BYTES + NUMBER_BYTES, last)
    })
    return bytes
  }

  #closeLowestGap(): void {
    const [lowest, next] = this.#ranges
    if (this.#ranges.length <= RANGES_MAX || lowest === undefined || next === undefined) return
    next.first = lowest.first
    this.#ranges.shift()
  }

  /** Index of the first range that begins after the number. */
  #after(seq: bigint): number {
    const newest = this.#ranges.at(-1)
    if (newest === undefined || seq >= newest.first) return this.#ranges.length
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle]?.first ?? 0n) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
