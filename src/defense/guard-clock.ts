/**
 * What time it is for the guard. A node is driven by ticks of its own clock; without ticks (replay) the log's times are all there
 * is. Decides when a clock was set, as opposed to time having passed: what stands is then moved along, so that it neither ends
 * early nor stays longer.
 */
export interface GuardClock {
  nowMs: number
  /** Newest believable log time. */
  logMs: number
  /** Time of the last tick that also said how much time really passed; 0 as long as there was none. */
  tickMs: number
  /** A log time far from the others, until more of its kind come; `count` 0 if there is none. */
  lead: { atMs: number; count: number }
}

export interface Tick {
  readonly kind: 'tick'
  readonly atMs: number
  /** Time since the last tick by a clock that nobody sets; undefined at the first tick and where there is no such clock. */
  readonly elapsedMs?: number
}

/** Two readings of the same moment differ by less, unless one of the clocks was set. */
const STEP_MIN_MS = 2_000
/** Log times nearer than this are a matter of order; farther ones, of clocks or of broken lines. */
const FAR_MS = 600_000
/** So many log times in a row behind the others by far mean that the log's clock was set back. */
const BACKWARD_COUNT = 8

export function createGuardClock(): GuardClock {
  return { nowMs: 0, logMs: 0, tickMs: 0, lead: { atMs: 0, count: 0 } }
}

/** Begins to go by ticks, at this time whatever was before. */
export function startTicking(clock: GuardClock, atMs: number): void {
  clock.nowMs = atMs
  clock.tickMs = atMs
  clock.logMs = Math.min(clock.logMs, atMs)
}

/** @returns by how much the clock was set: positive for forward */
export function noteTick(clock: GuardClock, tick: Tick): number {
  if (tick.elapsedMs === undefined || clock.tickMs === 0) {
    clock.nowMs = Math.max(clock.nowMs, tick.atMs)
    if (tick.elapsedMs !== undefined) clock.tickMs = tick.atMs
    return 0
  }
  // The clock that nobody sets counts in fractions; the times that are moved by this are stored as whole milliseconds.
  const stepMs = Math.round(tick.atMs - clock.tickMs - tick.elapsedMs)
  clock.tickMs = tick.atMs
  if (Math.abs(stepMs) < STEP_MIN_MS) {
    clock.nowMs = Math.max(clock.nowMs, tick.atMs)
    return 0
  }
  clock.nowMs = tick.atMs
  clock.logMs = Math.min(clock.logMs + stepMs, tick.atMs)
  return stepMs
}

/** @returns by how much the log's clock was set: never more than 0, since a gap in a log is mere quiet */
export function noteLogTime(clock: GuardClock, atMs: number): number {
  if (clock.tickMs > 0) {
    if (atMs > clock.nowMs && atMs - clock.tickMs < STEP_MIN_MS) clock.nowMs = atMs
    if (atMs <= clock.nowMs) clock.logMs = Math.max(clock.logMs, atMs)
    return 0
  }
  const setMs = clock.nowMs === 0 ? 0 : judgeFarTime(clock, atMs)
  if (clock.nowMs === 0 || Math.abs(atMs - clock.nowMs) <= FAR_MS) {
    clock.nowMs = Math.max(clock.nowMs, atMs)
    clock.logMs = clock.nowMs
    clock.lead.count = 0
  }
  return setMs
}

/** One line from another time is broken; the next one that agrees with it is not. */
function judgeFarTime(clock: GuardClock, atMs: number): number {
  const { lead } = clock
  const aheadMs = atMs - clock.nowMs
  if (Math.abs(aheadMs) <= FAR_MS) return 0
  const isForward = aheadMs > 0
  const agrees =
    lead.count > 0 &&
    isForward === lead.atMs > clock.nowMs &&
    (isForward ? atMs >= lead.atMs - FAR_MS : Math.abs(atMs - lead.atMs) <= FAR_MS)
  lead.count = agrees ? lead.count + 1 : 1
  const leadMs = lead.atMs
  lead.atMs = atMs
  if (!agrees) return 0
  if (isForward) {
    // The earlier of the two is believed; the later one may be as far from it again.
    clock.nowMs = Math.min(leadMs, atMs)
    clock.logMs = clock.nowMs
    lead.count = 1
    return 0
  }
  if (lead.count < BACKWARD_COUNT) return 0
  clock.nowMs = atMs
  clock.logMs = atMs
  return aheadMs
}
