/** From what the network says to the shapes of the contract. Pure. */
import type { z } from 'zod'
import { displayPrefix, findPrefix } from '../base/index.ts'
import { CATEGORIES, type Category } from '../detection/index.ts'
import type {
  Heard,
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

function wireNetworkState(state: NetworkState): Wire<'networkState'> {
  const { lastSync } = state
  return {
    ...wireNetwork(state),
    mesh: { ...state.mesh },
    mesh_wanted: { ...state.meshWanted },
    authors: state.authors,
    is_admitted: state.isAdmitted,
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

export function wireNetworkStatus(status: NetworkStatus): Wire<'networkStatus'> {
  return {
    is_running: status.isRunning,
    peer_id: status.peerId,
    author: status.author,
    addresses: [...status.addresses],
    connected_peers: status.connectedPeers,
    networks: status.networks.map(wireNetworkState),
    queues: { ...status.queues },
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

/** An accepted alert as an event of `/api/events`; undefined for events of other kinds. */
export function wireAlertEvent(
  event: SignedNetworkEvent,
  via: ReceivedAlert['via'],
  heard: Heard
): WireEvent | undefined {
  if (event.body.kind !== 'alert') return undefined
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const alert: Wire<'networkAlert'> = {
    id: hex(event.id),
    network: hex(event.network),
    author: hex(event.author),
    author_name: heard.authorName ?? null,
    is_own: via === 'own',
    at: wireTime(event.tsMs),
    until: wireTime(event.expMs),
    received_at: wireTime(heard.receivedAtMs),
    via,
    ...wireAlertBody(event.body)
  }
  return { event: via === 'own' ? 'alert.sent' : 'alert.received', data: { alert } }
}

export function wireThreat(threat: Threat): Wire<'threat'> {
  return {
    prefix: shownPrefix(threat.prefix),
    accusers: [...threat.accusers],
    defenders: [...threat.defenders],
    categories: threat.categories.flatMap((number) => categoryOf(number) ?? []),
    severity: SEVERITIES[threat.severityMax] ?? 'none',
    first_at: wireTime(threat.firstMs),
    last_at: wireTime(threat.lastMs),
    until: wireTime(threat.endsAtMs),
    own_verdict: threat.ownVerdict ?? null
  }
}
