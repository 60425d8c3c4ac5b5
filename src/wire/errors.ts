/** What bytes from outside can be wrong in, and what a node may conclude about the peer that sent them. */
import { type ErrorContext, NetminderError } from '../base/index.ts'

/**
 * `reject`: every honest forwarder must have seen it, so the peer that sent it is at fault. `ignore`: an honest forwarder of
 * another version may have found nothing wrong.
 */
export type DecodeVerdict = 'reject' | 'ignore'

const VERDICTS = {
  /** More bytes than the kind of message may have. */
  TOO_LARGE: 'reject',
  /** Not the protobuf of the message: cut off, a wrong wire type, a length past the end. */
  MALFORMED: 'reject',
  /** More repetitions of a field, or a longer field, than its limit. */
  LIMIT_EXCEEDED: 'reject',
  /** A signed event with anything beside its two fields. */
  ENVELOPE_PADDED: 'reject',
  /** A version of the envelope that is not ours. A new version comes under a new topic. */
  VERSION_UNSUPPORTED: 'reject',
  /** The network id is not 16 bytes long. */
  NETWORK_INVALID: 'reject',
  /** A kind that a later version may know. */
  KIND_UNKNOWN: 'ignore',
  /** Not 32 bytes, y not below the field's prime, or a point of small order. */
  KEY_INVALID: 'reject',
  /** Not 64 bytes, S not below the group's order, or R not canonical or of small order. */
  SIGNATURE_MALFORMED: 'reject',
  /** Zero, or more than a signed 64-bit number holds. */
  SEQUENCE_INVALID: 'reject',
  /** A time that no clock shows, or times in the wrong order. */
  TIME_INVALID: 'reject',
  /** Ends before it begins, or stands longer than its kind may. */
  LIFETIME_INVALID: 'reject',
  /** A number outside its range, or a field that is missing. */
  FIELD_INVALID: 'reject',
  /** Neither an IPv4 nor an IPv6 prefix in its one spelling. */
  INDICATOR_INVALID: 'reject',
  /** A prefix that takes in more than anybody may accuse at once. */
  INDICATOR_TOO_WIDE: 'reject',
  /** Too long, not UTF-8, not in normal form C, or with control characters. */
  TEXT_INVALID: 'reject',
  /** Two events that do not contradict each other. */
  PROOF_INVALID: 'reject',
  /** Bounds of ranges that do not ascend, or a range whose content does not fit its mode. */
  RANGE_INVALID: 'reject'
} as const satisfies Record<string, DecodeVerdict>

export type DecodeErrorCode = keyof typeof VERDICTS
export const DECODE_ERROR_CODES = Object.keys(VERDICTS) as readonly DecodeErrorCode[]

/** Bytes of a peer that are not what they should be. Its message holds numbers and names of fields, never the peer's text. */
export class DecodeError extends NetminderError<DecodeErrorCode> {
  get verdict(): DecodeVerdict {
    return VERDICTS[this.code]
  }
}

/** @throws {DecodeError} of the code, if the condition is false */
export function expectThat(
  condition: boolean,
  code: DecodeErrorCode,
  message: string,
  context: ErrorContext = {}
): asserts condition {
  if (!condition) throw new DecodeError(code, message, { context })
}

export type InvitationErrorCode =
  /** Part of the line is missing or altered. */
  | 'INVITATION_DAMAGED'
  /** Made by a later version of the program. */
  | 'INVITATION_UNSUPPORTED'
  /** Not signed by the founder of the network that it describes. */
  | 'INVITATION_FORGED'
  /** For another network than the one that was asked for. */
  | 'INVITATION_FOREIGN'
  /** Its time is over. */
  | 'INVITATION_EXPIRED'
  /** A letter that lets in another key. */
  | 'ADMISSION_FOREIGN'

/** Why a line of text does not open a network. The message is for the person who pasted it. */
export class InvitationError extends NetminderError<InvitationErrorCode> {}
