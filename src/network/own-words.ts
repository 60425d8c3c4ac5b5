/** What this node says: sealed under its key and the next of its numbers, or refused before anybody hears it. */
import {
  DecodeError,
  type EventFields,
  type SignedNetworkEvent,
  type Signer,
  sealEvent
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import { chargeOf } from './events/charge.ts'
import { describeQuota } from './events/quota.ts'
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
    throw refusedFor(cause.code, { detail: cause.message, cause })
  }
}

/** Why an own event was not taken; of a quota, how much it is and when there is room. */
export function refusedBy(
  reason: string,
  event: SignedNetworkEvent,
  rooms: Parameters<typeof describeQuota>[1] | undefined
): NetworkError {
  const isQuota = reason === 'QUOTA_EXCEEDED' && rooms !== undefined
  return refusedFor(reason, { detail: isQuota ? describeQuota(chargeOf(event), rooms) : undefined })
}

function refusedFor(
  reason: string,
  { detail, cause }: { readonly detail: string | undefined; readonly cause?: unknown }
): NetworkError {
  const more = detail === undefined ? '' : `: ${detail}`
  const message = `expected an event that others take, got ${reason}${more}`
  return new NetworkError('EVENT_REFUSED', message, { context: { reason }, cause })
}
