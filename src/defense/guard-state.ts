/**
 * What the guard remembers. The decisions in force live in the store and are put in force anew at a start; the rest is memory
 * that a checkpoint holds as plain data.
 */
import { LruMap } from '../base/index.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import type { DecisionType } from './decision.ts'
import { GuardError } from './errors.ts'
import { createGuardClock, type GuardClock } from './guard-clock.ts'
import { StandingTable } from './standing-table.ts'

/** How often a value was banned, for the ladder. */
export interface Offence {
  readonly count: number
  readonly lastEndMs: number
}

/** Verdicts up to this type about a time before `untilMs` are settled: decided on, or forgiven. */
export interface Settlement {
  readonly untilMs: number
  readonly type: DecisionType
}

export interface GuardState {
  readonly clock: GuardClock
  readonly standing: StandingTable
  readonly offences: LruMap<string, Offence>
  /** A node that reads an old log again, or for the first time, decides on it once. */
  readonly settled: LruMap<string, Settlement>
  /** When it was last said that a verdict about the value was held back. */
  readonly suppressedAtMs: LruMap<string, number>
  /** Bans decided by detection in the running ten minutes. */
  readonly breaker: Breaker
  eventsTotal: number
}

/** The part that a checkpoint holds. Structured-cloneable. */
export interface GuardMemory {
  readonly version: number
  readonly clock: GuardClock
  readonly breaker: Breaker
  readonly eventsTotal: number
  readonly offences: ReadonlyMap<string, Offence>
  readonly settled: ReadonlyMap<string, Settlement>
  readonly suppressedAtMs: ReadonlyMap<string, number>
}

export const GUARD_STATE_VERSION = 2
const REMEMBERED_MAX = 200_000
const SUPPRESSIONS_MAX = 20_000

export function createGuardState(): GuardState {
  return {
    clock: createGuardClock(),
    standing: new StandingTable(),
    offences: new LruMap(REMEMBERED_MAX),
    settled: new LruMap(REMEMBERED_MAX),
    suppressedAtMs: new LruMap(SUPPRESSIONS_MAX),
    breaker: createBreaker(),
    eventsTotal: 0
  }
}

export function rememberGuard(state: GuardState): GuardMemory {
  return {
    version: GUARD_STATE_VERSION,
    clock: { ...state.clock, lead: { ...state.clock.lead } },
    breaker: { ...state.breaker },
    eventsTotal: state.eventsTotal,
    offences: new Map(state.offences.entries()),
    settled: new Map(state.settled.entries()),
    suppressedAtMs: new Map(state.suppressedAtMs.entries())
  }
}

/** A state without decisions that goes on where the memory stood. @throws {GUARD_STATE_INVALID} */
export function recallGuard(saved: unknown): GuardState {
  const memory = readMemory(saved)
  const state = createGuardState()
  Object.assign(state.clock, memory.clock, { lead: { ...memory.clock.lead } })
  Object.assign(state.breaker, memory.breaker)
  state.eventsTotal = memory.eventsTotal
  for (const [value, offence] of memory.offences) state.offences.set(value, offence)
  for (const [value, settlement] of memory.settled) state.settled.set(value, settlement)
  for (const [value, atMs] of memory.suppressedAtMs) state.suppressedAtMs.set(value, atMs)
  return state
}

function readMemory(saved: unknown): GuardMemory {
  const memory = saved as Partial<GuardMemory> | undefined | null
  if (memory?.version !== GUARD_STATE_VERSION) {
    throw new GuardError(
      'GUARD_STATE_INVALID',
      `expected guard state of version ${GUARD_STATE_VERSION}, got ${String(memory?.version)}`
    )
  }
  const { clock, breaker, eventsTotal } = memory
  const numbers = [clock?.nowMs, clock?.logMs, clock?.tickMs, clock?.lead?.atMs, clock?.lead?.count]
  numbers.push(breaker?.windowStartMs, breaker?.bans, breaker?.meanPerWindow, eventsTotal)
  const maps = [memory.offences, memory.settled, memory.suppressedAtMs]
  if (!numbers.every(Number.isFinite) || !maps.every((map) => map instanceof Map)) {
    throw new GuardError(
      'GUARD_STATE_INVALID',
      'expected finite times and counts and three maps, got something else'
    )
  }
  return memory as GuardMemory
}
