/**
 * The shipped behaviour model: boosted trees, a random forest and an isolation forest, put together by a logistic regression over
 * scores that none of them was trained for, and calibrated. The isolation forest never decides alone: its weight is one of three.
 */
import { type Forest, predictRow, rawScores } from '../../src/runtime/index.ts'
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

export const STACK_INPUTS = 3
/** Probabilities of 0 and 1 have no log-odds. */
const EDGE = 1e-4

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
  out[to + 1] = logit(one[0] ?? 0)
  predictRow(parts.isolation, table.rowMajor, at, one)
  out[to + 2] = one[0] ?? 0
}

function logit(probability: number): number {
  const p = Math.min(1 - EDGE, Math.max(EDGE, probability))
  return Math.log(p / (1 - p))
}

/** Calibrated probabilities of every row. */
export function scoreStack(model: TrainedStack, table: RowTable): Float64Array {
  const inputs = new Float64Array(table.rows * STACK_INPUTS)
  const scores = new Float64Array(table.rows)
  for (let row = 0; row < table.rows; row++) {
    stackInputs(model, table, row, inputs)
    const at = row * STACK_INPUTS
    const stacked = applyLogistic(model.stack, inputs.subarray(at, at + STACK_INPUTS))
    scores[row] = applyIsotonic(model.calibration, stacked)
  }
  return scores
}
