/** Finds other nodes of a network and dials them: by the invitation's addresses, by what authors say of themselves, by the DHT. */
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type Clock, integerBelow, LruMap, type Random } from '../base/index.ts'
import { ADDRESSES_MAX, decodeEvent, type SignedNetworkEvent } from '../wire/index.ts'
import { findMultiaddr, type Host } from './host/host.ts'
import { findPeerOfAuthor } from './host/identity.ts'
import type { EventStore, JoinedNetwork as JoinedRecord } from './ports.ts'

/** Of gossipsub's D. */
const PEERS_WANTED = 8
/** The first failed dials are repeated soon, later ones every minute or so. */
const SEEK_FIRST_MS = 500
const SEEK_LAST_MS = 60_000
const SEEK_ALONE_MS = 5_000
/** At once: an address that does not answer holds up its own lane for ten seconds, not everybody. */
const DIALS_AT_ONCE = 4
/** Dialed when those that are there are not trusted to show everything. */
const MORE_PEERS = 4
/** A network that fell apart knows nothing of it: each part has peers enough. So those that were lost are dialed again, one by one. */
const RETURN_MS = 15_000
const LOST_MAX = 64
/** Whoever stays away longer comes back by himself, or not at all. */
const LOST_FOR_MS = 24 * 3_600_000
/** Half of what a node holds: beyond it connections are let go on purpose. */
const PEERS_ENOUGH = 64
const ANNOUNCES_PAGE = 1_000
const ANNOUNCE_PAGES_MAX = 10
const LOOKUP_MS = 10_000

export interface SeekerPorts {
  readonly clock: Clock
  readonly random: Random
  readonly host: Pick<Host, 'peerId' | 'node' | 'dial' | 'isBanned'>
  readonly events: Pick<EventStore, 'live'>
  /** Connected now, by their ids. */
  readonly peers: ReadonlyMap<string, PeerId>
  /** Undefined: not started yet. */
  findDht(): KadDHT | undefined
}

export class PeerSeeker {
  readonly #record: JoinedRecord
  readonly #ports: SeekerPorts
  readonly #lost = new LruMap<string, { readonly peer: PeerId; readonly atMs: number }>(LOST_MAX)

  constructor(record: JoinedRecord, ports: SeekerPorts) {
    this.#record = record
    this.#ports = ports
  }

  /** Dials until there are enough, again whenever there are too few; with jitter, so that nodes that start together do not collide. */
  async seek(signal: AbortSignal): Promise<void> {
    const { clock, random, peers } = this.#ports
    let waitMs = SEEK_FIRST_MS
    while (!signal.aborted) {
      const before = peers.size
      if (before < PEERS_WANTED) await this.#dialUpTo(PEERS_WANTED, signal)
      const isAlone = peers.size === 0
      waitMs = isAlone && before > 0 ? SEEK_FIRST_MS : Math.min(SEEK_LAST_MS, waitMs * 2)
      const limitMs = isAlone ? SEEK_ALONE_MS : SEEK_LAST_MS
      await clock.sleep(Math.min(waitMs, limitMs) * (0.5 + random.next()), signal)
    }
  }

  noteLost(peer: PeerId): void {
    this.#lost.set(peer.toString(), { peer, atMs: this.#ports.clock.monotonicMs() })
  }

  /** Dials one of those that were lost, again and again: with him the rest of a network comes back that was cut off. */
  async regain(signal: AbortSignal): Promise<void> {
    const { clock, random, host, peers } = this.#ports
    while (!signal.aborted) {
      await clock.sleep(RETURN_MS * (0.5 + random.next()), signal)
      const lost = this.#stillLost()
      const target = lost[integerBelow(random, lost.length)]
      if (target === undefined || peers.size >= PEERS_ENOUGH) continue
      await host.dial(target, signal).catch(() => undefined)
    }
  }

  #stillLost(): readonly PeerId[] {
    const nowMs = this.#ports.clock.monotonicMs()
    const lost: PeerId[] = []
    const entries = [...this.#lost.entries()]
    const left = entries.length === 0 ? new Set<string>() : this.#left()
    for (const [name, { peer, atMs }] of entries) {
      const isMissed = this.#isWanted(peer) && !left.has(name)
      if (isMissed && nowMs - atMs <= LOST_FOR_MS) lost.push(peer)
      else this.#lost.delete(name)
    }
    return lost
  }

  /** Others than those that are connected, however many these are. */
  async dialMore(signal: AbortSignal): Promise<void> {
    await this.#dialUpTo(this.#ports.peers.size + MORE_PEERS, signal)
  }

  async #dialUpTo(wanted: number, signal: AbortSignal): Promise<void> {
    const named = this.#bootstrap().map((address) => [address])
    const said = [...named, ...(await this.#announced())]
    await this.#dialAll(said, wanted, signal)
    if (this.#ports.peers.size < wanted) {
      await this.#dialAll(await this.#found(signal), wanted, signal)
    }
  }

  async #dialAll(
    targets: readonly (PeerId | Multiaddr[])[],
    wanted: number,
    signal: AbortSignal
  ): Promise<void> {
    const { host, peers } = this.#ports
    const left = [...targets]
    const dialNext = async () => {
      for (let target = left.shift(); target !== undefined; target = left.shift()) {
        if (peers.size >= wanted || signal.aborted) return
        await host.dial(target, signal).catch(() => undefined)
      }
    }
    await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dialNext))
  }

  #isWanted(peer: PeerId): boolean {
    const { host, peers } = this.#ports
    const name = peer.toString()
    return !peers.has(name) && !peer.equals(host.peerId) && !host.isBanned(name)
  }

  #bootstrap(): readonly Multiaddr[] {
    const { host, peers } = this.#ports
    return this.#record.bootstrap.flatMap((text) => {
      const address = findMultiaddr(text)
      const peer = /\/p2p\/([^/]+)$/.exec(text)?.[1]
      const isKnown = peer !== undefined && (peers.has(peer) || peer === host.peerId.toString())
      return address === undefined || isKnown ? [] : [address]
    })
  }

  /** Authors say where they are; libp2p keeps it, and dials by it. */
  async #announced(): Promise<readonly PeerId[]> {
    const { host } = this.#ports
    const found: PeerId[] = []
    for (const { author, body } of this.#announces()) {
      const peer = findPeerOfAuthor(author)
      if (peer === undefined || body.kind !== 'node-announce' || body.isLeaving) continue
      const multiaddrs = body.addresses.flatMap((bytes) => findMultiaddr(bytes) ?? [])
      if (!this.#isWanted(peer) || multiaddrs.length === 0) continue
      await host.node.peerStore.merge(peer, { multiaddrs }).catch(() => undefined)
      found.push(peer)
    }
    return found
  }

  /** Whose last word was that they leave. */
  #left(): ReadonlySet<string> {
    const left = [...this.#announces()].flatMap(({ author, body }) => {
      const isLeaving = body.kind === 'node-announce' && body.isLeaving
      return isLeaving ? (findPeerOfAuthor(author)?.toString() ?? []) : []
    })
    return new Set(left)
  }

  /** The newest word of each author about himself. */
  #announces(): Iterable<SignedNetworkEvent> {
    const { events, clock } = this.#ports
    const nowMs = clock.nowMs()
    const newest = new Map<string, SignedNetworkEvent>()
    let afterNumber = 0
    for (let page = 0; page < ANNOUNCE_PAGES_MAX; page++) {
      const found = events.live({
        ...{ network: this.#record.id, kind: 'node-announce', nowMs, afterNumber },
        limit: ANNOUNCES_PAGE
      })
      for (const { envelope, number } of found) {
        const event = decodeEvent(envelope)
        const author = Buffer.from(event.author).toString('hex')
        if ((newest.get(author)?.seq ?? 0n) <= event.seq) newest.set(author, event)
        afterNumber = number
      }
      if (found.length < ANNOUNCES_PAGE) break
    }
    return newest.values()
  }

  /** By the addresses that come with them: libp2p keeps what the tables of its own making find, not these. */
  async #found(signal: AbortSignal): Promise<readonly Multiaddr[][]> {
    const { host, peers, findDht } = this.#ports
    const dht = findDht()
    const found = new Map<string, Multiaddr[]>()
    if (dht === undefined || peers.size === 0) return []
    const left = this.#left()
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)])
      const key = host.peerId.toMultihash().bytes
      for await (const event of dht.getClosestPeers(key, { signal: deadline })) {
        if (event.name !== 'PEER_RESPONSE') continue
        for (const { id, multiaddrs } of event.closer) {
          const isWanted = this.#isWanted(id) && !left.has(id.toString())
          if (isWanted) found.set(id.toString(), withPeer(id, multiaddrs))
        }
      }
    } catch {
      // What was found until then is good.
    }
    return [...found.values()].filter((addresses) => addresses.length > 0)
  }
}

/** Whoever answers chooses the addresses; who does not prove to be this peer there is hung up on. */
function withPeer(peer: PeerId, addresses: readonly Multiaddr[]): Multiaddr[] {
  const end = `/p2p/${peer.toString()}`
  return addresses
    .slice(0, ADDRESSES_MAX)
    .map((address) => (String(address).endsWith(end) ? address : address.encapsulate(end)))
}
