/**
 * What a node can learn from its own traffic: rows of features as they were when sources were judged, and labels that people, files,
 * lifted decisions and rules gave. Decides what is kept, how much each counts and which label a row has; knows nothing of training.
 */
export type { FeedbackErrorCode } from './errors.ts'
export { packRow, unpackRow } from './feature-codec.ts'
export {
  isStronger,
  LABEL_SOURCES,
  LABEL_WEIGHTS,
  LABEL_WORDS,
  type Label,
  type LabelSource,
  type LabelWord
} from './label.ts'
export {
  LabelDesk,
  type LabelDeskPorts,
  type LabelImport,
  type LabelRefusal,
  type LabelSubject,
  type ListedLabel,
  type Statement
} from './label-desk.ts'
export {
  type LabelledRow,
  type LabelledRowsPorts,
  type LabelledRowsQuery,
  labelledRows
} from './labelled-rows.ts'
export { LABELS_MAX, RULE_LABELS_MAX } from './limits.ts'
export type {
  FeatureRow,
  FeatureRowStore,
  JudgedMatter,
  JudgedMatters,
  LabelQuery,
  LabelStore,
  StoredFeatureRow
} from './ports.ts'
export {
  type Evidence,
  ROW_LOSSES,
  RowKeeper,
  type RowKeeperOptions,
  type RowKeeperPorts,
  type RowLoss
} from './row-keeper.ts'
export { type ReadTruth, readTruthLine, type TruthFields, truthLines } from './truth-line.ts'
