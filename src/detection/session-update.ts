/** Writes one observation or one line of the keyserver's log into a session's counters. Judges nothing. */
import type {
  KeyserverNoticeEvent,
  ReconEvent,
  RequestEvent,
  SubmissionEvent
} from '../keyserver/index.ts'
import { createGapTrack, pushGap } from './gap-track.ts'
import { hash32, remember } from './hash-ring.ts'
import { isCrashProbe, isInjection, isScan, type Observation } from './observation.ts'
import { pushTerm } from './order-track.ts'
import { createSequenceTrack, pushRequest, tokenOf } from './sequence-track.ts'
import { type Counts, detailOf, type SessionDetail, type SourceSession } from './session.ts'

const SEARCHES_REMEMBERED = 48
const PATHS_REMEMBERED = 24
const SIZES_REMEMBERED = 16
const UPDATES_REMEMBERED = 16
const DOMAINS_REMEMBERED = 24
/** Bounds of "large": 99 % of certificates have under 10 kB, 99.9 % under 49 kB (contract §4.3). */
const LARGE_UPLOAD_BYTES = 16_384
const LARGE_ANSWER_BYTES = 262_144

export function updateFromRequest(session: SourceSession, counts: Counts, seen: Observation): void {
  const { event } = seen
  updateSequence(session, seen)
  session.lastAtMs = Math.max(session.lastAtMs, event.loggedAtMs)
  session.requests++
  counts.add('requests')
  updateAgent(session, seen)
  if (event.outcome === 'timed-out') counts.add('timeouts')
  updateMarks(session, counts, seen)
  switch (seen.action) {
    case 'lookup':
      updateFromLookup(session, counts, seen)
      break
    case 'upload':
      updateFromUpload(session, counts, seen)
      break
    case 'admin':
      counts.add('hkpRequests')
      if (seen.isAnswered && (event.status === 400 || event.status === 422)) {
        counts.add('refusedSubmissions')
      }
      break
    case 'hashquery':
      counts.add('hkpRequests')
      counts.add('hashqueries')
      if (seen.isHit && event.bytesOut >= LARGE_ANSWER_BYTES) counts.add('largeHashqueries')
      break
    case 'status':
      counts.add('hkpRequests')
      break
    case 'foreign':
      updateFromStray(session, counts, event)
      break
    case 'malformed':
      if (event.outcome === 'malformed') counts.add('malformedRequests')
      break
    case 'page':
      if (seen.hkp.endpoint === 'asset' && seen.isAnswered) session.hasPageSigns = true
      break
  }
}

/** Most sources have a single request: what compares requests is made at the second one. */
function updateSequence(session: SourceSession, seen: Observation): void {
  const token = tokenOf(seen)
  if (session.requests === 0) {
    session.firstToken = token
    return
  }
  const gapMs = seen.event.loggedAtMs - session.lastAtMs
  session.gaps ??= createGapTrack()
  pushGap(session.gaps, gapMs)
  if (session.sequence === undefined) {
    session.sequence = createSequenceTrack()
    pushRequest(session.sequence, session.firstToken, 0)
  }
  pushRequest(session.sequence, token, gapMs)
}

function updateAgent(session: SourceSession, seen: Observation): void {
  const agentHash = hash32(seen.event.userAgent)
  if (session.requests === 1) session.userAgent = seen.event.userAgent.slice(0, 128)
  else if (agentHash !== session.lastAgentHash) session.agentChanges++
  session.lastAgentHash = agentHash
  if (seen.action === 'lookup') {
    session.lookups++
    if (seen.isGpgLike) session.gpgLookups++
  }
  if (seen.agent === 'browser') session.hasBrowserRequests = true
  if (seen.hasOwnReferer) session.hasPageSigns = true
}

function updateMarks(session: SourceSession, counts: Counts, seen: Observation): void {
  if (isInjection(seen)) counts.add('injections')
  if (isCrashProbe(seen)) counts.add('crashProbes')
  if (!isScan(seen)) return
  const { method, target } = seen.event
  if (remember(detailOf(session).paths, hash32(`!${method} ${target}`), PATHS_REMEMBERED)) {
    counts.add('scannerPaths')
  }
}

function updateFromStray(session: SourceSession, counts: Counts, event: RequestEvent): void {
  counts.add('foreignRequests')
  const query = event.target.indexOf('?')
  const path = query < 0 ? event.target : event.target.slice(0, query)
  if (remember(detailOf(session).paths, hash32(path), PATHS_REMEMBERED)) counts.add('foreignPaths')
}

function updateFromLookup(session: SourceSession, counts: Counts, seen: Observation): void {
  counts.add('hkpRequests')
  counts.add('lookups')
  if (seen.isMiss) counts.add('misses')
  else if (seen.isHit) counts.add('hits')
  if (seen.isHit && seen.event.bytesOut >= LARGE_ANSWER_BYTES) counts.add('largeAnswers')
  if (seen.term === '') return
  const kind = seen.hkp.search.kind
  if (!rememberSearch(session, kind, seen.term)) {
    counts.add('repeatedSearches')
    return
  }
  const isPage =
    (seen.hkp.op === 'index' || seen.hkp.op === 'vindex') && !seen.hkp.options.includes('mr')
  if (isPage && kind !== 'fingerprint40' && kind !== 'keyid16') counts.add('machineLists')
  if (kind === 'domain' || kind === 'wildcard') counts.add('domainSearches')
  else if (kind === 'words') counts.add('wordSearches')
  else if (kind === 'email') {
    counts.add('emailSearches')
    updateNamePart(detailOf(session), seen.term)
  } else if (kind !== 'none' && kind !== 'empty') {
    counts.add('hexSearches')
    if (isSyntheticId(seen.term)) counts.add('syntheticIds')
  }
}

/** False if the search is among the last ones. Most sources search once: nothing is allocated for them. */
function rememberSearch(session: SourceSession, kind: string, term: string): boolean {
  const search = `${kind}:${term}`
  if (session.detail === undefined && session.firstSearch === '') {
    session.firstSearch = search
    return true
  }
  const detail = detailOf(session)
  if (session.firstSearch !== '') {
    remember(detail.searches, hash32(session.firstSearch), SEARCHES_REMEMBERED)
    pushTerm(detail.order, session.firstSearch.slice(session.firstSearch.indexOf(':') + 1))
    session.firstSearch = ''
  }
  if (!remember(detail.searches, hash32(search), SEARCHES_REMEMBERED)) return false
  pushTerm(detail.order, term)
  return true
}

/** Six zeros (or another digit) at the end, or eight alike in a row: 1 in 16 million among real ids. */
export function isSyntheticId(hexDigits: string): boolean {
  return hexDigits.length >= 16 && /(.)\1{5}$|(.)\2{7}/.test(hexDigits)
}

/** Misra–Gries with one counter over the first word of the local part. */
function updateNamePart(detail: SessionDetail, address: string): void {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const end = local.search(/[._+-]/)
  const name = end > 0 ? local.slice(0, end) : local
  const part = detail.namePart
  if (part.text === name) {
    part.weight++
    remember(part.domains, hash32(address.slice(at)), DOMAINS_REMEMBERED)
  } else if (part.weight > 0) part.weight--
  else {
    part.text = name
    part.weight = 1
    part.domains = { slots: [hash32(address.slice(at))], next: 0 }
  }
}

function updateFromUpload(session: SourceSession, counts: Counts, seen: Observation): void {
  counts.add('hkpRequests')
  // A keyserver that fails is tried again by whoever has something to send: of such uploads every third counts.
  if (seen.event.status < 500 || session.requests % 3 === 0) {
    counts.add('uploads')
    if (seen.isGpgLike) counts.add('gpgUploads')
  }
  const detail = detailOf(session)
  detail.uploadSizes.push(seen.uploadBytes)
  if (detail.uploadSizes.length > SIZES_REMEMBERED) detail.uploadSizes.shift()
  if (seen.uploadBytes >= LARGE_UPLOAD_BYTES) counts.add('largeUploads')
}

/** Only what was joined with fair certainty counts: under load many requests may have carried an upload. */
const CONFIDENCE_MIN = 0.5

export function updateFromSubmission(
  session: SourceSession,
  counts: Counts,
  event: SubmissionEvent
): void {
  if (event.confidence < CONFIDENCE_MIN) return
  if (event.inserted.length > 0) counts.add('newCertificates', event.inserted.length)
  const known = event.updated.length + event.ignored.length
  if (known > 0) counts.add('knownCertificates', known)
  const { updates } = detailOf(session)
  for (const fingerprint of event.updated) {
    const times = updates.get(fingerprint)
    if (times === undefined && updates.size >= UPDATES_REMEMBERED) {
      const [oldest] = updates.keys()
      if (oldest !== undefined) updates.delete(oldest)
    }
    updates.set(fingerprint, (times ?? 0) + 1)
  }
}

const POISONING_CODES: ReadonlySet<string> = new Set([
  'certificate-too-long',
  'user-id-too-long',
  'packet-dropped',
  'duplicate-packet',
  'unreadable-packet',
  'blacklisted-certificate'
])

/** @returns whether the notice said anything about the source */
export function updateFromNotice(counts: Counts, event: KeyserverNoticeEvent): boolean {
  if (event.confidence < CONFIDENCE_MIN || !POISONING_CODES.has(event.code)) return false
  counts.add('poisoningNotices')
  return true
}

export function updateFromRecon(counts: Counts, event: ReconEvent): boolean {
  if (event.what === 'rejected') counts.add('reconRefusals')
  else if (event.what === 'failed') counts.add('reconFailures')
  else return false
  return true
}
