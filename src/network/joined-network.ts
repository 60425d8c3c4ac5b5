/** One network of this node while it runs: its peers, how others are found, and when this node asks them what it missed. */
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { type Clock, integerBelow, messageOf, type Random, TaskGroup } from '../base/index.ts'
import { type Network, networkIdText, topicName } from '../wire/index.ts'
import { CatchUp } from './catch-up.ts'
import type { EventIntake } from './events/event-intake.ts'
import { FetchProtocol } from './fetch-protocol/fetch-protocol.ts'
import { type Gap, GapWatch } from './gap-watch.ts'
import { stopDht } from './host/dht.ts'
import type { Host } from './host/host.ts'
import type { NetworkLog } from './host/log.ts'
import { NewsSpread } from './news-spread.ts'
import { chooseOfDifferentSites } from './peer-choice.ts'
import type { PeerClocks } from './peer-clocks.ts'
import { PeerSeeker } from './peer-seeker.ts'
import type { EventStore, JoinedNetwork as JoinedRecord } from './ports.ts'
import type { LiveSet } from './sync/live-set.ts'
import { SyncProtocol } from './sync-protocol/sync-protocol.ts'

/** Design defense.md e.5. */
const SYNC_PERIOD_MS = 60_000
const ECLIPSE_CHECK_MS = 10 * 60_000
/** Two would do; with three, one that is busy or odd decides nothing. */
const WITNESSES = 3
/** A busy peer is asked again. */
const BUSY_RETRIES = 3
const BUSY_WAIT_MS = 1_000
/** An unknown author is asked for at most so often. */
const UNKNOWN_PAUSE_MS = 2_000

export interface JoinedPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: NetworkLog
  readonly host: Host
  readonly intake: EventIntake
  readonly events: EventStore
  readonly clocks: PeerClocks
  /** Whether the key may speak in this network. */
  isAuthor(key: Uint8Array): boolean
}

export class JoinedNetwork {
  readonly network: Network
  readonly live: LiveSet
  readonly #ports: JoinedPorts
  readonly #sync: SyncProtocol
  readonly #fetch: FetchProtocol
  readonly #catchUp: CatchUp
  readonly #seeker: PeerSeeker
  readonly #news: NewsSpread
  readonly #gaps = new GapWatch()
  readonly #peers = new Map<string, PeerId>()
  readonly #leaving = new AbortController()
  readonly #tasks: TaskGroup
  #record: JoinedRecord
  #topology: string | undefined
  #dht: KadDHT | undefined
  #askedUnknownAtMs = Number.NEGATIVE_INFINITY

  constructor(record: JoinedRecord, network: Network, ports: JoinedPorts) {
    this.#record = record
    this.network = network
    this.#ports = ports
    this.live = ports.intake.join(network)
    const onDifference = (peer: string) => {
      this.#catchUp.noteAlive(peer)
      this.#tasks.run(() => this.#news.askBack(peer, this.#leaving.signal))
    }
    this.#sync = new SyncProtocol(network.id, this.live, { ...ports, onDifference })
    this.#fetch = new FetchProtocol(network.id, ports)
    const { clock, random, log, intake, host, events } = ports
    this.#catchUp = new CatchUp(network.id, {
      ...{ clock, log, intake, events, sync: this.#sync, fetch: this.#fetch },
      onReading: (peer, reading) => ports.clocks.note(peer.toString(), reading),
      onFault: (peer) => host.ban(peer, 'protocol')
    })
    this.#news = new NewsSpread({
      ...{ clock, random, peers: this.#peers },
      ask: (peer) => this.#ask(peer)
    })
    this.#seeker = new PeerSeeker(record, {
      ...{ clock, random, host, events, peers: this.#peers },
      meshSize: () => host.gossip.getMeshPeers(topicName(network.id, 'alert')).length,
      findDht: () => this.#dht
    })
    this.#tasks = new TaskGroup((error) => {
      if (!this.#leaving.signal.aborted) log.debug({ reason: messageOf(error) }, 'a task failed')
    })
  }

  get record(): JoinedRecord {
    return this.#record
  }

  get peers(): ReadonlyMap<string, PeerId> {
    return this.#peers
  }

  get lastSync() {
    return this.#catchUp.last
  }

  /** Aborts when the network is left, or the node stops. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  get isEclipseSuspected(): boolean {
    return this.#gaps.isEclipseSuspected
  }

  async start(): Promise<void> {
    const { host, clock } = this.#ports
    const { signal } = this.#leaving
    await this.#sync.register()
    await this.#fetch.register()
    this.#topology = await host.register(this.#sync.id, {
      onConnect: (peer) => this.#onConnect(peer),
      onDisconnect: (peer) => this.#onDisconnect(peer)
    })
    // Registered topologies hear nothing of a peer that left before libp2p knew what he speaks.
    host.node.addEventListener('peer:disconnect', ({ detail }) => this.#onDisconnect(detail), {
      signal
    })
    this.#dht = await host.startDht(this.network.id)
    await this.#greetConnected()
    clock.every(SYNC_PERIOD_MS, () => this.syncWithOne(), signal)
    clock.every(ECLIPSE_CHECK_MS, () => this.#tasks.run(() => this.#checkForEclipse()), signal)
    this.#tasks.run(() => this.#seeker.seek(signal))
    this.#tasks.run(() => this.#seeker.regain(signal))
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

  /** A further line lets this node in: where it says that others are is tried at once. */
  renew(record: JoinedRecord): void {
    this.#record = record
    this.#tasks.run(() => this.#seeker.seekAt(record.bootstrap, this.#leaving.signal))
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

  #onConnect(peer: PeerId): void {
    if (this.#peers.has(peer.toString()) || this.#leaving.signal.aborted) return
    // He may be gone already: this is told when he has been asked what he speaks.
    if (this.#ports.host.node.getConnections(peer).length === 0) return
    this.#peers.set(peer.toString(), peer)
    this.#catchUp.noteAlive(peer.toString())
    this.#syncWith(peer)
  }

  #onDisconnect(peer: PeerId): void {
    const name = peer.toString()
    if (this.#peers.delete(name)) this.#seeker.noteLost(peer)
    this.#news.forget(name)
  }

  #ask(peer: string): void {
    const known = this.#peers.get(peer)
    if (known !== undefined && !this.#leaving.signal.aborted) this.#syncWith(known)
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
    this.#tasks.run(async () => {
      const gap = await this.#compareWith(peer, signal)
      if (gap !== undefined && this.#gaps.note(gap)) this.syncWithAll()
    })
  }

  /** Undefined: there was no comparison. */
  async #compareWith(peer: PeerId, signal: AbortSignal): Promise<Gap | undefined> {
    const { clock, random } = this.#ports
    if (this.#catchUp.isSlow(peer)) return undefined
    for (let attempt = 0; attempt < BUSY_RETRIES; attempt++) {
      const result = await this.#catchUp.with(peer, signal)
      if (result !== undefined) this.#news.noteCompared(peer.toString(), result.lacksStill)
      if (result?.outcome === 'caught-up') this.#tasks.run(() => this.#news.spread(signal))
      if (result !== undefined && result.outcome !== 'busy') return result.gap
      await clock.sleep(BUSY_WAIT_MS * (0.5 + random.next()), signal)
      if (!this.#peers.has(peer.toString())) return undefined
    }
    return undefined
  }

  /** Whether those around this node show it everything, and what it says to others. */
  async #checkForEclipse(): Promise<void> {
    const { host, log, random } = this.#ports
    const { signal } = this.#leaving
    const gaps: Gap[] = []
    const around = host.connections
      .filter(({ remotePeer }) => this.#peers.has(remotePeer.toString()))
      .map(({ remotePeer: peer, remoteAddr }) => ({ peer, multiaddr: remoteAddr.toString() }))
    for (const peer of chooseOfDifferentSites(around, WITNESSES, random)) {
      const gap = await this.#compareWith(peer, signal)
      if (gap !== undefined) gaps.push(gap)
    }
    const wasSuspected = this.#gaps.isEclipseSuspected
    this.#gaps.check(gaps)
    if (!this.#gaps.isEclipseSuspected) return
    if (!wasSuspected) {
      log.warn({ network: networkIdText(this.network.id) }, 'the peers around may hide others')
    }
    await this.#seeker.dialMore(signal)
  }
}
