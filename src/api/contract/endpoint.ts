/** What one entry of the contract says. Everything else (routes, OpenAPI document, client types) is derived from it. */
import type * as z from 'zod'
import type { ApiErrorCode } from '../errors.ts'
import type { TokenScope } from '../ports.ts'

export const API_TAGS = {
  defense: 'Decisions, lists, mode and actuators of the guard.',
  network: 'Networks of nodes, whose operators warn each other.',
  models: 'Models: packages, stages, predictions and what they are worth.',
  labels: 'What is said of sources, for models to learn from.',
  inference: 'Models in the words of the Open Inference Protocol, version 2.',
  audit: 'The append-only record of every change.',
  tokens: 'Who may ask what.',
  node: 'State, events and documents of the node itself.'
} as const

export type ApiTag = keyof typeof API_TAGS

/** `public` needs no token. */
export type EndpointScope = 'public' | TokenScope

export interface TextResponse {
  readonly mediaType: string
  readonly description: string
  /** Empty where the answer is no text. */
  readonly example: string
  /** The answer is bytes, or lines that come while the request is still being read. @default false */
  readonly isStream?: boolean
}

/** A body that is read as it comes. */
export interface Upload {
  readonly mediaType: string
  readonly description: string
  /** Undefined: as long as the client likes; what is read is answered and forgotten. */
  readonly bytesMax: number | undefined
  /** Empty where the body is no text. */
  readonly example: string
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Parameters in braces, as in OpenAPI. */
  readonly path: `/${string}`
  readonly tag: ApiTag
  readonly summary: string
  readonly description?: string
  readonly scope: EndpointScope
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /** Longest JSON body, in bytes, where that is more than the configuration allows elsewhere. */
  readonly bodyBytesMax?: number
  /** Instead of a JSON body. */
  readonly upload?: Upload
  /** A POST that asks and changes nothing. @default false */
  readonly isQuery?: boolean
  /** The answer names the revision (`ETag`); a write says which one it changes (`If-Match`). @default false */
  readonly hasRevision?: boolean
  /** How failures are written: as problem documents, or as `{"error": text}`. @default problem */
  readonly errorForm?: 'problem' | 'error-text'
  readonly status: 200 | 201 | 202 | 204
  /** The answer says where what was made is found (`Location`). @default false */
  readonly hasLocation?: boolean
  /** Absent where the answer has no JSON body. */
  readonly response?: z.ZodType
  /** Another representation than JSON, or the only one. */
  readonly text?: TextResponse
  /** Besides those that every endpoint can answer (`COMMON_ERRORS`). */
  readonly errors: readonly ApiErrorCode[]
  /** Probes and scrapers are not limited, so that nobody can make the node look dead. @default true */
  readonly isRateLimited?: boolean
  /** A request that succeeds on a node in the state of the examples. */
  readonly example: {
    readonly params?: Readonly<Record<string, string>>
    readonly query?: Readonly<Record<string, string | number | boolean>>
    readonly body?: unknown
  }
}

export const COMMON_ERRORS: readonly ApiErrorCode[] = [
  'REQUEST_INVALID',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'INTERNAL'
]

export const TOKEN_ERRORS: readonly ApiErrorCode[] = [
  'TOKEN_MISSING',
  'TOKEN_UNKNOWN',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'SCOPE_MISSING',
  'RATE_LIMITED'
]

export const WRITE_ERRORS: readonly ApiErrorCode[] = [
  'IDEMPOTENCY_KEY_IN_USE',
  'IDEMPOTENCY_KEY_REUSED',
  'STORAGE_UNAVAILABLE'
]

export const BODY_ERRORS: readonly ApiErrorCode[] = [
  'REQUEST_MALFORMED',
  'BODY_TOO_LONG',
  'MEDIA_TYPE_UNSUPPORTED'
]

export const REVISION_ERRORS: readonly ApiErrorCode[] = ['REVISION_MISSING', 'REVISION_MISMATCH']

export const UPLOAD_ERRORS: readonly ApiErrorCode[] = [
  'BODY_TOO_LONG',
  'MEDIA_TYPE_UNSUPPORTED',
  'REQUEST_TIMED_OUT'
]

/** Whether it changes something: only such an endpoint takes an Idempotency-Key, unless its body is a stream. */
export function isWrite(endpoint: Endpoint): boolean {
  return endpoint.method !== 'GET' && endpoint.isQuery !== true
}

/** Every code that the endpoint can answer with. */
export function errorsOf(endpoint: Endpoint): readonly ApiErrorCode[] {
  return [
    ...COMMON_ERRORS,
    ...(endpoint.scope === 'public' ? [] : TOKEN_ERRORS),
    ...(isWrite(endpoint) ? WRITE_ERRORS : []),
    ...(endpoint.body === undefined ? [] : BODY_ERRORS),
    ...(endpoint.upload === undefined ? [] : UPLOAD_ERRORS),
    ...(isWrite(endpoint) && endpoint.hasRevision ? REVISION_ERRORS : []),
    ...endpoint.errors
  ]
}
