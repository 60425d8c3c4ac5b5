/**
 * Every limit and every score of gossipsub, with its reason (design defense.md e.2). The network is small and quiet: silence is
 * no fault, so mesh deliveries (P3) are not scored; what no honest node forwards (P4) is, by topic.
 */
import type {
  PeerScoreParams,
  PeerScoreThresholds,
  TopicScoreParams
} from '@libp2p/gossipsub/score'
import type { AddressText } from '../../base/index.ts'
import type { Topic } from '../../wire/index.ts'
import type { AddressRanges } from './address-ranges.ts'

const SECOND_MS = 1_000
const HOUR_S = 3_600
const DECAY_INTERVAL_MS = SECOND_MS
const DECAY_TO_ZERO = 0.01

/** The factor by which a counter goes down each interval, so that it is nothing after so many seconds. */
function decayOver(seconds: number): number {
  return DECAY_TO_ZERO ** (1 / ((seconds * SECOND_MS) / DECAY_INTERVAL_MS))
}

export const MESH_PARAMS = {
  /** Peers to which everything is forwarded. Three hops reach 8^3 nodes. */
  D: 8,
  /** Fewer: take in more at the next heartbeat. */
  Dlo: 6,
  /** More: let go. Half more than D, so that joining nodes do not make meshes flap. */
  Dhi: 12,
  /** Kept by score when letting go: the rest is chance, against a peer that has bought itself a score. */
  Dscore: 4,
  /** Of a mesh, dialed by this node: an attacker who dials in cannot fill it. */
  Dout: 3,
  /** Peers outside of the mesh that hear of ids: a message passes a mesh of nodes that forward nothing. */
  Dlazy: 12,
  heartbeatInterval: SECOND_MS,
  /** Heartbeats for which a message is kept for those who ask, and told of (as Lotus). */
  mcacheLength: 10,
  mcacheGossip: 3,
  /** Own messages go to every peer at once: a mesh of silent nodes cannot hold a warning back. */
  floodPublish: true,
  /** One encoding for all of them. */
  batchPublish: true,
  /** Smaller messages cost less than the note that they need not be sent. */
  idontwantMinDataSize: 512,
  /** Copies come within seconds; a replay after ten minutes is older than the live window. */
  seenTTL: 600 * SECOND_MS,
  /** Nothing is forwarded before it is kept. */
  asyncValidation: true,
  /** Peer exchange would let strangers choose whom this node dials. */
  doPX: false,
  /** An event is kept also if nobody listens; it goes out by reconciliation. */
  allowPublishToZeroTopicPeers: true,
  ignoreDuplicatePublishError: true,
  emitSelf: false,
  /** Floodsub has neither mesh nor score. */
  fallbackToFloodsub: false
} as const

/** What one peer may send before it is read. The largest event is 64 KiB; the rest is room for topic and framing. */
export const RPC_DATA_BYTES_MAX = 72 * 1_024
/** Four topics for each of 15 networks, at about a KiB each of book-keeping: gossipsub's own default is a MiB. */
export const TOPIC_BYTES_PER_PEER_MAX = 16 * 1_024 * 4

/** gossipsub's own bound is none (GHSA-4f8r-922h-2vgv). */
export const RPC_LIMITS = {
  maxSubscriptions: 64,
  maxMessages: 64,
  maxIhaveMessageIDs: 64,
  maxIwantMessageIDs: 64,
  maxIdontwantMessageIDs: 64,
  maxControlMessages: 128,
  maxPeerInfos: 8
} as const

export const SCORE_THRESHOLDS: PeerScoreThresholds = {
  /** One invalid alert: no more talk of ids with this peer. */
  gossipThreshold: -50,
  /** Two: own messages do not go to it. */
  publishThreshold: -250,
  /** Three: nothing of it is read. */
  graylistThreshold: -800,
  acceptPXThreshold: 50,
  opportunisticGraftThreshold: 2
}

/** What a topic counts for: an invalid alert costs 100 points, an invalid list 20. */
const TOPIC_WEIGHTS: Readonly<Record<Topic, number>> = {
  alert: 0.5,
  vote: 0.3,
  list: 0.1,
  ctl: 0.1
}

export function topicScoreParams(topic: Topic): TopicScoreParams {
  return {
    topicWeight: TOPIC_WEIGHTS[topic],
    // P1: an hour in the mesh is worth one point: enough to prefer whoever has stayed.
    timeInMeshWeight: 0.00027,
    timeInMeshQuantum: SECOND_MS,
    timeInMeshCap: HOUR_S,
    // P2: first with news, at most 50 of them, forgotten within an hour.
    firstMessageDeliveriesWeight: 1,
    firstMessageDeliveriesDecay: decayOver(HOUR_S),
    firstMessageDeliveriesCap: 50,
    // P3 and P3b off: in a quiet network whoever has nothing to say would be punished for it (as Lotus).
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: decayOver(HOUR_S),
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesWindow: 10,
    meshMessageDeliveriesActivation: HOUR_S * SECOND_MS,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: decayOver(HOUR_S),
    // P4: grows with the square of what was rejected, forgotten within an hour.
    invalidMessageDeliveriesWeight: -200,
    invalidMessageDeliveriesDecay: decayOver(HOUR_S)
  }
}

/** `isRelay`: whether peers are connected through this address, which gossipsub takes for their own. */
export function peerScoreParams(
  local: AddressRanges,
  isRelay: (address: AddressText) => boolean = () => false
): PeerScoreParams {
  return {
    topics: {},
    // Being early in many networks must not pay for being hostile in one.
    topicScoreCap: 100,
    // P5: what a node thinks of the operator; nothing until there is trust.
    appSpecificScore: () => 0,
    appSpecificWeight: 1,
    // P6: more than three peers at one address are one operator, or none. Gossipsub's own weight throws honest nodes behind one NAT
    // out of every mesh for ever, so addresses of this machine and of declared local ranges do not count.
    IPColocationFactorWeight: -50,
    IPColocationFactorThreshold: 3,
    IPColocationFactorWhitelist: local.asSet(isRelay),
    // P7: broken promises and grafts in the back-off; a few come of restarts.
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: decayOver(HOUR_S),
    decayInterval: DECAY_INTERVAL_MS,
    decayToZero: DECAY_TO_ZERO,
    // Whoever was graylisted does not become new by dialing again.
    retainScore: 6 * HOUR_S * SECOND_MS
  }
}
