/** `judging  [#######         ]  42 %`, written over now and then. */
import type { Clock } from '../../base/index.ts'
import type { CliIo } from '../context.ts'

const CELLS = 30
const PERIOD_MS = 100

export class ProgressBar {
  readonly #io: CliIo
  readonly #clock: Clock
  #shownAtMs = Number.NEGATIVE_INFINITY
  #stage = ''

  constructor(io: CliIo, clock: Clock) {
    this.#io = io
    this.#clock = clock
  }

  /** @param share done, 0 to 1; undefined where the whole is not known */
  show(stage: string, share: number | undefined, remark = ''): void {
    const nowMs = this.#clock.monotonicMs()
    if (stage === this.#stage && nowMs - this.#shownAtMs < PERIOD_MS) return
    this.#shownAtMs = nowMs
    this.#stage = stage
    if (share === undefined) {
      this.#io.progress(`${stage}  ${remark}`)
      return
    }
    const done = Math.max(0, Math.min(1, share))
    const bar = '#'.repeat(Math.round(done * CELLS)).padEnd(CELLS)
    const percent = String(Math.floor(done * 100)).padStart(3)
    this.#io.progress(`${stage}  [${bar}] ${percent} %  ${remark}`)
  }

  clear(): void {
    this.#io.progress('')
  }
}
