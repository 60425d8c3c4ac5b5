/** Who keeps some judgements for later: what was known at that moment, and what came of it. Implemented elsewhere; pure here. */
import type { FeatureContext } from './features/feature.ts'
import type { RuleHit } from './rules/rule.ts'
import type { SourceSession } from './session.ts'
import type { VerdictLevel } from './verdict.ts'

export interface JudgementKeeper {
  /** Whether this judgement is kept. Asked each time, so it must cost next to nothing. */
  wants(session: SourceSession, hits: readonly RuleHit[], isRequest: boolean): boolean
  /** Before it is concluded: afterwards, what is known of the source may be another. Reads at once and remembers no reference. */
  take(context: FeatureContext): void
  /** What came of the judgement that was taken. @param score of the model, if one judged */
  conclude(level: VerdictLevel, score: number | undefined): void
}
