/** A model as it is served: its parts, the name that stands in every answer, and what its scores mean. Plain data that can go to another thread. */
import type { FeatureSpec } from '../forest/forest.ts'
import type { ModelParts } from '../model/model-parts.ts'

/** From which score on which verdict holds; ascending. Below the first a row is `benign`. */
export interface VerdictStep {
  readonly verdict: string
  readonly from: number
}

export interface ServedModel {
  /** `name@version`. */
  readonly id: string
  readonly task: string
  readonly parts: ModelParts
  readonly verdicts: readonly VerdictStep[]
  /** Least and greatest value of each feature that can come, where that is known. */
  readonly ranges?: readonly (readonly [number, number] | undefined)[] | undefined
}

export const LOWEST_VERDICT = 'benign'

export function featuresOf(model: ServedModel): readonly FeatureSpec[] {
  return model.parts.members[0]?.forest.features ?? []
}

/** Undefined where the model has more than two classes, or no thresholds. */
export function verdictOf(model: ServedModel, score: number): string | undefined {
  if (model.verdicts.length === 0) return undefined
  return model.verdicts.findLast(({ from }) => score >= from)?.verdict ?? LOWEST_VERDICT
}
