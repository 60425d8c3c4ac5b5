/**
 * Who may connect: not more than a few from one site, and not faster than a node comes back after a restart. libp2p's own rate is
 * counted for loopback as well and lets nobody out, so this one takes its place.
 */
import type { ConnectionGater } from '@libp2p/interface'
import { type Clock, LruMap, type PrefixText } from '../../base/index.ts'
import { type AddressRanges, countedPrefixOf, findAddressOf, siteOf } from './address-ranges.ts'

/** Two operators behind one provider are likely, three are not (design defense.md e.1). */
export const CONNECTIONS_PER_PREFIX_MAX = 2
/** From one address, or the /64 of one line, within a second (design defense.md e.9). */
export const INBOUND_PER_SECOND_MAX = 5
const SECOND_MS = 1_000
/** Addresses whose rate is remembered. */
const RATES_MAX = 4_096

export interface GaterPorts {
  readonly clock: Clock
  readonly local: AddressRanges
  /** Of every open connection, as multiaddrs. */
  remoteAddresses(): Iterable<string>
  isBanned(peerId: string): boolean
  /** It hung up on this node, and is not called again yet. */
  isPaused(peerId: string): boolean
  isBannedSite(site: PrefixText): boolean
  onDenied(reason: DenyReason): void
}

export const DENY_REASONS = ['prefix', 'rate', 'banned'] as const
export type DenyReason = (typeof DENY_REASONS)[number]

export function createConnectionGater(ports: GaterPorts): ConnectionGater {
  const rates = new LruMap<string, { sinceMs: number; count: number }>(RATES_MAX)

  const isTooFast = (address: string): boolean => {
    const nowMs = ports.clock.monotonicMs()
    const line = siteOf(address)
    const rate = rates.get(line)
    if (rate === undefined || nowMs - rate.sinceMs >= SECOND_MS) {
      rates.set(line, { sinceMs: nowMs, count: 1 })
      return false
    }
    rate.count++
    return rate.count > INBOUND_PER_SECOND_MAX
  }

  const isCrowded = (address: string): boolean => {
    const prefix = countedPrefixOf(address)
    let count = 0
    for (const other of ports.remoteAddresses()) {
      const remote = findAddressOf(other)
      if (remote !== undefined && countedPrefixOf(remote) === prefix) count++
    }
    return count >= CONNECTIONS_PER_PREFIX_MAX
  }

  const deny = (reason: DenyReason): true => {
    ports.onDenied(reason)
    return true
  }

  return {
    // libp2p's own gater refuses private addresses in browsers only; an operator's network may well be one.
    denyDialMultiaddr: () => false,
    denyDialPeer: (peer) => ports.isBanned(peer.toString()) || ports.isPaused(peer.toString()),
    denyInboundConnection: (connection) => {
      const address = findAddressOf(connection.remoteAddr.toString())
      if (address === undefined || ports.local.includes(address)) return false
      if (ports.isBannedSite(siteOf(address))) return deny('banned')
      if (isTooFast(address)) return deny('rate')
      return isCrowded(address) ? deny('prefix') : false
    },
    denyInboundEncryptedConnection: (peer) =>
      ports.isBanned(peer.toString()) ? deny('banned') : false
  }
}
