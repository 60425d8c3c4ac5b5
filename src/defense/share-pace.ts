/**
 * How fast this node speaks of its own decisions: at once on an ordinary day, the slower the more of what others listen to is used
 * up. Each thing that is said is a warning to somebody, so nothing is dropped: what there is no room for waits for the next hour.
 * Pure.
 */
import type { NetworkService } from '../network/index.ts'

export type SpeakingRooms = NonNullable<ReturnType<NetworkService['speakingRoom']>>

export interface Budget {
  readonly events: number
  /** Prefixes that votes may call for to be blocked. */
  readonly accused: number
}

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24
/** Of each hour: for what people say, for lists, and for saying again what stands beside something that is taken back. */
const EVENTS_KEPT = 6
/** Of a day for each hour of it that is still to come: an attacker who is loud in the morning must not silence the evening. */
const EVENTS_KEPT_PER_HOUR = 20
const ACCUSED_KEPT_PER_HOUR = 40
/** So long decisions are gathered while so many events are left in the hour. */
const STEPS: readonly { readonly eventsMin: number; readonly gatherMs: number }[] = [
  { eventsMin: 30, gatherMs: 50 },
  { eventsMin: 20, gatherMs: 200 },
  { eventsMin: 12, gatherMs: 1_000 },
  { eventsMin: 6, gatherMs: 5_000 },
  { eventsMin: 1, gatherMs: 60_000 }
]
/** From here on a vote does not follow each warning at once: it warns nobody sooner. */
const EAGER_EVENTS_MIN = 30
export const VOTE_PAUSE_MS = 60_000
/** Clocks of others may be a little behind. */
const REFILL_SLACK_MS = 2_000

export function budgetOf({ hour, day }: SpeakingRooms, nowMs: number): Budget {
  const hoursAfter = HOURS_A_DAY - 1 - (Math.floor(nowMs / HOUR_MS) % HOURS_A_DAY)
  const events = Math.min(hour.events, day.events - EVENTS_KEPT_PER_HOUR * hoursAfter)
  const accused = Math.min(hour.accused, day.accused - ACCUSED_KEPT_PER_HOUR * hoursAfter)
  return { events: Math.max(0, events - EVENTS_KEPT), accused: Math.max(0, accused) }
}

/** Undefined: nothing can be said in this hour. */
export function gatherMsOf({ events }: Budget): number | undefined {
  return STEPS.find(({ eventsMin }) => events >= eventsMin)?.gatherMs
}

export function isEager({ events }: Budget): boolean {
  return events >= EAGER_EVENTS_MIN
}

/** Until there is room again. */
export function refillMs(nowMs: number): number {
  return HOUR_MS - (nowMs % HOUR_MS) + REFILL_SLACK_MS
}
