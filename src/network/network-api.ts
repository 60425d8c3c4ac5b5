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

/** What came of a line that lets the node in. */
export interface JoinedSummary extends NetworkSummary {
  /** It was in the network before. */
  readonly wasMember: boolean
  /** Addresses of the line that the node did not know from an earlier one. */
  readonly newAddresses: number
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
  /** Why this node could not say where it is and who let it in, at the last try; undefined where it could. */
  readonly announceProblem: string | undefined
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
  /** Why the networks do not run though the node is in some; it is tried again. */
  readonly problem: string | undefined
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
  /** Peers that are not spoken to for ten minutes, by why: a protocol broken, a flood, gossip that no honest node passes on. */
  readonly bannedPeers: Readonly<Record<'protocol' | 'flood' | 'gossip', number>>
  /**
   * Median over the connected peers that tell their time, or of those that told it last if none is connected; positive: this node's
   * clock is ahead. Undefined: nobody tells.
   */
  readonly clockSkewMs: number | undefined
  /** How many peers it comes from. Of one or two, it may be they who are wrong. */
  readonly clockPeers: number
}

/** What this node may still say in a network before the others no longer listen. */
export interface SpeakingRoom {
  readonly events: number
  /** Prefixes that votes call for to be blocked. */
  readonly accused: number
  /** Retracts, votes that accuse nobody, announces and revocations. */
  readonly own: number
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

/** Of an invitation that was just made. */
export interface InvitationFacts {
  /** By which it is revoked. */
  readonly key: HexText
  readonly addresses: readonly string[]
  /** Whether somebody outside the site can dial one of them. */
  readonly hasPublicAddress: boolean
}

export interface AdmitFields {
  /** Key of the node that is let in. */
  readonly author: string
  /** @default as of an invitation */
  readonly addresses?: readonly string[]
}

export interface RevokeFields {
  /** Of an author or of an invitation; or the line of an invitation. */
  readonly key: string
  /** Which of the two, where this node knows neither. */
  readonly subject?: 'author' | 'invitation'
  /** Everybody in the network reads it. */
  readonly reason?: string
}

export interface Revoked {
  readonly subject: 'author' | 'invitation'
  readonly key: HexText
  /** Who may not speak any more. */
  readonly authors: readonly HexText[]
}

export interface NetworkAuthor {
  readonly key: HexText
  /** Said by others: never to be logged. */
  readonly name: string | undefined
  readonly isOwn: boolean
  readonly isFounder: boolean
  /** By which he came; undefined: by a founder, or he is one. */
  readonly invitation: HexText | undefined
  /** For the first time. */
  readonly admittedAtMs: number
  /** His last word was that he leaves. */
  readonly hasLeft: boolean
  readonly isRevoked: boolean
}

/** One entry of a list that an author publishes. */
export interface ListedPrefix {
  readonly network: NetworkIdText
  readonly author: HexText
  /** Said by others: never to be logged. */
  readonly authorName: string | undefined
  readonly isOwn: boolean
  readonly list: string
  /** Of the list, as far as it was heard. */
  readonly version: number
  readonly prefix: PrefixText
  readonly sinceMs: number
  readonly endsAtMs: number
}

export interface ListQuery {
  readonly network?: NetworkIdText
  /** Only entries that lie within it, or hold it. */
  readonly prefix?: Prefix
  readonly cursor?: string
  /** 1..1 000 */
  readonly limit: number
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
  /** Those who have it in a list that they publish, this node not included. */
  readonly listedBy: readonly HexText[]
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
  /** At least so many who accuse or list it. @default 1 */
  readonly accusersMin?: number
  readonly cursor?: string
  /** 1..1 000 */
  readonly limit: number
}

export interface Heard {
  readonly receivedAtMs: number
  /** What the author calls himself, where he has said so. Said by others: never to be logged. */
  readonly authorName: string | undefined
  /** The alert that this event took back. */
  readonly retracted?: ReceivedAlert | undefined
  /** It was taken back before it came, and does not count. @default false */
  readonly isTakenBack?: boolean
}

export type NetworkEventListener = (event: SignedNetworkEvent, via: EventVia, heard: Heard) => void

export interface NetworkService extends Component {
  status(): NetworkStatus
  list(): readonly NetworkSummary[]
  /** In this hour and on this day (UTC). Undefined: in no such network, or not admitted there. */
  speakingRoom(
    id: NetworkIdText
  ): { readonly hour: SpeakingRoom; readonly day: SpeakingRoom } | undefined
  /** Under the policy `founder` the invitation is empty. @throws {NETWORK_LIMIT_REACHED | NAME_INVALID | ADDRESSES_INVALID} */
  create(
    fields: CreateNetworkFields
  ): Promise<{ readonly network: NetworkSummary; readonly invitation: string }>
  /** @throws {NETWORK_NOT_JOINED | NOT_A_FOUNDER | POLICY_FORBIDS | ADDRESSES_INVALID} */
  invite(id: NetworkIdText, fields: InviteFields): Promise<string>
  readInvitation(text: string): InvitationFacts
  /** The key under which this node speaks, or will. */
  key(): Promise<HexText>
  /** A line that lets in one key, and nobody else. @throws {NETWORK_NOT_JOINED | NOT_A_FOUNDER | KEY_INVALID | KEY_REVOKED | ADDRESSES_INVALID} */
  admit(id: NetworkIdText, fields: AdmitFields): Promise<string>
  /** For founders; for anybody, of his own key. @throws {NETWORK_NOT_JOINED | NOT_A_FOUNDER | KEY_INVALID | KEY_UNKNOWN | EVENT_REFUSED | InvitationError} */
  revoke(id: NetworkIdText, fields: RevokeFields): Promise<Revoked>
  /** Whose word is taken, or was. @throws {NETWORK_NOT_JOINED} */
  authors(id: NetworkIdText): readonly NetworkAuthor[]
  /**
   * By an invitation or a letter of admission. In a network that the node is in, the addresses of the line are added and dialed at
   * once, and its admission takes the place of one that no longer holds.
   * @throws {InvitationError | NETWORK_LIMIT_REACHED | POLICY_FORBIDS}
   */
  join(line: string): Promise<JoinedSummary>
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
  /** By network, author, list and prefix. @throws {NETWORK_NOT_JOINED | CURSOR_INVALID} */
  lists(query: ListQuery): Page<ListedPrefix>
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
  /** No key, or one that nobody can sign with. */
  'KEY_INVALID',
  /** Neither an author nor an invitation has it, as far as this node knows. */
  'KEY_UNKNOWN',
  /** A founder revoked it: for ever. */
  'KEY_REVOKED',
  /** No multiaddrs, none that others can dial, more than 16, or longer than the wire takes. */
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
