/**
 * What a model is made of: forests, how their scores become one, and how that is calibrated. Plain data that can go to another
 * thread; where it is kept is none of its business.
 */
import type { Forest } from '../forest/forest.ts'
import type { IsotonicMap } from './isotonic.ts'

/** What a member brings into a stack: its margin, the log-odds of its probability, or its score as it is. */
export type StackInput = 'margin' | 'log-odds' | 'score'

export interface StackMember {
  readonly forest: Forest
  readonly input: StackInput
}

/** `temperature` divides margins or log-odds; `isotonic` maps the probability of class 1. */
export type CalibrationStep =
  | { readonly kind: 'temperature'; readonly temperature: number }
  | ({ readonly kind: 'isotonic' } & IsotonicMap)

export interface ModelParts {
  readonly classes: readonly string[]
  /** One, or several that a logistic regression puts together. */
  readonly members: readonly StackMember[]
  readonly logistic?: { readonly intercept: number; readonly weights: Float64Array } | undefined
  readonly calibration: readonly CalibrationStep[]
  /** Two classes: from this score of class 1 on a row counts as class 1. */
  readonly threshold: number
}

/** Even odds are for class 0, as where the first of equals wins: the next double above a half. */
export const THRESHOLD_DEFAULT = 0.5 + 2 ** -53

/** Probabilities of 0 and 1 have no log-odds. */
const EDGE = 1e-4

export function logOdds(probability: number, edge = EDGE): number {
  const p = Math.min(1 - edge, Math.max(edge, probability))
  return Math.log(p / (1 - p))
}
