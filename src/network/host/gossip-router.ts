/** What gossipsub has and its interface leaves out. */
import type { GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import type { PeerId } from '@libp2p/interface'

interface PeerStats {
  readonly connected: boolean
  expire: number
  readonly topics: Readonly<Record<string, { invalidMessageDeliveries: number }>>
}

/** As it came from the line. */
export interface RawMessage {
  readonly data?: Uint8Array
}

/** Its shape is checked at the start. */
export interface GossipRouter extends GossipSub {
  readonly opts: { readonly scoreParams: { readonly topics: Record<string, TopicScoreParams> } }
  readonly allowedTopics: Set<string>
  readonly score: {
    readonly peerStats: ReadonlyMap<string, PeerStats>
    readonly scoreCache: Map<string, unknown>
  }
  getMeshPeers(topic: string): string[]
  getScore(peer: string): number
  /** Called with everything that a peer says, before any of it is looked at. */
  handleReceivedRpc(from: PeerId, rpc: { readonly messages: readonly RawMessage[] }): Promise<void>
  reportMessageValidationResult(id: string, peer: string, result: TopicValidatorResult): void
}
