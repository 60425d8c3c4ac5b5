/** Rows of float32 of which nobody knows how many will come, without copying what is there with each growth. */
const BLOCK_CELLS = 1_048_576

export class RowStore {
  readonly #width: number
  readonly #blockRows: number
  readonly #blocks: Float32Array[] = []
  #count = 0

  constructor(width: number) {
    this.#width = width
    this.#blockRows = Math.max(1, Math.floor(BLOCK_CELLS / width))
  }

  push(row: ArrayLike<number>): void {
    const place = this.#count % this.#blockRows
    if (place === 0) this.#blocks.push(new Float32Array(this.#blockRows * this.#width))
    this.#blocks.at(-1)?.set(row, place * this.#width)
    this.#count++
  }

  values(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.#count * this.#width)
    let at = 0
    for (const block of this.#blocks) {
      const own = block.subarray(0, Math.min(block.length, all.length - at))
      all.set(own, at)
      at += own.length
    }
    return all
  }
}
