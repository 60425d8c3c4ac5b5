import { NetminderError } from '../base/index.ts'

/** `DETECTION_STATE_INVALID`: a snapshot of another version, or none at all. */
export type DetectionErrorCode = 'DETECTION_STATE_INVALID'

export class DetectionError extends NetminderError<DetectionErrorCode> {}
