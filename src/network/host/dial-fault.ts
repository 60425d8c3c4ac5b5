/** Addresses that are told to others, before they are told: whether anybody can dial them, and from where. */
import { findPrefix, type Prefix } from '../../base/index.ts'
import { isPublicPrefix } from '../../wire/index.ts'
import { findAddressOf, findRelayAddressOf } from './address-ranges.ts'

const WILDCARDS = ['0.0.0.0', '::']

/** Why nobody can dial the text of a multiaddr; undefined if somebody may. */
export function findDialFault(multiaddr: string): string | undefined {
  const [direct = ''] = multiaddr.split('/p2p-circuit')
  const host = findAddressOf(direct)
  if (host !== undefined && WILDCARDS.includes(host)) {
    return 'it stands for every address of this machine, and is none'
  }
  const port =
    /^\/(?:ip4|ip6|ip6zone\/[^/]+\/ip6|dns|dns4|dns6|dnsaddr)\/[^/]+\/tcp\/(\d+)(?=\/|$)/.exec(
      direct
    )?.[1]
  if (port === '0') return 'port 0 is none'
  if (port !== undefined) return undefined
  // The relay may be named by its id alone.
  const isRelayed = multiaddr.includes('/p2p-circuit') && /^\/p2p\/[^/]+$/.test(direct)
  return isRelayed ? undefined : 'nodes speak over TCP alone'
}

/** Names count as public: who resolves them finds out. */
export function isPublicMultiaddr(multiaddr: string, treatAsPublic: readonly Prefix[]): boolean {
  if (/^\/dns/.test(multiaddr)) return true
  const address = findRelayAddressOf(multiaddr) ?? findAddressOf(multiaddr)
  const prefix = address === undefined ? undefined : findPrefix(address)
  return prefix !== undefined && isPublicPrefix(prefix.text, treatAsPublic)
}
