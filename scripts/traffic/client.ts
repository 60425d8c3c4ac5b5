/** What a client asks and what it is answered: the contract between behaviours, HAProxy, the keyserver and the labels. */
import type { AddressText } from '../../src/base/index.ts'
import type { Certificate } from './keyserver/key-base.ts'

export const BENIGN_CLASSES = ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'N7'] as const
export const ABUSE_CLASSES = [
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A6',
  'A7',
  'A8',
  'A9',
  'A10',
  'A11',
  'A12',
  'A13',
  'A14',
  'A15',
  'A16',
  'A17',
  'A18',
  'A19',
  'A20'
] as const
export const CLASSES = [...BENIGN_CLASSES, ...ABUSE_CLASSES] as const
export type ClassName = (typeof CLASSES)[number]
export type Label = 'benign' | 'abuse' | 'mixed'

/** A program as HAProxy sees it. */
export interface Agent {
  /** Name for the label file. */
  readonly tool: string
  readonly userAgent: string
  readonly acceptLanguage: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  readonly isTls: boolean
  readonly host: string
  /** Bytes of the request beside its first line, Host and the headers named here. */
  readonly otherBytes: number
  /** It sends a `Connection` header, which HAProxy takes away. */
  readonly sendsConnection: boolean
}

/** How a lookup is answered where it finds something. */
export type LookupForm = 'armour' | 'mr' | 'json' | 'html'

export type Intent =
  | {
      readonly kind: 'lookup'
      readonly op: string
      /** As the keyserver decodes it. */
      readonly search: string
      readonly form: LookupForm
      readonly certificates: readonly Certificate[]
    }
  | { readonly kind: 'bad-lookup'; readonly message: string; readonly line: number }
  | { readonly kind: 'database-error'; readonly message: string }
  | {
      readonly kind: 'add'
      readonly inserted: readonly Certificate[]
      readonly updated: readonly Certificate[]
      readonly ignored: readonly Certificate[]
      readonly warnings: readonly KeyWarning[]
    }
  | { readonly kind: 'refused-add'; readonly status: 400 | 422; readonly message: string }
  | { readonly kind: 'replace'; readonly updated: readonly Certificate[] }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'refused-change'
      readonly verb: 'Delete' | 'Replace'
      readonly status: 400 | 404 | 422
      readonly message: string
    }
  | { readonly kind: 'hashquery'; readonly answerBytes: number }
  | { readonly kind: 'stats'; readonly form: 'json' | 'html' }
  | { readonly kind: 'health' }
  | { readonly kind: 'file'; readonly answerBytes: number }
  | { readonly kind: 'missing-file' }
  /** Bytes that HAProxy cannot read as a request. */
  | { readonly kind: 'garbage' }
  | { readonly kind: 'handshake-failure' }
  /** Headers that never end: HAProxy gives up after its time-out, or the client goes. */
  | {
      readonly kind: 'slow-headers'
      readonly heldMs: number
      readonly endsBy: 'timeout' | 'client'
    }
  /** A body that never ends: the client goes, or sends its last byte after so long. */
  | { readonly kind: 'slow-body'; readonly heldMs: number }
  /** A connection to the gossip port; HAProxy never sees it. */
  | { readonly kind: 'recon-probe'; readonly error: string | undefined }
  | { readonly kind: 'recon-upsert'; readonly inserted: number; readonly updated: number }

export type KeyWarning =
  | { readonly kind: 'user-id-too-long'; readonly certificate: Certificate; readonly bytes: number }
  | { readonly kind: 'too-long'; readonly certificate: Certificate; readonly bytes: number }
  | { readonly kind: 'duplicate-packet'; readonly certificate: Certificate; readonly count: number }
  | { readonly kind: 'null-byte'; readonly certificate: Certificate }

export interface ClientRequest {
  /** When the whole request is there. */
  readonly atMs: number
  readonly source: AddressText
  readonly agent: Agent
  readonly method: string
  /** As sent, before HAProxy rewrites `/get/x` and its like. */
  readonly target: string
  readonly intent: Intent
  /** Undefined for the agent's own; empty for none. */
  readonly host?: string
  readonly referer?: string
  readonly forwardedFor?: string
  readonly bodyBytes?: number
  /** On the connection of this source's last request; its end is the start of the idle time. */
  readonly isKept?: boolean
  /** It takes the answer so slowly, and perhaps never takes all of it. */
  readonly reading?: { readonly forMs: number; readonly isAborted: boolean }
}

export interface Answer {
  readonly status: number
  readonly outcome: 'served' | 'denied' | 'tarpitted' | 'failed' | 'none'
  readonly endMs: number
  /** HAProxy wrote a line of its front end for it. */
  readonly isLogged: boolean
}

export type Client = Generator<ClientRequest, void, Answer>

/** One stay of a client, or one campaign with all its sources. */
export interface Activity {
  readonly className: ClassName
  readonly label: Label
  /** A name of a kind of stay (`refresh`), or of one campaign (`A3-1`). */
  readonly campaign: string
  readonly startMs: number
  readonly open: () => Client
  /** Only for campaigns. */
  readonly about?: CampaignNote
}

export interface CampaignNote {
  readonly description: string
  readonly evasion: string
  readonly parameters: Readonly<Record<string, number | string>>
}
