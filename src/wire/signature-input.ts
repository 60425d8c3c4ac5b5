/**
 * What a signature is made over: the buffer of libp2p RFC 0002 (domain, payload type and payload, each behind its length), so
 * that a signature given for one purpose is void for every other.
 */
import { varint } from './bytes.ts'

interface Purpose {
  readonly domain: string
  readonly type: string
}

export const PURPOSES = {
  event: { domain: 'netminder-event', type: '/netminder/event/1' },
  network: { domain: 'netminder-network', type: '/netminder/network/1' },
  invitation: { domain: 'netminder-invitation', type: '/netminder/invitation/1' },
  admission: { domain: 'netminder-admission', type: '/netminder/admission/1' },
  'founder-admission': { domain: 'netminder-admission', type: '/netminder/founder-admission/1' }
} as const satisfies Record<string, Purpose>

const HEADS = new Map(
  Object.entries(PURPOSES).map(([name, { domain, type }]) => {
    const parts = [domain, type].map((text) => Buffer.from(text))
    return [name, Buffer.concat(parts.flatMap((part) => [varint(part.length), part]))]
  })
)

export function signatureInput(
  payload: Uint8Array,
  purpose: keyof typeof PURPOSES = 'event'
): Uint8Array {
  return Buffer.concat([HEADS.get(purpose) ?? new Uint8Array(0), varint(payload.length), payload])
}
