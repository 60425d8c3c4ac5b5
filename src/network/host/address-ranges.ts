/** Addresses that share a machine or a site on purpose: what counts peers by address leaves them alone. */
import {
  type AddressText,
  findAddress,
  findPrefix,
  getPrefix,
  type Prefix,
  type PrefixText,
  prefixContains
} from '../../base/index.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(getPrefix)
/** A subscriber's network as providers hand it out. */
const COUNTED_LENGTH = { ipv4: 24, ipv6: 48 } as const

export class AddressRanges {
  readonly #ranges: readonly Prefix[]

  constructor(declared: readonly Prefix[]) {
    this.#ranges = [...LOOPBACK, ...declared]
  }

  includes(address: AddressText): boolean {
    const prefix = findPrefix(address)
    return prefix !== undefined && this.#ranges.some((range) => prefixContains(range, prefix))
  }

  /** Gossipsub asks a set of addresses; ranges answer for it, and whoever knows of others. */
  asSet(isExempt: (address: AddressText) => boolean = () => false): Set<string> {
    const includes = (address: string) => this.includes(address) || isExempt(address)
    class RangeSet extends Set<string> {
      override has(address: string): boolean {
        return includes(address)
      }
    }
    return new RangeSet()
  }
}

/** The address in the text of a multiaddr. Undefined: a name, or a relay's. */
export function findAddressOf(multiaddr: string): AddressText | undefined {
  const [, family, host] = multiaddr.split('/')
  if (multiaddr.includes('/p2p-circuit')) return undefined
  return (family === 'ip4' || family === 'ip6') && host !== undefined
    ? findAddress(host)
    : undefined
}

/** The address of the relay in the text of a multiaddr. Undefined: nobody relays. */
export function findRelayAddressOf(multiaddr: string): AddressText | undefined {
  const [direct = '', ...relayed] = multiaddr.split('/p2p-circuit')
  return relayed.length === 0 ? undefined : findAddressOf(direct)
}

export function countedPrefixOf(address: AddressText): PrefixText {
  const length = address.includes(':') ? COUNTED_LENGTH.ipv6 : COUNTED_LENGTH.ipv4
  return getPrefix(`${address}/${length}`).text
}
