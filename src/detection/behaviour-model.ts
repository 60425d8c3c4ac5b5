/** What the policy needs of a trained model: how likely abuse is, and which features say so. Loaded elsewhere; pure here. */
import type { Contributions } from '../runtime/index.ts'

export interface BehaviourModel {
  /** `name@version`. */
  readonly name: string
  /** SHA-256 of its manifest, in hexadecimal: what a decision keeps of it, so that an audit finds the very same. */
  readonly digest: string
  readonly featureSetVersion: number
  /** Probabilities from which on a source is watched, slowed down, banned; set from a budget of false positives. */
  readonly thresholds: {
    readonly watch: number
    readonly throttle: number
    readonly ban: number
  }
  /** Calibrated probability of abuse. @param features in the order of `FEATURES` */
  score(features: Float32Array): number
  /** How much each feature moves the score, in log-odds (TreeSHAP). */
  explain(features: Float32Array): Contributions
}
