/**
 * What a keyserver's logs say, as plain values: the input of detection. Every event has two times by the log's own clock:
 * when it happened and when its line was written (a decision can be no earlier than the latter).
 */
import type { AddressText } from '../base/index.ts'

/**
 * How the proxy or the keyserver ended a request. `denied` and `tarpitted` are the proxy's own answers (its status code says
 * nothing about the request); `malformed` was no HTTP; `unavailable` means no server took it.
 */
export type RequestOutcome =
  | 'served'
  | 'denied'
  | 'tarpitted'
  | 'malformed'
  | 'timed-out'
  | 'aborted'
  | 'unavailable'

export interface RequestEvent {
  readonly kind: 'request'
  /** Arrival of the request. */
  readonly atMs: number
  readonly loggedAtMs: number
  /** The trusted client address; never taken from a header that the client could have written. */
  readonly source: AddressText
  /** The TCP peer: the client, or the proxy in front of the operator's own. */
  readonly peer: AddressText
  readonly peerPort: number
  /** Attacker-controlled token, at most 32 characters. Empty if nothing was parsed. */
  readonly method: string
  /** Path and query as the client wrote them (before rewriting), origin form. Empty if nothing was parsed. */
  readonly target: string
  /** The client sent `http://host/path` over HTTP/1.x, as one does to a forward proxy. */
  readonly isAbsoluteForm: boolean
  readonly host: string
  readonly httpVersion: string
  readonly userAgent: string
  readonly acceptLanguage: string
  readonly referer: string
  /** X-Forwarded-For as received: evidence, never identity. */
  readonly forwardedFor: string
  /** Content-Length as declared; -1 if absent. */
  readonly declaredLength: number
  /** HTTP status of the keyserver or proxy; -1 if none was sent. */
  readonly status: number
  /** Bytes, headers included; -1 if the log does not say. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  readonly isTls: boolean
  readonly outcome: RequestOutcome
  /** Back end that served it, as the log names it (`be_hockeypuck`, `be_tarpit`, …); empty if unknown. */
  readonly backend: string
  /** The proxy's Tor limit marked this request (`RATE-LIMITED` in slots 3–5 of line B). */
  readonly isRateLimited: boolean
  /** True if both HAProxy lines were seen, or the format has only one. */
  readonly isComplete: boolean
  /** Raw line (of HAProxy: line A, or B where A is missing); only its hash is ever kept. */
  readonly line: string
}

/** An upload that Hockeypuck reported (`msg=add`, `delete`, replace), joined with the request that carried it. */
export interface SubmissionEvent {
  readonly kind: 'submission'
  readonly atMs: number
  readonly loggedAtMs: number
  readonly verb: 'add' | 'replace' | 'delete'
  /** Undefined if no request could have carried it. */
  readonly source: AddressText | undefined
  /** 0..1: probability that `source` is right; 1 if only one request was possible. */
  readonly confidence: number
  /** How many requests could have carried it. */
  readonly candidates: number
  readonly bytesIn: number
  readonly status: number
  readonly userAgent: string
  /** Lower-case hexadecimal fingerprints. */
  readonly inserted: readonly string[]
  readonly updated: readonly string[]
  readonly ignored: readonly string[]
  readonly invalid: readonly string[]
  readonly deleted: readonly string[]
  readonly line: string
}

/** One certificate that a lookup returned (`msg=lookup`). */
export interface CertificateServedEvent {
  readonly kind: 'certificate-served'
  readonly atMs: number
  readonly loggedAtMs: number
  readonly op: string
  readonly fingerprint: string
  readonly lengthBytes: number
  /** Absent before 2.3. */
  readonly search: string | undefined
  readonly line: string
}

export type KeyserverNoticeCode =
  | 'http-error'
  | 'storage-error'
  | 'invalid-signature'
  | 'unparsable-upload'
  | 'certificate-too-long'
  | 'user-id-too-long'
  | 'packet-dropped'
  | 'duplicate-packet'
  | 'blacklisted-certificate'
  | 'unreadable-packet'
  | 'invalid-search'
  | 'hashquery-capped'
  | 'overloaded'
  | 'started'
  | 'stopped'
  | 'other'

/** A warning or an error of Hockeypuck. */
export interface KeyserverNoticeEvent {
  readonly kind: 'keyserver-notice'
  readonly atMs: number
  readonly loggedAtMs: number
  readonly level: 'info' | 'warning' | 'error' | 'fatal' | 'panic'
  readonly code: KeyserverNoticeCode
  /** HTTP status for `HTTP <n>: …`, else undefined. */
  readonly status: number | undefined
  /** The request it belongs to, joined by time as an upload is; undefined if it belongs to none. */
  readonly source: AddressText | undefined
  readonly confidence: number
  readonly fingerprint: string | undefined
  /** First line, at most 200 characters, control characters removed. */
  readonly text: string
  readonly line: string
}

/** One line of recon (the SKS reconciliation protocol) or PKS. */
export interface ReconEvent {
  readonly kind: 'recon'
  readonly atMs: number
  readonly loggedAtMs: number
  readonly what:
    | 'accepted'
    | 'initiated'
    | 'rejected'
    | 'failed'
    | 'mismatched'
    | 'recovered'
    | 'upserted'
  readonly peer: AddressText | undefined
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  readonly text: string
  readonly line: string
}

/** A line of the proxy that is no request: a failed TLS handshake, a reload, a server that went down or came back. */
export interface ProxyNoticeEvent {
  readonly kind: 'proxy-notice'
  readonly atMs: number
  readonly loggedAtMs: number
  readonly what:
    | 'tls-handshake-failed'
    | 'reloaded'
    | 'server-down'
    | 'server-up'
    | 'no-server'
    | 'other'
  readonly source: AddressText | undefined
  readonly text: string
  readonly line: string
}

export type TrafficEvent =
  | RequestEvent
  | SubmissionEvent
  | CertificateServedEvent
  | KeyserverNoticeEvent
  | ReconEvent
  | ProxyNoticeEvent

/** Why a line gave no event. Bounded, so that it can be a metric label. */
export type UnparsedCause =
  | 'empty'
  | 'too-long'
  | 'binary'
  | 'truncated'
  | 'unknown-format'
  | 'bad-time'
  | 'bad-address'
  | 'bad-number'
  | 'bad-wrapper'

export type EventSink = (event: TrafficEvent) => void
