/** Learns models from tables. Knows nothing of keyservers, nor of what becomes of a model. */

export { applyIsotonic, type IsotonicMap } from '../runtime/index.ts'
export { fitCentredIsotonic, fitIsotonic } from './calibration/isotonic.ts'
export { fitTemperature } from './calibration/temperature.ts'
export type { CheckReport } from './checks/check-report.ts'
export { checkTable } from './checks/check-table.ts'
export type { TrainingErrorCode } from './errors.ts'
export { TrainingError } from './errors.ts'
export { type BootstrapOptions, bootstrapInterval, type Interval } from './metrics/bootstrap.ts'
export { type Figures, figuresOf, meanFigures } from './metrics/figures.ts'
export {
  accuracy,
  confusion,
  expectedCalibrationError,
  logLoss,
  topClass
} from './metrics/probability.ts'
export {
  auc,
  type OperatingPoint,
  oneVsRest,
  operatingPoint,
  tprAtFpr
} from './metrics/ranking.ts'
export type { Calibration } from './run/calibrate.ts'
export { type HeldOut, holdOut, type TablePart } from './run/hold-out.ts'
export type { PartStore } from './run/kept-fit.ts'
export { labelTable } from './run/labelled-table.ts'
export { renderModelCard } from './run/model-card.ts'
export { MODEL_KINDS, type ModelKind, type ModelParams } from './run/model-options.ts'
export {
  type TrainEvent,
  type TrainOutcome,
  type TrainPorts,
  type TrainReport,
  type TrainRequest,
  trainModel
} from './run/train-model.ts'
export {
  type StackModelRequest,
  type StackOutcome,
  trainStackModel
} from './run/train-stack-model.ts'
export {
  applyLogistic,
  fitLogistic,
  type LogisticModel,
  type LogisticOptions
} from './stacking/logistic.ts'
export type { StackParams } from './stacking/stack-parts.ts'
export {
  type StackFold,
  type StackPorts,
  type StackRequest,
  type TrainedStack,
  trainStack
} from './stacking/train-stack.ts'
export { CsvScanner } from './table/csv-scanner.ts'
export { LineSplitter } from './table/line-splitter.ts'
export { type CsvTable, type ReadCsvOptions, readCsv } from './table/read-csv.ts'
export { type ReadRowsOptions, RowReader } from './table/read-rows.ts'
export type { FeatureRange, RowBlock, RowOddities } from './table/row-sink.ts'
export { selectColumns } from './table/select.ts'
export type { Words } from './table/word-column.ts'
export { BoostingTrainer, type RoundReport, trainBoosting } from './trees/boosting.ts'
export type { BoostingOptions } from './trees/boosting-options.ts'
export {
  type ColumnTable,
  type ColumnValues,
  type LabelledTable,
  rowMajor
} from './trees/column-table.ts'
export type { ForestOptions, IsolationOptions } from './trees/forest-options.ts'
export { meanPath, trainIsolationForest } from './trees/isolation-forest.ts'
export { type ForestInputs, trainRandomForest } from './trees/random-forest.ts'
export { type FoldInputs, groupedFolds } from './validation/grouped-folds.ts'
