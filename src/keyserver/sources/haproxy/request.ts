/** One `RequestEvent` out of line A and line B, or out of the one line that there is. */
import type { RequestEvent } from '../../events.ts'
import type { ClientRule } from './client.ts'
import type { HaproxyLine } from './line.ts'
import { joinedOutcome, outcomeOf } from './outcome.ts'

const RATE_LIMITED = 'RATE-LIMITED'
/** Host, X-REQ-ID, X-Forwarded-For, Accept-Language, Referer, User-Agent, Content-Length and two server counts. */
const FRONT_SLOTS = 9
const EMPTY: readonly string[] = []

/** @returns undefined if the client cannot be known */
export function pairedRequest(
  front: HaproxyLine,
  back: HaproxyLine,
  clients: ClientRule
): RequestEvent | undefined {
  const behind = back.captures()
  const source = clients.fromBack(front.peer, behind[1])
  if (source === undefined) return undefined
  const outcome = joinedOutcome(front, back)
  return {
    ...describe(front, front.captures()),
    loggedAtMs: Math.max(front.endMs, back.endMs),
    source,
    status: front.status >= 0 ? front.status : back.status,
    outcome,
    backend: back.backend,
    isRateLimited: isRateLimited(behind),
    isComplete: true
  }
}

/** Line A alone: refused, held or misunderstood before there was a B, or its B never came (`isComplete` false). */
export function frontRequest(
  front: HaproxyLine,
  clients: ClientRule,
  times: { knownAtMs: number; isComplete: boolean }
): RequestEvent | undefined {
  const slots = front.captures()
  const source = clients.fromFront(front.peer, slots.length === FRONT_SLOTS ? (slots[2] ?? '') : '')
  if (source === undefined) return undefined
  return {
    ...describe(front, slots),
    loggedAtMs: times.knownAtMs,
    source,
    outcome: outcomeOf(front),
    isComplete: times.isComplete
  }
}

/** Line B whose A never came: no user agent, and the target as it was after rewriting. */
export function backRequest(
  back: HaproxyLine,
  clients: ClientRule,
  knownAtMs: number
): RequestEvent | undefined {
  const slots = back.captures()
  const source = clients.fromBack(back.peer, slots[1])
  if (source === undefined) return undefined
  return {
    ...describe(back, EMPTY),
    loggedAtMs: knownAtMs,
    source,
    host: slots[0] ?? '',
    outcome: outcomeOf(back),
    isRateLimited: isRateLimited(slots),
    isComplete: false
  }
}

function describe(line: HaproxyLine, slots: readonly string[]): RequestEvent {
  const request = line.request()
  const atMs = line.arrivalMs
  const isStock = slots.length === FRONT_SLOTS
  const host = isStock ? (slots[0] ?? '') : ''
  return {
    kind: 'request',
    atMs,
    loggedAtMs: line.endMs,
    source: line.peer,
    peer: line.peer,
    peerPort: line.peerPort,
    method: request.method,
    target: request.target,
    isAbsoluteForm: request.isAbsoluteForm,
    host: host === '' ? request.authority : host,
    httpVersion: request.httpVersion,
    userAgent: isStock ? (slots[5] ?? '') : '',
    acceptLanguage: isStock ? (slots[3] ?? '') : '',
    referer: isStock ? (slots[4] ?? '') : '',
    forwardedFor: isStock ? (slots[2] ?? '') : '',
    declaredLength: isStock ? lengthOf(slots[6] ?? '') : -1,
    status: line.status,
    bytesIn: line.bytesIn,
    bytesOut: line.bytesOut,
    durationMs: Math.max(0, line.endMs - atMs),
    isTls: line.isTls,
    outcome: 'served',
    backend: line.backend,
    isRateLimited: false,
    isComplete: true,
    line: line.line
  }
}

function lengthOf(text: string): number {
  return text !== '' && /^\d{1,15}$/.test(text) ? Number(text) : -1
}

function isRateLimited(slots: readonly string[]): boolean {
  return slots[2] === RATE_LIMITED || slots[3] === RATE_LIMITED || slots[4] === RATE_LIMITED
}
