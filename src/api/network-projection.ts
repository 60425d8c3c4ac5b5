/** From what the network says to the shapes of the contract. Pure. */
import type { z } from 'zod'
import { displayPrefix, findPrefix } from '../base/index.ts'
import type { SharingStatus } from '../defense/index.ts'
import { CATEGORIES, type Category } from '../detection/index.ts'
import type {
  Heard,
  InvitationFacts,
  JoinedSummary,
  ListedPrefix,
  NetworkAuthor,
  NetworkPeer,
  NetworkState,
  NetworkStatus,
  NetworkSummary,
  ReceivedAlert,
  Threat
} from '../network/index.ts'
import type { AlertBody, SignedNetworkEvent } from '../wire/index.ts'
import type * as schemas from './contract/network-schemas.ts'
import { type WireEvent, wireTime } from './projection.ts'

type Wire<Key extends keyof typeof schemas> = (typeof schemas)[Key] extends z.ZodType
  ? z.output<(typeof schemas)[Key]>
  : never

export const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const

export function wireNetwork(summary: NetworkSummary): Wire<'networkSummary'> {
  return {
    id: summary.id,
    name: summary.name,
    policy: summary.policy,
    is_founder: summary.isFounder,
    joined_at: wireTime(summary.joinedAtMs),
    peers: summary.peers,
    is_alone: summary.isAlone
  }
}

export function wireJoined(joined: JoinedSummary): Wire<'joinedNetwork'> {
  const { wasMember, newAddresses } = joined
  return { ...wireNetwork(joined), was_member: wasMember, new_addresses: newAddresses }
}

function wireNetworkState(state: NetworkState): Wire<'networkState'> {
  const { lastSync } = state
  return {
    ...wireNetwork(state),
    mesh: { ...state.mesh },
    mesh_wanted: { ...state.meshWanted },
    authors: state.authors,
    is_admitted: state.isAdmitted,
    announce_problem: state.announceProblem ?? null,
    live_events: { ...state.liveEvents },
    digest: state.digest,
    bootstrap: [...state.bootstrap],
    is_eclipse_suspected: state.isEclipseSuspected,
    last_sync:
      lastSync === undefined
        ? null
        : {
            at: wireTime(lastSync.atMs),
            outcome: lastSync.outcome,
            fetched: lastSync.fetched,
            duration_ms: lastSync.durationMs
          }
  }
}

export function wireNetworkStatus(
  status: NetworkStatus,
  sharing: SharingStatus
): Wire<'networkStatus'> {
  return {
    is_running: status.isRunning,
    problem: status.problem ?? null,
    peer_id: status.peerId,
    author: status.author,
    addresses: [...status.addresses],
    connected_peers: status.connectedPeers,
    networks: status.networks.map(wireNetworkState),
    sharing: {
      unsaid_decisions: sharing.unsaid,
      waits_because: sharing.why ?? null,
      is_taking_back: sharing.isTakingBack,
      taken_back_within_ms: sharing.takenBackWithinMs
    },
    queues: { ...status.queues },
    banned_peers: { ...status.bannedPeers },
    clock_skew_ms: status.clockSkewMs ?? null,
    clock_peers: status.clockPeers,
    key_used_elsewhere_at:
      status.keyUsedElsewhereAtMs === undefined ? null : wireTime(status.keyUsedElsewhereAtMs)
  }
}

export function wirePeer(peer: NetworkPeer): Wire<'networkPeer'> {
  return {
    peer_id: peer.peerId,
    networks: [...peer.networks],
    addresses: [...peer.addresses],
    direction: peer.direction,
    connected_since: wireTime(peer.connectedSinceMs),
    score: peer.score,
    latency_ms: peer.latencyMs ?? null,
    name: peer.name ?? null
  }
}

function categoryOf(number: number): Category | undefined {
  return CATEGORIES[number - 1]
}

function shownPrefix(text: string): string {
  const prefix = findPrefix(text)
  return prefix === undefined ? text : displayPrefix(prefix)
}

function wireAlertBody(body: AlertBody) {
  return {
    category: categoryOf(body.category) ?? null,
    severity: SEVERITIES[body.severity] ?? 'none',
    confidence: body.confidence / 100,
    prefixes: body.indicators.map(({ prefix }) => shownPrefix(prefix)),
    requests_bucket: body.evidence.requests
  }
}

export function wireAlert(alert: ReceivedAlert): Wire<'networkAlert'> {
  return {
    id: alert.id,
    network: alert.network,
    author: alert.author,
    author_name: alert.authorName ?? null,
    is_own: alert.isOwn,
    at: wireTime(alert.atMs),
    until: wireTime(alert.endsAtMs),
    received_at: wireTime(alert.receivedAtMs),
    via: alert.via,
    ...wireAlertBody(alert.body)
  }
}

/** An accepted alert, or that one was taken back, as an event of `/api/events`; undefined for events of other kinds. */
export function wireAlertEvent(
  event: SignedNetworkEvent,
  via: ReceivedAlert['via'],
  heard: Heard
): WireEvent | undefined {
  const { retracted } = heard
  if (retracted !== undefined) {
    const alert = wireAlert({ ...retracted, authorName: retracted.authorName ?? heard.authorName })
    return { event: 'alert.retracted', data: { alert, at: wireTime(event.tsMs) } }
  }
  if (event.body.kind !== 'alert' || heard.isTakenBack === true) return undefined
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const alert = wireAlert({
    ...{ id: hex(event.id), network: hex(event.network), author: hex(event.author) },
    ...{ authorName: heard.authorName, isOwn: via === 'own', via, body: event.body },
    ...{ atMs: event.tsMs, endsAtMs: event.expMs, receivedAtMs: heard.receivedAtMs }
  })
  return { event: via === 'own' ? 'alert.sent' : 'alert.received', data: { alert } }
}

/**
 * An accepted list as an event of `/api/events`; undefined for events of other kinds. Not its entries, which may be thousands:
 * these are asked for.
 */
export function wireListEvent(
  event: SignedNetworkEvent,
  via: ReceivedAlert['via'],
  heard: Heard
): WireEvent | undefined {
  const { body } = event
  if (body.kind !== 'list-delta') return undefined
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const list = {
    network: hex(event.network),
    author: hex(event.author),
    author_name: heard.authorName ?? null,
    list: body.list,
    version: body.version,
    entries: body.count,
    added: body.adds.length,
    removed: body.removes.length,
    at: wireTime(event.tsMs),
    until: wireTime(event.expMs),
    received_at: wireTime(heard.receivedAtMs)
  }
  return { event: via === 'own' ? 'list.sent' : 'list.received', data: { list } }
}

export function wireListed(entry: ListedPrefix): Wire<'listedPrefix'> {
  return {
    network: entry.network,
    author: entry.author,
    author_name: entry.authorName ?? null,
    is_own: entry.isOwn,
    list: entry.list,
    version: entry.version,
    prefix: shownPrefix(entry.prefix),
    since: wireTime(entry.sinceMs),
    until: wireTime(entry.endsAtMs)
  }
}

export function wireInvitation(invitation: string, facts: InvitationFacts | undefined) {
  const { key = '', addresses = [], hasPublicAddress = false } = facts ?? {}
  return { invitation, key, addresses: [...addresses], has_public_address: hasPublicAddress }
}

export function wireAuthor(author: NetworkAuthor): Wire<'networkAuthor'> {
  return {
    key: author.key,
    name: author.name ?? null,
    is_own: author.isOwn,
    is_founder: author.isFounder,
    invitation: author.invitation ?? null,
    admitted_at: wireTime(author.admittedAtMs),
    has_left: author.hasLeft,
    is_revoked: author.isRevoked
  }
}

export function wireThreat(threat: Threat): Wire<'threat'> {
  return {
    prefix: shownPrefix(threat.prefix),
    accusers: [...threat.accusers],
    defenders: [...threat.defenders],
    listed_by: [...threat.listedBy],
    categories: threat.categories.flatMap((number) => categoryOf(number) ?? []),
    severity: SEVERITIES[threat.severityMax] ?? 'none',
    first_at: wireTime(threat.firstMs),
    last_at: wireTime(threat.lastMs),
    until: wireTime(threat.endsAtMs),
    own_verdict: threat.ownVerdict ?? null
  }
}
