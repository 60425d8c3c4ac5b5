/** Which request of the proxy's log carried what a line of Hockeypuck tells of: pure arithmetic over candidates. */
import type { AddressText } from '../../base/index.ts'
import type { KeyserverNoticeEvent, RequestEvent, SubmissionEvent } from '../events.ts'
import type { AccessLine } from './hockeypuck/decoder.ts'

/** What is remembered of a request that may have caused a line in Hockeypuck's log. */
export interface CarrierRequest {
  readonly source: AddressText
  readonly endMs: number
  readonly loggedAtMs: number
  readonly durationMs: number
  readonly status: number
  readonly path: string
  readonly target: string
  readonly bytesIn: number
  readonly userAgent: string
  /** Probability that a submission has already been put down to it: a request carries one. */
  claimed: number
}

export interface SeenAccess {
  readonly atMs: number
  readonly status: number
  /** -1 if the line does not say. */
  readonly durationMs: number
  readonly target: string
}

export interface JoinedRecord {
  readonly event: SubmissionEvent | KeyserverNoticeEvent
  access: SeenAccess | undefined
}

export interface MatchContext {
  readonly slackMs: number
  readonly hasRecon: boolean
}

const UPLOAD_PATHS: ReadonlyMap<string, SubmissionEvent['verb']> = new Map([
  ['/pks/add', 'add'],
  ['/pks/v2/certs', 'add'],
  ['/pks/replace', 'replace'],
  ['/pks/delete', 'delete']
])
/** Warnings about uploaded material, written while the upload is read; no line of their own names the request. */
const MATERIAL_CODES: ReadonlySet<KeyserverNoticeEvent['code']> = new Set([
  'certificate-too-long',
  'user-id-too-long',
  'packet-dropped',
  'duplicate-packet',
  'blacklisted-certificate',
  'unreadable-packet'
])
/** The end of the handler and the end at the proxy lie this close unless a machine is overloaded. */
const END_SCALE_MS = 300
const DURATION_SCALE_MS = 3
const DURATION_SCALE = 0.1
/** No disagreement makes a request impossible: timers of two programs on a busy machine. */
const LEAST_WEIGHT = 1e-4
const SPENT = 0.99

export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

/** Undefined for a request that causes no line worth joining: a lookup that went well. */
export function carrierOf(event: RequestEvent): CarrierRequest | undefined {
  if (event.outcome !== 'served' && event.outcome !== 'aborted') return undefined
  const path = pathOf(event.target)
  const isUpload = event.method !== 'GET' && (UPLOAD_PATHS.has(path) || path === '/pks/hashquery')
  if (!isUpload && (event.status < 400 || event.status === 404)) return undefined
  return {
    source: event.source,
    endMs: event.atMs + event.durationMs,
    loggedAtMs: event.loggedAtMs,
    durationMs: event.durationMs,
    status: event.status,
    path,
    target: event.target.slice(0, 2_048),
    bytesIn: event.bytesIn,
    userAgent: event.userAgent,
    claimed: 0
  }
}

export function needsCarrier(event: KeyserverNoticeEvent): boolean {
  return event.status !== undefined || MATERIAL_CODES.has(event.code)
}

export function isAmbient(event: SubmissionEvent | KeyserverNoticeEvent): boolean {
  return event.kind === 'keyserver-notice' && event.status === undefined
}

/** True if the access line ends the request that wrote the event's line: first come, first served. */
export function ownsAccess(
  event: SubmissionEvent | KeyserverNoticeEvent,
  access: AccessLine
): boolean {
  if (access.loggedAtMs < event.atMs) return false
  if (event.kind === 'keyserver-notice') return event.status === access.status
  const verb = UPLOAD_PATHS.get(pathOf(access.target))
  if (verb === undefined || access.status !== event.status) return false
  return (verb === 'delete') === (event.verb === 'delete')
}

export function attribute(
  record: JoinedRecord,
  requests: readonly CarrierRequest[],
  context: MatchContext
): SubmissionEvent | KeyserverNoticeEvent {
  const { event, access } = record
  const weighed: { request: CarrierRequest; weight: number }[] = []
  let sum = 0
  for (const request of requests) {
    const weight = weigh(record, request, context)
    if (weight === 0) continue
    weighed.push({ request, weight })
    sum += weight
  }
  const best = mostLikely(weighed)
  if (best === undefined) return { ...event, ...verbOf(event, access?.target) }
  const others = ambientWeight(event, context) * (sum / weighed.length)
  const confidence = Math.min(1, best.sourceWeight / (sum + others))
  const { request } = best
  const loggedAtMs = Math.max(event.loggedAtMs, request.loggedAtMs)
  if (event.kind === 'keyserver-notice') {
    return { ...event, loggedAtMs, source: request.source, confidence }
  }
  request.claimed = Math.min(1, request.claimed + best.weight / sum)
  return {
    ...event,
    ...verbOf(event, access?.target ?? request.target),
    loggedAtMs,
    source: request.source,
    confidence,
    candidates: weighed.length,
    bytesIn: request.bytesIn,
    status: request.status,
    userAgent: request.userAgent
  }
}

/** Zero if this request cannot have been it. */
function weigh(
  { event, access }: JoinedRecord,
  request: CarrierRequest,
  context: MatchContext
): number {
  const atMs = access?.atMs ?? event.atMs
  const earlyMs = atMs - request.endMs
  const lateMs = request.endMs - (atMs + 1_000)
  const offMs = Math.max(0, earlyMs, lateMs)
  if (offMs > context.slackMs) return 0
  const status = access?.status ?? event.status
  if (status !== undefined && status !== request.status) return 0
  if (!isSamePath(event, access, request)) return 0
  let weight = Math.exp(-offMs / END_SCALE_MS)
  if (access !== undefined && access.durationMs >= 0) {
    const scaleMs = Math.max(DURATION_SCALE_MS, access.durationMs * DURATION_SCALE)
    weight *= Math.exp(-Math.abs(access.durationMs - request.durationMs) / scaleMs)
  }
  if (event.kind === 'submission') {
    if (request.claimed >= SPENT) return 0
    weight *= 1 - request.claimed
  }
  return Math.max(weight, LEAST_WEIGHT)
}

function isSamePath(
  event: SubmissionEvent | KeyserverNoticeEvent,
  access: SeenAccess | undefined,
  request: CarrierRequest
): boolean {
  const verb = UPLOAD_PATHS.get(request.path)
  if (access !== undefined) {
    if (pathOf(access.target) === request.path) {
      return verb !== undefined || access.target.slice(0, 2_048) === request.target
    }
    // The proxy rewrites /get/x and its like into /pks/lookup; uploads are never rewritten.
    return verb === undefined && !request.path.startsWith('/pks/')
  }
  if (event.kind === 'submission') {
    return verb !== undefined && (verb === 'delete') === (event.verb === 'delete')
  }
  return event.status !== undefined || verb !== undefined
}

/** Several requests of one address speak for that address together. */
function mostLikely(
  weighed: readonly { request: CarrierRequest; weight: number }[]
): { request: CarrierRequest; weight: number; sourceWeight: number } | undefined {
  const bySource = new Map<AddressText, number>()
  for (const { request, weight } of weighed) {
    bySource.set(request.source, (bySource.get(request.source) ?? 0) + weight)
  }
  let best: { request: CarrierRequest; weight: number; sourceWeight: number } | undefined
  for (const { request, weight } of weighed) {
    const sourceWeight = bySource.get(request.source) ?? 0
    const isBetter =
      best === undefined ||
      sourceWeight > best.sourceWeight ||
      (request.source === best.request.source && weight > best.weight)
    if (isBetter) best = { request, weight, sourceWeight }
  }
  return best
}

/** What else may have written a warning about material: a gossip partner's certificates, or a stored one being read. */
function ambientWeight(
  event: SubmissionEvent | KeyserverNoticeEvent,
  context: MatchContext
): number {
  if (!isAmbient(event)) return 0
  const isAlsoRead = event.kind === 'keyserver-notice' && event.code === 'duplicate-packet'
  return (isAlsoRead ? 1 : 0) + (context.hasRecon ? 1 : 0)
}

/** `/pks/replace` is logged as `msg=add`: only the path tells. */
function verbOf(
  event: SubmissionEvent | KeyserverNoticeEvent,
  target: string | undefined
): { verb?: SubmissionEvent['verb'] } {
  if (event.kind !== 'submission' || target === undefined) return {}
  const verb = UPLOAD_PATHS.get(pathOf(target))
  return verb === undefined ? {} : { verb }
}
