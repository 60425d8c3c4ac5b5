/** Log lines as a stock deployment writes them, for tests. Times are wall-clock UTC. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const LOG_START_MS = Date.UTC(2026, 10, 23, 3, 16, 35)

export function stamp(timeMs: number): string {
  const date = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${String(date.getUTCMilliseconds()).padStart(3, '0')}`
}

export interface LineFields {
  client?: string
  port?: number
  atMs?: number
  timers?: string
  status?: number
  ended?: string
  /** `backend/server` */
  server?: string
  request?: string
  bytes?: string
  captures?: string
}

const REQUEST = 'GET /pks/lookup?op=get&search=0xABCD HTTP/1.1'

function line(frontend: string, fields: Required<LineFields>): string {
  const { client, port, atMs, timers, status, ended, server, request, bytes, captures } = fields
  return `${client}:${port} [${stamp(atMs)}] ${frontend} ${server} ${timers} ${status} ${bytes} - - ${ended} 2/1/0/0/0 0/0 ${captures}"${request}"`
}

/** Line A. */
export function front(fields: LineFields = {}, tls = false): string {
  return line(tls ? 'fe_http_handler~' : 'fe_http_handler', {
    client: '203.0.113.7',
    port: 40_001,
    atMs: LOG_START_MS,
    timers: '0/0/0/6/6',
    status: 200,
    ended: '----',
    server: 'be_hockeypuck_rewrite/hockeypuck_lb_ddos',
    request: REQUEST,
    bytes: '152/1597',
    captures: '{keys.example:11371|||||curl/7.88.1||1|1} ',
    ...fields
  })
}

/** Line B. */
export function back(fields: LineFields = {}): string {
  const client = fields.client ?? '203.0.113.7'
  return line('fe_hockeypuck_ddos_lb', {
    client,
    port: 40_001,
    atMs: LOG_START_MS,
    timers: '0/0/0/5/5',
    status: 200,
    ended: '----',
    server: 'be_hockeypuck/srv_keyserver',
    request: REQUEST,
    bytes: '258/1597',
    captures: `{keys.example:11371|${client}|||} `,
    ...fields
  })
}

/** A request that the front end refused: one line. */
export function refused(fields: LineFields = {}): string {
  return front({
    server: 'fe_http_handler/<NOSRV>',
    timers: '0/-1/-1/-1/0',
    status: 429,
    ended: 'PR--',
    bytes: '95/166',
    ...fields
  })
}
