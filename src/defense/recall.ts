/**
 * What the store knows better than the last checkpoint: a node that was killed finds there what it had decided, what ended
 * meanwhile, and what a person took back, so that lines that are read again do not decide again.
 */
import type { Decision, GuardEffect } from './decision.ts'
import { notFromFuture } from './decision-end.ts'
import type { GuardState } from './guard-state.ts'
import type { DecisionStore } from './ports.ts'

const PAGE = 1_000
/** Newest decisions that are looked at, by type. */
const HISTORY_MAX = 10_000
const BY_GUARD: ReadonlySet<string | undefined> = new Set(['system', 'detection', undefined])

/** Puts in force what has not ended, each for no longer than it was given. Call with the clock set. */
export function restoreDecisions(state: GuardState, decisions: DecisionStore): GuardEffect[] {
  const effects: GuardEffect[] = []
  for (const stored of decisions.active(state.clock.nowMs)) {
    const decision = notFromFuture(stored, state.clock.nowMs)
    state.standing.put(decision)
    if (decision !== stored) effects.push({ kind: 'extended', decision })
  }
  return effects
}

/** Brings offences and settlements up to what the store says, the newest decision of each value counting. */
export function recallHistory(
  state: GuardState,
  decisions: DecisionStore,
  ladderMemoryMs: number
): void {
  for (const type of ['throttle', 'ban'] as const) {
    const seen = new Set<string>()
    const sinceMs = state.clock.nowMs - ladderMemoryMs
    let cursor: string | undefined
    let left = HISTORY_MAX
    do {
      const page = decisions.list({ type, sinceMs, cursor, limit: PAGE })
      for (const decision of page.items) {
        if (!seen.has(decision.value)) recallOne(state, decision)
        seen.add(decision.value)
      }
      left -= page.items.length
      cursor = page.nextCursor
    } while (cursor !== undefined && left > 0)
  }
}

function recallOne(state: GuardState, decision: Decision): void {
  const { value, type, liftedAtMs, liftedBy, untilMs, origin } = decision
  if (liftedAtMs !== undefined) {
    if (BY_GUARD.has(liftedBy)) return
    state.offences.delete(value)
    const settled = state.settled.peek(value)
    if (settled === undefined || settled.untilMs < liftedAtMs) {
      state.settled.set(value, { untilMs: liftedAtMs, type: 'ban' })
    }
    return
  }
  if (untilMs > state.clock.nowMs) return
  if (untilMs > state.clock.logMs) state.settled.set(value, { untilMs, type })
  const known = state.offences.peek(value)
  if (type !== 'ban' || origin === 'operator') return
  if (known === undefined || known.lastEndMs < untilMs) {
    state.offences.set(value, { count: decision.offence + 1, lastEndMs: untilMs })
  }
}
