/** What can be said of a network and its peers at this moment. */
import type { Connection } from '@libp2p/interface'
import {
  EVENT_KINDS,
  type EventKind,
  type Network,
  networkIdText,
  type Topic,
  topicName
} from '../wire/index.ts'
import type { Announcer } from './announce.ts'
import type { EventView } from './event-view.ts'
import { MESH_PARAMS } from './host/gossip-params.ts'
import type { Host } from './host/host.ts'
import type { Identity } from './host/identity.ts'
import { isFounder } from './invitations.ts'
import type { JoinedNetwork } from './joined-network.ts'
import type { ListView } from './list-view.ts'
import type { NetworkPeer, NetworkState, NetworkSummary } from './network-api.ts'
import type { AuthorStore } from './ports.ts'

export interface Member {
  readonly joined: JoinedNetwork
  readonly view: EventView
  readonly lists: ListView
}

export function summarize(joined: JoinedNetwork, identity: Identity): NetworkSummary {
  const { network, record, peers } = joined
  return {
    id: networkIdText(network.id),
    name: network.name,
    policy: network.policy,
    isFounder: isFounder(network, identity),
    joinedAtMs: record.joinedAtMs,
    peers: peers.size,
    isAlone: peers.size === 0
  }
}

/** Its key was let in, and neither it nor the invitation that let it in was revoked since. */
export function isAdmitted(network: Network, { signer }: Identity, authors: AuthorStore): boolean {
  const own = authors.find(network.id, signer.publicKey)
  if (own === undefined) return false
  const isRevoked = (subject: 'author' | 'invitation', key: Uint8Array) =>
    authors.findRevocation(network.id, subject, key) !== undefined
  if (isRevoked('author', own.key)) return false
  return own.invitation === undefined || !isRevoked('invitation', own.invitation)
}

interface StateParts {
  readonly host: Host
  readonly announcer: Pick<Announcer, 'problemOf'>
  readonly identity: Identity
  readonly authors: AuthorStore
}

export function describeState({ joined, view }: Member, parts: StateParts): NetworkState {
  const { host, identity, authors, announcer } = parts
  const { network, peers, live, lastSync, isEclipseSuspected } = joined
  const name = (topic: Topic) => topicName(network.id, topic)
  const meshOf = (topic: Topic) => host.gossip.getMeshPeers(name(topic)).length
  const wantedOf = (topic: Topic) => {
    if (peers.size === 0) return 0
    const listening = host.gossip
      .getSubscribers(name(topic))
      .filter((peer) => peers.has(peer.toString()))
    // Somebody is connected and nobody listens: that is not enough.
    return Math.max(1, Math.min(MESH_PARAMS.Dlo, listening.length))
  }
  const liveEvents: Record<EventKind, number> = {
    ...{ alert: 0, vote: 0, 'list-delta': 0, retract: 0 },
    ...{ 'node-announce': 0, revoke: 0, 'equivocation-proof': 0 }
  }
  for (const kind of EVENT_KINDS) {
    liveEvents[kind] = Math.max(0, live.treeOf(kind).size - view.countTakenBack(kind))
  }
  return {
    ...summarize(joined, identity),
    authors: authors.count(network.id),
    isAdmitted: isAdmitted(network, identity, authors),
    announceProblem: announcer.problemOf(joined),
    mesh: byTopic(meshOf),
    meshWanted: byTopic(wantedOf),
    liveEvents,
    digest: live.digest(),
    bootstrap: joined.record.bootstrap,
    lastSync,
    isEclipseSuspected
  }
}

function byTopic(count: (topic: Topic) => number): Readonly<Record<Topic, number>> {
  return { alert: count('alert'), vote: count('vote'), list: count('list'), ctl: count('ctl') }
}

/** Two nodes that dial each other at one time have two connections, for a while; the first of them stands for the peer. */
export function onePerPeer(connections: readonly Connection[]): readonly Connection[] {
  const byPeer = new Map<string, Connection>()
  for (const connection of connections) {
    const peer = connection.remotePeer.toString()
    if (!byPeer.has(peer)) byPeer.set(peer, connection)
  }
  return [...byPeer.values()]
}

export function describePeer(
  connection: Connection,
  members: readonly Member[],
  host: Host
): NetworkPeer {
  const { remotePeer, remoteAddr, direction, timeline, rtt } = connection
  const peerId = remotePeer.toString()
  const shared = members.filter(({ joined }) => joined.peers.has(peerId))
  const author = Buffer.from(remotePeer.publicKey?.raw ?? []).toString('hex')
  return {
    peerId,
    networks: shared.map(({ joined }) => networkIdText(joined.network.id)),
    addresses: [remoteAddr.toString()],
    direction,
    connectedSinceMs: timeline.open,
    score: host.gossip.getScore(peerId),
    latencyMs: rtt,
    name: shared.map(({ view }) => view.nameOf(author)).find((name) => name !== undefined)
  }
}
