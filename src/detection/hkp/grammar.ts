/**
 * What a request asks of an HKP keyserver: endpoint, operation, search, options, and whether a keyserver client would send it.
 * Sources: draft-gallagher-openpgp-hkp; Hockeypuck 2.1–2.4 handlers and the rewrites of its stock HAProxy (contract §1.6, §2.1).
 * Never throws, reads at most 8 KiB of the target, and remembers nothing.
 */
import { findMarks, type Mark } from './marks.ts'

export type Endpoint =
  | 'lookup'
  | 'add'
  | 'replace'
  | 'delete'
  | 'hashquery'
  | 'stats'
  | 'health'
  | 'v2-certs'
  | 'v2-index'
  | 'v2-prefixlog'
  | 'v2-submit'
  | 'alias'
  | 'asset'
  | 'index-page'
  | 'robots'
  | 'acme'
  | 'prometheus'
  | 'wkd'
  | 'other'

export type Operation = 'get' | 'index' | 'vindex' | 'stats' | 'hget' | 'unknown' | 'none'

export type SearchKind =
  | 'fingerprint64'
  | 'fingerprint40'
  | 'keyid16'
  | 'keyid8'
  | 'other-hex'
  | 'hash32'
  | 'email'
  | 'domain'
  | 'wildcard'
  | 'words'
  | 'empty'
  | 'none'

/** `valid`: some keyserver client sends this. `odd`: HKP, but wrong or unusual in form. `foreign`: not HKP at all. */
export type RequestForm = 'valid' | 'odd' | 'foreign'

export interface HkpRequest {
  readonly endpoint: Endpoint
  readonly op: Operation
  readonly search: {
    readonly kind: SearchKind
    /** Percent-decoded, lower case, at most 256 characters. */
    readonly text: string
  }
  /** Known values of `options`, each once. */
  readonly options: readonly ('mr' | 'json' | 'nm' | 'bin')[]
  readonly isExact: boolean
  readonly form: RequestForm
  readonly marks: readonly Mark[]
}

const TARGET_MAX = 8_192
const SEARCH_MAX = 256
const PARAMETERS_MAX = 32

const FIXED_PATHS: ReadonlyMap<string, Endpoint> = new Map([
  ['/pks/lookup', 'lookup'],
  ['/pks/add', 'add'],
  ['/pks/replace', 'replace'],
  ['/pks/delete', 'delete'],
  ['/pks/hashquery', 'hashquery'],
  ['/pks/stats', 'stats'],
  ['/pks/health', 'health'],
  ['/pks/v2/certs', 'v2-submit'],
  ['/', 'index-page'],
  ['/index.html', 'index-page'],
  ['/robots.txt', 'robots'],
  ['/sitemap.xml', 'robots'],
  ['/ads.txt', 'robots'],
  ['/humans.txt', 'robots'],
  ['/favicon.ico', 'asset'],
  ['/_healthz', 'health']
])

const PREFIXES: readonly (readonly [string, Endpoint])[] = [
  ['/pks/v2/certs/', 'v2-certs'],
  ['/pks/v2/index/', 'v2-index'],
  ['/pks/v2/prefixlog/', 'v2-prefixlog'],
  ['/assets/', 'asset'],
  ['/apple-touch-icon', 'asset'],
  ['/.well-known/acme-challenge/', 'acme'],
  ['/.well-known/openpgpkey/', 'wkd'],
  ['/.well-known/', 'robots'],
  ['/monitoring/prometheus', 'prometheus']
]

/** Short forms that the stock HAProxy rewrites, with the operation they stand for. */
const ALIASES: ReadonlyMap<string, Operation> = new Map([
  ['get', 'get'],
  ['g', 'get'],
  ['download', 'get'],
  ['d', 'get'],
  ['search', 'index'],
  ['s', 'index'],
  ['stats', 'stats']
])

const OPERATIONS: ReadonlySet<string> = new Set(['get', 'index', 'vindex', 'stats', 'hget'])
const OPTIONS: ReadonlySet<string> = new Set(['mr', 'json', 'nm', 'bin'])
const PARAMETERS: ReadonlySet<string> = new Set([
  'op',
  'search',
  'options',
  'exact',
  'hash',
  'fingerprint',
  'x-email'
])
const METHODS: Readonly<Partial<Record<Endpoint, readonly string[]>>> = {
  add: ['POST', 'OPTIONS'],
  replace: ['POST', 'OPTIONS'],
  delete: ['POST', 'OPTIONS'],
  hashquery: ['POST'],
  'v2-submit': ['POST', 'OPTIONS']
}
const READ_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** Percent-decoding as a form does it (`+` is a blank); text that is not encoded properly stays as it is. */
export function decodeText(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16))
    )
  }
}

function endpointOf(path: string): Endpoint {
  const fixed = FIXED_PATHS.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)
  if (fixed !== undefined) return fixed
  for (const [prefix, endpoint] of PREFIXES) if (path.startsWith(prefix)) return endpoint
  return aliasOf(path) === undefined ? 'other' : 'alias'
}

function aliasOf(path: string): Operation | undefined {
  const end = path.indexOf('/', 1)
  const operation = ALIASES.get(end < 0 ? path.slice(1) : path.slice(1, end))
  return end < 0 && operation !== 'stats' ? undefined : operation
}

/** Length of the run of hexadecimal digits that is the whole text; 0 if there is anything else. */
function hexLength(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isHex = (code >= 48 && code <= 57) || (code >= 97 && code <= 102)
    if (!isHex) return 0
  }
  return text.length - from
}

const HEX_KINDS: Readonly<Record<number, SearchKind>> = {
  64: 'fingerprint64',
  40: 'fingerprint40',
  16: 'keyid16',
  8: 'keyid8'
}

/** The kind of a search, from its normalised text. */
export function kindOfSearch(text: string, op: Operation): SearchKind {
  if (text === '') return 'empty'
  if (op === 'hget') return hexLength(text, 0) === 32 ? 'hash32' : 'words'
  if (text.startsWith('0x')) return HEX_KINDS[hexLength(text, 2)] ?? 'other-hex'
  // Without the prefix, clients that follow the draft loosely still mean a fingerprint.
  const bare = hexLength(text, 0)
  if (bare === 40 || bare === 64) return HEX_KINDS[bare] ?? 'other-hex'
  if (text.includes('*') || /^%|%$/.test(text)) return 'wildcard'
  const at = text.lastIndexOf('@')
  if (at < 0) return isDomain(text) ? 'domain' : 'words'
  if (at === 0 || text.slice(0, at).trim() === '') return 'domain'
  const bracket = text.lastIndexOf('<', at)
  const address = bracket < 0 ? text : text.slice(bracket + 1).replace(/>$/, '')
  return address.includes(' ') ? 'words' : 'email'
}

function isDomain(text: string): boolean {
  return text.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{1,62}$/.test(text)
}

interface Query {
  op: Operation
  search: string | undefined
  options: ('mr' | 'json' | 'nm' | 'bin')[]
  isExact: boolean
  isOdd: boolean
}

function readOptions(query: Query, text: string): void {
  for (const part of text.toLowerCase().split(',', 9)) {
    if (part === '') continue
    if (!OPTIONS.has(part)) query.isOdd = true
    else if (!query.options.includes(part as 'mr')) query.options.push(part as 'mr')
  }
}

function readParameter(query: Query, name: string, text: string): void {
  switch (name) {
    case 'op': {
      const op = text.toLowerCase()
      query.op = OPERATIONS.has(op) ? (op as Operation) : 'unknown'
      break
    }
    case 'search':
      query.search = text
      break
    case 'options':
      readOptions(query, text)
      break
    case 'exact':
      query.isExact = text.toLowerCase() === 'on'
      break
  }
}

function readQuery(text: string): Query {
  const query: Query = { op: 'none', search: undefined, options: [], isExact: false, isOdd: false }
  const seen = new Set<string>()
  for (const part of text.split('&', PARAMETERS_MAX)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase()
    if (!PARAMETERS.has(name) || seen.has(name)) query.isOdd = true
    // The first of several counts, as in Go's net/url.
    if (seen.has(name)) continue
    seen.add(name)
    readParameter(query, name, equals < 0 ? '' : decodeText(part.slice(equals + 1)))
  }
  return query
}

function formOf(method: string, endpoint: Endpoint, query: Query): RequestForm {
  if (endpoint === 'other') return 'foreign'
  const methods = METHODS[endpoint] ?? READ_METHODS
  if (!methods.includes(method)) return 'odd'
  if (endpoint !== 'lookup') return 'valid'
  if (query.isOdd || query.op === 'none' || query.op === 'unknown') return 'odd'
  return query.op !== 'stats' && (query.search ?? '') === '' ? 'odd' : 'valid'
}

/** Reads one request line. `target` is in origin form, as the client wrote it. */
export function parseHkp(method: string, target: string): HkpRequest {
  const text = target.length > TARGET_MAX ? target.slice(0, TARGET_MAX) : target
  const mark = text.indexOf('?')
  const path = mark < 0 ? text : text.slice(0, mark)
  const endpoint = endpointOf(path)
  const query = readQuery(mark < 0 ? '' : text.slice(mark + 1))
  if (endpoint === 'alias') {
    query.op = aliasOf(path) ?? 'none'
    const end = path.indexOf('/', 1)
    if (end > 0 && query.op !== 'stats') query.search = decodeText(path.slice(end + 1))
  } else if (endpoint === 'v2-certs' || endpoint === 'v2-index') {
    query.search = v2Search(path)
  }
  const search = (query.search ?? '').slice(0, SEARCH_MAX).trim().toLowerCase()
  return {
    endpoint,
    op: query.op,
    search: {
      kind: query.search === undefined ? 'none' : kindOfSearch(search, query.op),
      text: search
    },
    options: query.options,
    isExact: query.isExact,
    form: formOf(method, endpoint, query),
    marks: findMarks(text, endpoint === 'other')
  }
}

/** `/pks/v2/certs/by-vfingerprint/04<hex>`, `/by-keyid/<hex>`, `/by-identity/<text>`, `/pks/v2/index/<text>`. */
function v2Search(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1)
  if (path.includes('/by-vfingerprint/')) return `0x${last.slice(2)}`
  return path.includes('/by-keyid/') ? `0x${last}` : decodeText(last)
}
