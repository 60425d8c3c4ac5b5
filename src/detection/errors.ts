import { NetminderError } from '../base/index.ts'

export type DetectionErrorCode =
  /** A snapshot of another version, or none at all. */
  | 'DETECTION_STATE_INVALID'
  /** A model that was trained on other features than this program has. */
  | 'MODEL_MISMATCH'
  /** A model gave no probability. */
  | 'MODEL_FAILED'

export class DetectionError extends NetminderError<DetectionErrorCode> {}
