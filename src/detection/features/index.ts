/** The features of a source at one moment: names, order and version are what a trained model is bound to. */
import type { Feature, FeatureContext } from './feature.ts'
import { OTHER_FEATURES } from './other-features.ts'
import { SOURCE_FEATURES } from './source-features.ts'

/** Raised whenever a feature is added, removed, moved or given another meaning. */
export const FEATURE_SET_VERSION = 1

export const FEATURES: readonly Feature[] = [...SOURCE_FEATURES, ...OTHER_FEATURES]

/** Writes the value of every feature, in the order of `FEATURES`; NaN where it is not known. */
export function readFeatures(context: FeatureContext, into: Float64Array): void {
  for (let i = 0; i < FEATURES.length; i++) into[i] = FEATURES[i]?.read(context) ?? Number.NaN
}
