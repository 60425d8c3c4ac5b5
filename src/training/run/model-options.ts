/** What a person may ask of each kind of model: checks words and numbers, and says which there are. */
import { TrainingError } from '../errors.ts'
import { type BoostingOptions, boostingSettings } from '../trees/boosting-options.ts'
import {
  type ForestOptions,
  forestSettings,
  type IsolationOptions,
  isolationSettings
} from '../trees/forest-options.ts'

export const MODEL_KINDS = ['gradient-boosting', 'random-forest', 'isolation-forest'] as const
export type ModelKind = (typeof MODEL_KINDS)[number]

/** As they were given, with class weights by class. */
export type ModelParams = Readonly<Record<string, unknown>>

const WORDS: Readonly<Record<ModelKind, readonly string[]>> = {
  'gradient-boosting': [
    ...['trees', 'maxDepth', 'learningRate', 'subsample', 'minLeaf', 'classWeights', 'maxLeaves'],
    ...['lambda', 'minChildWeight', 'minSplitGain', 'columnSample', 'maxBins', 'monotone'],
    ...['earlyStoppingRounds', 'baseScore', 'categorySmoothing', 'categoryLambda'],
    ...['categorySetMax', 'oneVsRestMax']
  ],
  'random-forest': [
    ...['trees', 'maxDepth', 'minLeaf', 'classWeights', 'featureSample', 'bootstrap', 'maxBins']
  ],
  'isolation-forest': ['trees', 'sampleRows']
}

/** Known for every kind of tree, without a meaning for some: taken, and passed over. */
const PASSED_OVER: Readonly<Record<ModelKind, readonly string[]>> = {
  'gradient-boosting': [],
  'random-forest': ['learningRate', 'subsample'],
  'isolation-forest': ['learningRate', 'subsample', 'maxDepth', 'minLeaf', 'classWeights']
}

/** @returns the params that are passed over @throws {OPTION_INVALID} */
export function checkParams(
  kind: ModelKind,
  params: ModelParams,
  classes: readonly string[],
  features: readonly string[]
): readonly string[] {
  const known = WORDS[kind]
  const passed = PASSED_OVER[kind]
  for (const name of Object.keys(params)) {
    if (known.includes(name) || passed.includes(name)) continue
    throw new TrainingError(
      'OPTION_INVALID',
      `expected params of a ${kind} model (${known.join(', ')}), got "${name.slice(0, 60)}"`,
      { context: { option: name.slice(0, 60) } }
    )
  }
  const options = optionsOf(kind, params, { classes, features, seed: 0 })
  if (kind === 'gradient-boosting') boostingSettings(options)
  else if (kind === 'random-forest') forestSettings(options)
  else isolationSettings(options)
  return Object.keys(params).filter((name) => passed.includes(name))
}

/** The trainer's own options. @throws {OPTION_INVALID} */
export function optionsOf(
  kind: ModelKind,
  params: ModelParams,
  of: {
    readonly classes: readonly string[]
    readonly features: readonly string[]
    readonly seed: number
  }
): BoostingOptions & ForestOptions & IsolationOptions {
  const options: Record<string, unknown> = { seed: of.seed }
  for (const name of WORDS[kind]) if (params[name] !== undefined) options[name] = params[name]
  if ('classWeights' in options) {
    options['classWeights'] = classWeightsOf(options['classWeights'], of.classes)
  }
  if ('monotone' in options) options['monotone'] = monotoneOf(options['monotone'], of.features)
  return options
}

/** A list in the order of the classes, an object by class, or `balanced`. */
function classWeightsOf(value: unknown, classes: readonly string[]): unknown {
  const isWeight = (one: unknown) => typeof one === 'number' && Number.isFinite(one) && one >= 0
  if (value === 'balanced') return value
  if (Array.isArray(value) && value.length === classes.length && value.every(isWeight)) return value
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const byName = value as Readonly<Record<string, unknown>>
    const areKnown = Object.keys(byName).every((name) => classes.includes(name))
    if (areKnown && Object.values(byName).every(isWeight)) {
      return classes.map((name) => byName[name] ?? 1)
    }
  }
  throw new TrainingError(
    'OPTION_INVALID',
    `expected classWeights to be "balanced", or a weight for each of ${classes.slice(0, 8).join(', ')}, got ${JSON.stringify(value)?.slice(0, 80)}`,
    { context: { option: 'classWeights' } }
  )
}

/** A list in the order of the features, or an object by feature; others are free. */
function monotoneOf(value: unknown, features: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const byName = value as Readonly<Record<string, unknown>>
  const stranger = Object.keys(byName).find((name) => !features.includes(name))
  if (stranger === undefined) return features.map((name) => byName[name] ?? 0)
  throw new TrainingError(
    'OPTION_INVALID',
    `expected monotone to name columns of the table, got "${stranger.slice(0, 60)}"`,
    { context: { option: 'monotone' } }
  )
}
