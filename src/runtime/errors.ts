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

export class ModelError extends NetminderError<ModelErrorCode> {}
