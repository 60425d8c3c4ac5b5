/**
 * Learns from logs: rows out of logs and labels through the very policy of the live node, and the behaviour model out of rows.
 * Knows neither the store nor whoever asks for a training; a worker thread can do all of it.
 */
export {
  type BehaviourTable,
  FEATURE_SPECS,
  groupNames,
  joinTables,
  selectMoments,
  sourceNames,
  wordAt
} from './behaviour-table.ts'
export { DatasetError, type DatasetErrorCode } from './errors.ts'
export { type ReadLabelsOptions, readLabels } from './labels/read-labels.ts'
export type { SourceLabel } from './labels/source-label.ts'
export {
  type BuildOptions,
  type BuildReport,
  type BuiltTable,
  buildRows
} from './rows/build-rows.ts'
export { loadTable, saveTable } from './table-file.ts'
export type { BehaviourReport, PackageFacts } from './training/behaviour-report.ts'
export { scoreMoments } from './training/score-moments.ts'
export {
  type ClassFigures,
  figuresBySource,
  type SourceFigures,
  type Thresholds,
  thresholdsFrom
} from './training/source-figures.ts'
export {
  BEHAVIOUR_PARAMS,
  type TrainBehaviourOptions,
  type TrainedBehaviour,
  trainBehaviour
} from './training/train-behaviour.ts'
