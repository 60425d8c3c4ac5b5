/**
 * Peers that came and went and are nobody in any network of this node: nothing is remembered of them, or whoever comes under a new
 * key each time would fill the disk. Who speaks in a network is kept, and so is the score of whoever has misbehaved.
 */
import type { PeerId } from '@libp2p/interface'
import { type Clock, LruMap } from '../base/index.ts'
import type { Host } from './host/host.ts'

/** libp2p still asks for what it knows of a peer while it tells everybody that he is gone. */
const SWEEP_MS = 10_000
/** What goes beyond is forgotten by libp2p in thirty days, and by gossipsub in six hours. */
const GONE_MAX = 8_192

export interface StrangersPorts {
  readonly clock: Clock
  readonly host: Host
  /** Whether the key may speak in a network of this node. */
  isAuthor(key: Uint8Array): boolean
}

export class Strangers {
  readonly #ports: StrangersPorts
  readonly #gone = new LruMap<string, PeerId>(GONE_MAX)

  constructor(ports: StrangersPorts) {
    this.#ports = ports
  }

  /** Until the host stops. */
  start(): void {
    const { clock, host } = this.#ports
    const { signal } = host
    host.node.addEventListener(
      'peer:disconnect',
      ({ detail: peer }) => this.#gone.set(peer.toString(), peer),
      { signal }
    )
    clock.every(SWEEP_MS, () => this.#sweep(), signal)
  }

  async #sweep(): Promise<void> {
    const { host, isAuthor } = this.#ports
    const gone = [...this.#gone.entries()]
    for (const [name] of gone) this.#gone.delete(name)
    for (const [name, peer] of gone) {
      if (host.node.getConnections(peer).length > 0) continue
      forgetScore(host, name)
      if (isAuthor(peer.publicKey?.raw ?? new Uint8Array(0))) continue
      await host.node.peerStore.delete(peer).catch(() => undefined)
    }
  }
}

/** Gossipsub keeps what is not above zero for hours, also of peers that have done nothing; it lets go of what has expired. */
function forgetScore({ gossip }: Host, peer: string): void {
  const stats = gossip.score.peerStats.get(peer)
  if (stats !== undefined && !stats.connected && gossip.getScore(peer) >= 0) stats.expire = 0
}
