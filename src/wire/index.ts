/**
 * Bytes and messages: what nodes send each other, decoded strictly into plain data, and back. Knows no peers, no storage and no
 * clock; checks that an encoding is sound but leaves verification to a port, and what follows from an event to others.
 */
export { sha256 } from './bytes.ts'
export { isWellFormedKey, isWellFormedSignature, signerFromSeed } from './ed25519.ts'
export {
  DECODE_ERROR_CODES,
  DecodeError,
  type DecodeErrorCode,
  type DecodeVerdict,
  InvitationError,
  type InvitationErrorCode
} from './errors.ts'
export * from './event/bodies.ts'
export {
  confidenceOf,
  countBucket,
  findUselessness,
  listDigest,
  proofOfEquivocation
} from './event/content.ts'
export { decodeEvent, eventId, sealEvent } from './event/envelope.ts'
export { compareIndicators, isPublicPrefix } from './event/indicator.ts'
export {
  EVENT_KINDS,
  type EventKind,
  findKind,
  kindNumber,
  TOPICS,
  type Topic,
  topicOf
} from './event/kinds.ts'
export * from './limits.ts'
export {
  findNetworkId,
  findTopic,
  gossipMessageId,
  networkIdText,
  type Protocol,
  protocolId,
  topicName
} from './names.ts'
export {
  ADMISSION_FAULTS,
  type Admission,
  type AdmissionFault,
  admitByFounder,
  admitByInvitation,
  decodeAdmission,
  encodeAdmission,
  type FounderAdmission,
  findAdmissionFault,
  type InvitationAdmission,
  type InvitationGrant
} from './network/admission.ts'
export {
  type AdmissionPolicy,
  decodeNetwork,
  makeNetwork,
  type Network,
  type NetworkFields
} from './network/document.ts'
export {
  checkInvitation,
  decodeInvitation,
  type Invitation,
  type InvitationFields,
  makeInvitation,
  parseInvitation,
  writeInvitation
} from './network/invitation.ts'
export type { Signer, Verify } from './ports.ts'
export { signatureInput } from './signature-input.ts'
export {
  decodeFetchRequest,
  decodeFetchResponse,
  encodeFetchRequest,
  encodeFetchResponse,
  type FetchRequest,
  type FetchResponse
} from './sync/fetch-messages.ts'
export {
  decodeSyncFrame,
  encodeSyncFrame,
  type Refusal,
  type SyncBound,
  type SyncContent,
  type SyncFrame,
  type SyncRange
} from './sync/sync-frame.ts'
