import { NetminderError } from '../base/index.ts'

export type ModelErrorCode =
  /** The bytes are no forest, or one whose parts contradict each other. */
  | 'FOREST_INVALID'
  /** The form asked for cannot hold this model. */
  | 'EXPORT_UNSUPPORTED'
  /** The bytes are no ONNX model, or none that holds what is expected here. */
  | 'ONNX_INVALID'
  /** An ONNX model asks for an operator that is not run here. */
  | 'OPERATOR_UNKNOWN'
  /** An ONNX model asks for operators of somebody else. */
  | 'DOMAIN_FOREIGN'
  /** An ONNX model keeps part of itself in other files. */
  | 'EXTERNAL_DATA'
  /** An ONNX model holds a tensor beyond all measure. */
  | 'TENSOR_TOO_LARGE'
  /** A thread that scores rows ended before its work was done. */
  | 'SCORING_FAILED'
  /** As much waits to be scored as may. */
  | 'QUEUE_FULL'
  /** There is no package where one should be. */
  | 'PACKAGE_MISSING'
  /** A package whose manifest or parts are not what they should be. */
  | 'PACKAGE_INVALID'
  /** A package cannot be written where it should be. */
  | 'PACKAGE_UNWRITABLE'
  /** A package with more bytes or files than are taken. */
  | 'PACKAGE_TOO_LARGE'
  /** A file of a package is not the one that its manifest names. */
  | 'HASH_MISMATCH'
  /** A package whose model does not say what its golden predictions say. */
  | 'GOLDEN_MISMATCH'
  /** The signature of a package does not hold. */
  | 'SIGNATURE_INVALID'
  /** A package is signed by somebody who is not trusted here. */
  | 'SIGNATURE_FOREIGN'

export class ModelError extends NetminderError<ModelErrorCode> {}
