/**
 * What a stock HAProxy does with a request before the keyserver sees it: the rules of the front end in their order, the one bucket of
 * all Tor exits, and the tarpit for wrong hosts and methods (contract §2.1; what really fires was seen in the recording).
 */
import type { AddressText } from '../../../src/base/index.ts'
import type { ClientRequest } from '../client.ts'
import { CounterTable, GlobalTable, type TrackedClient } from './stick-table.ts'

const HOUR_MS = 3_600_000
const CONNECTIONS_OPEN_MAX = 80
const CONNECTIONS_RATE_MAX = 40
const REQUESTS_RATE_MAX = 100
const INDEX_ERRORS_MAX = 20
const CRAWLER_MAX = 5
const TOR_RATE_WINDOW_MS = 10_000

export type FrontVerdict = 'pass' | 'tarpit' | 'deny-429' | 'deny-403'
export type BackVerdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'tarpit' }
  | { readonly kind: 'tor-limit' | 'tor-day-ban' | 'tor-month-ban' }

export interface HaproxyOptions {
  readonly hosts: readonly string[]
  readonly torExits: ReadonlySet<AddressText>
  /** Behind a CDN or proxy the rules that count TCP peers find no entry. */
  readonly isBehindProxy: boolean
}

const GET_LIKE = new Set(['GET', 'HEAD'])
const POST_PATHS = new Set(['/pks/add', '/pks/delete', '/pks/replace', '/pks/hashquery'])

export class HaproxyModel {
  readonly #options: HaproxyOptions
  readonly #global = new GlobalTable()
  readonly #crawlers = new CounterTable<AddressText>(24 * HOUR_MS)
  readonly #torDay = new CounterTable<AddressText>(24 * HOUR_MS)
  readonly #torMonth = new CounterTable<AddressText>(24 * 24 * HOUR_MS)
  #torUploadsMs: number[] = []

  constructor(options: HaproxyOptions) {
    this.#options = options
  }

  get trackedCount(): number {
    return this.#global.size
  }

  /** Rules 5 to 10 of `fe_http_handler`, in their order. */
  front(request: ClientRequest): { verdict: FrontVerdict; client: TrackedClient } {
    const { source, atMs } = request
    const client = this.#global.track(source, atMs)
    client.connections.add(atMs)
    client.requests.add(atMs)
    this.#crawlers.touch(source, atMs)
    const verdict = this.#judge(request, client)
    // A refusal of the front end is an error like any other: the crawler rule feeds itself.
    if (verdict !== 'pass') client.errors.add(atMs)
    return { verdict, client }
  }

  #judge(request: ClientRequest, client: TrackedClient): FrontVerdict {
    const { source, atMs, target } = request
    if (!this.#options.isBehindProxy) {
      if (client.openCount(atMs) >= CONNECTIONS_OPEN_MAX) return 'tarpit'
      if (client.connections.read(atMs) >= CONNECTIONS_RATE_MAX) return 'tarpit'
    }
    if (isIndex(target) && client.errors.read(atMs) > INDEX_ERRORS_MAX) {
      this.#crawlers.add(source, atMs)
      return 'tarpit'
    }
    if (this.#crawlers.read(source, atMs) > CRAWLER_MAX) return 'deny-429'
    if (client.requests.read(atMs) > REQUESTS_RATE_MAX) return 'tarpit'
    return target.startsWith('/monitoring/prometheus') ? 'deny-403' : 'pass'
  }

  /** `fe_hockeypuck_ddos_lb`: Tor's uploads first, then host, method and path. */
  back(request: ClientRequest, host: string): BackVerdict {
    const { source, atMs, method, target } = request
    if (method === 'POST' && target === '/pks/add' && this.#options.torExits.has(source)) {
      const verdict = this.#tor(source, atMs)
      if (verdict !== undefined) return { kind: verdict }
    }
    const path = target.split('?', 1)[0] ?? ''
    // Partners recover by address: no name is asked for here.
    if (method === 'POST' && path === '/pks/hashquery') return { kind: 'pass' }
    const name = host.replace(/:\d+$/, '')
    if (!this.#options.hosts.includes(name)) return { kind: 'tarpit' }
    if (GET_LIKE.has(method) || (method === 'POST' && POST_PATHS.has(path))) return { kind: 'pass' }
    return { kind: 'tarpit' }
  }

  #tor(
    source: AddressText,
    atMs: number
  ): 'tor-limit' | 'tor-day-ban' | 'tor-month-ban' | undefined {
    this.#torUploadsMs = this.#torUploadsMs.filter((at) => atMs - at < TOR_RATE_WINDOW_MS)
    this.#torUploadsMs.push(atMs)
    if (this.#torMonth.read(source, atMs) > 0) {
      this.#torMonth.add(source, atMs)
      return 'tor-month-ban'
    }
    if (this.#torDay.read(source, atMs) > 0) {
      this.#torDay.add(source, atMs)
      this.#torMonth.add(source, atMs)
      return 'tor-day-ban'
    }
    if (this.#torUploadsMs.length <= 1) return undefined
    this.#torDay.add(source, atMs)
    return 'tor-limit'
  }
}

function isIndex(target: string): boolean {
  return target.startsWith('/pks/lookup') && /[?&]op=index(?:&|$)/.test(target)
}

/** What `be_hockeypuck_rewrite` makes of the short paths. */
export function rewritten(target: string): string {
  const found = /^\/(stats|s|search|g|get|d|download)(?:\/(.*))?$/.exec(target)
  if (found === null) return target
  const rest = found[2] ?? ''
  switch (found[1]) {
    case 'stats':
      return '/pks/lookup?op=stats'
    case 's':
    case 'search':
      return found[2] === undefined ? target : `/pks/lookup?op=index&options=mr&search=${rest}`
    case 'g':
    case 'get':
      return found[2] === undefined ? target : `/pks/lookup?op=get&search=${rest}`
    default:
      return found[2] === undefined ? target : `/pks/lookup?op=get&options=mr&search=${rest}`
  }
}
