import { NetminderError } from '../base/index.ts'

export type ModelErrorCode =
  /** The bytes are no forest, or one whose parts contradict each other. */
  | 'FOREST_INVALID'
  /** The form asked for cannot hold this model. */
  | 'EXPORT_UNSUPPORTED'

export class ModelError extends NetminderError<ModelErrorCode> {}
