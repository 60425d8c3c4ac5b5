/** How long a training will still take, if it goes on as fast as it did since its process was started. */
import type { Clock } from '../base/index.ts'

/** Less says nothing yet. */
const SHARE_MIN = 0.01
const PASSED_MS_MIN = 1_000

export class ProgressClock {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #first: { readonly atMs: number; readonly share: number } | undefined

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** @param share done, 0 to 1 @returns milliseconds */
  leftMs(share: number): number | undefined {
    const atMs = this.#clock.monotonicMs()
    // What an earlier process had done comes at once and says nothing of the pace.
    this.#first ??= { atMs, share }
    const done = share - this.#first.share
    const passedMs = atMs - this.#first.atMs
    if (done < SHARE_MIN || passedMs < PASSED_MS_MIN) return undefined
    return Math.round((passedMs / done) * (1 - share))
  }
}
