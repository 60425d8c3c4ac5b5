import { checkRanges, withDefaults } from './option-check.ts'

/** What can be said about a random forest; the words and meanings are scikit-learn's where it has them. */
export interface ForestOptions {
  /** @default 100 */
  readonly trees?: number | undefined
  /** @default 64, which hardly any tree reaches */
  readonly maxDepth?: number | undefined
  /** Least rows in a child. @default 1 */
  readonly minLeaf?: number | undefined
  /** Share of the features that each node looks at, or `sqrt` for the square root of their number. @default 'sqrt' */
  readonly featureSample?: number | 'sqrt' | undefined
  /** Whether each tree sees rows drawn with replacement, as many as there are. @default true */
  readonly bootstrap?: boolean | undefined
  /** @default 255 */
  readonly maxBins?: number | undefined
  /** Weight of each class, or `balanced` for the inverse of its frequency. @default 1 each */
  readonly classWeights?: readonly number[] | 'balanced' | undefined
  /** @default 1 */
  readonly seed?: number | undefined
}

export interface ForestSettings {
  readonly trees: number
  readonly maxDepth: number
  readonly minLeaf: number
  readonly featureSample: number | 'sqrt'
  readonly bootstrap: boolean
  readonly maxBins: number
  readonly classWeights: readonly number[] | 'balanced' | undefined
  readonly seed: number
}

const DEFAULTS: ForestSettings = {
  trees: 100,
  maxDepth: 64,
  minLeaf: 1,
  featureSample: 'sqrt',
  bootstrap: true,
  maxBins: 255,
  classWeights: undefined,
  seed: 1
}

/** @throws {OPTION_INVALID} */
export function forestSettings(options: ForestOptions): ForestSettings {
  const settings = withDefaults(DEFAULTS, options)
  checkRanges(settings, [
    ['trees', 1, 100_000, true],
    ['maxDepth', 1, 64, true],
    ['minLeaf', 1, 1e9, true],
    ['maxBins', 2, 255, true],
    ['seed', 0, Number.MAX_SAFE_INTEGER, true]
  ])
  if (settings.featureSample !== 'sqrt') checkRanges(settings, [['featureSample', 1e-6, 1, false]])
  return settings
}

export interface IsolationOptions {
  /** @default 100 */
  readonly trees?: number | undefined
  /** Rows that a tree sees. @default 256 */
  readonly sampleRows?: number | undefined
  /** @default 1 */
  readonly seed?: number | undefined
}

/** @throws {OPTION_INVALID} */
export function isolationSettings(options: IsolationOptions) {
  const settings = withDefaults({ trees: 100, sampleRows: 256, seed: 1 }, options)
  checkRanges(settings, [
    ['trees', 1, 100_000, true],
    ['sampleRows', 2, 1_000_000, true],
    ['seed', 0, Number.MAX_SAFE_INTEGER, true]
  ])
  return settings
}
