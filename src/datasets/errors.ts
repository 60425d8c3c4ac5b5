import { NetminderError } from '../base/index.ts'

export type DatasetErrorCode =
  /** The file of labels cannot be read. */
  | 'LABELS_MISSING'
  /** A line of the labels is not what it should be. */
  | 'LABELS_INVALID'
  /** More labels, or a longer line, than are taken. */
  | 'LABELS_TOO_LARGE'
  /** No source of the labels is in the logs, or none while its label holds. */
  | 'LABELS_UNMATCHED'
  /** A log goes back in time: its files are not in their order. */
  | 'LOGS_UNORDERED'
  /** More rows than fit into memory. */
  | 'ROWS_TOO_MANY'
  /** A kept table is torn, or of other features. */
  | 'ROWS_INVALID'

export class DatasetError extends NetminderError<DatasetErrorCode> {}
