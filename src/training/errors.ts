import { NetminderError } from '../base/index.ts'

export type TrainingErrorCode =
  /** A training option out of its range, or of another kind. */
  | 'OPTION_INVALID'
  /** A table that nothing can be learned from: no rows, one class, columns of unequal length. */
  | 'TABLE_INVALID'
  /** More rows, columns, cells or words than are taken. */
  | 'TABLE_TOO_LARGE'
  /** The label column is missing or has empty cells. */
  | 'LABEL_INVALID'
  /** The checks of a table found what keeps it from being trained on. */
  | 'TABLE_REFUSED'
  /** The forest to go on from does not fit the table or the options. */
  | 'CHECKPOINT_INVALID'
  /** A training thread ended before its work was done. */
  | 'WORKER_FAILED'

export class TrainingError extends NetminderError<TrainingErrorCode> {}
