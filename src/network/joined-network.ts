/** One network of this node while it runs: its peers, how others are found, and when this node asks them what it missed. */
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { type Clock, integerBelow, messageOf, type Random, TaskGroup } from '../base/index.ts'
import { decodeEvent, type Network, type SignedNetworkEvent, topicName } from '../wire/index.ts'
import { CatchUp } from './catch-up.ts'
import type { EventIntake } from './events/event-intake.ts'
import { FetchProtocol } from './fetch-protocol/fetch-protocol.ts'
import { findMultiaddr, type Host, stopDht } from './host/host.ts'
import { findPeerOfAuthor } from './host/identity.ts'
import type { NetworkLog } from './host/log.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { EventStore, JoinedNetwork as JoinedRecord } from './ports.ts'
import type { LiveSet } from './sync/live-set.ts'
import { SyncProtocol } from './sync-protocol/sync-protocol.ts'

/** Design defense.md e.5. */
const SYNC_PERIOD_MS = 60_000
/** Of gossipsub's D. */
const PEERS_WANTED = 8
/** The first failed dials are repeated soon, later ones every minute or so. */
const SEEK_FIRST_MS = 500
const SEEK_LAST_MS = 60_000
/** A busy peer is asked again. */
const BUSY_RETRIES = 3
const BUSY_WAIT_MS = 1_000
/** An unknown author is asked for at most so often. */
const UNKNOWN_PAUSE_MS = 2_000
const ANNOUNCES_MAX = 1_000

export interface JoinedPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: NetworkLog
  readonly host: Host
  readonly intake: EventIntake
  readonly events: EventStore
  readonly clocks: PeerClocks
}

export class JoinedNetwork {
  readonly network: Network
  readonly record: JoinedRecord
  readonly live: LiveSet
  readonly #ports: JoinedPorts
  readonly #sync: SyncProtocol
  readonly #fetch: FetchProtocol
  readonly #catchUp: CatchUp
  readonly #peers = new Map<string, PeerId>()
  readonly #leaving = new AbortController()
  readonly #tasks: TaskGroup
  #topology: string | undefined
  #dht: KadDHT | undefined
  #askedUnknownAtMs = Number.NEGATIVE_INFINITY

  constructor(record: JoinedRecord, network: Network, ports: JoinedPorts) {
    this.record = record
    this.network = network
    this.#ports = ports
    this.live = ports.intake.join(network)
    this.#sync = new SyncProtocol(network.id, this.live, ports)
    this.#fetch = new FetchProtocol(network.id, ports.events, ports.host)
    const { clock, log, intake, host } = ports
    this.#catchUp = new CatchUp(network.id, {
      ...{ clock, log, intake, sync: this.#sync, fetch: this.#fetch },
      onReading: (peer, reading) => ports.clocks.note(peer.toString(), reading),
      onFault: (peer) => host.ban(peer)
    })
    this.#tasks = new TaskGroup((error) => {
      if (!this.#leaving.signal.aborted) log.debug({ reason: messageOf(error) }, 'a task failed')
    })
  }

  get peers(): ReadonlyMap<string, PeerId> {
    return this.#peers
  }

  get lastSync() {
    return this.#catchUp.last
  }

  async start(): Promise<void> {
    const { host, clock } = this.#ports
    const { signal } = this.#leaving
    await this.#sync.register()
    await this.#fetch.register()
    this.#topology = await host.register(this.#sync.id, {
      onConnect: (peer) => this.#onConnect(peer),
      onDisconnect: (peer) => void this.#peers.delete(peer.toString())
    })
    this.#dht = await host.startDht(this.network.id)
    await this.#greetConnected()
    clock.every(SYNC_PERIOD_MS, () => this.syncWithOne(), signal)
    this.#tasks.run(() => this.#seek(signal))
  }

  async stop(): Promise<void> {
    const { host } = this.#ports
    this.#leaving.abort(new Error('the network is left'))
    if (this.#topology !== undefined) host.unregister(this.#topology)
    if (this.#dht !== undefined) await stopDht(this.#dht)
    await this.#sync.unregister()
    await this.#fetch.unregister()
    await this.#tasks.drained()
    this.#peers.clear()
  }

  /** A random peer of the mesh, or of all. */
  syncWithOne(): void {
    const mesh = this.#ports.host.gossip.getMeshPeers(topicName(this.network.id, 'ctl'))
    const known = [...this.#peers.values()]
    const inMesh = known.filter((peer) => mesh.includes(peer.toString()))
    const choice = inMesh.length > 0 ? inMesh : known
    const peer = choice[integerBelow(this.#ports.random, choice.length)]
    if (peer !== undefined) this.#syncWith(peer)
  }

  /** After the clock jumped or the machine slept. */
  syncWithAll(): void {
    for (const peer of this.#peers.values()) this.#syncWith(peer)
  }

  askAboutUnknown(peer: string): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const known = this.#peers.get(peer)
    if (known === undefined || nowMs - this.#askedUnknownAtMs < UNKNOWN_PAUSE_MS) return
    this.#askedUnknownAtMs = nowMs
    this.#syncWith(known)
  }

  /** The newest word of each author about himself. */
  announces(): readonly SignedNetworkEvent[] {
    const { events, clock } = this.#ports
    const query = { network: this.network.id, kind: 'node-announce', nowMs: clock.nowMs() } as const
    const newest = new Map<string, SignedNetworkEvent>()
    for (const { envelope } of events.live({ ...query, limit: ANNOUNCES_MAX })) {
      const event = decodeEvent(envelope)
      const author = Buffer.from(event.author).toString('hex')
      if ((newest.get(author)?.tsMs ?? 0) <= event.tsMs) newest.set(author, event)
    }
    return [...newest.values()]
  }

  #onConnect(peer: PeerId): void {
    if (this.#peers.has(peer.toString()) || this.#leaving.signal.aborted) return
    this.#peers.set(peer.toString(), peer)
    this.#syncWith(peer)
  }

  /** Those that were connected before this node joined. */
  async #greetConnected(): Promise<void> {
    const { host } = this.#ports
    for (const { remotePeer } of host.connections) {
      const known = await host.node.peerStore.get(remotePeer).catch(() => undefined)
      if (known?.protocols.includes(this.#sync.id)) this.#onConnect(remotePeer)
    }
  }

  #syncWith(peer: PeerId): void {
    const { signal } = this.#leaving
    const { clock, random } = this.#ports
    this.#tasks.run(async () => {
      for (let attempt = 0; attempt < BUSY_RETRIES; attempt++) {
        const outcome = await this.#catchUp.with(peer, signal)
        if (outcome !== undefined && outcome !== 'busy') return
        await clock.sleep(BUSY_WAIT_MS * (0.5 + random.next()), signal)
        if (!this.#peers.has(peer.toString())) return
      }
    })
  }

  /** Dials until there are enough, again whenever there are too few; with jitter, so that nodes that start together do not collide. */
  async #seek(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports
    let waitMs = SEEK_FIRST_MS
    while (!signal.aborted) {
      const before = this.#peers.size
      if (before < PEERS_WANTED) await this.#dialSome(signal)
      const isAlone = this.#peers.size === 0
      waitMs = isAlone && before > 0 ? SEEK_FIRST_MS : Math.min(SEEK_LAST_MS, waitMs * 2)
      await clock.sleep(Math.min(waitMs, isAlone ? 5_000 : waitMs) * (0.5 + random.next()), signal)
    }
  }

  async #dialSome(signal: AbortSignal): Promise<void> {
    const { host } = this.#ports
    await this.#dialBootstrap(signal)
    for (const peer of [...(await this.#announced()), ...(await this.#found(signal))]) {
      if (this.#peers.size >= PEERS_WANTED || signal.aborted) return
      const name = peer.toString()
      if (this.#peers.has(name) || peer.equals(host.peerId) || host.isBanned(name)) continue
      await host.dial(peer, signal).catch(() => undefined)
    }
  }

  async #dialBootstrap(signal: AbortSignal): Promise<void> {
    const { host } = this.#ports
    for (const text of this.record.bootstrap) {
      const address = findMultiaddr(text)
      if (address === undefined || this.#peers.size >= PEERS_WANTED) continue
      if (text.endsWith(`/p2p/${host.peerId.toString()}`)) continue
      await host.dial([address], signal).catch(() => undefined)
    }
  }

  /** Authors say where they are; libp2p keeps it, and dials by it. */
  async #announced(): Promise<readonly PeerId[]> {
    const { host } = this.#ports
    const peers: PeerId[] = []
    for (const { author, body } of this.announces()) {
      const peer = findPeerOfAuthor(author)
      if (peer === undefined || body.kind !== 'node-announce' || body.isLeaving) continue
      const multiaddrs = body.addresses.flatMap((bytes) => findMultiaddr(bytes) ?? [])
      if (peer.equals(host.peerId) || multiaddrs.length === 0) continue
      await host.node.peerStore.merge(peer, { multiaddrs }).catch(() => undefined)
      peers.push(peer)
    }
    return peers
  }

  async #found(signal: AbortSignal): Promise<readonly PeerId[]> {
    const { host } = this.#ports
    const peers = new Map<string, PeerId>()
    if (this.#dht === undefined || this.#peers.size === 0) return []
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(10_000)])
      const key = host.peerId.toMultihash().bytes
      for await (const event of this.#dht.getClosestPeers(key, { signal: deadline })) {
        if (event.name !== 'PEER_RESPONSE') continue
        for (const { id } of event.closer) peers.set(id.toString(), id)
      }
    } catch {
      // What was found until then is good.
    }
    return [...peers.values()]
  }
}
