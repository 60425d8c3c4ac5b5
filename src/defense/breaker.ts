/** Stops a detection that runs away: far more bans than usual become throttles, and say so. Plain data and one function. */

export interface Breaker {
  windowStartMs: number
  /** Bans of the running window. */
  bans: number
  /** Mean of the windows of about a day. */
  meanPerWindow: number
}

const BREAKER_WINDOW_MS = 600_000
/** Detection that runs away must not ban the world: design defense.md e.4 has the same breaker for remote verdicts. */
const BREAKER_BANS_MIN = 200
const BREAKER_FACTOR = 5

export function createBreaker(): Breaker {
  return { windowStartMs: 0, bans: 0, meanPerWindow: 0 }
}

/** Counts a ban, and says whether bans come many times faster than they used to. */
export function isBreakerOpen(breaker: Breaker, atMs: number): boolean {
  while (atMs - breaker.windowStartMs >= BREAKER_WINDOW_MS) {
    const windows = Math.floor((atMs - breaker.windowStartMs) / BREAKER_WINDOW_MS)
    breaker.meanPerWindow =
      windows > 144 ? 0 : breaker.meanPerWindow * 0.993 ** windows + breaker.bans / 144
    breaker.bans = 0
    breaker.windowStartMs += windows * BREAKER_WINDOW_MS
  }
  breaker.bans++
  return breaker.bans > Math.max(BREAKER_BANS_MIN, BREAKER_FACTOR * breaker.meanPerWindow)
}
