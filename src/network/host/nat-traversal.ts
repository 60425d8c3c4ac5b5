/**
 * For nodes that cannot be dialed: circuit relay, through which others reach them; DCUtR, which makes a direct connection of a
 * relayed one where both routers let it; and AutoNAT, which asks others what they can reach. Whoever turns it on also lends a part
 * of his line to others, so what he lends is bounded.
 */
import { autoNAT } from '@libp2p/autonat'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'

/** Nodes that are reached through this one; libp2p's own default. */
const RESERVATIONS_MAX = 15
/**
 * Of one relayed connection. libp2p's two minutes and 128 KiB would end in the middle of a first reconciliation; a node that stays
 * with its relay is connected anew every hour.
 */
const RELAYED_MS_MAX = 60 * 60_000
const RELAYED_BYTES_MAX = BigInt(16 * 1_024 * 1_024)

export function natTransports() {
  return [circuitRelayTransport()]
}

export function natServices() {
  return {
    relay: circuitRelayServer({
      reservations: {
        maxReservations: RESERVATIONS_MAX,
        defaultDurationLimit: RELAYED_MS_MAX,
        defaultDataLimit: RELAYED_BYTES_MAX
      }
    }),
    dcutr: dcutr(),
    autonat: autoNAT()
  }
}
