/**
 * What a model went by when it judged: with it, an audit comes to the same score again, and a person sees why. Plain data; the
 * model itself is only named.
 */
import type { AddressText } from '../base/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'

/** How far one feature moved the score, in log-odds. */
export interface FeatureContribution {
  readonly feature: string
  readonly contribution: number
}

export interface ModelEvidence {
  /** `name@version`. */
  readonly model: string
  /** SHA-256 of its manifest, in hexadecimal: names this very package. */
  readonly digest: string
  readonly featureSetVersion: number
  /** Whose features they are; of a swarm or a prefix, the member whose request led to the verdict. */
  readonly source: AddressText
  /** In the order of `FEATURES`; NaN: not known. */
  readonly features: Float32Array
  /** Calibrated probability of abuse. */
  readonly score: number
  /** As they were then: an operator may change them. */
  readonly thresholds: BehaviourModel['thresholds']
  /** What the model says of a source of which nothing is known, in log-odds. */
  readonly bias: number
  /** Strongest first. Empty where there was no time to explain: the features are there, and from them it can be done later. */
  readonly contributions: readonly FeatureContribution[]
  /** Contributions of all other features together. */
  readonly rest: number
  /** One sentence for a person. */
  readonly text: string
}
