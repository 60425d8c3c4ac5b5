/** Makes a decision out of a verdict: how long it stands, in which mode, for which reasons. */
import type { PrefixText } from '../base/index.ts'
import type { Category, ModelEvidence, Verdict } from '../detection/index.ts'
import type { Decision, DecisionType, Mode } from './decision.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { ModeSettings } from './ports.ts'

export const BREAKER_RULE = 'breaker'
const BREAKER_REASON = {
  rule: BREAKER_RULE,
  text: 'would be a ban, but detection bans far more than usual at the moment: slowed down instead',
  counters: {}
} as const
/** No detection's decision stands longer, whatever a policy asks for. */
const TTL_MAX_MS = 366 * 86_400_000

export interface DecisionInput {
  readonly verdict: Verdict
  /** What the model went by that was asked. */
  readonly evidence: ModelEvidence | undefined
  readonly type: DecisionType
  readonly prefixes: readonly PrefixText[]
  readonly offence: number
  readonly settings: GuardSettings
}

export function modeFor(settings: ModeSettings, category: Category): Mode {
  return settings.byCategory[category] ?? settings.overall
}

export function createDecision(input: DecisionInput): Decision {
  const { verdict, type, settings } = input
  const isTurnedDown = verdict.level === 'ban' && type === 'throttle'
  return {
    id: settings.createId(verdict.atMs),
    scope: verdict.scope,
    value: verdict.value,
    prefixes: input.prefixes,
    type,
    category: verdict.category,
    origin: 'detection',
    mode: modeFor(settings.mode, verdict.category),
    score: verdict.score,
    reasons: isTurnedDown ? [...verdict.reasons, BREAKER_REASON] : verdict.reasons,
    lineHashes: verdict.lineHashes,
    model: input.evidence?.model,
    offence: input.offence,
    createdAtMs: verdict.atMs,
    untilMs: verdict.atMs + ttlOf(input, settings),
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined
  }
}

/** How long it stands from the verdict on: what the policy says, else the rung of the ladder that the offences have reached. */
export function ttlOf(
  { verdict, type, offence }: Pick<DecisionInput, 'verdict' | 'type' | 'offence'>,
  { banLadderMs, throttleTtlMs }: Pick<GuardSettings, 'banLadderMs' | 'throttleTtlMs'>
): number {
  const rung = banLadderMs[Math.min(offence, banLadderMs.length - 1)] ?? throttleTtlMs
  const ttlMs = verdict.holdMs ?? (type === 'ban' ? rung : throttleTtlMs)
  return Number.isFinite(ttlMs) ? Math.min(Math.max(0, ttlMs), TTL_MAX_MS) : throttleTtlMs
}
