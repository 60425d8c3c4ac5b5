/**
 * Cuts the traffic fixture of the demo and the tests out of a whole recording: `node scripts/cut-fixture.ts RECORDING OUT`.
 * RECORDING holds haproxy.log, hockeypuck.log and truth.jsonl. Sources are dropped whole, never single requests of one, and
 * what stays keeps its bytes, order and times. The same recording gives the same excerpt; no clock and no randomness is used.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'

/** The minutes that are kept: over a minute of quiet, then the first upload flood, harvests, scans and three key-space scrapes. */
const FROM_MS = Date.parse('2026-11-23T03:18:20Z')
const TO_MS = Date.parse('2026-11-23T03:29:30Z')

/** Share of the benign sources of a class that stays; classes that are not named stay whole, and so does every other label. */
const BENIGN_SHARE: Readonly<Record<string, number>> = { N1: 0.2, N2: 0.12, N3: 0.22, N4: 0.22 }

/** How far the end of a request by HAProxy and by Hockeypuck (whole seconds) may lie apart. */
const END_SKEW_MS = 2_000

interface TruthRow {
  readonly source: string
  readonly class: string
  readonly label: string
  readonly campaign: string
  readonly tool: string
  readonly from: string
  readonly to: string
  readonly requests: number
}

/** One line of HAProxy that belongs to a connection. `side` B is the inner hop, which has no line for refused requests. */
interface ProxyLine {
  readonly index: number
  readonly client: string
  readonly port: string
  readonly side: 'A' | 'B' | 'probe'
  readonly hasInner: boolean
  readonly startMs: number
  readonly endMs: number
  readonly status: string
  readonly request: string
}

interface Request {
  readonly lines: readonly ProxyLine[]
  readonly outer: ProxyLine
}

interface Span {
  firstMs: number
  lastMs: number
  count: number
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const PROXY_LINE =
  /^(\S+):(\d+) \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)\.(\d{3})\] (\S+?)(~?)(?:\/\d+)?(?:: (.*)| (\S+) (\S+) (-?\d+) .*)$/

function readProxyLine(text: string, index: number): ProxyLine | undefined {
  const found = PROXY_LINE.exec(text)
  if (found === null) return undefined
  const [, client = '', port = '', day, month = '', year, hour, minute, second, milli] = found
  const frontend = found[10] ?? ''
  const loggedMs = Date.UTC(
    Number(year),
    MONTHS.indexOf(month) / 3,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(milli)
  )
  const timers = (found[14] ?? '').split('/').map(Number)
  const isProbe = found[12] !== undefined
  return {
    index,
    client,
    port,
    side: isProbe ? 'probe' : frontend === 'fe_hockeypuck_ddos_lb' ? 'B' : 'A',
    hasInner: (found[13] ?? '').startsWith('be_hockeypuck_rewrite/'),
    startMs: loggedMs + Math.max(0, timers[0] ?? 0),
    endMs: loggedMs + Math.max(0, timers[4] ?? 0),
    status: found[15] ?? '',
    request: text.slice(text.indexOf('"') + 1, text.lastIndexOf('"'))
  }
}

/** Puts the two lines of each request together: the n-th outer line of a connection that has an inner hop with its n-th inner line. */
function pairRequests(lines: readonly ProxyLine[]): Request[] {
  const inner = new Map<string, ProxyLine[]>()
  for (const line of lines) {
    if (line.side !== 'B') continue
    const key = `${line.client} ${line.port}`
    const queue = inner.get(key)
    if (queue === undefined) inner.set(key, [line])
    else queue.push(line)
  }
  const requests: Request[] = []
  for (const outer of lines) {
    if (outer.side !== 'A') continue
    const partner = outer.hasInner ? inner.get(`${outer.client} ${outer.port}`)?.shift() : undefined
    // An outer line whose inner hop was never logged (two in the recording: the client gave up) is no complete pair.
    if (outer.hasInner && partner === undefined) continue
    requests.push({ outer, lines: partner === undefined ? [outer] : [outer, partner] })
  }
  return requests
}

function isWithin(ms: number): boolean {
  return ms >= FROM_MS && ms < TO_MS
}

/** A number in [0, 1) that depends on the address alone. */
function placeOf(source: string): number {
  return createHash('sha256').update(source).digest().readUInt32BE(0) / 2 ** 32
}

function isChosen(rows: readonly TruthRow[]): boolean {
  const [first] = rows
  if (first === undefined) return false
  if (first.label !== 'benign') return true
  return placeOf(first.source) < (BENIGN_SHARE[first.class] ?? 1)
}

/** The bytes behind HAProxy's `#22` and Go's `\"`, so that both logs spell a request alike. */
function unescapeBytes(text: string): string {
  return text
    .replace(/\\(["\\])/g, '$1')
    .replace(/#([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function fieldOf(line: string, name: string): string | undefined {
  const found = new RegExp(`(?:^| )${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|(\\S*))`).exec(line)
  return found === null ? undefined : (found[1] ?? found[2] ?? '')
}

function queryOf(path: string): string {
  const query = new URLSearchParams(path.slice(path.indexOf('?') + 1))
  return `${query.get('op')} ${query.get('search')}`
}

/** Tells for each line of Hockeypuck whether it stays: it belongs to no request, or to one of a chosen source. */
function chooseServerLines(
  lines: readonly string[],
  requests: readonly Request[],
  chosen: ReadonlySet<Request>
): boolean[] {
  const open = new Map<string, { endMs: number; isChosen: boolean }[]>()
  for (const request of requests) {
    const inner = request.lines[1]
    if (inner === undefined) continue
    const [method = '', path = ''] = inner.request.split(' ')
    const key = `${method} ${unescapeBytes(path)} ${inner.status}`
    const entry = { endMs: inner.endMs, isChosen: chosen.has(request) }
    open.set(key, [...(open.get(key) ?? []), entry])
  }
  const waiting = new Map<string, number[]>()
  const kept = lines.map(() => false)
  for (const [index, line] of lines.entries()) {
    const loggedMs = Date.parse(fieldOf(line, 'time') ?? '')
    const status = fieldOf(line, 'status-code')
    const message = fieldOf(line, 'msg') ?? ''
    if (status === undefined) {
      const belongsTo = waitingKeyOf(line, message)
      if (belongsTo === undefined) kept[index] = isWithin(loggedMs)
      else waiting.set(belongsTo, [...(waiting.get(belongsTo) ?? []), index])
      continue
    }
    const [, method = '', quoted, bare = ''] =
      / ([A-Z]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*)) /.exec(line) ?? []
    const path = unescapeBytes(quoted ?? bare)
    const isProbe = path === '/pks/health'
    const belongs = isProbe
      ? isWithin(loggedMs)
      : takeNearest(open.get(`${method} ${path} ${status}`), loggedMs)
    kept[index] = belongs
    const keys = [`lookup ${queryOf(path)}`, `HTTP ${status}`]
    if (method === 'POST' && status === '200') keys.push(`change ${path}`)
    for (const key of keys) {
      for (const earlier of waiting.get(key) ?? []) kept[earlier] = belongs
      waiting.delete(key)
    }
  }
  return kept
}

/** What an access line must look like for a line before it to belong to the same request; nothing for lines of no request. */
function waitingKeyOf(line: string, message: string): string | undefined {
  if (message === 'lookup')
    return `lookup ${fieldOf(line, 'op')} ${unescapeBytes(fieldOf(line, 'search') ?? '')}`
  if (message === 'add') return 'change /pks/add'
  const failed = /^HTTP (\d{3}):/.exec(message)
  return failed === null ? undefined : `HTTP ${failed[1]}`
}

function takeNearest(
  entries: { endMs: number; isChosen: boolean }[] | undefined,
  loggedMs: number
): boolean {
  let best = -1
  let distance = END_SKEW_MS
  for (const [index, entry] of (entries ?? []).entries()) {
    const apart = Math.abs(Math.floor(entry.endMs / 1_000) * 1_000 - loggedMs)
    if (apart < distance) {
      best = index
      distance = apart
    }
  }
  return best >= 0 && entries?.splice(best, 1)[0]?.isChosen === true
}

/** Shared gateways have a harmless row and an abusive one; their harvesters are the only clients there with this user agent. */
function rowOf(rows: readonly TruthRow[], line: string): TruthRow | undefined {
  if (rows.length < 2) return rows[0]
  const wanted = line.includes('|python-requests/') ? 'shared-nat-bad' : 'shared-nat-good'
  return rows.find((row) => row.campaign === wanted)
}

function widen(spans: Map<TruthRow, Span>, row: TruthRow, times: readonly [number, number]): void {
  const span = spans.get(row)
  if (span === undefined) spans.set(row, { firstMs: times[0], lastMs: times[1], count: 1 })
  else {
    span.firstMs = Math.min(span.firstMs, times[0])
    span.lastMs = Math.max(span.lastMs, times[1])
    span.count++
  }
}

/** Connections on the recon port leave no line at HAProxy; each is counted by the first line that names its address. */
function countRecon(
  lines: readonly string[],
  rows: readonly TruthRow[],
  spans: Map<TruthRow, Span>
): void {
  for (const row of rows.filter((one) => one.class === 'A18')) {
    for (const line of lines) {
      const isFirst =
        line.includes(`addr=${row.source},`) || line.includes(`rejected from \\"${row.source}:`)
      const loggedMs = Date.parse(fieldOf(line, 'time') ?? '')
      if (isFirst && isWithin(loggedMs)) widen(spans, row, [loggedMs, loggedMs])
    }
  }
}

function readLines(folder: string, name: string): string[] {
  // The recording holds bytes that are no UTF-8; latin1 keeps every byte as it is.
  return readFileSync(join(folder, name), 'latin1').replace(/\n$/, '').split('\n')
}

function writeCompressed(folder: string, name: string, lines: readonly string[]): number {
  const packed = gzipSync(Buffer.from(`${lines.join('\n')}\n`, 'latin1'), { level: 9 })
  writeFileSync(join(folder, name), packed)
  return packed.length
}

function cut(recording: string, out: string): void {
  const proxyText = readLines(recording, 'haproxy.log')
  const serverText = readLines(recording, 'hockeypuck.log')
  const truth = readLines(recording, 'truth.jsonl').map((line) => JSON.parse(line) as TruthRow)
  const rowsOf = Map.groupBy(truth, (row) => row.source)

  const proxyLines = proxyText.map(readProxyLine)
  const parsed = proxyLines.filter((line) => line !== undefined)
  const requests = pairRequests(parsed)
  const chosen = new Set(
    requests.filter(
      ({ outer, lines }) =>
        isChosen(rowsOf.get(outer.client) ?? []) && lines.every((line) => isWithin(line.endMs))
    )
  )
  const keptIndexes = new Set(
    [...chosen].flatMap((request) => request.lines.map((line) => line.index))
  )
  let nowMs = 0
  const proxyOut = proxyText.filter((_, index) => {
    const line = proxyLines[index]
    if (line !== undefined) nowMs = line.endMs
    // Notices and warnings of HAProxy have no client and no time of their own: the line before dates them.
    if (line === undefined) return isWithin(nowMs)
    if (line.side === 'probe') return isWithin(nowMs) && isChosen(rowsOf.get(line.client) ?? [])
    return keptIndexes.has(index)
  })
  const serverKept = chooseServerLines(serverText, requests, chosen)
  const serverOut = serverText.filter((_, index) => serverKept[index])

  const spans = new Map<TruthRow, Span>()
  for (const { outer, lines } of chosen) {
    const row = rowOf(rowsOf.get(outer.client) ?? [], proxyText[outer.index] ?? '')
    const lastMs = Math.max(...lines.map((line) => line.endMs))
    if (row !== undefined) widen(spans, row, [outer.startMs, lastMs])
  }
  countRecon(serverOut, truth, spans)
  const rows = truth.flatMap((row) => {
    const span = spans.get(row)
    if (span === undefined) return []
    const from = new Date(span.firstMs).toISOString()
    return [{ ...row, from, to: new Date(span.lastMs).toISOString(), requests: span.count }]
  })
  rows.sort((a, b) =>
    a.from === b.from ? (a.source < b.source ? -1 : 1) : a.from < b.from ? -1 : 1
  )

  mkdirSync(out, { recursive: true })
  const bytes =
    writeCompressed(out, 'haproxy.log.gz', proxyOut) +
    writeCompressed(out, 'hockeypuck.log.gz', serverOut)
  const truthText = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`
  writeFileSync(join(out, 'truth.jsonl'), truthText)
  process.stdout.write(
    `haproxy.log ${proxyOut.length} lines, hockeypuck.log ${serverOut.length} lines, truth.jsonl ${rows.length} rows, ` +
      `${bytes + Buffer.byteLength(truthText)} bytes\n${tableOf(rows)}`
  )
}

/** The table of the fixture's README. */
function tableOf(rows: readonly TruthRow[]): string {
  const groups = Map.groupBy(
    rows,
    (row) => `| ${row.label} | ${row.label === 'mixed' ? 'mixed' : row.class} |`
  )
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([key, group]) => {
      const sources = new Set(group.map((row) => row.source)).size
      return `${key} ${sources} | ${group.reduce((sum, row) => sum + row.requests, 0)} |\n`
    })
    .join('')
}

const [recording, out] = process.argv.slice(2)
if (recording === undefined || out === undefined) {
  process.stderr.write('usage: cut-fixture.ts RECORDING OUT\n')
  process.exitCode = 64
} else {
  cut(recording, out)
}
