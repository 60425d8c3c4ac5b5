/** A trained package as the policy's model: the same features in the same order, or it is refused. */
import { ModelExplainer, type ModelParts, ModelScorer } from '../runtime/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import { DetectionError } from './errors.ts'
import { FEATURES } from './features/index.ts'

export interface BehaviourPackage {
  /** `name@version`. */
  readonly name: string
  /** SHA-256 of its manifest, in hexadecimal. */
  readonly digest: string
  readonly featureSetVersion: number
  readonly features: readonly { readonly name: string }[]
  readonly thresholds: Readonly<Partial<Record<'watch' | 'throttle' | 'ban', number>>>
  readonly parts: ModelParts
}

/** @throws {MODEL_MISMATCH} if it was trained on other features, or says not from which scores on to act */
export function createBehaviourModel(of: BehaviourPackage): BehaviourModel {
  const { name, digest, featureSetVersion, features, parts } = of
  const { watch, throttle, ban } = of.thresholds
  if (watch === undefined || throttle === undefined || ban === undefined) {
    throw new DetectionError(
      'MODEL_MISMATCH',
      `expected thresholds for watch, throttle and ban in ${name}, got ${Object.keys(of.thresholds).join(', ') || 'none'}`
    )
  }
  const other = FEATURES.findIndex((feature, index) => feature.name !== features[index]?.name)
  if (features.length !== FEATURES.length || other >= 0) {
    throw new DetectionError(
      'MODEL_MISMATCH',
      `expected the ${FEATURES.length} features of behaviour in their order, got ${features.length} in ${name}, another one at ${other + 1}`
    )
  }
  const scorer = new ModelScorer(parts)
  // Made for the first decision that is explained: most models that are tried never come to one.
  let explainer: ModelExplainer | undefined
  const out = new Float64Array(1)
  return {
    ...{ name, digest, featureSetVersion },
    thresholds: { watch, throttle, ban },
    score: (row) => {
      scorer.score(row, 0, out)
      return out[0] ?? 0
    },
    explain: (row) => {
      explainer ??= new ModelExplainer(parts)
      return explainer.explain(row)
    }
  }
}
