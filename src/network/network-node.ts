/** The networks of this node, as one component: who is in them, what it says in them, and what it has heard. */
import { type Clock, hexOf, messageOf, type Prefix, type Random, TaskGroup } from '../base/index.ts'
import {
  decodeNetwork,
  type EventBody,
  type Network,
  networkIdText,
  type Verify
} from '../wire/index.ts'
import { watchAddresses } from './address-watch.ts'
import { Announcer } from './announce.ts'
import { ClockDoubt } from './clock-doubt.ts'
import { watchClock } from './clock-watch.ts'
import { findPeersToForget, forgetPeers } from './departure.ts'
import { NetworkError } from './errors.ts'
import { EventView } from './event-view.ts'
import { EventIntake } from './events/event-intake.ts'
import { createNodeVerifier } from './events/node-verifier.ts'
import type { Refusal } from './events/verdict.ts'
import { LANES } from './events/verify-queue.ts'
import { Gatekeeper, readInvitation } from './gatekeeper.ts'
import { Gossip } from './gossip.ts'
import { NO_BANS } from './host/bans.ts'
import { isPublicMultiaddr } from './host/dial-fault.ts'
import { Host, type HostOptions, type HostPorts } from './host/host.ts'
import { type Identity, type KeyFile, loadIdentity } from './host/identity.ts'
import { JoinedNetwork } from './joined-network.ts'
import { ListView } from './list-view.ts'
import { Members } from './members.ts'
import type * as api from './network-api.ts'
import { describePeer, describeState, type Member, onePerPeer, summarize } from './network-state.ts'
import { OwnKeyWatch } from './own-key-watch.ts'
import { refusedBy, sealOwn } from './own-words.ts'
import { PeerClocks } from './peer-clocks.ts'
import type {
  AuthorStore,
  EventStore,
  JoinedNetwork as JoinedRecord,
  NetworkStore,
  SequenceSource
} from './ports.ts'
import { ProofTeller } from './proof-teller.ts'
import { rejoin } from './rejoin.ts'
import { Strangers } from './strangers.ts'

const DAY_MS = 24 * 3_600_000
const INVITATION_MS = 7 * DAY_MS

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

interface Running {
  readonly identity: Identity
  readonly host: Host
  readonly intake: EventIntake
  readonly gossip: Gossip
  readonly announcer: Announcer
  readonly gatekeeper: Gatekeeper
}

export class NetworkNode implements api.NetworkService {
  readonly name = 'network'
  readonly #options: NetworkNodeOptions
  readonly #ports: NetworkNodePorts
  readonly #verify: Verify
  readonly #members = new Members()
  readonly #listeners = new Set<api.NetworkEventListener>()
  readonly #tasks: TaskGroup
  readonly #clocks: PeerClocks
  readonly #ownKey: OwnKeyWatch
  #stopping = new AbortController()
  #running: Running | undefined

  constructor(options: NetworkNodeOptions, ports: NetworkNodePorts) {
    this.#options = options
    this.#ports = ports
    this.#verify = createNodeVerifier(ports.clock)
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
    const isAuthor = (key: Uint8Array) =>
      [...this.#members.values()].some(({ joined }) => authors.find(joined.record.id, key))
    const host = new Host(this.#options, { ...this.#ports, isAuthor }, identity)
    await host.start()
    const doubt = new ClockDoubt({ clock, host, clocks: this.#clocks })
    const gossip = new Gossip({
      ...{ clock, host, intake, log, doubt, isAuthor },
      onUnknownAuthor: (network, peer) => this.#members.in(network)?.joined.askAboutUnknown(peer)
    })
    gossip.start()
    new Strangers({ clock, host, isAuthor }).start()
    const publish = this.publish.bind(this)
    const announcer = new Announcer(this.#options, { clock, log, host, publish })
    const gatekeeper = new Gatekeeper({
      ...{ clock, identity, host, authors, randomBytes, publish, verify: this.#verify }
    })
    this.#running = { identity, host, intake, gossip, announcer, gatekeeper }
    this.#listen(intake)
    for (const record of networks.list()) await this.#attach(record)
    this.#watchClock(doubt)
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
    const hexKey = running === undefined ? '' : hexOf(running.identity.signer.publicKey)
    const lengths = LANES.map((lane) => [lane, running?.intake.queueLength(lane) ?? 0])
    return {
      isRunning: running !== undefined,
      problem: undefined,
      peerId: running?.host.peerId.toString() ?? '',
      author: hexKey,
      addresses: running?.host.addresses.map(String) ?? [],
      connectedPeers: onePerPeer(running?.host.connections ?? []).length,
      networks: running === undefined ? [] : this.#states(running),
      queues: Object.fromEntries(lengths),
      keyUsedElsewhereAtMs: this.#ownKey.lastElsewhereAtMs,
      bannedPeers: running?.host.banned ?? NO_BANS,
      ...this.#clocks.estimate(running?.host.connections ?? [])
    }
  }

  list(): readonly api.NetworkSummary[] {
    return [...this.#members.values()].map((member) => this.#summaryOf(member))
  }

  speakingRoom(id: api.NetworkIdText) {
    const joined = this.#members.get(id.toLowerCase())?.joined
    return joined && this.#running?.intake.ownRooms(joined.network.id)
  }

  async create(
    fields: api.CreateNetworkFields
  ): Promise<{ readonly network: api.NetworkSummary; readonly invitation: string }> {
    const network = this.#run.gatekeeper.found(fields)
    const summary = await this.#enter(network, { admission: undefined, bootstrap: [] })
    if (network.policy !== 'invitation') return { network: summary, invitation: '' }
    const invitation = await this.invite(summary.id, {
      notAfterMs: fields.notAfterMs ?? this.#ports.clock.nowMs() + INVITATION_MS,
      ...(fields.addresses && { addresses: fields.addresses })
    })
    return { network: summary, invitation }
  }

  async invite(id: api.NetworkIdText, fields: api.InviteFields): Promise<string> {
    return this.#run.gatekeeper.invite(this.#members.of(id), fields)
  }

  readInvitation(text: string): api.InvitationFacts {
    const { treatAsPublic = [] } = this.#options
    return readInvitation(text, (address) => isPublicMultiaddr(address, treatAsPublic))
  }

  async key(): Promise<api.HexText> {
    const { keyFile, randomBytes } = this.#ports
    const { signer } = this.#running?.identity ?? (await loadIdentity(keyFile, randomBytes))
    return hexOf(signer.publicKey)
  }

  async admit(id: api.NetworkIdText, fields: api.AdmitFields): Promise<string> {
    return this.#run.gatekeeper.admit(this.#members.of(id), fields)
  }

  async revoke(id: api.NetworkIdText, fields: api.RevokeFields): Promise<api.Revoked> {
    return await this.#run.gatekeeper.revoke(this.#members.of(id), fields)
  }

  authors(id: api.NetworkIdText): readonly api.NetworkAuthor[] {
    return this.#run.gatekeeper.authors(this.#members.of(id))
  }

  async join(line: string): Promise<api.JoinedSummary> {
    const { network, ...by } = await this.#run.gatekeeper.open(line)
    const known = this.#members.in(network.id)
    if (known !== undefined) {
      const newAddresses = await rejoin(known.joined, by, { ...this.#ports, ...this.#run })
      return { ...this.#summaryOf(known), wasMember: true, newAddresses }
    }
    const newAddresses = by.bootstrap.length
    return { ...(await this.#enter(network, by)), wasMember: false, newAddresses }
  }

  async leave(id: api.NetworkIdText): Promise<void> {
    const { host, intake, gossip, announcer } = this.#run
    const { joined } = this.#members.of(id)
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
    const members = this.#members.asked(id)
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
    const { network } = this.#members.of(id).joined
    const tsMs = this.#ports.clock.nowMs()
    const expMs = tsMs + options.ttlMs
    const seq = this.#ports.sequence
    const event = sealOwn({ network: network.id, tsMs, expMs, body }, seq, identity.signer)
    const origin = { network: network.id, via: 'own', peer: host.peerId.toString() } as const
    const verdict = await intake.submit(event.bytes, origin)
    if (verdict.verdict !== 'accept')
      throw refusedBy(verdict.reason, event, intake.ownRooms(network.id))
    await gossip.publish(event)
    return { id: hexOf(event.id), seq: event.seq }
  }

  alerts(query: api.AlertQuery): api.Page<api.ReceivedAlert> {
    return this.#members.alerts(query, this.#ports.clock.nowMs())
  }

  threats(query: api.ThreatQuery): api.Page<api.Threat> {
    return this.#members.threats(query, this.#ports.clock.nowMs())
  }

  lists(query: api.ListQuery): api.Page<api.ListedPrefix> {
    return this.#members.lists(query, this.#ports.clock.nowMs())
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

  async #enter(
    network: Network,
    by: Pick<JoinedRecord, 'admission' | 'bootstrap'>
  ): Promise<api.NetworkSummary> {
    this.#members.expectRoom()
    const { id, name, bytes: document } = network
    const record = { ...{ id, name, document }, ...by, joinedAtMs: this.#ports.clock.nowMs() }
    this.#ports.networks.save(record)
    const member = await this.#attach(record)
    this.#ports.log.info({ network: networkIdText(id) }, 'network joined')
    return this.#summaryOf(member)
  }

  async #attach(record: JoinedRecord): Promise<Member> {
    const { host, intake, gossip, identity, announcer } = this.#run
    const { clock, random, log, events, authors } = this.#ports
    const network = decodeNetwork(record.document)
    const joined = new JoinedNetwork(record, network, {
      ...{ clock, random, log, host, intake, events, clocks: this.#clocks },
      isAuthor: (key) => authors.find(network.id, key) !== undefined
    })
    const view = new EventView(network, identity.signer.publicKey, events)
    view.load(clock.nowMs())
    const lists = new ListView(network, identity.signer.publicKey, events)
    lists.load(clock.nowMs())
    const member = { joined, view, lists }
    this.#members.set(networkIdText(network.id), member)
    gossip.attach(network.id)
    await announcer.announce(joined)
    await joined.start()
    announcer.keepAnnouncing(joined)
    return member
  }

  #listen(intake: EventIntake): void {
    const { clock, random } = this.#ports
    const teller = new ProofTeller({
      ...{ clock, random, intake },
      publish: (network, proof) =>
        this.publish(networkIdText(network), proof, { ttlMs: 30 * DAY_MS })
    })
    intake.subscribe({
      onVerdict: (verdict) => {
        if (verdict.verdict !== 'accept') this.#ports.onRefused?.(verdict)
      },
      onAccepted: (event, { via }) => {
        const receivedAtMs = this.#ports.clock.nowMs()
        this.#ownKey.noteProof(event)
        const member = this.#members.in(event.network)
        member?.view.add(event, { via, receivedAtMs })
        member?.lists.add(event)
        const heard = {
          ...{ receivedAtMs, authorName: member?.view.nameOf(hexOf(event.author)) },
          retracted: member?.view.findRetracted(event),
          isTakenBack: member?.view.isTakenBack(event) ?? false
        }
        for (const listener of this.#listeners) listener(event, via, heard)
      },
      onVoided: (network, places) => {
        const member = this.#members.in(network)
        member?.view.remove(places)
        member?.lists.remove(places)
      },
      onEquivocation: (network, first, second) => {
        const { signal } = this.#stopping
        this.#tasks.run(() => teller.tell(network, [first, second], signal))
      },
      onOwnKeyUsed: (event) => {
        this.#ports.onOwnKeyUsed?.()
        this.#ownKey.note(event)
      }
    })
  }

  #watchClock(doubt: ClockDoubt): void {
    watchClock(this.#ports.clock, this.#stopping.signal, (nowMs, jump) => {
      this.#running?.intake.expire()
      doubt.tick(jump !== undefined)
      if (jump !== undefined) this.#clocks.forgetAll()
      if (jump !== undefined) this.#running?.gossip.forgiveRejected(jump.wrongSinceMs)
      for (const { joined, view, lists } of this.#members.values()) {
        view.expire(nowMs)
        lists.expire(nowMs)
        if (jump !== undefined) joined.syncWithAll()
      }
    })
  }

  #states({ identity, host, announcer }: Running) {
    const parts = { identity, host, announcer, authors: this.#ports.authors }
    return [...this.#members.values()].map((member) => describeState(member, parts))
  }

  #summaryOf({ joined }: Member): api.NetworkSummary {
    return summarize(joined, this.#run.identity)
  }
}
