/** How many rows are kept in an hour of the log, so that a flood does not push everything else out of the store. Pure. */

const HOUR_MS = 3_600_000

export class RowBudget {
  readonly #rowsPerHour: number
  readonly #burst: number
  #left: number
  #atMs = Number.NEGATIVE_INFINITY

  constructor(options: { readonly rowsPerHour: number; readonly burst: number }) {
    this.#rowsPerHour = options.rowsPerHour
    this.#burst = options.burst
    this.#left = options.burst
  }

  /** Whether there is room for one more at this time of the log. */
  take(atMs: number): boolean {
    if (atMs > this.#atMs) {
      const sinceMs = this.#atMs === Number.NEGATIVE_INFINITY ? 0 : atMs - this.#atMs
      this.#left = Math.min(this.#burst, this.#left + (sinceMs * this.#rowsPerHour) / HOUR_MS)
      this.#atMs = atMs
    }
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
