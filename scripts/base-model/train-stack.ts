/**
 * The shipped behaviour model: boosted trees, a random forest and an isolation forest, put together by a logistic regression over
 * scores that none of them was trained for, and calibrated. The isolation forest never decides alone: its weight is one of three.
 */
import {
  type Forest,
  logOdds,
  type ModelParts,
  ModelScorer,
  predictRow,
  rawScores,
  THRESHOLD_DEFAULT
} from '../../src/runtime/index.ts'
import {
  applyIsotonic,
  applyLogistic,
  type BoostingOptions,
  type ForestOptions,
  fitIsotonic,
  fitLogistic,
  groupedFolds,
  type IsolationOptions,
  type IsotonicMap,
  type LogisticModel,
  trainBoosting,
  trainIsolationForest,
  trainRandomForest
} from '../../src/training/index.ts'
import { type RowTable, selectRows } from './row-table.ts'

export interface StackOptions {
  readonly boosting: BoostingOptions
  readonly forest: ForestOptions
  readonly isolation: IsolationOptions
  readonly folds: number
  readonly seed: number
  readonly onStep?: (step: string) => void
}

export interface StackParts {
  readonly boosting: Forest
  readonly forest: Forest
  readonly isolation: Forest
}

export interface TrainedStack extends StackParts {
  readonly stack: LogisticModel
  readonly calibration: IsotonicMap
  /** Calibrated scores of rows by models that had not seen their groups. */
  readonly outOfFold: Float64Array
}

export const CLASSES = ['benign', 'abuse'] as const
const STACK_INPUTS = 3

export async function trainStack(table: RowTable, options: StackOptions): Promise<TrainedStack> {
  const { folds, seed, onStep } = options
  const foldOf = groupedFolds(table, folds, seed)
  const inputs = new Float64Array(table.rows * STACK_INPUTS)
  for (let fold = 0; fold < folds; fold++) {
    onStep?.(`fold ${fold + 1} of ${folds}`)
    const parts = await trainParts(
      selectRows(table, (row) => foldOf[row] !== fold),
      options
    )
    for (let row = 0; row < table.rows; row++) {
      if (foldOf[row] === fold) stackInputs(parts, table, row, inputs)
    }
  }
  const { labels, weights } = table
  const stack = fitLogistic(inputs, labels, { weights })
  const margins = new Float64Array(table.rows)
  for (let row = 0; row < table.rows; row++) {
    const at = row * STACK_INPUTS
    margins[row] = applyLogistic(stack, inputs.subarray(at, at + STACK_INPUTS))
  }
  const calibration = fitIsotonic(margins, labels, weights)
  const outOfFold = margins.map((score) => applyIsotonic(calibration, score))
  onStep?.('all rows')
  return { ...(await trainParts(table, options)), stack, calibration, outOfFold }
}

async function trainParts(table: RowTable, options: StackOptions): Promise<StackParts> {
  const { seed } = options
  const boosting = trainBoosting(table, { ...options.boosting, seed })
  options.onStep?.('  boosted trees done')
  const forest = await trainRandomForest(table, { ...options.forest, seed })
  options.onStep?.('  random forest done')
  const benign = selectRows(table, (row) => table.labels[row] === 0)
  return {
    boosting,
    forest,
    isolation: trainIsolationForest(benign, { ...options.isolation, seed })
  }
}

const one = new Float64Array(1)

/** Log-odds of the boosted trees and of the forest, and the anomaly score, of one row. */
function stackInputs(parts: StackParts, table: RowTable, row: number, out: Float64Array): void {
  const at = row * table.features.length
  const to = row * STACK_INPUTS
  rawScores(parts.boosting, table.rowMajor, at, one)
  out[to] = one[0] ?? 0
  predictRow(parts.forest, table.rowMajor, at, one)
  out[to + 1] = logOdds(one[0] ?? 0)
  predictRow(parts.isolation, table.rowMajor, at, one)
  out[to + 2] = one[0] ?? 0
}

/** The model as it is packed and served. @param threshold from which score on a row counts as abuse */
export function partsOf(trained: TrainedStack, threshold: number): ModelParts {
  const { boosting, forest, isolation, stack, calibration } = trained
  return {
    classes: CLASSES,
    members: [
      { forest: boosting, input: 'margin' },
      { forest, input: 'log-odds' },
      { forest: isolation, input: 'score' }
    ],
    logistic: stack,
    calibration: [{ kind: 'isotonic', ...calibration }],
    threshold
  }
}

/** Calibrated probabilities of every row, by what serves them. */
export function scoreStack(model: TrainedStack, table: RowTable): Float64Array {
  const scorer = new ModelScorer(partsOf(model, THRESHOLD_DEFAULT))
  const width = table.features.length
  return Float64Array.from({ length: table.rows }, (_, row) => {
    scorer.score(table.rowMajor, row * width, one)
    return one[0] ?? 0
  })
}
