/** Sees that the clock jumped, or that the machine slept: what was missed meanwhile must be asked for. */
import type { Clock } from '../base/index.ts'

const TICK_MS = 5_000
/** More than a tick can be late: the machine slept, or somebody set the clock. */
const JUMP_MS = 15_000

export interface ClockJump {
  /** Until the jump before the clock was what it was then (monotonic milliseconds); since then it may have been wrong. */
  readonly wrongSinceMs: number
}

/** Calls back with each tick, until the signal aborts. */
export function watchClock(
  clock: Clock,
  signal: AbortSignal,
  onTick: (nowMs: number, jump: ClockJump | undefined) => void
): void {
  let wallMs = clock.nowMs()
  let wrongSinceMs = Number.NEGATIVE_INFINITY
  clock.every(
    TICK_MS,
    () => {
      const nowMs = clock.nowMs()
      const hasJumped = Math.abs(nowMs - wallMs - TICK_MS) > JUMP_MS
      wallMs = nowMs
      onTick(nowMs, hasJumped ? { wrongSinceMs } : undefined)
      // It jumped somewhere within this tick, or the one that was late.
      if (hasJumped) wrongSinceMs = clock.monotonicMs() - JUMP_MS
    },
    signal
  )
}
