/** What this node says: sealed under its key and the next of its numbers, or refused before anybody hears it. */
import {
  DecodeError,
  type EventFields,
  type SignedNetworkEvent,
  type Signer,
  sealEvent
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import type { SequenceSource } from './ports.ts'

/** @throws {EVENT_REFUSED} */
export function sealOwn(
  fields: Omit<EventFields, 'seq'>,
  sequence: SequenceSource,
  signer: Signer
): SignedNetworkEvent {
  try {
    return sealEvent({ ...fields, seq: sequence.next(fields.network) }, signer)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw refusedFor(cause.code, cause)
  }
}

export function refusedFor(reason: string, cause?: DecodeError): NetworkError {
  const detail = cause === undefined ? '' : `: ${cause.message}`
  const message = `expected an event that others take, got ${reason}${detail}`
  return new NetworkError('EVENT_REFUSED', message, { context: { reason }, cause })
}
