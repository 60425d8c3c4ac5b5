import { equal, is, ok } from 'uvu/assert'
import {
  HaproxyDecoder,
  type HaproxyDecoderOptions,
  type ProxyNoticeEvent,
  type RequestEvent,
  type TrafficEvent
} from '../../../src/keyserver/index.ts'
import { back, front, LOG_START_MS, refused } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy log')

function decode(lines: readonly string[], options: HaproxyDecoderOptions = {}) {
  const decoder = new HaproxyDecoder({ timeZone: 'UTC', ...options })
  const events: TrafficEvent[] = []
  const causes = lines.map((line) => decoder.decode(line, (event) => events.push(event)))
  const before = events.length
  decoder.flush((event) => events.push(event))
  const requests = events.filter((event): event is RequestEvent => event.kind === 'request')
  return { decoder, events, causes, requests, before }
}

function only(lines: readonly string[], options: HaproxyDecoderOptions = {}): RequestEvent {
  const { requests, causes } = decode(lines, options)
  equal(causes.filter(Boolean), [])
  is(requests.length, 1)
  return requests[0] as RequestEvent
}

const TARPIT_A = { timers: '13/0/0/15002/15015', status: 500, bytes: '80/208' }
const TARPIT_B = {
  server: 'be_tarpit/<NOSRV>',
  timers: '-1/15002/-1/-1/15001',
  status: 500,
  ended: 'PT--',
  atMs: LOG_START_MS + 13
}

const shapes: {
  name: string
  lines: string[]
  options?: HaproxyDecoderOptions
  expected: Partial<RequestEvent>
}[] = [
  {
    name: 'B before A',
    lines: [back(), front()],
    expected: {
      source: '203.0.113.7',
      peerPort: 40_001,
      method: 'GET',
      target: '/pks/lookup?op=get&search=0xABCD',
      httpVersion: '1.1',
      host: 'keys.example:11371',
      userAgent: 'curl/7.88.1',
      status: 200,
      bytesIn: 152,
      bytesOut: 1597,
      durationMs: 6,
      outcome: 'served',
      backend: 'be_hockeypuck',
      isTls: false,
      isComplete: true,
      declaredLength: -1,
      atMs: LOG_START_MS
    }
  },
  {
    name: 'A before B, over TLS',
    lines: [front({}, true), back()],
    expected: { isTls: true, isComplete: true, userAgent: 'curl/7.88.1' }
  },
  {
    name: 'a kept connection: the idle time is in the first timer',
    lines: [back({ atMs: LOG_START_MS + 2_501 }), front({ timers: '2500/0/0/1/2501' })],
    expected: { atMs: LOG_START_MS + 2_500, durationMs: 1, isComplete: true }
  },
  {
    name: 'a rewritten path keeps what the client wrote',
    lines: [
      back({ request: 'GET /pks/lookup?op=get&search=alice HTTP/1.1' }),
      front({ request: 'GET /get/alice HTTP/1.1' })
    ],
    expected: { target: '/get/alice', isComplete: true }
  },
  {
    name: 'the client of a proxy is the one in slot 2 of B',
    lines: [
      back({ client: '198.51.100.1', captures: '{keys.example|2001:DB8::7|||} ' }),
      front({ client: '198.51.100.1' })
    ],
    options: { behindProxy: 'proxy' },
    expected: { source: '2001:db8::7', peer: '198.51.100.1' }
  },
  {
    name: 'a tarpit behind the rewriting, which A calls a plain 500',
    lines: [front(TARPIT_A), back(TARPIT_B)],
    expected: { outcome: 'tarpitted', status: 500, backend: 'be_tarpit', isComplete: true }
  },
  {
    name: 'a tarpit at the front end has no B',
    lines: [refused({ timers: '-1/15002/-1/-1/15001', status: 500, ended: 'PT--' })],
    expected: {
      outcome: 'tarpitted',
      isComplete: true,
      atMs: LOG_START_MS,
      loggedAtMs: LOG_START_MS + 15_001
    }
  },
  {
    name: 'a refused upload whose body did not fit: A ends without a status',
    lines: [
      back({
        server: 'fe_hockeypuck_ddos_lb/<NOSRV>',
        timers: '0/-1/-1/-1/0',
        status: 429,
        ended: 'PR--',
        request: 'POST /pks/add HTTP/1.1'
      }),
      front({
        timers: '0/0/0/-1/0',
        status: -1,
        ended: 'SD--',
        bytes: '30552/0',
        request: 'POST /pks/add HTTP/1.1'
      })
    ],
    expected: { outcome: 'denied', status: 429, bytesIn: 30_552 }
  },
  {
    name: 'a ban of the front end',
    lines: [refused()],
    expected: { outcome: 'denied', status: 429, isComplete: true }
  },
  {
    name: 'Tor limit in slot 4',
    lines: [
      back({
        captures: '{keys.example:11371|203.0.113.7||RATE-LIMITED|} ',
        status: 429,
        ended: 'PR--'
      }),
      front({ status: 429 })
    ],
    expected: { isRateLimited: true, outcome: 'denied' }
  },
  {
    name: 'no server',
    lines: [
      back({
        server: 'be_hockeypuck_primary/<NOSRV>',
        timers: '0/-1/-1/-1/0',
        status: 503,
        ended: 'SC--'
      }),
      front({ status: 503, captures: '{keys.example:11371|||||curl/7.88.1||0|0} ' })
    ],
    expected: { outcome: 'unavailable', status: 503 }
  },
  {
    name: 'the ACME back end writes one line',
    lines: [
      front({
        server: 'be_acme_challenge/certbot',
        timers: '0/0/-1/-1/3008',
        status: 503,
        ended: 'SC--'
      })
    ],
    expected: { outcome: 'unavailable', isComplete: true, backend: 'be_acme_challenge' }
  },
  {
    name: 'bytes that are no HTTP',
    lines: [
      refused({
        timers: '-1/-1/-1/-1/0',
        status: 400,
        bytes: '0/0',
        captures: '',
        request: '<BADREQ>'
      })
    ],
    expected: { outcome: 'malformed', method: '', target: '', host: '' }
  },
  {
    name: 'a request that never came to its end',
    lines: [
      refused({
        timers: '-1/-1/-1/-1/5011',
        status: 408,
        ended: 'cR--',
        bytes: '0/0',
        captures: '',
        request: '<BADREQ>'
      })
    ],
    expected: { outcome: 'timed-out', status: 408, durationMs: 5_011 }
  },
  {
    name: 'a client that reset',
    lines: [
      refused({
        timers: '-1/-1/-1/-1/501',
        status: 400,
        ended: 'CR--',
        bytes: '0/0',
        captures: '',
        request: '<BADREQ>'
      })
    ],
    expected: { outcome: 'aborted' }
  },
  {
    name: 'an upload that broke off',
    lines: [
      front({
        timers: '0/0/0/0/1006',
        status: 400,
        ended: 'CD--',
        captures: '{keys.example:11371||||||5000|1|1} ',
        request: 'POST /pks/add HTTP/1.1'
      }),
      back({
        timers: '0/0/0/0/1006',
        status: 400,
        ended: 'CD--',
        request: 'POST /pks/add HTTP/1.1'
      })
    ],
    expected: { outcome: 'aborted', declaredLength: 5_000 }
  },
  {
    name: 'HTTP/2 writes out scheme and host',
    lines: [
      back({ request: 'GET /pks/stats?options=json HTTP/1.1' }),
      front({ request: 'GET https://keys.example/pks/stats?options=json HTTP/2.0' }, true)
    ],
    expected: {
      target: '/pks/stats?options=json',
      isAbsoluteForm: false,
      httpVersion: '2.0',
      isComplete: true
    }
  },
  {
    name: 'a request as to a forward proxy',
    lines: [
      back({ ...TARPIT_B, atMs: LOG_START_MS, request: 'GET http://198.51.100.1/ HTTP/1.1' }),
      front({
        status: 500,
        timers: '0/0/0/15004/15004',
        request: 'GET http://198.51.100.1/ HTTP/1.1',
        captures: '{|||||||1|1} '
      })
    ],
    expected: { target: '/', isAbsoluteForm: true, host: '198.51.100.1', outcome: 'tarpitted' }
  },
  {
    name: 'IPv6 without brackets',
    lines: [back({ client: '::1', port: 24_928 }), front({ client: '::1', port: 24_928 })],
    expected: { source: '::1', peerPort: 24_928 }
  },
  {
    name: 'a mapped IPv4 client',
    lines: [back({ client: '::ffff:203.0.113.9' }), front({ client: '::ffff:203.0.113.9' })],
    expected: { source: '203.0.113.9', peer: '203.0.113.9' }
  },
  {
    name: 'escapes',
    lines: [
      back({ request: 'GET /pks/lookup?op=index&search=#22x#22 HTTP/1.1' }),
      front({
        request: 'GET /pks/lookup?op=index&search=#22x#22 HTTP/1.1',
        captures:
          '{keys.example|req||de#7Cfr|http://ref.example/?a=#22b#7Cc#7D|quo#22te #7Bbrace#7D pi#7Cpe \\back #C3#BCn#C3#AF|12|1|1} '
      })
    ],
    expected: {
      target: '/pks/lookup?op=index&search="x"',
      acceptLanguage: 'de|fr',
      referer: 'http://ref.example/?a="b|c}',
      userAgent: 'quo"te {brace} pi|pe \\back ünï',
      declaredLength: 12
    }
  },
  {
    name: 'a front end of another name, default httplog, no captures',
    lines: [
      `192.0.2.9:5000 [23/Nov/2026:03:16:35.027] www bk/s1 0/0/0/7/7 200 1597 - - ---- 1/1/0/0/0 0/0 "GET /pks/stats HTTP/1.1"`
    ],
    expected: {
      source: '192.0.2.9',
      bytesIn: -1,
      bytesOut: 1597,
      userAgent: '',
      host: '',
      isComplete: true,
      target: '/pks/stats'
    }
  },
  {
    name: 'captures in another order are unknown',
    lines: [
      `192.0.2.9:5000 [23/Nov/2026:03:16:35.027] www~ bk/s1 0/0/0/7/+7 200 +1597 - - ---- 1/1/0/0/0 0/0 {curl/8|host} {text} "GET / HTTP/1.1"`
    ],
    expected: { userAgent: '', host: '', isTls: true, target: '/', bytesOut: 1597 }
  },
  {
    name: 'a line that syslog cut off within the request',
    lines: [refused({ request: 'GET /pks/lookup?op=get&search=0xAB' }).slice(0, -1)],
    expected: { target: '/pks/lookup?op=get&search=0xAB', httpVersion: '' }
  }
]
for (const { name, lines, options, expected } of shapes) {
  test(`reads ${name}`, () => {
    const event = only(lines, options)
    for (const [key, value] of Object.entries(expected)) {
      equal(event[key as keyof RequestEvent], value, key)
    }
  })
}

test('the raw line of a pair is A', () => is(only([back(), front()]).line, front()))

const unreadable = [
  { name: 'nothing', line: '', expected: 'empty' },
  { name: 'words', line: 'hello world', expected: 'unknown-format' },
  { name: 'half a line', line: front().slice(0, 90), expected: 'truncated' },
  { name: 'a line cut in its captures', line: front().slice(0, 190), expected: 'truncated' },
  { name: 'a month that is none', line: front().replace('/Nov/', '/Nix/'), expected: 'bad-time' },
  {
    name: 'the 31st of a short month',
    line: front().replace('23/Nov', '31/Nov'),
    expected: 'bad-time'
  },
  { name: 'an hour that is none', line: front().replace(':03:16', ':27:16'), expected: 'bad-time' },
  {
    name: 'a host name for the client',
    line: front({ client: 'client.example' }),
    expected: 'bad-address'
  },
  { name: 'a timer that is none', line: front({ timers: '0/0/x/6/6' }), expected: 'bad-number' },
  { name: 'a port out of range', line: front({ port: 70_000 }), expected: 'unknown-format' },
  { name: 'binary', line: '\u0016\u0003\u0001\u0002\u0000\u0001', expected: 'binary' },
  { name: 'broken UTF-8', line: '\ufffd\ufffd\ufffd', expected: 'binary' },
  {
    name: 'mode tcp',
    line: '192.0.2.9:5000 [23/Nov/2026:03:16:35.027] fe bk/s1 0/0/7 1597 -- 1/1/0/0/0 0/0',
    expected: 'truncated'
  }
]
for (const { name, line, expected } of unreadable) {
  test(`counts ${name}`, () => equal(decode([line]).causes, [expected]))
}

test('pairs the requests of one kept connection in order', () => {
  const lines = [0, 1, 2].flatMap((index) => {
    const atMs = LOG_START_MS + index * 40
    const request = `GET /pks/lookup?op=get&search=0x${index} HTTP/1.1`
    return [back({ atMs: atMs + 30, request }), front({ atMs, timers: '30/0/0/6/36', request })]
  })
  const { requests } = decode(lines)
  equal(
    requests.map((event) => [event.target.slice(-1), event.isComplete]),
    [
      ['0', true],
      ['1', true],
      ['2', true]
    ]
  )
})

test('tells requests of one HTTP/2 connection apart by their target', () => {
  const request = (id: number) =>
    `GET https://keys.example/pks/lookup?op=get&search=0x${id} HTTP/2.0`
  const behind = (id: number) => `GET /pks/lookup?op=get&search=0x${id} HTTP/1.1`
  const { requests } = decode([
    back({ request: behind(1), status: 404 }),
    front({ request: request(2) }, true),
    back({ request: behind(2) }),
    front({ request: request(1), status: 404 }, true)
  ])
  equal(
    requests.map((event) => [event.target.slice(-1), event.status, event.isComplete]),
    [
      ['2', 200, true],
      ['1', 404, true]
    ]
  )
})

test('gives an A without its B out alone after 20 s of log time, and takes a late B for the same request', () => {
  const { requests, before, decoder } = decode([
    front(),
    refused({ client: '192.0.2.1', atMs: LOG_START_MS + 19_000 }),
    refused({ client: '192.0.2.1', atMs: LOG_START_MS + 21_000 }),
    back()
  ])
  equal(
    requests.map((event) => [event.source, event.isComplete]),
    [
      ['192.0.2.1', true],
      ['203.0.113.7', false],
      ['192.0.2.1', true]
    ]
  )
  is(before, 3)
  is(decoder.latePartners, 1)
})

test('waits for the partner of a first line after quiet minutes, however often time went by in between', () => {
  const { decoder, events } = decode([back(), front()])
  const emit = (event: TrafficEvent) => events.push(event)
  const toldMs = decoder.logTimeMs
  // What a reader does while nothing comes: every look tells the time that would be, counted from the last line.
  for (let quietMs = 250; quietMs <= 30_000; quietMs += 250) {
    decoder.settle(decoder.logTimeMs + quietMs, emit)
  }
  is(decoder.logTimeMs, toldMs, 'the log has told no other time')
  const next = { atMs: toldMs + 30_000, port: 40_002 }
  decoder.decode(front(next), emit)
  decoder.settle(decoder.logTimeMs + 10, emit)
  decoder.decode(back(next), emit)
  equal(
    events.map((event) => [event.kind, 'isComplete' in event && event.isComplete]),
    [
      ['request', true],
      ['request', true]
    ]
  )
  ok((events[1]?.loggedAtMs ?? 0) < toldMs + 31_000, 'and is dated when it came')
})

test('gives a B without its A out alone, with the trusted client', () => {
  const { requests } = decode([back({ captures: '{keys.example|198.51.100.7|||} ' })])
  equal(
    requests.map((event) => [event.source, event.isComplete, event.userAgent, event.host]),
    [['198.51.100.7', false, '', 'keys.example']]
  )
})

test('bounds what waits', () => {
  const decoder = new HaproxyDecoder({ timeZone: 'UTC', pairing: { maxLines: 10 } })
  let events = 0
  for (let port = 1; port <= 50; port++) {
    decoder.decode(back({ port }), () => {
      events++
    })
  }
  is(decoder.pendingLines().length, 10)
  is(events, 40)
})

test('a clock that jumps back or forth leaves nothing waiting for ever', () => {
  const { requests, decoder } = decode([
    back({ port: 1 }),
    back({ port: 2, atMs: LOG_START_MS - 3_600_000 }),
    front({ port: 2, atMs: LOG_START_MS - 3_600_000 }),
    back({ port: 3, atMs: LOG_START_MS + 86_400_000 }),
    front({ port: 3, atMs: LOG_START_MS + 86_400_000 })
  ])
  equal(
    requests.map((event) => [event.peerPort, event.isComplete]),
    [
      [1, false],
      [2, true],
      [3, true]
    ]
  )
  is(decoder.pendingLines().length, 0)
})

test('gives lines out at once when the log has only line B', () => {
  const decoder = new HaproxyDecoder({ timeZone: 'UTC' })
  let events = 0
  for (let port = 1; port <= 100; port++) {
    decoder.decode(back({ port, atMs: LOG_START_MS + port }), () => {
      events++
    })
  }
  ok(decoder.pendingLines().length <= 64)
  ok(events >= 36)
})

test('never takes X-Forwarded-For for the client without being told of a proxy', () => {
  const captures = '{keys.example||198.51.100.66|||curl/8||1|1} '
  is(only([refused({ captures })]).source, '203.0.113.7')
  is(only([refused({ captures })]).forwardedFor, '198.51.100.66')
})

test('behind a proxy the last element of X-Forwarded-For is the client, unless it may be cut off', () => {
  const captures = (value: string) => `{keys.example||${value}|||curl/8||1|1} `
  const options = { behindProxy: 'proxy' } as const
  is(
    only([refused({ captures: captures('10.0.0.1, 198.51.100.66') })], options).source,
    '198.51.100.66'
  )
  for (const value of ['', 'unknown', `${'1.1.1.1,'.repeat(7)}198.51.100`]) {
    const { requests, decoder } = decode([refused({ captures: captures(value) })], options)
    is(requests.length, 0)
    is(decoder.withoutClient, 1)
  }
})

test('a peer that B showed to be a proxy is no client, even if the configuration names none', () => {
  const { requests, decoder } = decode([
    back({ client: '198.51.100.1', captures: '{keys.example|203.0.113.50|||} ' }),
    front({ client: '198.51.100.1' }),
    refused({ client: '198.51.100.1', port: 2 })
  ])
  equal(
    requests.map((event) => event.source),
    ['203.0.113.50']
  )
  is(decoder.withoutClient, 1)
})

test('reports what HAProxy says about itself once', () => {
  const stopped = 'Proxy fe_http_handler stopped (cumulated conns: FE: 226, BE: 0).'
  const { events, causes } = decode([
    '[NOTICE]   (7707) : New worker (7719) forked',
    refused(),
    '[NOTICE]   (7707) : Reloading HAProxy',
    `[WARNING]  (7719) : ${stopped}`,
    stopped,
    '[WARNING]  (7719) : Server be_hockeypuck/srv_keyserver is DOWN, reason: Layer4 connection problem',
    "[ALERT]    (7719) : backend 'be_hockeypuck' has no server available!",
    '[WARNING]  (7719) : Server be_hockeypuck/srv_keyserver is UP, reason: Layer7 check passed, code: 200',
    '192.0.2.3:32939 [23/Nov/2026:03:16:57.661] fe_http_handler/4: SSL handshake failure'
  ])
  equal(causes.filter(Boolean), [])
  const notices = events.filter((event): event is ProxyNoticeEvent => event.kind === 'proxy-notice')
  equal(
    notices.map((event) => [event.what, event.source]),
    [
      ['reloaded', undefined],
      ['other', undefined],
      ['server-down', undefined],
      ['no-server', undefined],
      ['server-up', undefined],
      ['tls-handshake-failed', '192.0.2.3']
    ]
  )
})
