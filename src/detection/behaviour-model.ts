/** What the policy needs of a trained model: how likely abuse is, and which features say so. Loaded elsewhere; pure here. */
import type { Category } from './verdict.ts'

export interface BehaviourModel {
  /** `name@version`. */
  readonly name: string
  readonly featureSetVersion: number
  /** Probabilities from which on a source is watched, slowed down, banned; set from a budget of false positives. */
  readonly thresholds: {
    readonly watch: number
    readonly throttle: number
    readonly ban: number
  }
  /** Calibrated probability of abuse. @param features in the order of `FEATURES` */
  score(features: Float32Array): number
  /** What kind of abuse it most likely is, if it is abuse. */
  findCategory(features: Float32Array): Category
  /** How much each feature moves the score, in log-odds (TreeSHAP). */
  contributions(features: Float32Array): Float64Array
}
