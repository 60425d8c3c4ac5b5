import { NetminderError } from '../base/index.ts'

export type GuardErrorCode =
  /** No decision has this id. */
  | 'DECISION_NOT_FOUND'
  /** The decision has ended already. */
  | 'DECISION_NOT_ACTIVE'
  /** The list holds no such prefix. */
  | 'ENTRY_NOT_FOUND'
  /** A list entry or block that is wider than the widest that is ever acted on. */
  | 'PREFIX_TOO_WIDE'
  /** The prefix may never be acted on. */
  | 'PROTECTED'
  /** No change of mode can be undone. */
  | 'NOTHING_TO_UNDO'
  /** The end of an entry lies in the past. */
  | 'END_IN_PAST'
  /** No alert that stands has such an id. */
  | 'ALERT_NOT_FOUND'
  /** More than one alert of this node has an id that begins so. */
  | 'ALERT_AMBIGUOUS'
  /** Another node said it: only its author can take it back. */
  | 'ALERT_NOT_OWN'
  /** A checkpoint of another version. */
  | 'GUARD_STATE_INVALID'

export class GuardError extends NetminderError<GuardErrorCode> {}
