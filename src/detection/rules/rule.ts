/** What a rule is: a pure look at one source at one moment. */
import type { Observation } from '../observation.ts'
import type { Counts, SessionDetail, SourceSession } from '../session.ts'
import type { Category, Reason, VerdictLevel } from '../verdict.ts'

export interface RuleContext {
  readonly session: SourceSession
  readonly detail: Readonly<SessionDetail>
  readonly counts: Counts
  /** Undefined when a line of the keyserver's own log, not a request, is being judged. */
  readonly observation: Observation | undefined
  /** Share of everybody else's searches of the last hour that found nothing; undefined if too few were made. */
  readonly findOthersMissShare: () => number | undefined
}

export interface RuleHit {
  readonly level: VerdictLevel
  readonly category: Category
  readonly score: number
  readonly reason: Reason
  /** Says nothing more by being said again: a long refresh is no worse than a short one. */
  readonly isLasting: boolean
  /** What no harmless client does: it holds whatever a model makes of the rest. */
  readonly isHard: boolean
}

export type Rule = (context: RuleContext) => RuleHit | undefined

/** One threshold ladder: below `watch` nothing, then watch, throttle, ban. */
export interface Ladder {
  readonly watch?: number
  readonly throttle: number
  readonly ban?: number
}

const SCORES: Readonly<Record<VerdictLevel, number>> = {
  benign: 0,
  watch: 0.4,
  throttle: 0.7,
  ban: 0.9
}

export interface Rung {
  readonly level: VerdictLevel
  readonly score: number
  readonly isLasting?: boolean
}

/** The level that a count reaches on a ladder, and its score: growing towards 1 beyond the last rung. */
export function rungOf(value: number, ladder: Ladder): Rung {
  const { watch, throttle, ban } = ladder
  if (ban !== undefined && value >= ban) {
    return { level: 'ban', score: 1 - (1 - SCORES.ban) * Math.min(1, ban / value) }
  }
  if (value >= throttle) return { level: 'throttle', score: SCORES.throttle }
  if (watch !== undefined && value >= watch) return { level: 'watch', score: SCORES.watch }
  return { level: 'benign', score: 0 }
}

export interface HitOptions {
  readonly rule: string
  readonly category: Category
  readonly text: string
  readonly counters: Readonly<Record<string, number>>
  /** @default false */
  readonly isHard?: boolean
}

/** Undefined for `benign`, so that a rule can end with it. */
export function hit(rung: Rung, options: HitOptions): RuleHit | undefined {
  if (rung.level === 'benign') return undefined
  const counters: Record<string, number> = {}
  for (const [name, value] of Object.entries(options.counters)) {
    counters[name] = Math.round(value * 100) / 100
  }
  return {
    level: rung.level,
    category: options.category,
    score: rung.score,
    isLasting: rung.isLasting ?? false,
    isHard: options.isHard ?? false,
    reason: { rule: options.rule, text: options.text, counters }
  }
}

/** A cautious version of a rung: a ban becomes a throttle, and stays one however often it is said. */
export function atMostThrottle(rung: Rung): Rung {
  if (rung.level !== 'ban') return lasting(rung)
  return { level: 'throttle', score: SCORES.throttle, isLasting: true }
}

/** For what harmless clients may do for hours: the throttles of a day do not add up to a ban. */
export function lasting(rung: Rung): Rung {
  return { ...rung, isLasting: true }
}
