/** Reads what is kept: an event that an earlier version took may be one that this version would refuse. */
import { DecodeError, decodeEvent, type SignedNetworkEvent } from '../wire/index.ts'

export function decodeKept(envelope: Uint8Array): SignedNetworkEvent | undefined {
  try {
    return decodeEvent(envelope)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}
