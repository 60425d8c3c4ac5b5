/** Stops a detection that runs away: far more bans than usual become throttles, and say so. Plain data and two functions. */

export interface Breaker {
  windowStartMs: number
  /** Bans that were due in the running window. */
  bans: number
  /** Mean of the windows of about a day. */
  meanPerWindow: number
}

const BREAKER_WINDOW_MS = 600_000
const WINDOWS_A_DAY = 144
/** Detection that runs away must not ban the world: design defense.md e.4 has the same breaker for remote verdicts. */
export const BREAKER_BANS_MIN = 200
const BREAKER_FACTOR = 5

export function createBreaker(): Breaker {
  return { windowStartMs: 0, bans: 0, meanPerWindow: 0 }
}

/** Counts a ban that is due. */
export function noteBan(breaker: Breaker, atMs: number): void {
  roll(breaker, atMs)
  breaker.bans++
}

/** Whether bans come many times faster than they used to. */
export function isBreakerOpen(breaker: Breaker, atMs: number): boolean {
  roll(breaker, atMs)
  return breaker.bans > Math.max(BREAKER_BANS_MIN, BREAKER_FACTOR * breaker.meanPerWindow)
}

function roll(breaker: Breaker, atMs: number): void {
  const windows = Math.floor((atMs - breaker.windowStartMs) / BREAKER_WINDOW_MS)
  if (windows <= 0) return
  const share = 1 / WINDOWS_A_DAY
  breaker.meanPerWindow =
    windows > WINDOWS_A_DAY
      ? 0
      : (breaker.meanPerWindow * (1 - share) + breaker.bans * share) * (1 - share) ** (windows - 1)
  breaker.bans = 0
  breaker.windowStartMs += windows * BREAKER_WINDOW_MS
}
