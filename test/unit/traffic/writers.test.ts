import * as assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkStockRules } from '../../../scripts/traffic/compare/stock-check.ts'
import { HaproxyModel, rewritten } from '../../../scripts/traffic/haproxy/haproxy-model.ts'
import { escapeHash, haproxyLine, stamp } from '../../../scripts/traffic/haproxy/haproxy-writer.ts'
import { TrackedClient } from '../../../scripts/traffic/haproxy/stick-table.ts'
import { goDuration, quoted } from '../../../scripts/traffic/keyserver/hockeypuck-writer.ts'
import { KeyBase } from '../../../scripts/traffic/keyserver/key-base.ts'
import { suite } from '../../support/suite.ts'

const test = suite('writers of generated traffic')
const fixtures = join(import.meta.dirname, '../../fixtures/traffic')

test("escapes as HAProxy's log encoding does", () => {
  const cases = [
    ['quo"te {brace} pi|pe \\back ünï', 'quo#22te #7Bbrace#7D pi#7Cpe \\back #C3#BCn#C3#AF'],
    ['sqlmap/1.7.2#stable', 'sqlmap/1.7.2#23stable'],
    ['plain', 'plain'],
    ['a\u0001b', 'a#01b']
  ] as const
  for (const [input, expected] of cases) assert.equal(escapeHash(input), expected)
})

test('quotes as logrus does', () => {
  const cases = [
    ['keys.example', 'keys.example'],
    ['keys.example:11371', '"keys.example:11371"'],
    ['/pks/stats', '/pks/stats'],
    ['', ''],
    ['Hans "x"\n', '"Hans \\"x\\"\\n"'],
    ['\u0000', '"\\x00"'],
    ['Gómez', '"Gómez"']
  ] as const
  for (const [input, expected] of cases) assert.equal(quoted(input), expected)
})

test("writes durations as Go's", () => {
  const cases = [
    [0.97478, '974.78µs'],
    [2.314563, '2.314563ms'],
    [1, '1ms'],
    [1144.129625, '1.144129625s'],
    [0.014, '14µs']
  ] as const
  for (const [ms, expected] of cases) assert.equal(goDuration(ms), expected)
})

test('writes a line as the stock format has it', () => {
  const startMs = Date.UTC(2026, 10, 23, 3, 13, 0, 746)
  assert.equal(stamp(startMs), '23/Nov/2026:03:13:00.746')
  const line = haproxyLine({
    peer: '203.0.113.9',
    port: 37_523,
    startMs,
    frontend: 'fe_http_handler',
    backend: 'be_hockeypuck_rewrite/hockeypuck_lb_ddos',
    timers: { receive: 0, wait: 0, connect: 0, respond: 3, total: 3 },
    status: 404,
    bytesIn: 168,
    bytesOut: 188,
    ended: '----',
    counters: '69/20/0/0/0',
    captures: ['keys.example:11371', '', '', '', '', '', '', '1', '1'],
    request: 'GET /pks/lookup?op=get&options=mr&search=0x17 HTTP/1.0'
  })
  assert.equal(
    line,
    '203.0.113.9:37523 [23/Nov/2026:03:13:00.746] fe_http_handler be_hockeypuck_rewrite/hockeypuck_lb_ddos 0/0/0/3/3 404 168/188 - - ---- 69/20/0/0/0 0/0 {keys.example:11371|||||||1|1} "GET /pks/lookup?op=get&options=mr&search=0x17 HTTP/1.0"'
  )
})

test('rewrites the short paths as the stock back end does', () => {
  const cases = [
    ['/get/a@b.example', '/pks/lookup?op=get&search=a@b.example'],
    ['/d/0xAB', '/pks/lookup?op=get&options=mr&search=0xAB'],
    ['/search/bob', '/pks/lookup?op=index&options=mr&search=bob'],
    ['/stats', '/pks/lookup?op=stats'],
    ['/search', '/search'],
    ['/status', '/status'],
    ['/pks/lookup?op=get', '/pks/lookup?op=get']
  ] as const
  for (const [target, expected] of cases) assert.equal(rewritten(target), expected)
})

test("counts in HAProxy's sliding windows", () => {
  const client = new TrackedClient()
  for (let i = 0; i < 10; i++) client.requests.add(1_000)
  assert.equal(client.requests.read(1_000), 10)
  assert.equal(client.requests.read(16_000), 4)
  assert.equal(client.requests.read(31_001), 0)
  client.open(0, 500)
  client.open(100, 900)
  assert.equal(client.openCount(400), 2)
  assert.equal(client.openCount(600), 1)
})

test('refuses what a real HAProxy refused in the recording, and nothing else', async () => {
  const rows = readFileSync(join(fixtures, 'truth.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { source: string; label: string })
  // The recording's Tor exits; the excerpt has all that its abusers did, but not what others did before it.
  const torExits = rows
    .map(({ source }) => source)
    .filter((source) => /^127\.12[1-5]\./.test(source))
  const abusers = rows.filter(({ label }) => label === 'abuse').map(({ source }) => source)
  const found = await checkStockRules(join(fixtures, 'haproxy.log.gz'), {
    hosts: ['keys.example'],
    torExits: new Set(torExits),
    only: new Set(abusers)
  })
  assert.ok(found.refusedByHaproxy > 300, JSON.stringify(found))
  assert.ok(found.refusedByBoth >= found.refusedByHaproxy * 0.99, JSON.stringify(found))
  assert.ok(found.refusedByModel <= found.refusedByBoth * 1.01, JSON.stringify(found))
})

test('gives all Tor exits one bucket for uploads and bans those that share it', () => {
  const torExits = new Set(['198.51.100.1', '198.51.100.2'])
  const model = new HaproxyModel({ hosts: ['keys.example'], torExits, isBehindProxy: false })
  const agent = {
    tool: '',
    userAgent: '',
    acceptLanguage: '',
    httpVersion: '1.1',
    isTls: false,
    host: '',
    otherBytes: 0,
    sendsConnection: false
  } as const
  const upload = (source: string, atMs: number) =>
    model.back(
      { source, atMs, agent, method: 'POST', target: '/pks/add', intent: { kind: 'health' } },
      'keys.example:11371'
    ).kind
  assert.equal(upload('198.51.100.1', 0), 'pass')
  assert.equal(upload('198.51.100.2', 5_000), 'tor-limit')
  assert.equal(upload('203.0.113.5', 5_001), 'pass')
  assert.equal(upload('198.51.100.1', 60_000), 'pass')
  assert.equal(upload('198.51.100.2', 120_000), 'tor-day-ban')
  assert.equal(upload('198.51.100.2', 180_000), 'tor-month-ban')
})

test('keeps the key base in the order of its fingerprints', () => {
  const keys = new KeyBase({ seed: 5, size: 50_000 })
  let last = ''
  for (let i = 0; i < 50_000; i += 97) {
    const { fingerprint, lengthBytes } = keys.certificate(i)
    assert.match(fingerprint, /^[0-9a-f]{40}$/)
    assert.ok(fingerprint > last)
    assert.ok(lengthBytes >= 250)
    last = fingerprint
  }
  assert.deepEqual(keys.certificate(123), keys.certificate(123))
})
