/** A network service in memory: what is published is there at once, what others say is put in by the test. */
import { createHash } from 'node:crypto'
import { getPrefix, NetminderError, prefixesOverlap, SystemClock } from '../../src/base/index.ts'
import {
  type AuditInput,
  type GuardApi,
  ListPublisher,
  type ListPublisherPorts,
  NetworkDesk,
  type NetworkDeskPorts,
  type PublishedListRecord
} from '../../src/defense/index.ts'
import { NetworkError } from '../../src/network/errors.ts'
import { pageOf } from '../../src/network/event-view.ts'
import type {
  JoinedSummary,
  ListedPrefix,
  NetworkEventListener,
  NetworkPeer,
  NetworkService,
  NetworkStatus,
  NetworkSummary,
  ReceivedAlert,
  Threat
} from '../../src/network/index.ts'
import {
  DecodeError,
  type EventBody,
  findUselessness,
  type SignedNetworkEvent,
  sealEvent,
  signerFromSeed
} from '../../src/wire/index.ts'

export const SAMPLE_NETWORK_ID = '0102030405060708090a0b0c0d0e0f10'
/** Addresses of documents stand for the public. */
const TREATED_AS_PUBLIC = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].map(getPrefix)
const KEY = 'ab'.repeat(32)
const SEED = createHash('sha256').update('fake network').digest()

export class FakeNetwork implements NetworkService {
  readonly name = 'network'
  readonly signer = signerFromSeed(new Uint8Array(SEED))
  joined: NetworkSummary[] = [summaryOf(SAMPLE_NETWORK_ID, 'keyservers of the north')]
  published: { network: string; body: EventBody; ttlMs: number }[] = []
  /** Of what was published, in the same order. */
  readonly publishedIds: string[] = []
  received: ReceivedAlert[] = []
  threatsSaid: Threat[] = []
  listed: ListedPrefix[] = []
  mesh = 2
  meshWanted = 2
  nameOfAuthors: string | undefined = 'fake.example'
  clockSkewMs: number | undefined = 40
  failure: NetminderError | undefined
  /** Of what is said in one network, by its id. */
  readonly failureIn = new Map<string, Error>()
  /** Of a line that comes when the node is in the network already. */
  newAddresses = 0
  room = {
    hour: { events: 60, accused: 120, own: 60 },
    day: { events: 720, accused: 1_440, own: 720 }
  }
  readonly #listeners = new Set<NetworkEventListener>()
  #seq = 0n

  get listenerCount(): number {
    return this.#listeners.size
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  status(): NetworkStatus {
    const mesh = { alert: this.mesh, vote: this.mesh, list: this.mesh, ctl: this.mesh }
    const wanted = this.meshWanted
    const meshWanted = { alert: wanted, vote: wanted, list: wanted, ctl: wanted }
    const liveEvents = {
      alert: this.received.length,
      vote: 0,
      'list-delta': 0,
      retract: 0,
      'node-announce': 1,
      revoke: 0,
      'equivocation-proof': 0
    }
    return {
      isRunning: true,
      problem: undefined,
      peerId: '12D3KooWFake',
      author: Buffer.from(this.signer.publicKey).toString('hex'),
      addresses: ['/ip4/198.51.100.1/tcp/11390/p2p/12D3KooWFake'],
      connectedPeers: this.peers().length,
      networks: this.joined.map((network) => ({
        ...network,
        mesh,
        meshWanted,
        authors: 3,
        isAdmitted: true,
        announceProblem: undefined,
        liveEvents,
        digest: '00',
        bootstrap: ['/ip4/198.51.100.2/tcp/11390'],
        lastSync: { atMs: 1_000, outcome: 'same', fetched: 0, durationMs: 12 },
        isEclipseSuspected: false
      })),
      queues: { alert: 0, vote: 0, list: 0, ctl: 0 } as NetworkStatus['queues'],
      keyUsedElsewhereAtMs: undefined,
      bannedPeers: { protocol: 0, flood: 0, gossip: 0 },
      clockSkewMs: this.clockSkewMs,
      clockPeers: this.clockSkewMs === undefined ? 0 : 1
    }
  }

  list(): readonly NetworkSummary[] {
    return this.joined
  }

  speakingRoom(id: string): ReturnType<NetworkService['speakingRoom']> {
    return this.joined.some((network) => network.id === id) ? this.room : undefined
  }

  async create(fields: Parameters<NetworkService['create']>[0]) {
    this.#mayFail()
    if (fields.name.trim() !== fields.name || fields.name === '' || fields.name.length > 64) {
      throw new NetworkError('NAME_INVALID', 'expected a name of 1 to 64 bytes')
    }
    const id = createHash('sha256').update(fields.name).digest('hex').slice(0, 32)
    const network = { ...summaryOf(id, fields.name), isFounder: true, peers: 0, isAlone: true }
    this.joined = [...this.joined, network]
    return { network, invitation: 'netminder1:invitation' }
  }

  async invite(id: string): Promise<string> {
    this.#get(id)
    return 'netminder1:invitation'
  }

  readInvitation() {
    const addresses = ['/ip4/198.51.100.1/tcp/11390/p2p/12D3KooWFake']
    return { key: KEY, addresses, hasPublicAddress: true }
  }

  async key(): Promise<string> {
    return Buffer.from(this.signer.publicKey).toString('hex')
  }

  async admit(id: string, { author }: Parameters<NetworkService['admit']>[1]): Promise<string> {
    this.#get(id)
    this.#mayFail()
    return `netminder-admission1:${author}`
  }

  async revoke(id: string, { key, subject = 'author' }: Parameters<NetworkService['revoke']>[1]) {
    this.#get(id)
    this.#mayFail()
    return { subject, key, authors: [key] }
  }

  authors(id: string): ReturnType<NetworkService['authors']> {
    this.#get(id)
    const isOwn = { isOwn: false, isFounder: false, hasLeft: false, isRevoked: false }
    return [{ key: KEY, name: 'other.example', ...isOwn, invitation: undefined, admittedAtMs: 1 }]
  }

  lists(query: Parameters<NetworkService['lists']>[0]) {
    if (query.network !== undefined) this.#get(query.network)
    return pageOf(this.listed, query)
  }

  async join(invitation: string): Promise<JoinedSummary> {
    this.#mayFail()
    if (!/^netminder(?:-admission)?1:/.test(invitation)) {
      throw new NetminderError('INVITATION_DAMAGED', 'part of the line is missing')
    }
    const joined = this.joined[0] ?? summaryOf(SAMPLE_NETWORK_ID, 'keyservers of the north')
    const wasMember = this.joined.length > 0
    if (!wasMember) this.joined = [joined]
    return { ...joined, wasMember, newAddresses: wasMember ? this.newAddresses : 1 }
  }

  async leave(id: string): Promise<void> {
    this.#get(id)
    this.joined = this.joined.filter((network) => network.id !== id)
    this.received = this.received.filter(({ network }) => network !== id)
  }

  peers(id?: string): readonly NetworkPeer[] {
    if (id !== undefined) this.#get(id)
    return [
      {
        peerId: '12D3KooWOther',
        networks: [SAMPLE_NETWORK_ID],
        addresses: ['/ip4/198.51.100.2/tcp/11390'],
        direction: 'outbound',
        connectedSinceMs: 0,
        score: 1,
        latencyMs: 3,
        name: 'other.example'
      }
    ]
  }

  async publish(id: string, body: EventBody, { ttlMs }: { readonly ttlMs: number }) {
    this.#get(id)
    this.#mayFail()
    const failure = this.failureIn.get(id)
    if (failure !== undefined) throw failure
    this.#charge(body)
    const event = this.#sealOwn(id, body, ttlMs)
    this.published.push({ network: id, body, ttlMs })
    const eventId = Buffer.from(event.id).toString('hex')
    this.publishedIds.push(eventId)
    this.#keep(event)
    this.emit(event, 'own', this.#retract(body))
    return { id: eventId, seq: event.seq }
  }

  alerts(query: Parameters<NetworkService['alerts']>[0]) {
    if (query.network !== undefined) this.#get(query.network)
    const items = this.received.filter(
      ({ network, body }) =>
        (query.network ?? network) === network &&
        body.severity >= (query.severityMin ?? 0) &&
        (query.prefix === undefined ||
          body.indicators.some(
            ({ prefix }) => query.prefix && prefixesOverlap(query.prefix, getPrefix(prefix))
          ))
    )
    return pageOf(items, query)
  }

  threats(query: Parameters<NetworkService['threats']>[0]) {
    if (query.network !== undefined) this.#get(query.network)
    const min = query.accusersMin ?? 1
    const items = this.threatsSaid.filter(({ accusers }) => accusers.length >= min)
    return pageOf(items, query)
  }

  onEvent(listener: NetworkEventListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  emit(event: SignedNetworkEvent, via: 'gossip' | 'sync' | 'own', retracted?: ReceivedAlert): void {
    const heard = { receivedAtMs: Date.now(), authorName: this.nameOfAuthors, retracted }
    for (const listener of this.#listeners) listener(event, via, heard)
  }

  /** As it would leave the node: whatever the wire refuses is refused here too. */
  seal(id: string, body: EventBody, ttlMs: number): SignedNetworkEvent {
    this.#seq += 1n
    const tsMs = Date.now()
    const network = new Uint8Array(Buffer.from(id, 'hex'))
    return sealEvent({ network, seq: this.#seq, tsMs, expMs: tsMs + ttlMs, body }, this.signer)
  }

  /** As the others would: what goes beyond is refused. */
  #charge(body: EventBody): void {
    const accused =
      body.kind === 'vote' ? body.votes.filter(({ stance }) => stance === 'block').length : 0
    const isOwn = ['retract', 'node-announce', 'revoke'].includes(body.kind)
    const charge = {
      ...{ accused, events: 1, own: 0 },
      ...((isOwn || (body.kind === 'vote' && accused === 0)) && { events: 0, own: 1 })
    }
    const left = Object.entries(this.room).map(([span, room]) => [
      span,
      {
        events: room.events - charge.events,
        accused: room.accused - accused,
        own: room.own - charge.own
      }
    ])
    this.room = Object.fromEntries(left) as typeof this.room
    const { events, accused: accusedLeft, own } = this.room.hour
    if (Math.min(events, accusedLeft, own) >= 0) return
    this.room.hour = {
      events: events + charge.events,
      accused: accusedLeft + accused,
      own: own + charge.own
    }
    throw new NetworkError('EVENT_REFUSED', 'expected an event that others take', {
      context: { reason: 'QUOTA_EXCEEDED' }
    })
  }

  #sealOwn(id: string, body: EventBody, ttlMs: number): SignedNetworkEvent {
    if (findUselessness(body, TREATED_AS_PUBLIC) !== undefined) {
      throw new NetworkError('EVENT_REFUSED', 'expected public addresses')
    }
    try {
      return this.seal(id, body, ttlMs)
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      throw new NetworkError('EVENT_REFUSED', 'expected an event that others take', { cause })
    }
  }

  /** @returns what is gone */
  #retract(body: EventBody): ReceivedAlert | undefined {
    if (body.kind !== 'retract') return undefined
    const target = Buffer.from(body.eventId).toString('hex')
    const gone = this.received.find(({ id, isOwn }) => isOwn && id === target)
    this.received = this.received.filter((alert) => alert !== gone)
    return gone
  }

  /** Newest first. */
  #keep({ id, network, author, tsMs, expMs, body }: SignedNetworkEvent): void {
    if (body.kind !== 'alert') return
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    const alert: ReceivedAlert = {
      ...{ id: hex(id), network: hex(network), author: hex(author) },
      ...{ authorName: this.nameOfAuthors, isOwn: true, via: 'own', body },
      ...{ atMs: tsMs, endsAtMs: expMs, receivedAtMs: tsMs }
    }
    this.received = [alert, ...this.received]
  }

  #get(id: string): void {
    if (this.joined.some((network) => network.id === id)) return
    throw new NetworkError('NETWORK_NOT_JOINED', `expected a network of this node, got ${id}`)
  }

  #mayFail(): void {
    if (this.failure !== undefined) throw this.failure
  }
}

function summaryOf(id: string, name: string): NetworkSummary {
  return {
    ...{ id, name, policy: 'invitation', isFounder: false, joinedAtMs: 0 },
    ...{ peers: 1, isAlone: false }
  }
}

/** The desk over a fake network, with an audit and lists in arrays. */
export function fakeDesk(
  network: FakeNetwork,
  guard: Pick<GuardApi, 'blocklist'>,
  ports: Partial<NetworkDeskPorts & ListPublisherPorts> = {}
): { readonly desk: NetworkDesk; readonly lists: ListPublisher; readonly audit: AuditInput[] } {
  const audit: AuditInput[] = []
  const kept = new Map<string, PublishedListRecord>()
  const quiet = () => undefined
  const options = { treatAsPublic: TREATED_AS_PUBLIC.map(({ text }) => text) }
  const common = { network, findProtection: () => undefined, clock: new SystemClock() }
  const sharing = {
    status: () => ({ unsaid: 0, why: undefined, isTakingBack: false, takenBackWithinMs: 1_000 })
  }
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const lists = new ListPublisher(options, {
    ...{ ...common, guard, logger },
    lists: { find: (id) => kept.get(id), save: (id, list) => kept.set(id, list) },
    ...ports
  })
  const desk = new NetworkDesk(options, {
    ...{ ...common, sharing, logger, ...ports, lists },
    audit: { append: (entry) => audit.push(entry) }
  })
  return { desk, lists, audit }
}
