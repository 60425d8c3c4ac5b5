/** The newest time a log has told: follows the lines, and a clock that was set back. */

/** Lines are written in the order of their end; one so much older than the newest was written after a jump back. */
const CLOCK_JUMP_MS = 120_000

export class LogClock {
  #newestMs = 0

  get nowMs(): number {
    return this.#newestMs
  }

  observe(timeMs: number): void {
    if (timeMs > this.#newestMs || timeMs < this.#newestMs - CLOCK_JUMP_MS) this.#newestMs = timeMs
  }

  /** Time went by without a line; never goes back. */
  advanceTo(timeMs: number): void {
    if (timeMs > this.#newestMs) this.#newestMs = timeMs
  }
}
