/** Leaving a network: what libp2p remembers of those who are in no other network of this node goes with it. */
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../base/index.ts'
import { protocolId } from '../wire/index.ts'
import type { Host } from './host/host.ts'
import { findPeerOfAuthor } from './host/identity.ts'
import type { JoinedNetwork } from './joined-network.ts'
import type { AuthorStore } from './ports.ts'

const LOOK_MS = 20
const LOOKS_MAX = 50

export interface DepartingPorts {
  readonly host: Host
  readonly authors: Pick<AuthorStore, 'list'>
}

/** Everybody who was met in the network, or only heard of; to be asked before its authors are forgotten. */
export async function findPeersToForget(
  leaving: JoinedNetwork,
  staying: readonly JoinedNetwork[],
  ports: DepartingPorts
): Promise<readonly PeerId[]> {
  const known = await peersOf(leaving, ports)
  for (const other of staying) {
    for (const name of (await peersOf(other, ports)).keys()) known.delete(name)
  }
  known.delete(ports.host.peerId.toString())
  return [...known.values()]
}

async function peersOf(
  { network, peers }: JoinedNetwork,
  { host, authors }: DepartingPorts
): Promise<Map<string, PeerId>> {
  const known = new Map(peers)
  for (const { key } of authors.list(network.id)) {
    const peer = findPeerOfAuthor(key)
    if (peer !== undefined) known.set(peer.toString(), peer)
  }
  const speaks = protocolId(network.id, 'sync')
  for (const { id, protocols } of await host.node.peerStore.all()) {
    if (protocols.includes(speaks)) known.set(id.toString(), id)
  }
  return known
}

export async function forgetPeers(
  peers: readonly PeerId[],
  { host, clock }: { readonly host: Host; readonly clock: Clock }
): Promise<void> {
  await Promise.all(peers.map((peer) => host.node.hangUp(peer)))
  const names = new Set(peers.map(String))
  // libp2p asks for what it knows of a peer while it tells gossipsub that he is gone.
  for (let i = 0; i < LOOKS_MAX; i++) {
    if (!host.gossip.getPeers().some((peer) => names.has(peer.toString()))) break
    await clock.sleep(LOOK_MS)
  }
  for (const peer of peers) await host.node.peerStore.delete(peer)
}
