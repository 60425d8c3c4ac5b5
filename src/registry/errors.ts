import { NetminderError } from '../base/index.ts'

export type RegistryErrorCode =
  /** There is no model of this name and version. */
  | 'MODEL_NOT_FOUND'
  /** There is a model of this name and version. */
  | 'MODEL_EXISTS'
  /** The champion of a task stays until another takes its place. */
  | 'MODEL_IS_CHAMPION'
  /** What is shipped cannot be deleted; it can be archived. */
  | 'MODEL_IS_SHIPPED'
  /** The model does not read the features that this node computes for its task. */
  | 'MODEL_UNFIT'
  /** As many models are tried in this stage as may be. */
  | 'STAGE_FULL'
  /** The model failed the gate that its training put it through. */
  | 'GATE_FAILED'
  /** Somebody else changed the model meanwhile. */
  | 'REVISION_MISMATCH'
  /** No earlier champion is there to go back to. */
  | 'NO_EARLIER_CHAMPION'
  /** Thresholds that are not ascending. */
  | 'THRESHOLDS_INVALID'
  /** A package without a signature, which the caller did not vouch for. */
  | 'SIGNATURE_MISSING'
  /** Another package is being installed. */
  | 'INSTALL_IN_PROGRESS'
  /** The bytes are no tar of one package. */
  | 'TAR_INVALID'

export class RegistryError extends NetminderError<RegistryErrorCode> {}
