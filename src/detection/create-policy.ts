/** The ways of judging by name: our own, and the frozen baselines that they are compared with. */
import { mlAbuse } from './baselines/b2-mlabuse.ts'
import { rateLimitMl } from './baselines/b3-ratelimit-ml.ts'
import { rateLimitThreat } from './baselines/b4-ratelimit-threat.ts'
import { antiAbuse } from './baselines/b5-antiabuse.ts'
import { Baseline } from './baselines/baseline.ts'
import { HaproxyStock } from './baselines/haproxy-stock.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import { RulePolicy, type RulePolicyOptions } from './rule-policy.ts'
import type { Policy } from './verdict.ts'

/** In the order in which they are shown side by side. */
export const POLICY_NAMES = ['default', 'rules', 'haproxy-stock', 'b2', 'b3', 'b4', 'b5'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

export interface PolicyOptions {
  /** Sources remembered; the one seen longest ago goes first. @default 200000 */
  readonly sourcesMax?: number
  /** For policies that draw at random (B2, B3). @default 1 */
  readonly seed?: number
  /** Judges beside the rules under `default`. */
  readonly model?: BehaviourModel | undefined
  /** `default` and `rules` only; see {@link RulePolicyOptions}. */
  readonly withoutRules?: RulePolicyOptions['withoutRules']
  readonly onJudged?: RulePolicyOptions['onJudged']
}

/** `default` is what a fresh install runs: the rules, and the model beside them if there is one. */
export function createPolicy(name: PolicyName, options: PolicyOptions = {}): Policy {
  const { sourcesMax, model, withoutRules, onJudged } = options
  const own = {
    ...(sourcesMax === undefined ? {} : { sourcesMax }),
    ...(withoutRules && { withoutRules }),
    ...(onJudged && { onJudged })
  }
  switch (name) {
    case 'default':
      return new RulePolicy({ ...own, ...(model && { model }) })
    case 'rules':
      return new RulePolicy(own)
    case 'haproxy-stock':
      return new HaproxyStock()
    case 'b2':
      return new Baseline(mlAbuse, options)
    case 'b3':
      return new Baseline(rateLimitMl, options)
    case 'b4':
      return new Baseline(rateLimitThreat, options)
    case 'b5':
      return new Baseline(antiAbuse, options)
  }
}

/** Frozen baselines stand in the request's way and refuse it themselves; our own policies speak once its line is written. */
export function isFrozenPolicy(name: PolicyName): boolean {
  return name !== 'default' && name !== 'rules'
}
