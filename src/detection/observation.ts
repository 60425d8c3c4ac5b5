/**
 * One request, read by the HKP grammar and put into the words that rules use. Pure; knows nothing of what came before.
 */
import type { RequestEvent } from '../keyserver/index.ts'
import { type AgentClass, classifyUserAgent, type HkpRequest, parseHkp } from './hkp/index.ts'

export type Action =
  | 'lookup'
  | 'upload'
  | 'admin'
  | 'hashquery'
  | 'status'
  | 'page'
  | 'foreign'
  | 'malformed'

export interface Observation {
  readonly event: RequestEvent
  readonly hkp: HkpRequest
  readonly action: Action
  readonly agent: AgentClass
  /** HTTP/1.0 without user agent, machine-readable: what GnuPG's dirmngr sends (contract §4.1). */
  readonly isGpgLike: boolean
  /** Came from one of the keyserver's own pages, as a browser says when a form is sent or a link followed. */
  readonly hasOwnReferer: boolean
  /** The keyserver itself answered (not the proxy), so the status speaks about the request. */
  readonly isAnswered: boolean
  readonly isMiss: boolean
  readonly isHit: boolean
  /** Sort key of the search: hexadecimal digits, domain, address or words; empty if nothing is searched. */
  readonly term: string
  /** Everything about the request but its term: what programs repeat and people do not choose. */
  readonly shape: string
  /** Size of an upload's body, bytes. */
  readonly uploadBytes: number
}

const MACHINE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST'])

function actionOf(event: RequestEvent, hkp: HkpRequest): Action {
  if (event.outcome === 'malformed' || event.method === '') return 'malformed'
  switch (hkp.endpoint) {
    case 'lookup':
      return hkp.op === 'stats' ? 'status' : 'lookup'
    case 'v2-certs':
    case 'v2-index':
    case 'v2-prefixlog':
      return 'lookup'
    case 'alias':
      return hkp.op === 'stats' ? 'status' : 'lookup'
    case 'add':
    case 'v2-submit':
      return event.method === 'POST' ? 'upload' : 'page'
    case 'replace':
    case 'delete':
      return event.method === 'POST' ? 'admin' : 'page'
    case 'hashquery':
      return 'hashquery'
    case 'stats':
    case 'health':
      return 'status'
    case 'other':
      return 'foreign'
    default:
      return 'page'
  }
}

function ownReferer(event: RequestEvent): boolean {
  if (event.referer === '' || event.host === '') return false
  const colon = event.host.lastIndexOf(':')
  const name = colon > 0 ? event.host.slice(0, colon) : event.host
  const start = event.referer.indexOf('://')
  return start > 0 && event.referer.startsWith(name, start + 3)
}

/** What is compared to find a walk: the part of a search that a program would count or sort by. */
function termOf(hkp: HkpRequest): string {
  const text = hkp.search.text
  switch (hkp.search.kind) {
    case 'fingerprint40':
    case 'fingerprint64':
    case 'keyid16':
    case 'keyid8':
    case 'other-hex':
      return text.startsWith('0x') ? text.slice(2) : text
    case 'wildcard':
    case 'domain':
      return text.replace(/^[*%@.]+/, '')
    default:
      return text
  }
}

function shapeOf(event: RequestEvent, hkp: HkpRequest): string {
  const query = event.target.indexOf('?')
  if (query < 0) return `${hkp.endpoint}/${hkp.search.kind}`
  const names: string[] = []
  for (const part of event.target.slice(query + 1, query + 513).split('&', 8)) {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    names.push(name === 'search' ? 's' : part.slice(0, 24))
  }
  const isUpper = /search=(?:0x)?[0-9]*[A-F]/.test(event.target)
  return `${hkp.endpoint}/${hkp.search.kind}/${names.join('&')}${isUpper ? '/upper' : ''}`
}

export function observe(event: RequestEvent): Observation {
  const hkp = parseHkp(event.method, event.target)
  const action = actionOf(event, hkp)
  const isAnswered = event.outcome === 'served' && event.status > 0
  const isGpgLike = event.userAgent === '' && event.httpVersion === '1.0' && event.referer === ''
  return {
    event,
    hkp,
    action,
    agent: classifyUserAgent(event.userAgent),
    isGpgLike,
    hasOwnReferer: ownReferer(event),
    isAnswered,
    isMiss: isAnswered && event.status === 404,
    isHit: isAnswered && event.status === 200,
    term: action === 'lookup' ? termOf(hkp) : '',
    shape: shapeOf(event, hkp),
    uploadBytes: event.declaredLength >= 0 ? event.declaredLength : Math.max(0, event.bytesIn)
  }
}

function isUnusualMethod(event: RequestEvent): boolean {
  return event.method !== '' && !MACHINE_METHODS.has(event.method) && event.method !== 'OPTIONS'
}

const INJECTION_MARKS: ReadonlySet<string> = new Set([
  'sql',
  'path-traversal',
  'command',
  'script',
  'jndi',
  'template',
  'prompt-injection'
])
const CRASH_MARKS: ReadonlySet<string> = new Set(['nul', 'control-character', 'invalid-utf8'])

export function isInjection({ hkp }: Observation): boolean {
  return hkp.marks.some((mark) => INJECTION_MARKS.has(mark))
}

export function isCrashProbe({ hkp }: Observation): boolean {
  return hkp.marks.some((mark) => CRASH_MARKS.has(mark))
}

/** What only scanners ask for. A request for somebody else's site over HTTP/1 looks for an open proxy. */
export function isScan({ event, hkp, action }: Observation): boolean {
  return (
    hkp.marks.includes('scanner-path') ||
    (isUnusualMethod(event) && action !== 'malformed') ||
    (event.isAbsoluteForm && !event.target.startsWith('/pks/'))
  )
}
