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
}

export interface RuleHit {
  readonly level: VerdictLevel
  readonly category: Category
  readonly score: number
  readonly reason: Reason
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

/** The level that a count reaches on a ladder, and its score: growing towards 1 beyond the last rung. */
export function rungOf(value: number, ladder: Ladder): { level: VerdictLevel; score: number } {
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
}

/** Undefined for `benign`, so that a rule can end with it. */
export function hit(
  rung: { readonly level: VerdictLevel; readonly score: number },
  options: HitOptions
): RuleHit | undefined {
  if (rung.level === 'benign') return undefined
  const counters: Record<string, number> = {}
  for (const [name, value] of Object.entries(options.counters)) {
    counters[name] = Math.round(value * 100) / 100
  }
  return {
    level: rung.level,
    category: options.category,
    score: rung.score,
    reason: { rule: options.rule, text: options.text, counters }
  }
}

/** A cautious version of a rung: a ban becomes a throttle. */
export function atMostThrottle<T extends { readonly level: VerdictLevel; readonly score: number }>(
  rung: T
): { level: VerdictLevel; score: number } {
  return rung.level === 'ban' ? { level: 'throttle', score: SCORES.throttle } : rung
}
