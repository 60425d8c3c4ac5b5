/** Learns models from tables. Knows nothing of keyservers, nor of what becomes of a model. */
export type { TrainingErrorCode } from './errors.ts'
export { TrainingError } from './errors.ts'
export { BoostingTrainer, type RoundReport, trainBoosting } from './trees/boosting.ts'
export type { BoostingOptions } from './trees/boosting-options.ts'
export {
  type ColumnTable,
  type ColumnValues,
  type LabelledTable,
  rowMajor
} from './trees/column-table.ts'
