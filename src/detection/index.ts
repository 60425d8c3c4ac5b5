/** Pure: events in, verdicts out. Knows sessions, features and rules; refuses to know actuators, decisions and the clock. */

export type { BehaviourModel } from './behaviour-model.ts'
export {
  createPolicy,
  isFrozenPolicy,
  POLICY_NAMES,
  type PolicyName,
  type PolicyOptions
} from './create-policy.ts'
export { DetectionError, type DetectionErrorCode } from './errors.ts'
export type { Feature, FeatureContext } from './features/feature.ts'
export { FEATURE_SET_VERSION, FEATURES, readFeatures } from './features/index.ts'
export { valueText } from './features/value-text.ts'
export { explainAgain } from './gather-evidence.ts'
export type { JudgementKeeper } from './judgement-keeper.ts'
export type { FeatureContribution, ModelEvidence } from './model-evidence.ts'
export {
  MODEL_SEATS,
  type ModelFailure,
  type ModelJudgement,
  type ModelSeat,
  type ModelSeats,
  type ModelWord,
  type SeatedModels
} from './model-seats.ts'
export { modelSentence } from './model-sentence.ts'
export { type BehaviourPackage, createBehaviourModel } from './package-model.ts'
export { RulePolicy, type RulePolicyOptions } from './rule-policy.ts'
export type { RuleHit } from './rules/rule.ts'
export type { SourceSession } from './session.ts'
export * from './verdict.ts'
