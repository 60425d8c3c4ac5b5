/** The networks of this node, as one component: who is in them, what it says in them, and what it has heard. */
import { type Clock, messageOf, type Prefix, type Random, TaskGroup } from '../base/index.ts'
import {
  ADDRESSES_MAX,
  checkInvitation,
  DecodeError,
  decodeEvent,
  decodeNetwork,
  type EventBody,
  findNetworkId,
  KEY_BYTES,
  type Network,
  networkIdText,
  parseInvitation,
  type SignedNetworkEvent,
  sealEvent,
  type Verify
} from '../wire/index.ts'
import { watchAddresses } from './address-watch.ts'
import { Announcer } from './announce.ts'
import { watchClock } from './clock-watch.ts'
import { findPeersToForget, forgetPeers } from './departure.ts'
import { NetworkError } from './errors.ts'
import { EventView, type MutableThreat, pageOf, threatsOf } from './event-view.ts'
import { EventIntake } from './events/event-intake.ts'
import { createNodeVerifier } from './events/node-verifier.ts'
import type { Refusal } from './events/verdict.ts'
import { LANES } from './events/verify-queue.ts'
import { Gossip } from './gossip.ts'
import { Host, type HostOptions, type HostPorts } from './host/host.ts'
import { type Identity, type KeyFile, loadIdentity } from './host/identity.ts'
import { acceptInvitation, foundNetwork, writeInvitationTo } from './invitations.ts'
import { JoinedNetwork } from './joined-network.ts'
import type * as api from './network-api.ts'
import { describePeer, describeState, type Member, onePerPeer, summarize } from './network-state.ts'
import { OwnKeyWatch } from './own-key-watch.ts'
import { PeerClocks } from './peer-clocks.ts'
import type {
  AuthorStore,
  EventStore,
  JoinedNetwork as JoinedRecord,
  NetworkStore,
  SequenceSource
} from './ports.ts'
import { Strangers } from './strangers.ts'

const DAY_MS = 24 * 3_600_000
const INVITATION_MS = 7 * DAY_MS
/** Four topics each: what a peer may subscribe to in one message. */
const NETWORKS_MAX = 16

export interface NetworkNodeOptions extends HostOptions {
  /** What others see; may be empty. */
  readonly name: string
  readonly treatAsPublic?: readonly Prefix[]
}

export interface NetworkNodePorts extends HostPorts {
  readonly random: Random
  readonly clock: Clock
  readonly keyFile: KeyFile
  /** Not to be guessed. */
  readonly randomBytes: (length: number) => Uint8Array
  readonly events: EventStore
  readonly authors: AuthorStore
  readonly networks: NetworkStore
  readonly sequence: SequenceSource
  /** An event of another was not taken. */
  onRefused?(refusal: Refusal): void
  /** An event came under this node's key that it did not make, or does not remember. */
  onOwnKeyUsed?(): void
}

export class NetworkNode implements api.NetworkService {
  readonly name = 'network'
  readonly #options: NetworkNodeOptions
  readonly #ports: NetworkNodePorts
  readonly #verify: Verify = createNodeVerifier()
  readonly #members = new Map<api.NetworkIdText, Member>()
  readonly #listeners = new Set<api.NetworkEventListener>()
  readonly #tasks: TaskGroup
  readonly #clocks: PeerClocks
  readonly #ownKey: OwnKeyWatch
  #stopping = new AbortController()
  #running:
    | {
        readonly identity: Identity
        readonly host: Host
        readonly intake: EventIntake
        readonly gossip: Gossip
        readonly announcer: Announcer
      }
    | undefined

  constructor(options: NetworkNodeOptions, ports: NetworkNodePorts) {
    this.#options = options
    this.#ports = ports
    this.#clocks = new PeerClocks(ports.clock)
    this.#ownKey = new OwnKeyWatch(ports)
    this.#tasks = new TaskGroup((error) =>
      ports.log.debug({ reason: messageOf(error) }, 'a task failed')
    )
  }

  async start(_signal: AbortSignal): Promise<void> {
    const { keyFile, randomBytes, clock, networks, events, authors, sequence, log } = this.#ports
    this.#stopping = new AbortController()
    const identity = await loadIdentity(keyFile, randomBytes)
    this.#ownKey.start(identity.signer.publicKey)
    const intake = new EventIntake(
      { ownKey: identity.signer.publicKey, treatAsPublic: this.#options.treatAsPublic ?? [] },
      {
        ...{ clock, events, authors, sequence, verify: this.#verify },
        onFailure: (error) => log.error({ error }, 'an event could not be taken')
      }
    )
    const host = new Host(this.#options, this.#ports, identity)
    await host.start()
    const gossip = new Gossip({
      ...{ host, intake, log },
      onUnknownAuthor: (network, peer) =>
        this.#members.get(networkIdText(network))?.joined.askAboutUnknown(peer)
    })
    gossip.start()
    const isAuthor = (key: Uint8Array) =>
      [...this.#members.values()].some(({ joined }) => authors.find(joined.record.id, key))
    new Strangers({ clock, host, isAuthor }).start()
    const announcer = new Announcer(this.#options, {
      ...{ clock, log, host },
      publish: (id, body, options) => this.publish(id, body, options)
    })
    this.#running = { identity, host, intake, gossip, announcer }
    this.#listen(intake)
    for (const record of networks.list()) await this.#attach(record)
    this.#watchClock()
    const { signal } = this.#stopping
    watchAddresses(clock, { signal, addresses: () => host.addresses.map(String) }, async () => {
      for (const { joined } of this.#members.values()) await announcer.announce(joined)
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new NetworkError('NOT_RUNNING', 'the node stops'))
    const running = this.#running
    for (const { joined } of this.#members.values()) await joined.stop()
    await running?.host.stop()
    await running?.intake.drained()
    await this.#tasks.drained()
    this.#members.clear()
    this.#running = undefined
  }

  status(): api.NetworkStatus {
    const running = this.#running
    const hexKey = running === undefined ? '' : hex(running.identity.signer.publicKey)
    const lengths = LANES.map((lane) => [lane, running?.intake.queueLength(lane) ?? 0])
    return {
      isRunning: running !== undefined,
      peerId: running?.host.peerId.toString() ?? '',
      author: hexKey,
      addresses: running?.host.addresses.map(String) ?? [],
      connectedPeers: onePerPeer(running?.host.connections ?? []).length,
      networks: running === undefined ? [] : this.#states(running),
      queues: Object.fromEntries(lengths),
      keyUsedElsewhereAtMs: this.#ownKey.lastElsewhereAtMs,
      ...this.#clocks.estimate(running?.host.connections ?? [])
    }
  }

  list(): readonly api.NetworkSummary[] {
    return [...this.#members.values()].map((member) => this.#summaryOf(member))
  }

  async create(
    fields: api.CreateNetworkFields
  ): Promise<{ readonly network: api.NetworkSummary; readonly invitation: string }> {
    const { identity } = this.#run
    const nowMs = this.#ports.clock.nowMs()
    const network = foundNetwork(fields, identity, { nowMs, nonce: this.#ports.randomBytes(16) })
    const summary = await this.#enter(network, { admission: undefined, bootstrap: [] })
    const invitation = await this.invite(summary.id, {
      notAfterMs: fields.notAfterMs ?? nowMs + INVITATION_MS,
      ...(fields.addresses && { addresses: fields.addresses })
    })
    return { network: summary, invitation }
  }

  async invite(id: api.NetworkIdText, fields: api.InviteFields): Promise<string> {
    const { identity, host } = this.#run
    const { network } = this.#memberOf(id).joined
    const addresses = fields.addresses ?? host.addresses.map(String).slice(0, ADDRESSES_MAX)
    const seed = this.#ports.randomBytes(KEY_BYTES)
    return writeInvitationTo(network, identity, { ...fields, addresses, seed })
  }

  async join(invitationText: string): Promise<api.NetworkSummary> {
    const { identity } = this.#run
    const invitation = parseInvitation(invitationText)
    const nowMs = this.#ports.clock.nowMs()
    await checkInvitation(invitation, { nowMs }, this.#verify)
    const { network } = invitation
    const known = this.#members.get(networkIdText(network.id))
    if (known !== undefined) return this.#summaryOf(known)
    return await this.#enter(network, acceptInvitation(invitation, identity, nowMs))
  }

  async leave(id: api.NetworkIdText): Promise<void> {
    const { host, intake, gossip, announcer } = this.#run
    const { joined } = this.#memberOf(id)
    await announcer.sayFarewell(joined)
    this.#members.delete(networkIdText(joined.network.id))
    gossip.detach(joined.network.id)
    const staying = [...this.#members.values()].map((other) => other.joined)
    const gone = await findPeersToForget(joined, staying, { host, authors: this.#ports.authors })
    await joined.stop()
    await intake.drained()
    intake.leave(joined.network.id)
    this.#ports.networks.remove(joined.network.id)
    await forgetPeers(gone, { host, clock: this.#ports.clock })
    host.forgetDht(joined.network.id)
    this.#ports.log.info({ network: id }, 'network left')
  }

  peers(id?: api.NetworkIdText): readonly api.NetworkPeer[] {
    const members = id === undefined ? [...this.#members.values()] : [this.#memberOf(id)]
    return onePerPeer(this.#run.host.connections).flatMap((connection) => {
      const peer = describePeer(connection, members, this.#run.host)
      return id !== undefined && peer.networks.length === 0 ? [] : [peer]
    })
  }

  async publish(
    id: api.NetworkIdText,
    body: EventBody,
    options: { readonly ttlMs: number }
  ): Promise<{ readonly id: api.HexText; readonly seq: bigint }> {
    const { identity, host, intake, gossip } = this.#run
    const { network } = this.#memberOf(id).joined
    const tsMs = this.#ports.clock.nowMs()
    let event: SignedNetworkEvent
    try {
      const seq = this.#ports.sequence.next(network.id)
      const fields = { network: network.id, seq, tsMs, expMs: tsMs + options.ttlMs, body }
      event = sealEvent(fields, identity.signer)
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      throw refused(cause.code, cause)
    }
    const origin = { network: network.id, via: 'own', peer: host.peerId.toString() } as const
    const verdict = await intake.submit(event.bytes, origin)
    if (verdict.verdict !== 'accept') throw refused(verdict.reason)
    await gossip.publish(event)
    return { id: hex(event.id), seq: event.seq }
  }

  alerts(query: api.AlertQuery): api.Page<api.ReceivedAlert> {
    const nowMs = this.#ports.clock.nowMs()
    const found = this.#asked(query.network).flatMap(({ view }) => [...view.alerts(query, nowMs)])
    return pageOf(
      found.sort((a, b) => b.receivedAtMs - a.receivedAtMs),
      query
    )
  }

  threats(query: api.ThreatQuery): api.Page<api.Threat> {
    const nowMs = this.#ports.clock.nowMs()
    const found = new Map<string, MutableThreat>()
    for (const { view } of this.#asked(query.network)) view.collect(found, query, nowMs)
    return pageOf(threatsOf(found, query.accusersMin ?? 1), query)
  }

  onEvent(listener: api.NetworkEventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Past this class: what a hostile node would do, and measurements. */
  get host(): Host {
    return this.#run.host
  }

  get #run() {
    if (this.#running === undefined)
      throw new NetworkError('NOT_RUNNING', 'expected a running node')
    return this.#running
  }

  #memberOf(id: api.NetworkIdText): Member {
    const member = this.#members.get(id.toLowerCase())
    if (member !== undefined) return member
    const got = findNetworkId(id) === undefined ? 'something else' : 'the id of another'
    throw new NetworkError('NETWORK_NOT_JOINED', `expected the id of a joined network, got ${got}`)
  }

  #asked(id: api.NetworkIdText | undefined): readonly Member[] {
    return id === undefined ? [...this.#members.values()] : [this.#memberOf(id)]
  }

  async #enter(
    network: Network,
    by: Pick<JoinedRecord, 'admission' | 'bootstrap'>
  ): Promise<api.NetworkSummary> {
    if (this.#members.size >= NETWORKS_MAX) {
      throw new NetworkError(
        'NETWORK_LIMIT_REACHED',
        `expected at most ${NETWORKS_MAX} networks: leave one`
      )
    }
    const { id, name, bytes: document } = network
    const record = { ...{ id, name, document }, ...by, joinedAtMs: this.#ports.clock.nowMs() }
    this.#ports.networks.save(record)
    const member = await this.#attach(record)
    this.#ports.log.info({ network: networkIdText(id) }, 'network joined')
    return this.#summaryOf(member)
  }

  async #attach(record: JoinedRecord): Promise<Member> {
    const { host, intake, gossip, identity, announcer } = this.#run
    const { clock, random, log, events } = this.#ports
    const network = decodeNetwork(record.document)
    const joined = new JoinedNetwork(record, network, {
      ...{ clock, random, log, host, intake, events, clocks: this.#clocks }
    })
    const view = new EventView(network, identity.signer.publicKey, events)
    view.load(clock.nowMs())
    const member = { joined, view }
    this.#members.set(networkIdText(network.id), member)
    gossip.attach(network.id)
    await announcer.announce(joined)
    await joined.start()
    announcer.keepAnnouncing(joined)
    return member
  }

  #listen(intake: EventIntake): void {
    intake.subscribe({
      onVerdict: (verdict) => {
        if (verdict.verdict !== 'accept') this.#ports.onRefused?.(verdict)
      },
      onAccepted: (event, { via }) => {
        const receivedAtMs = this.#ports.clock.nowMs()
        this.#ownKey.noteProof(event)
        const view = this.#members.get(networkIdText(event.network))?.view
        view?.add(event, { via, receivedAtMs })
        const heard = { receivedAtMs, authorName: view?.nameOf(hex(event.author)) }
        for (const listener of this.#listeners) listener(event, via, heard)
      },
      onVoided: (network, places) => this.#members.get(networkIdText(network))?.view.remove(places),
      onEquivocation: (network, first, second) => {
        this.#tasks.run(() => this.#publishProof(network, [first, second]))
      },
      onOwnKeyUsed: (event) => {
        this.#ports.onOwnKeyUsed?.()
        this.#ownKey.note(event)
      }
    })
  }

  async #publishProof(network: Uint8Array, envelopes: readonly Uint8Array[]): Promise<void> {
    const [first, second] = envelopes.map(decodeEvent).sort((a, b) => Buffer.compare(a.id, b.id))
    if (first === undefined || second === undefined) return
    await this.publish(
      networkIdText(network),
      { kind: 'equivocation-proof', first, second },
      { ttlMs: 30 * DAY_MS }
    )
  }

  #watchClock(): void {
    watchClock(this.#ports.clock, this.#stopping.signal, (nowMs, hasJumped) => {
      this.#running?.intake.expire()
      if (hasJumped) this.#clocks.forgetAll()
      for (const { joined, view } of this.#members.values()) {
        view.expire(nowMs)
        if (hasJumped) joined.syncWithAll()
      }
    })
  }

  #states({ identity, host }: { readonly identity: Identity; readonly host: Host }) {
    const parts = { identity, host, authors: this.#ports.authors }
    return [...this.#members.values()].map((member) => describeState(member, parts))
  }

  #summaryOf({ joined }: Member): api.NetworkSummary {
    return summarize(joined, this.#run.identity)
  }
}

function refused(reason: string, cause?: unknown): NetworkError {
  const message = `expected an event that others take, got ${reason}`
  return new NetworkError('EVENT_REFUSED', message, { context: { reason }, cause })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
