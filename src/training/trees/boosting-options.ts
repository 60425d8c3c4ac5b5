import { checkRanges, withDefaults } from './option-check.ts'

/** What can be said about boosting; the words and meanings are XGBoost's where it has them. */
export interface BoostingOptions {
  /** Rounds; with more than two classes each adds a tree for every class. @default 100 */
  readonly trees?: number | undefined
  /** @default 0.1 */
  readonly learningRate?: number | undefined
  /** @default 6 */
  readonly maxDepth?: number | undefined
  /** Leaves of a tree, the best split first; 0 for no limit. @default 0 */
  readonly maxLeaves?: number | undefined
  /** L2 penalty on leaves. @default 1 */
  readonly lambda?: number | undefined
  /** Least sum of second derivatives in a child. @default 1 */
  readonly minChildWeight?: number | undefined
  /** Least rows in a child. @default 1 */
  readonly minLeaf?: number | undefined
  /** Gain that a split must exceed. @default 0 */
  readonly minSplitGain?: number | undefined
  /** Share of the rows that a round sees, drawn anew for each. @default 1 */
  readonly subsample?: number | undefined
  /** Share of the features that a tree may ask for. @default 1 */
  readonly columnSample?: number | undefined
  /** @default 255 */
  readonly maxBins?: number | undefined
  /** Weight of each class, or `balanced` for the inverse of its frequency. @default 1 each */
  readonly classWeights?: readonly number[] | 'balanced' | undefined
  /** For each feature: 1 if the score may only rise with it, -1 if only fall, 0 for free. Two classes only. */
  readonly monotone?: readonly number[] | undefined
  /** The score before the first tree: the classes' shares, or 0 (even odds, as XGBoost 1.x). @default 'prior' */
  readonly baseScore?: 'prior' | 'even' | undefined
  /** Stops after so many rounds without a better log loss on the validation table, and keeps the best; 0 never. @default 0 */
  readonly earlyStoppingRounds?: number | undefined
  /** Added to the second derivatives before categories are put in order. @default 10 */
  readonly categorySmoothing?: number | undefined
  /** L2 penalty on the leaves under a set of categories, on top of `lambda`. @default 10 */
  readonly categoryLambda?: number | undefined
  /** Most categories that a set holds. @default 32 */
  readonly categorySetMax?: number | undefined
  /** Up to so many categories, a node asks for one against the rest. @default 4 */
  readonly oneVsRestMax?: number | undefined
  /** @default 1 */
  readonly seed?: number | undefined
}

export type BoostingSettings = {
  readonly [Key in Exclude<keyof BoostingOptions, 'classWeights' | 'monotone'>]-?: Exclude<
    BoostingOptions[Key],
    undefined
  >
} & Pick<BoostingOptions, 'classWeights' | 'monotone'>

const DEFAULTS: BoostingSettings = {
  trees: 100,
  learningRate: 0.1,
  maxDepth: 6,
  maxLeaves: 0,
  lambda: 1,
  minChildWeight: 1,
  minLeaf: 1,
  minSplitGain: 0,
  subsample: 1,
  columnSample: 1,
  maxBins: 255,
  baseScore: 'prior',
  earlyStoppingRounds: 0,
  categorySmoothing: 10,
  categoryLambda: 10,
  categorySetMax: 32,
  oneVsRestMax: 4,
  seed: 1
}

/** Least and most of each number, and whether it must be whole. */
const RANGES: readonly (readonly [keyof typeof DEFAULTS, number, number, boolean])[] = [
  ['trees', 1, 100_000, true],
  ['learningRate', 1e-6, 10, false],
  ['maxDepth', 1, 64, true],
  ['maxLeaves', 0, 100_000, true],
  ['lambda', 0, 1e9, false],
  ['minChildWeight', 0, 1e12, false],
  ['minLeaf', 1, 1e9, true],
  ['minSplitGain', 0, 1e12, false],
  ['subsample', 0.001, 1, false],
  ['columnSample', 0.001, 1, false],
  ['maxBins', 2, 255, true],
  ['earlyStoppingRounds', 0, 100_000, true],
  ['categorySmoothing', 0, 1e9, false],
  ['categoryLambda', 0, 1e9, false],
  ['categorySetMax', 1, 255, true],
  ['oneVsRestMax', 1, 255, true],
  ['seed', 0, Number.MAX_SAFE_INTEGER, true]
]

/** @throws {OPTION_INVALID} */
export function boostingSettings(options: BoostingOptions): BoostingSettings {
  const settings = withDefaults(DEFAULTS, options)
  checkRanges(settings, RANGES)
  return settings
}
