/** Builders of traffic events and of whole clients, for tests. Times are log times. */
import { integerBelow, type Random, seededRandom } from '../../src/base/index.ts'
import type {
  KeyserverNoticeEvent,
  ReconEvent,
  RequestEvent,
  SubmissionEvent
} from '../../src/keyserver/index.ts'

export const START_MS = Date.UTC(2026, 10, 23, 12, 0, 0)

export function request(fields: Partial<RequestEvent> = {}): RequestEvent {
  const atMs = fields.atMs ?? START_MS
  return {
    kind: 'request',
    atMs,
    loggedAtMs: atMs + 5,
    source: '203.0.113.7',
    peer: fields.source ?? '203.0.113.7',
    peerPort: 40_000,
    method: 'GET',
    target: '/pks/lookup?op=get&options=mr&search=0x0123456789ABCDEF0123456789ABCDEF01234567',
    isAbsoluteForm: false,
    host: 'keys.example:11371',
    httpVersion: '1.1',
    userAgent: '',
    acceptLanguage: '',
    referer: '',
    forwardedFor: '',
    declaredLength: -1,
    status: 200,
    bytesIn: 170,
    bytesOut: 2_400,
    durationMs: 5,
    isTls: false,
    outcome: 'served',
    backend: 'be_hockeypuck',
    isRateLimited: false,
    isComplete: true,
    line: `${fields.source ?? '203.0.113.7'} ${fields.target ?? ''} ${atMs}`,
    ...fields
  }
}

export function upload(fields: Partial<RequestEvent> = {}): RequestEvent {
  return request({
    method: 'POST',
    target: '/pks/add',
    declaredLength: 2_150,
    bytesIn: 2_320,
    bytesOut: 260,
    backend: 'be_hockeypuck_primary',
    userAgent: 'python-requests/2.32.0',
    ...fields
  })
}

export function submission(fields: Partial<SubmissionEvent> = {}): SubmissionEvent {
  const atMs = fields.atMs ?? START_MS
  return {
    kind: 'submission',
    atMs,
    loggedAtMs: atMs + 10,
    verb: 'add',
    source: '203.0.113.7',
    confidence: 1,
    candidates: 1,
    bytesIn: 2_320,
    status: 200,
    userAgent: '',
    inserted: [],
    updated: [],
    ignored: [],
    invalid: [],
    deleted: [],
    line: `add ${atMs}`,
    ...fields
  }
}

export function notice(fields: Partial<KeyserverNoticeEvent> = {}): KeyserverNoticeEvent {
  const atMs = fields.atMs ?? START_MS
  return {
    kind: 'keyserver-notice',
    atMs,
    loggedAtMs: atMs,
    level: 'warning',
    code: 'packet-dropped',
    status: undefined,
    source: '203.0.113.7',
    confidence: 1,
    fingerprint: undefined,
    text: 'dropped packet',
    line: `notice ${atMs}`,
    ...fields
  }
}

export function recon(fields: Partial<ReconEvent> = {}): ReconEvent {
  const atMs = fields.atMs ?? START_MS
  return {
    kind: 'recon',
    atMs,
    loggedAtMs: atMs,
    what: 'rejected',
    peer: '203.0.113.7',
    inserted: 0,
    updated: 0,
    unchanged: 0,
    text: 'connection rejected',
    line: `recon ${atMs}`,
    ...fields
  }
}

export function hexDigits(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += integerBelow(random, 16).toString(16)
  return text
}

/** Requests of one client, `gapMs` apart. */
export function series<T = RequestEvent>(
  count: number,
  gapMs: number,
  build: (index: number, atMs: number) => T
): T[] {
  return Array.from({ length: count }, (_, index) => build(index, START_MS + index * gapMs))
}

/** `gpg --refresh-keys` over a ring of certificates in no order, a third of which are unknown here. */
export function gpgRefresh(source: string, certificates: number, seed = 1): RequestEvent[] {
  const random = seededRandom(seed)
  return series(certificates, 700, (_, atMs) =>
    request({
      source,
      atMs,
      httpVersion: '1.0',
      target: `/pks/lookup?op=get&options=mr&search=0x${hexDigits(random, 40).toUpperCase()}`,
      status: random.next() < 0.33 ? 404 : 200
    })
  )
}

/** A build farm behind one address: the same few certificates again and again, in bursts. */
export function buildFarm(source: string, requests: number, seed = 1): RequestEvent[] {
  const random = seededRandom(seed)
  const ids = Array.from({ length: 4 }, () => hexDigits(random, 40).toUpperCase())
  const agents = ['curl/8.5.0', 'Debian APT-HTTP/1.3 (2.6.1)', 'python-requests/2.28.1']
  return series(requests, 400, (index, atMs) =>
    request({
      source,
      atMs,
      userAgent: agents[index % agents.length] ?? '',
      target: `/pks/lookup?op=get&search=0x${ids[integerBelow(random, ids.length)]}`
    })
  )
}

/** A mail gateway: looks up every recipient, most of whom have no certificate, in the order in which mail comes. */
export function mailGateway(source: string, requests: number, seed = 1): RequestEvent[] {
  const random = seededRandom(seed)
  const domains = ['news', 'bank', 'radio', 'school', 'press', 'museum', 'harbour', 'clinic']
  return series(requests, 2_500, (_, atMs) => {
    const domain = domains[integerBelow(random, domains.length)] ?? ''
    const address = `${hexDigits(random, 6)}%40${domain}.example`
    return request({
      source,
      atMs,
      userAgent: 'postfix-pgp-milter/0.9',
      target: `/pks/lookup?op=get&options=mr&search=${address}&exact=on`,
      status: random.next() < 0.8 ? 404 : 200
    })
  })
}

export const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** A person with a browser: page, style sheet, then searches from the form. */
export function person(source: string, searches: readonly string[]): RequestEvent[] {
  const base = { source, userAgent: BROWSER, acceptLanguage: 'de-DE,de;q=0.9' }
  const referer = 'http://keys.example:11371/'
  return [
    request({ ...base, atMs: START_MS, target: '/' }),
    request({ ...base, atMs: START_MS + 50, target: '/assets/css/site.css', referer }),
    ...searches.map((text, index) =>
      request({
        ...base,
        atMs: START_MS + 9_000 * (index + 1),
        target: `/pks/lookup?search=${encodeURIComponent(text)}&fingerprint=on&op=index`,
        referer
      })
    )
  ]
}
