/**
 * How much an author may say, by the hour in which he says that he said it: so it is the same sum whether an event is pushed or
 * fetched a week later, and an author cannot save up. The time is his own, but a window of a day keeps him from filling each
 * hour to the brim.
 */
import type { EventKind } from '../../wire/index.ts'

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

/** Until there is trust. */
const USUAL_LEVEL = 1
const NOTHING: QuotaLevel = { eventsPerHour: 0, accusedPerHour: 0 }

/**
 * What takes nothing from anybody has an allowance of its own, the same at every level: whoever has said all that he may can still
 * take it back, say where he is, and give up his key.
 */
const OWN_PER_HOUR = 30
/** In one hour an author may say twice his quota, if his day stays within it. */
const BURST = 2
const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24

interface Spent {
  events: number
  accused: number
  /** Of the allowance of its own. */
  own: number
}

export interface Charge {
  readonly tsMs: number
  readonly kind: EventKind
  readonly accused: number
}

/** What an author may still say. */
export interface Room {
  readonly events: number
  readonly accused: number
  readonly own: number
}

const OWN_KINDS: ReadonlySet<EventKind> = new Set(['retract', 'node-announce', 'revoke'])

/** Also a vote that accuses nobody: it takes back, or speaks for somebody. */
function isOwn({ kind, accused }: Charge): boolean {
  return OWN_KINDS.has(kind) || (kind === 'vote' && accused === 0)
}

/** A proof is not the word of whoever tells it; the accused bounds how many there are. */
function isFree({ kind }: Charge): boolean {
  return kind === 'equivocation-proof'
}

/** What one author has said. */
export class QuotaLedger {
  readonly #hours = new Map<number, Spent>()
  readonly #days = new Map<number, Spent>()

  add(charge: Charge): void {
    if (isFree(charge)) return
    const hour = hourOf(charge.tsMs)
    count(this.#hours, hour, charge)
    count(this.#days, dayOf(hour), charge)
  }

  hasRoom(charge: Charge, level: number): boolean {
    if (isFree(charge)) return true
    const { hour, day } = this.rooms(charge.tsMs, level)
    return fits(hour, charge) && fits(day, charge)
  }

  /** Of the hour and of the day that hold this time. */
  rooms(tsMs: number, level: number): { readonly hour: Room; readonly day: Room } {
    const quota = QUOTA_LEVELS[Math.min(level, QUOTA_LEVELS.length - 1)] ?? NOTHING
    const hour = hourOf(tsMs)
    return {
      hour: roomOf(this.#hours.get(hour), quota, BURST),
      day: roomOf(this.#days.get(dayOf(hour)), quota, HOURS_A_DAY)
    }
  }
}

function fits(room: Room, charge: Charge): boolean {
  return isOwn(charge) ? room.own >= 1 : room.events >= 1 && room.accused >= charge.accused
}

/** For whoever was told that he has said too much: how much others take of him, and when they listen again. */
export function describeQuota(
  charge: Charge,
  { hour, day }: { readonly hour: Room; readonly day: Room }
): string {
  const quota = QUOTA_LEVELS[USUAL_LEVEL] ?? NOTHING
  const perHour = isOwn(charge)
    ? `${OWN_PER_HOUR} events that take back`
    : `${quota.eventsPerHour} events and ${quota.accusedPerHour} accused prefixes`
  const isDayFull = !fits(day, charge)
  const spanMs = isDayFull ? HOURS_A_DAY * HOUR_MS : HOUR_MS
  const endMs = (Math.floor(charge.tsMs / spanMs) + 1) * spanMs
  const allowed = `others take ${perHour} an hour of a node (twice that in one hour, if the day of 24 hours stays within it)`
  if (!isDayFull && fits(hour, charge)) return allowed
  return `${allowed}; ${isDayFull ? 'this day' : 'this hour'} is used up, there is room from ${timeText(endMs)} on`
}

/** `2026-11-25 10:00 UTC`. */
function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** In which what an author says is added up. */
export function isSameDay(aMs: number, bMs: number): boolean {
  return dayOf(hourOf(aMs)) === dayOf(hourOf(bMs))
}

function count(spans: Map<number, Spent>, span: number, charge: Charge): void {
  const spent = spans.get(span) ?? { events: 0, accused: 0, own: 0 }
  spans.set(span, spent)
  if (isOwn(charge)) spent.own++
  else spent.events++
  spent.accused += charge.accused
}

function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_A_DAY)
}

function hourOf(tsMs: number): number {
  return Math.floor(tsMs / HOUR_MS)
}

function roomOf(spent: Spent | undefined, quota: QuotaLevel, hours: number): Room {
  const ownPerHour = quota.eventsPerHour === 0 ? 0 : OWN_PER_HOUR
  return {
    events: Math.max(0, quota.eventsPerHour * hours - (spent?.events ?? 0)),
    accused: Math.max(0, quota.accusedPerHour * hours - (spent?.accused ?? 0)),
    own: Math.max(0, ownPerHour * hours - (spent?.own ?? 0))
  }
}
