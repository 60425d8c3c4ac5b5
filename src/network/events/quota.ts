/**
 * How much an author may say, by the hour in which he says that he said it: so it is the same sum whether an event is pushed or
 * fetched a week later, and an author cannot save up. The time is his own, but a window of a day keeps him from filling each
 * hour to the brim.
 */

export interface QuotaLevel {
  readonly eventsPerHour: number
  /** Prefixes that votes call for to be blocked. */
  readonly accusedPerHour: number
}

/**
 * By level of admission (design defense.md e.2). L0 is nobody's: an author without admission is not heard. Until there is trust,
 * everybody is L1; it may not accuse more than L2.
 */
export const QUOTA_LEVELS: readonly QuotaLevel[] = [
  { eventsPerHour: 0, accusedPerHour: 0 },
  { eventsPerHour: 30, accusedPerHour: 60 },
  { eventsPerHour: 120, accusedPerHour: 60 },
  { eventsPerHour: 300, accusedPerHour: 300 }
]

/** In one hour an author may say twice his quota, if his day stays within it. */
const BURST = 2
const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24

interface Spent {
  events: number
  accused: number
}

export interface Charge {
  readonly tsMs: number
  readonly accused: number
}

/** What one author has said. */
export class QuotaLedger {
  readonly #hours = new Map<number, Spent>()
  readonly #days = new Map<number, Spent>()

  add(charge: Charge): void {
    const hour = hourOf(charge.tsMs)
    count(this.#hours, hour, charge)
    count(this.#days, dayOf(hour), charge)
  }

  hasRoom(charge: Charge, level: number): boolean {
    const quota = QUOTA_LEVELS[Math.min(level, QUOTA_LEVELS.length - 1)]
    if (quota === undefined) return false
    const hour = hourOf(charge.tsMs)
    return (
      isWithin(this.#hours.get(hour), charge, quota, BURST) &&
      isWithin(this.#days.get(dayOf(hour)), charge, quota, HOURS_A_DAY)
    )
  }
}

function count(spans: Map<number, Spent>, span: number, charge: Charge): void {
  const spent = spans.get(span)
  if (spent === undefined) {
    spans.set(span, { events: 1, accused: charge.accused })
    return
  }
  spent.events++
  spent.accused += charge.accused
}

function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_A_DAY)
}

function hourOf(tsMs: number): number {
  return Math.floor(tsMs / HOUR_MS)
}

function isWithin(
  spent: Spent | undefined,
  charge: Charge,
  quota: QuotaLevel,
  hours: number
): boolean {
  return (
    (spent?.events ?? 0) + 1 <= quota.eventsPerHour * hours &&
    (spent?.accused ?? 0) + charge.accused <= quota.accusedPerHour * hours
  )
}
