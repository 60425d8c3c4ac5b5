/** Between gossipsub and the intake: what came is accepted, ignored or rejected there; what this node says waits for listeners. */
import type { TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { type Clock, messageOf } from '../base/index.ts'
import {
  findTopic,
  networkIdText,
  type SignedNetworkEvent,
  TOPICS,
  topicName,
  topicOf
} from '../wire/index.ts'
import type { ClockDoubt } from './clock-doubt.ts'
import type { EventIntake } from './events/event-intake.ts'
import type { Verdict } from './events/verdict.ts'
import { SCORE_THRESHOLDS, topicScoreParams } from './host/gossip-params.ts'
import type { RawMessage } from './host/gossip-router.ts'
import type { Host } from './host/host.ts'
import type { NetworkLog } from './host/log.ts'
import { PeerRates } from './peer-rates.ts'

/** Own events that nobody was there to hear; more than that comes by reconciliation. */
const UNHEARD_MAX = 256

const RESULTS: Readonly<Record<Verdict['verdict'], TopicValidatorResult>> = {
  accept: 'accept' as TopicValidatorResult.Accept,
  ignore: 'ignore' as TopicValidatorResult.Ignore,
  reject: 'reject' as TopicValidatorResult.Reject
}

export interface GossipPorts {
  readonly clock: Clock
  readonly host: Host
  readonly intake: EventIntake
  readonly log: NetworkLog
  readonly doubt: Pick<ClockDoubt, 'isDoubted' | 'noteFuture'>
  /** Whether the key may speak in a network of this node. */
  isAuthor(key: Uint8Array): boolean
  /** An author whom this node does not know is known to the peer that forwarded him. */
  onUnknownAuthor(network: Uint8Array, peer: string): void
}

export class Gossip {
  readonly #ports: GossipPorts
  readonly #rates: PeerRates
  #unheard: SignedNetworkEvent[] = []

  constructor(ports: GossipPorts) {
    this.#ports = ports
    this.#rates = new PeerRates(ports.clock)
  }

  /** Until the host stops. */
  start(): void {
    const { gossip, signal } = this.#ports.host
    const options = { signal }
    const receive = gossip.handleReceivedRpc.bind(gossip)
    gossip.handleReceivedRpc = async (from, rpc) => {
      if (this.#isHeard(from, rpc.messages)) await receive(from, rpc)
    }
    gossip.addEventListener(
      'gossipsub:message',
      ({ detail: { msgId, propagationSource, msg } }) => {
        void this.#take(msg.topic, msg.data, { msgId, peerId: propagationSource })
      },
      options
    )
    gossip.addEventListener('subscription-change', () => this.#flush(), options)
  }

  attach(network: Uint8Array): void {
    const { gossip } = this.#ports.host
    for (const topic of TOPICS) {
      const name = topicName(network, topic)
      gossip.allowedTopics.add(name)
      gossip.opts.scoreParams.topics[name] = topicScoreParams(topic)
      gossip.subscribe(name)
    }
  }

  detach(network: Uint8Array): void {
    const { gossip } = this.#ports.host
    this.#unheard = this.#unheard.filter(
      (event) => networkIdText(event.network) !== networkIdText(network)
    )
    for (const topic of TOPICS) {
      const name = topicName(network, topic)
      gossip.unsubscribe(name)
      gossip.allowedTopics.delete(name)
    }
  }

  /** Of an accepted own event. */
  async publish(event: SignedNetworkEvent): Promise<void> {
    const { gossip } = this.#ports.host
    const name = topicName(event.network, topicOf(event.kind))
    if (gossip.getSubscribers(name).length === 0) {
      this.#unheard = [...this.#unheard, event].slice(-UNHEARD_MAX)
      return
    }
    await gossip.publish(name, event.bytes)
  }

  #flush(): void {
    const waiting = this.#unheard
    this.#unheard = []
    for (const event of waiting) this.publish(event).catch((error) => this.#note(error))
  }

  async #take(
    name: string,
    data: Uint8Array,
    { msgId, peerId }: { readonly msgId: string; readonly peerId: PeerId }
  ): Promise<void> {
    const { host, intake } = this.#ports
    const peer = peerId.toString()
    const found = findTopic(name)
    const verdict: Verdict =
      found === undefined
        ? { verdict: 'ignore', reason: 'NETWORK_NOT_JOINED' }
        : await intake.submit(data, { ...found, via: 'gossip', peer })
    if (host.signal.aborted) return
    const outcome = this.#isOwnFault(verdict, peerId) ? 'ignore' : verdict.verdict
    try {
      host.gossip.reportMessageValidationResult(msgId, peer, RESULTS[outcome])
    } catch (error) {
      this.#note(error)
    }
    if (outcome === 'reject') this.#leaveIfGraylisted(peer)
    if (
      verdict.verdict === 'ignore' &&
      verdict.reason === 'UNKNOWN_AUTHOR' &&
      found !== undefined
    ) {
      this.#ports.onUnknownAuthor(found.network, peer)
    }
  }

  /** What seems to come from the future may come of a clock that is behind: this one. */
  #isOwnFault(verdict: Verdict, peer: PeerId): boolean {
    if (verdict.verdict !== 'reject' || verdict.reason !== 'FROM_THE_FUTURE') return false
    const { doubt, isAuthor } = this.#ports
    if (isAuthor(peer.publicKey?.raw ?? new Uint8Array(0))) doubt.noteFuture(peer.toString())
    return doubt.isDoubted
  }

  /** This node's clock jumped: what it rejected by the wrong time was nobody's fault. @param sinceMs monotonic */
  forgiveRejected(sinceMs: number): void {
    this.#ports.host.forgiveGossip(sinceMs)
    const { peerStats, scoreCache } = this.#ports.host.gossip.score
    for (const { topics } of peerStats.values()) {
      for (const topic of Object.values(topics)) topic.invalidMessageDeliveries = 0
    }
    scoreCache.clear()
  }

  /** Whoever floods is not heard, and not long connected; by whatever keys he comes from one site. */
  #isHeard(from: PeerId, messages: readonly RawMessage[]): boolean {
    const { host } = this.#ports
    const peer = from.toString()
    if (host.isBanned(peer)) return false
    const bytes = messages.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
    const site = host.findSiteOf(from)
    const hearings = (site === undefined ? [peer] : [peer, site]).map((name) =>
      this.#rates.take(name, 1 + messages.length, bytes)
    )
    if (!hearings.includes('flood')) return hearings.every((hearing) => hearing === 'heard')
    host.ban(from, 'flood').catch((error) => this.#note(error))
    return false
  }

  /** Nothing of it would be read any more; to take it off the line would go on costing. */
  #leaveIfGraylisted(peer: string): void {
    const { host } = this.#ports
    if (host.isBanned(peer)) return
    if (host.gossip.getScore(peer) >= SCORE_THRESHOLDS.graylistThreshold) return
    const known = host.connections.find(({ remotePeer }) => remotePeer.toString() === peer)
    if (known !== undefined)
      host.ban(known.remotePeer, 'gossip').catch((error) => this.#note(error))
  }

  #note(error: unknown): void {
    this.#ports.log.debug({ reason: messageOf(error) }, 'gossip failed')
  }
}
