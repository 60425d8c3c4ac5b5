/** libp2p, put together: transports, limits, gossip, and what a network needs of it. Knows no events. */
import { noise } from '@chainsafe/libp2p-noise'
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import type {
  Connection,
  Libp2p,
  PeerId,
  Stream,
  StreamHandler,
  StreamHandlerOptions,
  Topology
} from '@libp2p/interface'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Registry } from 'prom-client'
import {
  type AddressText,
  assert,
  type Clock,
  messageOf,
  type Prefix,
  type PrefixText,
  type Random,
  TaskGroup
} from '../../base/index.ts'
import { gossipMessageId, sha256 } from '../../wire/index.ts'
import { NetworkError, SyncError } from '../errors.ts'
import type { PeerValueStore } from '../ports.ts'
import { AddressRanges, findAddressOf, findRelayAddressOf, siteOf } from './address-ranges.ts'
import { type BanReason, Bans } from './bans.ts'
import { createConnectionGater, type DenyReason } from './connection-gater.ts'
import { dhtPrefixOf, startDht } from './dht.ts'
import { DialBackoff } from './dial-backoff.ts'
import {
  MESH_PARAMS,
  peerScoreParams,
  RPC_DATA_BYTES_MAX,
  RPC_LIMITS,
  SCORE_THRESHOLDS,
  TOPIC_BYTES_PER_PEER_MAX
} from './gossip-params.ts'
import type { GossipRouter } from './gossip-router.ts'
import { gossipMetrics, hostMetrics } from './host-metrics.ts'
import type { Identity } from './identity.ts'
import { bridgeLog } from './libp2p-log.ts'
import { describeListenFailure } from './listen-failure.ts'
import type { NetworkLog } from './log.ts'
import { natServices, natTransports } from './nat-traversal.ts'
import { PeerDatastore } from './peer-datastore.ts'
import { sparingYamux } from './window-updates.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A node holds one connection with each peer and wants 8 to 12 of them in a mesh; the rest is room for newcomers. */
const CONNECTIONS_MAX = 128
const PENDING_INBOUND_MAX = 10
const STREAMS_PER_CONNECTION_MAX = 64
const DIAL_TIMEOUT_MS = 10_000
/**
 * A ping opens a stream: libp2p's own ten seconds would be the most costly thing that an idle node does, and stall it as all its
 * connections are asked at once. Yamux and TCP keep the line open in between. Nodes that started together do not ask together.
 */
const PING_MS = { least: 30_000, most: 60_000 } as const
/** What was found out of peers is kept every so often. */
const PEERS_KEPT_MS = 10_000

/** A relayed connection is limited, and libp2p keeps protocols off it that do not ask for it. */
const ON_RELAYED = { runOnLimitedConnection: true } as const

export interface HostOptions {
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those found out. */
  readonly announce?: readonly string[]
  /** Sites that share addresses on purpose. */
  readonly localRanges?: readonly Prefix[]
  /** Circuit relay, hole punching and AutoNAT. @default false */
  readonly hasNatTraversal?: boolean
  readonly agent: string
}

export interface HostPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: NetworkLog
  readonly peerValues: PeerValueStore
  /** Where libp2p's own metrics go: nobody else's, for it is emptied when the host starts. */
  readonly registry?: Registry
  /** In the place of libp2p's own: measurements put lines in it that are slow, or cut. */
  readonly tcp?: typeof tcp
  onDenied?(reason: DenyReason): void
  /** Whether the key may speak in a network of this node. */
  isAuthor?(key: Uint8Array): boolean
  /** A peer broke a protocol, and is not spoken to for a while. */
  onBanned?(): void
}

type Services = { readonly pubsub: GossipSub }

export class Host {
  readonly #options: HostOptions
  readonly #ports: HostPorts
  readonly #identity: Identity
  readonly #tasks: TaskGroup
  readonly #datastore: PeerDatastore
  readonly #bans: Bans
  readonly #backoff: DialBackoff
  readonly #local: AddressRanges
  readonly #stopping = new AbortController()
  /** Asked for with everything that a peer says. */
  readonly #sites = new WeakMap<Connection, { readonly site: PrefixText | undefined }>()
  #node: Libp2p<Services> | undefined
  #components: KadDHTComponents | undefined

  constructor(options: HostOptions, ports: HostPorts, identity: Identity) {
    this.#options = options
    this.#ports = ports
    this.#identity = identity
    this.#datastore = new PeerDatastore(ports.peerValues)
    this.#bans = new Bans(ports.clock)
    this.#backoff = new DialBackoff(ports)
    this.#local = new AddressRanges(options.localRanges ?? [])
    // A stream that breaks is everyday life; what it means was dealt with where it was read.
    this.#tasks = new TaskGroup((error) =>
      ports.log.debug({ reason: messageOf(error) }, 'a stream ended early')
    )
  }

  /** Aborts when the host stops. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  get peerId(): PeerId {
    return this.#identity.peerId
  }

  get addresses(): readonly Multiaddr[] {
    return this.#node?.getMultiaddrs() ?? []
  }

  /** Of what others say of themselves, or of each other. */
  mayDial(address: Multiaddr): boolean {
    return this.#local.mayDial(String(address), this.addresses.map(String))
  }

  get connections(): readonly Connection[] {
    return this.#node?.getConnections() ?? []
  }

  get node(): Libp2p<Services> {
    if (this.#node === undefined) throw new NetworkError('NOT_RUNNING', 'expected a running node')
    return this.#node
  }

  get gossip(): GossipRouter {
    // The class behind the interface; its shape is checked at the start.
    return this.node.services.pubsub as unknown as GossipRouter
  }

  /** @throws {LISTEN_FAILED} */
  async start(): Promise<void> {
    this.#ports.registry?.clear()
    try {
      this.#node = await this.#create()
      assert(this.gossip.allowedTopics instanceof Set, 'expected a set of allowed topics')
      assert(this.gossip.score.peerStats instanceof Map, 'expected scores by peer')
      this.#watchConnections(this.#node)
      await this.#node.start()
      this.#ports.clock.every(PEERS_KEPT_MS, () => this.#keepPeers(), this.signal)
    } catch (cause) {
      await this.#node?.stop()
      throw new NetworkError(
        'LISTEN_FAILED',
        describeListenFailure(this.#options.listen, messageOf(cause)),
        { cause }
      )
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new NetworkError('NOT_RUNNING', 'the node stops'))
    await this.#node?.stop()
    this.#ports.registry?.clear()
    await this.#tasks.drained()
    this.#keepPeers()
  }

  async handle(
    protocol: string,
    answer: (stream: Stream, connection: Connection) => Promise<void>,
    options: StreamHandlerOptions
  ): Promise<void> {
    const handler: StreamHandler = (stream, connection) => {
      this.#tasks.run(() => answer(stream, connection))
    }
    await this.node.handle(protocol, handler, { ...options, ...ON_RELAYED })
  }

  async unhandle(protocol: string): Promise<void> {
    await this.node.unhandle(protocol)
  }

  /** Dials if need be, but nobody who hung up a moment ago: that would answer every hang-up with a new call. @throws {NOT_CONNECTED} */
  async openStream(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Stream> {
    const isOpen = this.node.getConnections(peer).some(({ status }) => status === 'open')
    if (!isOpen && this.#backoff.isPaused(peer.toString())) {
      throw new SyncError('NOT_CONNECTED', 'expected a peer that is still connected')
    }
    return await this.node.dialProtocol(peer, protocol, { signal, ...ON_RELAYED })
  }

  /** One peer, at any of its addresses. */
  async dial(target: PeerId | Multiaddr[], signal: AbortSignal): Promise<void> {
    await this.node.dial(target, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    })
  }

  async register(protocol: string, topology: Topology): Promise<string> {
    return await this.node.register(protocol, { ...topology, notifyOnLimitedConnection: true })
  }

  unregister(id: string): void {
    this.node.unregister(id)
  }

  /** A hash table of its own for the network: strangers can neither be found nor ask in it. */
  async startDht(network: Uint8Array): Promise<KadDHT> {
    assert(this.#components !== undefined, 'expected a created node')
    return await startDht(network, this.#components)
  }

  /** What the table of a network that was left knew. It is stopped. */
  forgetDht(network: Uint8Array): void {
    const { peerValues } = this.#ports
    const found = peerValues.query(dhtPrefixOf(network))
    peerValues.batch(
      [],
      found.map(({ key }) => key)
    )
  }

  /** Nothing of the peer is taken for ten minutes. */
  async ban(peer: PeerId, reason: BanReason): Promise<void> {
    const isStranger = this.#ports.isAuthor?.(peer.publicKey?.raw ?? new Uint8Array(0)) !== true
    this.#bans.add({ peer: peer.toString(), isStranger, reason, site: this.findSiteOf(peer) })
    this.#ports.onBanned?.()
    this.#ports.log.debug({ peer: peer.toString(), reason }, 'a peer is not spoken to for a while')
    // Not closed but cut off: what it has sent and nobody read goes with it.
    for (const connection of this.#node?.getConnections(peer) ?? []) {
      connection.abort(new Error('the peer is banned'))
    }
  }

  get banned(): Readonly<Record<BanReason, number>> {
    return this.#bans.counts()
  }

  /** What was set for gossip since then (monotonic milliseconds) was this node's own fault: they are dialed again. */
  forgiveGossip(sinceMs: number): void {
    for (const peer of this.#bans.liftGossip(sinceMs)) {
      this.#backoff.forget(peer)
      this.#tasks.run(() => this.dial(peerIdFromString(peer), this.signal))
    }
  }

  isBanned(peer: string): boolean {
    return this.#bans.hasPeer(peer)
  }

  /** Where the peer comes from. Undefined: addresses there are shared on purpose, or it is a relay's. */
  findSiteOf(peer: PeerId): PrefixText | undefined {
    const [connection] = this.#node?.getConnections(peer) ?? []
    if (connection === undefined) return undefined
    const known = this.#sites.get(connection)
    if (known !== undefined) return known.site
    const site = this.findSite(connection.remoteAddr)
    this.#sites.set(connection, { site })
    return site
  }

  findSite(remote: Multiaddr): PrefixText | undefined {
    const address = findAddressOf(remote.toString())
    return address === undefined || this.#local.includes(address) ? undefined : siteOf(address)
  }

  /** A full disk must not end the node, nor its stop. */
  #keepPeers(): void {
    try {
      this.#datastore.flush()
    } catch (error) {
      this.#ports.log.warn({ reason: messageOf(error) }, 'what is known of peers was not kept')
    }
  }

  #watchConnections(node: Libp2p<Services>): void {
    node.addEventListener(
      'connection:close',
      ({ detail: { id, direction, remotePeer, timeline } }) => {
        const isLast = node.getConnections(remotePeer).every((other) => other.id === id)
        if (direction === 'outbound' && isLast)
          this.#backoff.noteEnded(remotePeer.toString(), timeline)
      },
      { signal: this.signal }
    )
  }

  #isRelay(address: AddressText): boolean {
    return this.connections.some(
      ({ remoteAddr }) => findRelayAddressOf(remoteAddr.toString()) === address
    )
  }

  async #create(): Promise<Libp2p<Services>> {
    const { listen, announce, agent, hasNatTraversal = false } = this.#options
    const { clock, log, registry } = this.#ports
    const local = this.#local
    return await createLibp2p({
      start: false,
      privateKey: this.#identity.privateKey,
      nodeInfo: { name: 'netminder', version: '1', userAgent: agent },
      addresses: { listen: [...listen], ...(announce && { announce: [...announce] }) },
      transports: [(this.#ports.tcp ?? tcp)(), ...(hasNatTraversal ? natTransports() : [])],
      connectionEncrypters: [noise()],
      streamMuxers: [sparingYamux({ maxInboundStreams: STREAMS_PER_CONNECTION_MAX })],
      connectionGater: createConnectionGater({
        clock,
        local,
        remoteAddresses: () => this.connections.map(({ remoteAddr }) => remoteAddr.toString()),
        isBanned: (peer) => this.isBanned(peer),
        isPaused: (peer) => this.#backoff.isPaused(peer),
        isBannedSite: (site) => this.#bans.hasSite(site),
        onDenied: (reason) => this.#ports.onDenied?.(reason)
      }),
      connectionManager: {
        maxConnections: CONNECTIONS_MAX,
        maxIncomingPendingConnections: PENDING_INBOUND_MAX,
        // The gater counts, and spares declared local ranges.
        inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
        dialTimeout: DIAL_TIMEOUT_MS
      },
      connectionMonitor: { pingInterval: pingIntervalOf(this.#identity.signer.publicKey) },
      datastore: this.#datastore,
      // A small and stable network: the defaults of an hour and six would forget it over a night.
      peerStore: { maxAddressAge: DAY_MS, maxPeerAge: 30 * DAY_MS },
      logger: bridgeLog(log),
      ...(registry && { metrics: hostMetrics(registry) }),
      services: {
        identify: identify(),
        identifyPush: identifyPush(),
        ping: ping(),
        pubsub: this.#gossipsub(local),
        // The tables of networks are made later, of the same parts.
        parts: (components: KadDHTComponents) => {
          this.#components = components
          return {}
        },
        ...(hasNatTraversal && natServices())
      }
    })
  }

  #gossipsub(local: AddressRanges): ReturnType<typeof gossipsub> {
    return gossipsub({
      ...MESH_PARAMS,
      // The envelope has the signature, which is checked once; libp2p's own would cost 60 ms a message over 20 nodes.
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: ({ topic, data }) => gossipMessageId(topic, sha256(data)),
      allowedTopics: [],
      maxInboundDataLength: RPC_DATA_BYTES_MAX,
      maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER_MAX,
      decodeRpcLimits: RPC_LIMITS,
      scoreParams: peerScoreParams(local, (address) => this.#isRelay(address)),
      scoreThresholds: SCORE_THRESHOLDS,
      ...ON_RELAYED,
      ...gossipMetrics(this.#ports.registry)
    })
  }
}

/** Of all nodes spread evenly, of one always the same. */
function pingIntervalOf(key: Uint8Array): number {
  const { least, most } = PING_MS
  return least + ((sha256(key)[0] ?? 0) / 256) * (most - least)
}

export function findMultiaddr(input: string | Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(input)
  } catch {
    return undefined
  }
}
