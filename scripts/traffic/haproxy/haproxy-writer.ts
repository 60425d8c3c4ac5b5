/** Lines as HAProxy 2.6 writes them with the stock `HAP_LOG_FORMAT` (contract §1.4, and as recorded). */
import type { AddressText } from '../../../src/base/index.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export interface Timers {
  readonly receive: number
  readonly wait: number
  readonly connect: number
  readonly respond: number
  readonly total: number
}

/** Of a request that waited for nothing. */
export function timersOf(given: { receive?: number; respond: number; total: number }): Timers {
  const { receive = 0, respond, total } = given
  return { receive, wait: 0, connect: 0, respond, total }
}

export interface HaproxyRecord {
  readonly peer: AddressText
  readonly port: number
  readonly startMs: number
  readonly frontend: string
  readonly backend: string
  readonly timers: Timers
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly ended: string
  readonly counters: string
  /** Undefined where no request was parsed: then there are no braces. */
  readonly captures: readonly string[] | undefined
  readonly request: string
}

let stampSecond = -1
let stampText = ''

/** `%t`; neighbours share their second. */
export function stamp(timeMs: number): string {
  const second = Math.floor(timeMs / 1000)
  if (second !== stampSecond) {
    const date = new Date(second * 1000)
    const two = (value: number) => String(value).padStart(2, '0')
    stampSecond = second
    stampText =
      `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}` +
      `:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  }
  return `${stampText}.${String(Math.floor(timeMs) % 1000).padStart(3, '0')}`
}

export function haproxyLine(record: HaproxyRecord): string {
  const { timers } = record
  const captures =
    record.captures === undefined ? '' : ` {${record.captures.map(escapeHash).join('|')}}`
  return (
    `${record.peer}:${record.port} [${stamp(record.startMs)}] ${record.frontend} ${record.backend} ` +
    `${timers.receive}/${timers.wait}/${timers.connect}/${timers.respond}/${timers.total} ` +
    `${record.status} ${record.bytesIn}/${record.bytesOut} - - ${record.ended} ${record.counters} 0/0` +
    `${captures} "${escapeHash(record.request)}"`
  )
}

/** HAProxy's log encoding: `#XX` for quotes, braces, bars, `#` itself, controls and every byte that is not ASCII. */
export function escapeHash(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is escaped.
  if (!/[\u0000-\u001f"#{|}\u007f-\uffff]/.test(text)) return text
  let escaped = ''
  for (const byte of Buffer.from(text)) {
    const isPlain =
      byte >= 32 && byte < 127 && byte !== 34 && byte !== 35 && (byte < 123 || byte > 125)
    escaped += isPlain
      ? String.fromCharCode(byte)
      : `#${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

/** Captured headers are cut at these lengths (contract §1.4). */
export const CAPTURE_LENGTHS = {
  host: 253,
  forwardedFor: 64,
  acceptLanguage: 64,
  referer: 64,
  userAgent: 128
} as const

const PREFIX = '/usr/local/etc/haproxy/haproxy.d'
const STOPPED = [
  'fe_http_s_balancer',
  'fe_prometheus',
  'fe_http_handler',
  'fe_hockeypuck_ddos_lb',
  'st_global_ddos',
  'st_info_crawler',
  'st_tor_request_rate',
  'st_tor_24h_ban',
  'st_tor_24days_ban',
  'be_forward_http',
  'be_forward_https',
  'be_acme_challenge',
  'be_tarpit',
  'be_prometheus',
  'be_hockeypuck_rewrite',
  'be_hockeypuck_primary',
  'be_hockeypuck',
  '<HTTPCLIENT>'
]
const SAID_TWICE = new Set(['fe_http_handler', 'fe_hockeypuck_ddos_lb', '<HTTPCLIENT>'])

export function startNotices(master: number, worker: number): readonly string[] {
  const notice = (text: string) => `[NOTICE]   (${master}) : ${text}`
  return [
    notice(
      `config : parsing [${PREFIX}/40_fe_http_s_balancer.cfg:5]: 'Listening on ports 443 and 11371 in dual-mode HTTP(S)'.`
    ),
    notice(
      `config : parsing [${PREFIX}/50_fe_http_handler.cfg:118]: 'Adding X-Forwarded-For header'.`
    ),
    notice('haproxy version is 2.6.12-1+deb12u4'),
    notice('path to executable is /usr/sbin/haproxy'),
    `[WARNING]  (${master}) : config : parsing [${PREFIX}/50_fe_http_handler.cfg:141] : a 'monitor fail' rule placed after an 'http-request' rule will still be processed before.`,
    notice(`New worker (${worker}) forked`),
    notice('Loading success.')
  ]
}

export interface ReloadFacts {
  readonly master: number
  readonly worker: number
  readonly next: number
  readonly requests: number
}

/** The stock deployment reloads every half hour; the old worker counts what it had. */
export function reloadNotices(facts: ReloadFacts): readonly string[] {
  const stopped = STOPPED.flatMap((name) => {
    const front = name.startsWith('fe_') ? facts.requests : 0
    const back = name.startsWith('be_hockeypuck') ? facts.requests : 0
    const text = `Proxy ${name} stopped (cumulated conns: FE: ${front}, BE: ${back}).`
    const warning = `[WARNING]  (${facts.worker}) : ${text}`
    return SAID_TWICE.has(name) ? [warning, text] : [warning]
  })
  const start = startNotices(facts.master, facts.next)
  return [
    `[NOTICE]   (${facts.master}) : Reloading HAProxy`,
    ...start.slice(0, -2),
    ...stopped,
    ...start.slice(-2)
  ]
}
