/** Sees that the clock jumped, or that the machine slept: what was missed meanwhile must be asked for. */
import type { Clock } from '../base/index.ts'

const TICK_MS = 5_000
/** More than a tick can be late: the machine slept, or somebody set the clock. */
const JUMP_MS = 15_000

/** Calls back with each tick, until the signal aborts. */
export function watchClock(
  clock: Clock,
  signal: AbortSignal,
  onTick: (nowMs: number, hasJumped: boolean) => void
): void {
  let wallMs = clock.nowMs()
  clock.every(
    TICK_MS,
    () => {
      const nowMs = clock.nowMs()
      const hasJumped = Math.abs(nowMs - wallMs - TICK_MS) > JUMP_MS
      wallMs = nowMs
      onTick(nowMs, hasJumped)
    },
    signal
  )
}
