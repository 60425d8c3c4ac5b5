/**
 * What the rest of the program sees of the networks: types alone, so that whoever asks knows nothing of libp2p. Ids are
 * hexadecimal, times are milliseconds. Nothing in here has been believed: it has been said, by an author who may speak.
 */
import type { Component, Prefix, PrefixText } from '../base/index.ts'
import type {
  AdmissionPolicy,
  AlertBody,
  EventBody,
  EventKind,
  SignedNetworkEvent,
  Topic
} from '../wire/index.ts'
import type { Lane } from './events/verify-queue.ts'
import type { EventVia } from './ports.ts'

/** 32 hexadecimal digits. */
export type NetworkIdText = string
/** 64 hexadecimal digits: an event, or the public key of an author. */
export type HexText = string

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | undefined
}

export interface NetworkSummary {
  readonly id: NetworkIdText
  readonly name: string
  readonly policy: AdmissionPolicy
  /** Whether this node may invite others and revoke them. */
  readonly isFounder: boolean
  readonly joinedAtMs: number
  /** Peers of this network that are connected now. */
  readonly peers: number
  /** No other node of the network is connected. */
  readonly isAlone: boolean
}

export type SyncOutcome = 'same' | 'caught-up' | 'busy' | 'failed'

export interface LastSync {
  readonly atMs: number
  readonly outcome: SyncOutcome
  /** Events that came by it. */
  readonly fetched: number
  readonly durationMs: number
}

export interface NetworkState extends NetworkSummary {
  /** Of the network's peers, how many are in the mesh of each topic. 0 for long: what is said does not arrive. */
  readonly mesh: Readonly<Record<Topic, number>>
  /** How many it takes until what is said arrives: gossipsub's least, or all who listen where they are fewer; none where nobody is. */
  readonly meshWanted: Readonly<Record<Topic, number>>
  /** Who may speak, this node included. */
  readonly authors: number
  /** Whether others take what this node says: its key was let in, and not put out again. */
  readonly isAdmitted: boolean
  /** What its author took back does not count. */
  readonly liveEvents: Readonly<Record<EventKind, number>>
  /** Fingerprint of everything that is live: two nodes that hold the same show the same. */
  readonly digest: string
  readonly lastSync: LastSync | undefined
  /** Multiaddrs of the invitation: where this node began to look for others. */
  readonly bootstrap: readonly string[]
  /**
   * Peers of different sites go on holding what this node cannot get of them, or lack what it tells them: whoever surrounds it may
   * keep it apart from the rest.
   */
  readonly isEclipseSuspected: boolean
}

export interface NetworkStatus {
  readonly isRunning: boolean
  /** Base58, as in multiaddrs. */
  readonly peerId: string
  /** The key under which this node speaks. */
  readonly author: HexText
  /** Multiaddrs with the peer id: what others dial. */
  readonly addresses: readonly string[]
  readonly connectedPeers: number
  readonly networks: readonly NetworkState[]
  /** Waiting for their signatures to be checked. */
  readonly queues: Readonly<Record<Lane, number>>
  /** When an event came under this node's key that it did not say: another node has the key. Undefined: never since the start. */
  readonly keyUsedElsewhereAtMs: number | undefined
  /** Median over the connected peers that tell their time; positive: this node's clock is ahead. Undefined: nobody tells. */
  readonly clockSkewMs: number | undefined
  /** How many peers it comes from. Of one or two, it may be they who are wrong. */
  readonly clockPeers: number
}

export interface NetworkPeer {
  readonly peerId: string
  readonly networks: readonly NetworkIdText[]
  readonly addresses: readonly string[]
  readonly direction: 'inbound' | 'outbound'
  readonly connectedSinceMs: number
  /** Gossipsub's; below zero it has misbehaved. */
  readonly score: number
  /** Round trip of the last ping, where one was sent. */
  readonly latencyMs: number | undefined
  /** From its announce, by the text of the author's key. Said by others: never to be logged. */
  readonly name: string | undefined
}

export interface CreateNetworkFields {
  readonly name: string
  /** @default 'invitation' */
  readonly policy?: AdmissionPolicy
  /** Of the first invitation. @default in 7 days */
  readonly notAfterMs?: number
  /** What the invitation tells others to dial. @default the node's own addresses */
  readonly addresses?: readonly string[]
}

export interface InviteFields {
  readonly notAfterMs: number
  readonly addresses?: readonly string[]
}

export interface ReceivedAlert {
  readonly id: HexText
  readonly network: NetworkIdText
  readonly author: HexText
  /** What the author calls himself. Said by others: never to be logged. */
  readonly authorName: string | undefined
  readonly isOwn: boolean
  readonly atMs: number
  readonly endsAtMs: number
  readonly receivedAtMs: number
  readonly via: EventVia
  readonly body: AlertBody
}

export interface AlertQuery {
  readonly network?: NetworkIdText
  /** Only alerts that accuse an address within it, or a prefix that holds it. */
  readonly prefix?: Prefix
  /** Received after it. */
  readonly sinceMs?: number
  readonly severityMin?: number
  readonly cursor?: string
  /** 1..1 000 */
  readonly limit: number
}

/** What is said of one prefix by all who vote or warn about it. */
export interface Threat {
  readonly prefix: PrefixText
  /** Those who call for a block, this node not included. */
  readonly accusers: readonly HexText[]
  /** Those who call it harmless. */
  readonly defenders: readonly HexText[]
  /** Numbers of categories, ascending. */
  readonly categories: readonly number[]
  readonly severityMax: number
  readonly firstMs: number
  readonly lastMs: number
  readonly endsAtMs: number
  /** What this node itself has told the others. */
  readonly ownVerdict: 'block' | 'benign' | undefined
}

export interface ThreatQuery {
  readonly network?: NetworkIdText
  readonly prefix?: Prefix
  /** At least so many accusers. @default 1 */
  readonly accusersMin?: number
  readonly cursor?: string
  /** 1..1 000 */
  readonly limit: number
}

export interface Heard {
  readonly receivedAtMs: number
  /** What the author calls himself, where he has said so. Said by others: never to be logged. */
  readonly authorName: string | undefined
}

export type NetworkEventListener = (event: SignedNetworkEvent, via: EventVia, heard: Heard) => void

export interface NetworkService extends Component {
  status(): NetworkStatus
  list(): readonly NetworkSummary[]
  /** @throws {NETWORK_LIMIT_REACHED | NAME_INVALID} */
  create(
    fields: CreateNetworkFields
  ): Promise<{ readonly network: NetworkSummary; readonly invitation: string }>
  /** @throws {NETWORK_NOT_JOINED | NOT_A_FOUNDER | POLICY_FORBIDS | ADDRESSES_INVALID} */
  invite(id: NetworkIdText, fields: InviteFields): Promise<string>
  /** Again: changes nothing. @throws {InvitationError | NETWORK_LIMIT_REACHED | POLICY_FORBIDS} */
  join(invitationText: string): Promise<NetworkSummary>
  /** Says so to the others, and forgets everything of the network. @throws {NETWORK_NOT_JOINED} */
  leave(id: NetworkIdText): Promise<void>
  peers(id?: NetworkIdText): readonly NetworkPeer[]
  /** Seals, keeps and gossips. @throws {NETWORK_NOT_JOINED | EVENT_REFUSED} */
  publish(
    id: NetworkIdText,
    body: EventBody,
    options: { readonly ttlMs: number }
  ): Promise<{ readonly id: HexText; readonly seq: bigint }>
  /** Newest first. @throws {NETWORK_NOT_JOINED | CURSOR_INVALID} */
  alerts(query: AlertQuery): Page<ReceivedAlert>
  /** Most accused first. @throws {NETWORK_NOT_JOINED | CURSOR_INVALID} */
  threats(query: ThreatQuery): Page<Threat>
  /** Every accepted event, own and foreign, after it is on the disk. @returns how to stop listening */
  onEvent(listener: NetworkEventListener): () => void
}

/** Codes of `NetworkError`. */
export const NETWORK_ERROR_CODES = [
  /** The node is in no network of this id. */
  'NETWORK_NOT_JOINED',
  /** More networks than a node may be in. */
  'NETWORK_LIMIT_REACHED',
  /** A name is 1 to 64 bytes of text without space at its ends. */
  'NAME_INVALID',
  /** Founders alone may invite. */
  'NOT_A_FOUNDER',
  /** The network takes those alone for whom a founder signs. */
  'POLICY_FORBIDS',
  /** No multiaddrs, more than 16, or longer than the wire takes. */
  'ADDRESSES_INVALID',
  /** What was to be said would be refused by others, or could not be kept; `context.reason` says why. */
  'EVENT_REFUSED',
  'CURSOR_INVALID',
  /** The key file holds no key. */
  'KEY_FILE_INVALID',
  /** An address to listen on is taken or none. */
  'LISTEN_FAILED',
  'NOT_RUNNING'
] as const
export type NetworkErrorCode = (typeof NETWORK_ERROR_CODES)[number]
