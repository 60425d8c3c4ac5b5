/** Puts together what a model went by, and the reason that a verdict gives for it. */
import { ModelExplainer, type ModelParts } from '../runtime/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import { FEATURE_SET_VERSION, FEATURES } from './features/index.ts'
import type { ModelEvidence } from './model-evidence.ts'
import { modelSentence } from './model-sentence.ts'
import type { Reason } from './verdict.ts'

/** Those that a person looks at; the others are kept as their sum. */
const CONTRIBUTIONS_KEPT = 12
/** Counters that a reason shows. */
const COUNTERS_SHOWN = 4

export function gatherEvidence(
  model: BehaviourModel,
  judged: Pick<ModelEvidence, 'source' | 'features' | 'score'>
): ModelEvidence {
  const { source, features, score } = judged
  const { name, digest, featureSetVersion, thresholds } = model
  const { values, bias } = model.explain(features)
  const ranked = FEATURES.map((feature, index) => ({
    feature: feature.name,
    contribution: values[index] ?? 0
  })).sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
  // Who moves nothing at all was not explained: no list of zeros stands for that.
  const explained = ranked.filter(({ contribution }) => contribution !== 0)
  const rest = explained.slice(CONTRIBUTIONS_KEPT)
  return {
    ...{ model: name, digest, featureSetVersion, source, score, bias },
    features: Float32Array.from(features),
    thresholds: { ...thresholds },
    contributions: explained.slice(0, CONTRIBUTIONS_KEPT),
    rest: rest.reduce((sum, { contribution }) => sum + contribution, 0),
    text: modelSentence({ features, contributions: values, score, thresholds })
  }
}

/**
 * Explains now what there was no time to explain then, by the very package that judged; undefined where it reads other features than
 * were kept, or the kept ones are of another set.
 */
export function explainAgain(
  evidence: ModelEvidence,
  parts: ModelParts
): ModelEvidence | undefined {
  const { model: name, digest, featureSetVersion, thresholds, score, features } = evidence
  const width = parts.members[0]?.forest.features.length
  if (featureSetVersion !== FEATURE_SET_VERSION || width !== features.length) return undefined
  const explainer = new ModelExplainer(parts)
  const explain = (row: Float32Array) => explainer.explain(row)
  const model = { name, digest, featureSetVersion, thresholds, score: () => score, explain }
  return gatherEvidence(model, evidence)
}

/** The word of the model among the reasons of a verdict. */
export function reasonOf({ features, contributions, score, text }: ModelEvidence): Reason {
  const counters: Record<string, number> = { probability: round(score) }
  const strongest = contributions.filter(({ contribution }) => contribution > 0)
  for (const { feature } of strongest.slice(0, COUNTERS_SHOWN)) {
    const value = features[FEATURES.findIndex(({ name }) => name === feature)] ?? Number.NaN
    if (!Number.isNaN(value)) counters[feature] = round(value)
  }
  return { rule: 'model', text, counters }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
