/** Finds other nodes of a network and dials them: by the invitation's addresses, by what authors say of themselves, by the DHT. */
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type Clock, integerBelow, LruMap, type Random, shuffled } from '../base/index.ts'
import { decodeEvent, type SignedNetworkEvent } from '../wire/index.ts'
import { MESH_PARAMS } from './host/gossip-params.ts'
import { findMultiaddr, type Host } from './host/host.ts'
import { findPeerOfAuthor } from './host/identity.ts'
import type { EventStore, JoinedNetwork as JoinedRecord } from './ports.ts'

/** Of gossipsub's D. */
const PEERS_WANTED = MESH_PARAMS.D
/** The first failed dials are repeated soon, later ones every minute or so. */
const SEEK_FIRST_MS = 500
const SEEK_LAST_MS = 60_000
const SEEK_ALONE_MS = 5_000
/** A mesh forms within a few heartbeats; whoever is refused by full ones needs other peers, not more patience. */
const SEEK_THIN_MS = 10_000
const THIN_AFTER_MS = 4_000
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
/** Of the addresses that are said of one peer: both families, a name, and as many again. */
const DIALED_MAX = 6
/** Whoever could not be reached is not knocked at again before this, then twice this, and so on; but by a node that is alone. */
const PAUSE_FIRST_MS = 60_000
const PAUSE_LAST_MS = 15 * 60_000
const PAUSES_MAX = 4_096
const ANNOUNCES_PAGE = 1_000
const ANNOUNCE_PAGES_MAX = 10
const LOOKUP_MS = 10_000

export interface SeekerPorts {
  readonly clock: Clock
  readonly random: Random
  readonly host: Pick<Host, 'peerId' | 'node' | 'dial' | 'isBanned' | 'mayDial'>
  readonly events: Pick<EventStore, 'live'>
  /** Connected now, by their ids. */
  readonly peers: ReadonlyMap<string, PeerId>
  /** Peers that warnings are exchanged with at once. */
  readonly meshSize: () => number
  /** Undefined: not started yet. */
  findDht(): KadDHT | undefined
}

export class PeerSeeker {
  readonly #network: Uint8Array
  #addresses: readonly string[]
  readonly #ports: SeekerPorts
  readonly #lost = new LruMap<string, { readonly peer: PeerId; readonly atMs: number }>(LOST_MAX)

  readonly #pauses = new LruMap<string, { readonly untilMs: number; readonly pauseMs: number }>(
    PAUSES_MAX
  )

  constructor({ id, bootstrap }: JoinedRecord, ports: SeekerPorts) {
    this.#network = id
    this.#addresses = bootstrap
    this.#ports = ports
  }

  /** Dials until there are enough, again whenever there are too few; with jitter, so that nodes that start together do not collide. */
  async seek(signal: AbortSignal): Promise<void> {
    const { clock, random, peers } = this.#ports
    let waitMs = SEEK_FIRST_MS
    while (!signal.aborted) {
      const before = peers.size
      const isThin = waitMs >= THIN_AFTER_MS && this.#isThin()
      const wanted = isThin ? Math.min(before + MORE_PEERS, PEERS_ENOUGH) : PEERS_WANTED
      if (before < wanted) await this.#dialUpTo(wanted, signal)
      const isAlone = peers.size === 0
      waitMs = isAlone && before > 0 ? SEEK_FIRST_MS : Math.min(SEEK_LAST_MS, waitMs * 2)
      const limitMs = isAlone ? SEEK_ALONE_MS : isThin ? SEEK_THIN_MS : SEEK_LAST_MS
      await clock.sleep(Math.min(waitMs, limitMs) * (0.5 + random.next()), signal)
    }
  }

  /** Peers are there, and their own meshes are full. */
  #isThin(): boolean {
    const mesh = this.#ports.meshSize()
    return mesh < MESH_PARAMS.Dlo && mesh < this.#ports.peers.size
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

  /** From now on begins at these addresses, and tries each of them at once, however many are connected. */
  async seekAt(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    this.#addresses = addresses
    const targets = this.#bootstrap().map((address) => [address])
    await this.#dialAll(targets, Number.POSITIVE_INFINITY, signal)
  }

  /** Others than those that are connected, however many these are. */
  async dialMore(signal: AbortSignal): Promise<void> {
    await this.#dialUpTo(this.#ports.peers.size + MORE_PEERS, signal)
  }

  async #dialUpTo(wanted: number, signal: AbortSignal): Promise<void> {
    const named = this.#bootstrap().map((address) => [address])
    // Not in the order of arrival: everybody would dial those who came first, until they take in nobody any more.
    const announced = shuffled(await this.#announced(), this.#ports.random)
    await this.#dialAll([...named, ...announced], wanted, signal)
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
        const peer = nameOf(target)
        await host.dial(target, signal).then(
          () => this.#pauses.delete(peer),
          () => this.#pause(peer)
        )
      }
    }
    await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dialNext))
  }

  #pause(peer: string): void {
    const known = this.#pauses.get(peer)
    const pauseMs = Math.min(
      PAUSE_LAST_MS,
      known === undefined ? PAUSE_FIRST_MS : known.pauseMs * 2
    )
    this.#pauses.set(peer, { untilMs: this.#ports.clock.monotonicMs() + pauseMs, pauseMs })
  }

  #isPaused(peer: PeerId): boolean {
    const untilMs = this.#pauses.get(peer.toString())?.untilMs ?? 0
    return this.#ports.peers.size > 0 && this.#ports.clock.monotonicMs() < untilMs
  }

  #isWanted(peer: PeerId): boolean {
    const { host, peers } = this.#ports
    const name = peer.toString()
    return !peers.has(name) && !peer.equals(host.peerId) && !host.isBanned(name)
  }

  #bootstrap(): readonly Multiaddr[] {
    const { host, peers } = this.#ports
    return this.#addresses.flatMap((text) => {
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
      const named = body.addresses.flatMap((bytes) => findMultiaddr(bytes) ?? [])
      const multiaddrs = named.filter((address) => host.mayDial(address)).slice(0, DIALED_MAX)
      if (!this.#isWanted(peer) || multiaddrs.length === 0 || this.#isPaused(peer)) continue
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
        ...{ network: this.#network, kind: 'node-announce', nowMs, afterNumber },
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
          if (!this.#isWanted(id) || left.has(id.toString()) || this.#isPaused(id)) continue
          const dialable = multiaddrs.filter((address) => host.mayDial(address))
          found.set(id.toString(), withPeer(id, dialable))
        }
      }
    } catch {
      // What was found until then is good.
    }
    return [...found.values()].filter((addresses) => addresses.length > 0)
  }
}

function isPeerId(target: PeerId | readonly Multiaddr[]): target is PeerId {
  return !Array.isArray(target)
}

function nameOf(target: PeerId | readonly Multiaddr[]): string {
  if (isPeerId(target)) return target.toString()
  const text = String(target[0])
  return /\/p2p\/([^/]+)$/.exec(text)?.[1] ?? text
}

/** Whoever answers chooses the addresses; who does not prove to be this peer there is hung up on. */
function withPeer(peer: PeerId, addresses: readonly Multiaddr[]): Multiaddr[] {
  const end = `/p2p/${peer.toString()}`
  return addresses
    .slice(0, DIALED_MAX)
    .map((address) => (String(address).endsWith(end) ? address : address.encapsulate(end)))
}
