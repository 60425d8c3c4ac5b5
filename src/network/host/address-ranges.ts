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
import { isPublicPrefix } from '../../wire/index.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(getPrefix)
/** A subscriber's network as providers hand it out. */
const COUNTED_LENGTH = { ipv4: 24, ipv6: 48 } as const

export class AddressRanges {
  readonly #declared: readonly Prefix[]
  readonly #ranges: readonly Prefix[]

  constructor(declared: readonly Prefix[]) {
    this.#declared = declared
    this.#ranges = [...LOOPBACK, ...declared]
  }

  includes(address: AddressText): boolean {
    const prefix = findPrefix(address)
    return prefix !== undefined && this.#ranges.some((range) => prefixContains(range, prefix))
  }

  /**
   * Whether an address that somebody else named may be dialed. What is not public is this site's own business: strangers must not
   * choose which machines and services behind it are knocked at. A site whose nodes have no other addresses has to.
   */
  mayDial(named: string, own: readonly string[]): boolean {
    const address = findAddressOf(named) ?? findRelayAddressOf(named)
    if (address === undefined || isPublicAddress(address)) return true
    const prefix = findPrefix(address)
    if (prefix === undefined) return false
    if (this.#declared.some((range) => prefixContains(range, prefix))) return true
    const around = own.flatMap((text) => findAddressOf(text) ?? [])
    return isLoopback(prefix)
      ? around.every((other) => isLoopback(getPrefix(other)))
      : !around.some(isPublicAddress)
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

function isPublicAddress(address: AddressText): boolean {
  return isPublicPrefix(getPrefix(address).text)
}

function isLoopback(prefix: Prefix): boolean {
  return LOOPBACK.some((range) => prefixContains(range, prefix))
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

/** What one subscriber has for himself: an IPv4 address, or the /64 of one line. */
export function siteOf(address: AddressText): PrefixText {
  return address.includes(':') ? getPrefix(`${address}/64`).text : `${address}/32`
}

export function countedPrefixOf(address: AddressText): PrefixText {
  const length = address.includes(':') ? COUNTED_LENGTH.ipv6 : COUNTED_LENGTH.ipv4
  return getPrefix(`${address}/${length}`).text
}
