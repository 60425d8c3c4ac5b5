import { NetminderError } from '../base/index.ts'

export type FeedbackErrorCode =
  /** There is no label of this id. */
  | 'LABEL_NOT_FOUND'
  /** As many labels as are kept are there already. */
  | 'LABELS_FULL'
  /** A label would end before it begins, or lie too far in the future. */
  | 'SPAN_INVALID'
  /** The prefix covers more addresses than anything is said of. */
  | 'PREFIX_TOO_WIDE'
  /** Nothing is ever done about the address: it cannot be called abusive. */
  | 'PROTECTED'
  /** No alert that stands has an id that begins so. */
  | 'ALERT_NOT_FOUND'
  /** More than one alert has an id that begins so. */
  | 'ALERT_AMBIGUOUS'
  /** There is no decision of this id. */
  | 'DECISION_NOT_FOUND'
  /** A kept row of features cannot be read. */
  | 'ROW_DAMAGED'
  /** A line is no label. */
  | 'LABEL_LINE_INVALID'

export class FeedbackError extends NetminderError<FeedbackErrorCode> {}
