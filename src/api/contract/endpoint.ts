/** What one entry of the contract says. Everything else (routes, OpenAPI document, client types) is derived from it. */
import type * as z from 'zod'
import type { ApiErrorCode } from '../errors.ts'
import type { TokenScope } from '../ports.ts'

export const API_TAGS = {
  defense: 'Decisions, lists, mode and actuators of the guard.',
  network: 'Networks of nodes, whose operators warn each other.',
  audit: 'The append-only record of every change.',
  tokens: 'Who may ask what.',
  node: 'State, events and documents of the node itself.'
} as const

export type ApiTag = keyof typeof API_TAGS

/** `public` needs no token. */
export type EndpointScope = 'public' | Exclude<TokenScope, 'train'>

export interface TextResponse {
  readonly mediaType: string
  readonly description: string
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
  readonly status: 200 | 201 | 204
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

/** Every code that the endpoint can answer with. */
export function errorsOf(endpoint: Endpoint): readonly ApiErrorCode[] {
  return [
    ...COMMON_ERRORS,
    ...(endpoint.scope === 'public' ? [] : TOKEN_ERRORS),
    ...(endpoint.method === 'GET' ? [] : WRITE_ERRORS),
    ...(endpoint.body === undefined ? [] : BODY_ERRORS),
    ...endpoint.errors
  ]
}
