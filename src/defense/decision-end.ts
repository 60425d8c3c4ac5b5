/** How a decision ends or moves in time, and what is remembered of it. */
import type { Decision, GuardEffect } from './decision.ts'
import type { GuardState } from './guard-state.ts'
import type { Actor } from './ports.ts'

type LiftEffect = Extract<GuardEffect, { kind: 'ended' }>

export interface DecisionEnd {
  readonly atMs: number
  readonly why: 'expired' | 'lifted' | 'superseded'
  /** A person lifted it: it is no offence, and what was seen until now is no evidence. @default false */
  readonly isForgiven?: boolean
}

/** Takes a decision out of force. */
export function endDecision(state: GuardState, decision: Decision, end: DecisionEnd): LiftEffect {
  const { value, type } = decision
  state.standing.remove(decision.id)
  if (end.isForgiven === true) {
    state.offences.delete(value)
    state.settled.set(value, { untilMs: end.atMs, type: 'ban' })
  } else if (end.why === 'expired') {
    if (decision.untilMs > state.clock.logMs) {
      state.settled.set(value, { untilMs: decision.untilMs, type })
    }
    if (type === 'ban' && decision.origin !== 'operator') {
      state.offences.set(value, { count: decision.offence + 1, lastEndMs: end.atMs })
    }
  }
  return { kind: 'ended', decision, atMs: end.atMs, why: end.why }
}

export interface Lift {
  readonly atMs: number
  readonly by: Actor
  readonly liftReason: string
  readonly isForgiven: boolean
}

/** What a lifted decision is stored as. */
export function liftedBy(decision: Decision, lift: Omit<Lift, 'isForgiven'>): Decision {
  return {
    ...decision,
    liftedAtMs: lift.atMs,
    liftedBy: lift.by,
    liftReason: lift.liftReason
  }
}

/** Takes a decision out of force before its time. */
export function liftDecision(state: GuardState, decision: Decision, lift: Lift): LiftEffect {
  const { atMs, isForgiven } = lift
  endDecision(state, decision, { why: 'lifted', atMs, isForgiven })
  return { kind: 'ended', decision: liftedBy(decision, lift), atMs, why: 'lifted' }
}

/**
 * The clock was set: what detection decided keeps the time that it had left. The operator's own blocks end when he said they
 * would, by the clock.
 */
export function shiftTime(state: GuardState, byMs: number): GuardEffect[] {
  const effects: GuardEffect[] = []
  for (const standing of [...state.standing.all()]) {
    if (standing.origin === 'operator') continue
    const decision = shifted(standing, byMs)
    state.standing.put(decision)
    effects.push({ kind: 'extended', decision })
  }
  for (const [value, offence] of [...state.offences.entries()]) {
    state.offences.set(value, { ...offence, lastEndMs: offence.lastEndMs + byMs })
  }
  for (const [value, settled] of [...state.settled.entries()]) {
    state.settled.set(value, { ...settled, untilMs: settled.untilMs + byMs })
  }
  state.suppressedAtMs.clear()
  state.breaker.windowStartMs += byMs
  return effects
}

/** One that was made by a clock that went ahead starts now: no decision has more time left than it was given. */
export function notFromFuture(decision: Decision, nowMs: number): Decision {
  const aheadMs = decision.createdAtMs - nowMs
  return decision.origin === 'operator' || aheadMs <= 0 ? decision : shifted(decision, -aheadMs)
}

function shifted(decision: Decision, byMs: number): Decision {
  return {
    ...decision,
    createdAtMs: decision.createdAtMs + byMs,
    untilMs: decision.untilMs + byMs
  }
}
