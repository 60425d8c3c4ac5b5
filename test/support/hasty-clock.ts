/** The time of the machine, but whoever waits for it waits a fraction: ten minutes of a node pass in a blink. */
import { SystemClock } from '../../src/base/index.ts'

export class HastyClock extends SystemClock {
  readonly #factor: number

  constructor(factor: number) {
    super()
    this.#factor = factor
  }

  override sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(durationMs / this.#factor, signal)
  }

  override every(periodMs: number, work: () => void | Promise<void>, signal: AbortSignal): void {
    super.every(periodMs / this.#factor, work, signal)
  }
}
