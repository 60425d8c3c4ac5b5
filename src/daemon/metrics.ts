/** What the guard and the log sources count. */
import type { Clock } from '../base/index.ts'
import { type GuardMetrics, SHARE_REFUSALS, type SharingMetrics } from '../defense/index.ts'
import { CATEGORIES, MODEL_SEATS } from '../detection/index.ts'
import type {
  DenyReason,
  Lane,
  NetworkNodePorts,
  NetworkService,
  NetworkState,
  NetworkStatus,
  VerdictReason
} from '../network/index.ts'
import { FALLBACK_REASONS } from '../runtime/index.ts'
import type { MetricsRegister } from '../telemetry/index.ts'
import { EVENT_KINDS, TOPICS } from '../wire/index.ts'
import { JUDGES } from './live-models.ts'

const TYPES = ['ban', 'throttle', 'watch'] as const
const MODES = ['shadow', 'enforce'] as const
const ENDS = ['expired', 'lifted', 'superseded'] as const
const EVENTS = [
  'request',
  'submission',
  'certificate-served',
  'keyserver-notice',
  'recon',
  'proxy-notice'
] as const
const PROTECTIONS = [
  'allowlist',
  'own-address',
  'gateway',
  'resolver',
  'recon-partner',
  'ssh-peer',
  'monitoring',
  'operator-protected',
  'loopback',
  'private-range',
  'other'
] as const
const CAUSES = [
  'empty',
  'too-long',
  'binary',
  'truncated',
  'unknown-format',
  'bad-time',
  'bad-address',
  'bad-number',
  'bad-wrapper',
  'other'
] as const

export function declareGuardMetrics(register: MetricsRegister): GuardMetrics {
  const decisions = register.counter({
    name: 'netminder_guard_decisions_total',
    help: 'Decisions, by type, category and mode.',
    labels: { type: TYPES, category: CATEGORIES, mode: MODES }
  })
  const ended = register.counter({
    name: 'netminder_guard_ended_decisions_total',
    help: 'Decisions that ended, by the way they ended.',
    labels: { why: ENDS }
  })
  const suppressed = register.counter({
    name: 'netminder_guard_suppressed_verdicts_total',
    help: 'Verdicts that were held back, by what protected the subject.',
    labels: { protection: PROTECTIONS }
  })
  const events = register.counter({
    name: 'netminder_guard_events_total',
    help: 'Events that were judged, by kind.',
    labels: { kind: EVENTS }
  })
  const failures = register.counter({
    name: 'netminder_guard_store_failures_total',
    help: 'Times that decisions could not be stored at once.'
  })
  return {
    decided: (type, category, mode) =>
      decisions.add(1, {
        type: type as (typeof TYPES)[number],
        category: category as (typeof CATEGORIES)[number],
        mode: mode as (typeof MODES)[number]
      }),
    ended: (why) => ended.add(1, { why: why as (typeof ENDS)[number] }),
    suppressed: (kind) => suppressed.add(1, { protection: kind as (typeof PROTECTIONS)[number] }),
    observed: (kind) => events.add(1, { kind: kind as (typeof EVENTS)[number] }),
    storeFailed: () => failures.add(1)
  }
}

export type SourceMetrics = ReturnType<typeof declareSourceMetrics>

export function declareSourceMetrics(register: MetricsRegister) {
  return {
    unparsed: register.counter({
      name: 'netminder_sources_unparsed_lines_total',
      help: 'Log lines that gave no event, by cause.',
      labels: { cause: CAUSES }
    }),
    lines: register.gauge({
      name: 'netminder_sources_read_lines',
      help: 'Log lines read since the start, all sources together.'
    }),
    failing: register.gauge({
      name: 'netminder_sources_failing_sources',
      help: 'Log sources that cannot be read at the moment.'
    })
  }
}

export function declareSharingMetrics(register: MetricsRegister): SharingMetrics {
  const told = register.counter({
    name: 'netminder_sharing_events_total',
    help: 'Events about own decisions that were told to a network, by kind.',
    labels: { kind: ['alert', 'vote', 'retract'] }
  })
  const kept = register.counter({
    name: 'netminder_sharing_kept_decisions_total',
    help: 'Decisions that were told to nobody, by the reason.',
    labels: { why: SHARE_REFUSALS }
  })
  const failures = register.counter({
    name: 'netminder_sharing_failures_total',
    help: 'Events about own decisions that a network refused.'
  })
  const unsaid = register.gauge({
    name: 'netminder_sharing_unsaid_decisions',
    help: 'Own decisions that stand, and that not every network has been told of yet.'
  })
  return {
    shared: (kind) => told.add(1, { kind }),
    kept: (why) => kept.add(1, { why }),
    failed: () => failures.add(1),
    unsaid: (count) => unsaid.set(count)
  }
}

/** What is the sender's fault in its form has a code for each way, and counts as `other` here. */
const REFUSALS = [
  ...['WRONG_NETWORK', 'WRONG_TOPIC', 'FROM_THE_FUTURE', 'SIGNATURE_INVALID'],
  ...['PROOF_SIGNATURE_INVALID', 'TOO_OLD', 'EXPIRED', 'AHEAD_OF_CLOCK', 'DUPLICATE'],
  ...['UNKNOWN_AUTHOR', 'AUTHORS_FULL', 'LISTS_FULL', 'ADMISSION_INVALID'],
  ...['INVITATION_ENDED', 'AUTHOR_REVOKED', 'EQUIVOCATION', 'PROVEN_ALREADY', 'SEQUENCE_SPENT'],
  ...['REVOKE_NOT_ENTITLED', 'NOTHING_PUBLIC', 'QUOTA_EXCEEDED', 'REFUSED_BEFORE'],
  ...['QUEUE_FULL', 'NETWORK_NOT_JOINED', 'STORE_FAILED', 'INTERNAL', 'other']
] as const satisfies readonly (VerdictReason | 'other')[]
const DENIALS = ['prefix', 'rate', 'banned'] as const satisfies readonly DenyReason[]

export function declareNetworkMetrics(register: MetricsRegister) {
  return {
    refused: register.counter({
      name: 'netminder_network_refused_events_total',
      help: 'Events of others that were not taken, by the reason, and whether it cost the peer that sent it (reject) or not (ignore).',
      labels: { verdict: ['ignore', 'reject'], reason: REFUSALS }
    }),
    denied: register.counter({
      name: 'netminder_network_denied_connections_total',
      help: 'Connections that were not accepted: too many from one neighbourhood, too fast, or of a banned peer.',
      labels: { why: DENIALS }
    }),
    banned: register.counter({
      name: 'netminder_network_banned_peers_total',
      help: 'Times that a peer broke a protocol, and was not spoken to for ten minutes.'
    }),
    ownKeyUses: register.counter({
      name: 'netminder_network_unknown_own_events_total',
      help: "Events under this node's key that it did not make, or does not remember."
    }),
    events: register.counter({
      name: 'netminder_network_accepted_events_total',
      help: 'Events that were accepted, own ones included, by kind and the way they came.',
      labels: { kind: EVENT_KINDS, via: ['gossip', 'sync', 'own'] }
    }),
    peers: register.gauge({
      name: 'netminder_network_connected_peers',
      help: 'Other nodes that are connected.'
    }),
    networks: register.gauge({
      name: 'netminder_network_joined_networks',
      help: 'Networks that the node is in.'
    }),
    alone: register.gauge({
      name: 'netminder_network_alone_networks',
      help: 'Networks of which no other node is connected.'
    }),
    eclipsed: register.gauge({
      name: 'netminder_network_suspected_eclipses',
      help: 'Networks whose peers seem to keep this node apart from the rest.'
    }),
    mesh: register.gauge({
      name: 'netminder_network_mesh_peers',
      help: 'Nodes to which what is said is passed on, by topic; of several networks with others in them the one with the fewest.',
      labels: { topic: TOPICS }
    }),
    authors: register.gauge({
      name: 'netminder_network_known_authors',
      help: 'Who may speak, this node included, all networks together.'
    }),
    live: register.gauge({
      name: 'netminder_network_live_events',
      help: 'Events that are kept and have not ended, by kind.',
      labels: { kind: EVENT_KINDS }
    }),
    queued: register.gauge({
      name: 'netminder_network_queued_events',
      help: 'Events that wait for their signatures to be checked, by lane.',
      labels: { lane: ['alert', 'vote', 'list', 'ctl', 'sync'] }
    }),
    syncAge: register.gauge({
      name: 'netminder_network_last_sync_age_seconds',
      help: 'Time since the last reconciliation with a peer; of several networks the longest; NaN before the first.'
    }),
    clockSkew: register.gauge({
      name: 'netminder_network_clock_skew_seconds',
      help: "How far this node's clock is ahead of those of its peers (median); NaN while nobody tells."
    })
  }
}

type NetworkMetrics = ReturnType<typeof declareNetworkMetrics>

type NetworkCounts = Required<
  Pick<NetworkNodePorts, 'onRefused' | 'onDenied' | 'onBanned' | 'onOwnKeyUsed'>
>

/** What the node reports as it happens. */
export function countNetwork(metrics: NetworkMetrics): NetworkCounts {
  const { refused, denied, banned, ownKeyUses } = metrics
  return {
    onRefused: ({ verdict, reason }) =>
      refused.add(1, { verdict, reason: reason as (typeof REFUSALS)[number] }),
    onDenied: (why) => denied.add(1, { why }),
    onBanned: () => banned.add(1),
    onOwnKeyUsed: () => ownKeyUses.add(1)
  }
}

/** Events as they come, everything else when somebody looks. */
export function measureNetwork(
  network: Pick<NetworkService, 'onEvent' | 'status'>,
  metrics: NetworkMetrics,
  { register, clock }: { readonly register: MetricsRegister; readonly clock: Pick<Clock, 'nowMs'> }
): void {
  network.onEvent(({ kind }, via) => metrics.events.add(1, { kind, via }))
  register.onScrape(() => showStatus(network.status(), metrics, clock.nowMs()))
}

function showStatus(status: NetworkStatus, metrics: NetworkMetrics, nowMs: number): void {
  const { networks, queues, clockSkewMs } = status
  const sumOf = (count: (network: NetworkState) => number) =>
    networks.reduce((sum, network) => sum + count(network), 0)
  metrics.peers.set(status.connectedPeers)
  metrics.networks.set(networks.length)
  metrics.alone.set(sumOf(({ isAlone }) => (isAlone ? 1 : 0)))
  metrics.eclipsed.set(sumOf(({ isEclipseSuspected }) => (isEclipseSuspected ? 1 : 0)))
  metrics.authors.set(sumOf(({ authors }) => authors))
  for (const topic of TOPICS) {
    // Where nobody is there is no mesh to wait for; such networks are counted by themselves.
    const sizes = networks.flatMap(({ isAlone, mesh }) => (isAlone ? [] : [mesh[topic]]))
    metrics.mesh.set(sizes.length === 0 ? 0 : Math.min(...sizes), { topic })
  }
  for (const kind of EVENT_KINDS) {
    metrics.live.set(
      sumOf(({ liveEvents }) => liveEvents[kind]),
      { kind }
    )
  }
  for (const [lane, length] of Object.entries(queues) as [Lane, number][]) {
    metrics.queued.set(length, { lane })
  }
  const ages = networks.flatMap(({ lastSync }) => (lastSync ? [nowMs - lastSync.atMs] : []))
  metrics.syncAge.set(ages.length === 0 ? Number.NaN : Math.max(0, ...ages) / 1_000)
  metrics.clockSkew.set(clockSkewMs === undefined ? Number.NaN : clockSkewMs / 1_000)
}

export function declareModelMetrics(register: MetricsRegister) {
  return {
    rows: register.counter({
      name: 'netminder_models_scored_rows_total',
      help: 'Rows that models scored.'
    }),
    fallbacks: register.counter({
      name: 'netminder_models_fallback_rows_total',
      help: 'Rows that the rules answered because no model could, by reason.',
      labels: { reason: FALLBACK_REASONS }
    }),
    waiting: register.gauge({
      name: 'netminder_models_waiting_rows',
      help: 'Rows that wait to be scored.'
    }),
    judgements: register.counter({
      name: 'netminder_models_judgements_total',
      help: 'Times that models were asked about a source of the traffic, by whose word counted; rules: no model could say anything.',
      labels: { by: JUDGES }
    }),
    failures: register.counter({
      name: 'netminder_models_failed_judgements_total',
      help: 'Times that a model failed on the traffic, by its seat.',
      labels: { seat: MODEL_SEATS }
    })
  }
}
