/**
 * Who sent a request. Line B of the stock deployment carries the address that HAProxy itself settled on (slot 2). A line A
 * that stands alone carries only the TCP peer, which is the client unless a proxy stands in front of HAProxy. What a
 * client can write is never believed.
 */
import { type AddressText, findAddress, LruMap } from '../../../base/index.ts'

/** What stands in front of HAProxy: its `HAP_BEHIND_PROXY` and `HAP_BEHIND_CLOUDFLARE`. */
export type BehindProxy = 'none' | 'proxy' | 'cloudflare'

/** HAProxy captures this much of X-Forwarded-For; a longer value has lost its last element, the only trusted one. */
const FORWARDED_FOR_LENGTH = 64
const MAX_PROXIES = 10_000

export class ClientRule {
  readonly #behindProxy: BehindProxy
  /** Peers whose line B named another client: proxies, whatever the configuration says. */
  readonly #proxies = new LruMap<AddressText, true>(MAX_PROXIES)

  constructor(behindProxy: BehindProxy) {
    this.#behindProxy = behindProxy
  }

  /** @param slot address in slot 2 of line B */
  fromBack(peer: AddressText, slot: string | undefined): AddressText | undefined {
    if (slot === undefined || slot === '') return this.fromPeer(peer)
    const client = slot === peer ? peer : findAddress(slot)
    if (client === undefined) return undefined
    if (client !== peer) this.#proxies.set(peer, true)
    return client
  }

  /** For a line without slot 2. Undefined if the client cannot be known. */
  fromFront(peer: AddressText, forwardedFor: string): AddressText | undefined {
    if (this.#behindProxy === 'none') return this.fromPeer(peer)
    if (Buffer.byteLength(forwardedFor) >= FORWARDED_FOR_LENGTH) return undefined
    return findAddress(forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1).trim())
  }

  /** For lines that carry nothing but the peer. */
  fromPeer(peer: AddressText): AddressText | undefined {
    return this.#behindProxy === 'none' && !(this.#proxies.peek(peer) ?? false) ? peer : undefined
  }
}
