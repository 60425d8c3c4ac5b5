/**
 * One line of an HTTP log of HAProxy, split into its fields. Reads the stock format of Hockeypuck's standalone deployment,
 * `%ci:%cp [%t] %ft %b/%s %Tq/%Tw/%Tc/%Tr/%Tt %ST %U/%B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
 * (contract §1.4), and HAProxy's default `option httplog`, which lacks `%U`. Runs once for every line of a flood, so it
 * walks the text by character code and leaves captures and request for later.
 */
import { type AddressText, findAddress } from '../../../base/index.ts'
import type { UnparsedCause } from '../../events.ts'
import type { LocalTime } from '../local-time.ts'
import { unescapeHash } from './escape.ts'

export const FRONT_NAME = 'fe_http_handler'
export const BACK_NAME = 'fe_hockeypuck_ddos_lb'

const SPACE = 32
const QUOTE = 34
const OPEN_BRACE = 123
const ADDRESS_CACHE_SIZE = 4_096
const MAX_METHOD_LENGTH = 32

/** `front` is line A of the stock deployment, `back` line B; `single` is any front end that writes one line a request. */
export type LineRole = 'front' | 'back' | 'single'

export interface RequestLine {
  readonly method: string
  /** Origin form, or what was written where it is neither origin nor absolute form (`*`, `host:port`). */
  readonly target: string
  /** Authority of an absolute URI, else empty. */
  readonly authority: string
  readonly isAbsoluteForm: boolean
  readonly httpVersion: string
}

export class HaproxyLine {
  line = ''
  /** `address:port` as written: the same in both lines of a request. */
  key = ''
  peer: AddressText = ''
  peerPort = 0
  role: LineRole = 'single'
  isTls = false
  backend = ''
  server = ''
  /** `%t`: when the connection was accepted or, on a kept one, when the request before it ended. */
  startMs = 0
  receiveMs = -1
  waitMs = -1
  totalMs = -1
  status = -1
  bytesIn = -1
  bytesOut = -1
  /** First and second character of the termination state, as character codes. */
  endedBy = 0
  endedIn = 0
  #captureAt = -1
  #requestAt = -1
  #request: RequestLine | undefined

  /** When the line was written. */
  get endMs(): number {
    return this.totalMs > 0 ? this.startMs + this.totalMs : this.startMs
  }

  /** When the request had arrived: idle time and TLS handshake lie before it. */
  get arrivalMs(): number {
    if (this.receiveMs >= 0) return this.startMs + this.receiveMs
    if (this.waitMs >= 0 && this.totalMs > this.waitMs) return this.endMs - this.waitMs
    return this.startMs
  }

  /** HAProxy understood no request at all. */
  get isBadRequest(): boolean {
    return this.#requestAt < 0 || this.line.startsWith('<BADREQ>', this.#requestAt)
  }

  /** Lets go of the text and keeps the times: what the mark of a line that was given out needs. */
  forget(): void {
    this.key = Buffer.from(this.key, 'latin1').toString('latin1')
    this.line = ''
    this.backend = ''
    this.server = ''
    this.#request = undefined
  }

  setTail(captureAt: number, requestAt: number): void {
    this.#captureAt = captureAt
    this.#requestAt = requestAt
  }

  /** Captured request headers, unescaped; empty if the line has none. */
  captures(): string[] {
    if (this.#captureAt < 0) return []
    const end = this.line.indexOf('}', this.#captureAt)
    const text = this.line.slice(this.#captureAt, end)
    const slots = text.split('|')
    if (text.includes('#')) return slots.map(unescapeHash)
    return slots
  }

  request(): RequestLine {
    this.#request ??= this.isBadRequest
      ? { method: '', target: '', authority: '', isAbsoluteForm: false, httpVersion: '' }
      : parseRequestLine(unescapeHash(this.#requestText()))
    return this.#request
  }

  /** A syslog daemon or HAProxy's `len` may have cut the line: then the closing quote is missing. */
  get isCut(): boolean {
    return this.#requestAt >= 0 && this.line.charCodeAt(this.line.length - 1) !== QUOTE
  }

  #requestText(): string {
    return this.line.slice(this.#requestAt, this.isCut ? undefined : -1)
  }
}

export function parseRequestLine(text: string): RequestLine {
  const first = text.indexOf(' ')
  if (first < 0) return { method: text.slice(0, MAX_METHOD_LENGTH), ...NO_TARGET }
  const method = text.slice(0, Math.min(first, MAX_METHOD_LENGTH))
  const last = text.lastIndexOf(' HTTP/')
  const httpVersion = last < first ? '' : text.slice(last + 6)
  const written = text.slice(first + 1, last < first ? undefined : last)
  if (written.charCodeAt(0) === 47) {
    return { method, target: written, authority: '', isAbsoluteForm: false, httpVersion }
  }
  const scheme = written.indexOf('://')
  if (scheme <= 0 || scheme > 16 || method === 'CONNECT') {
    return { method, target: written, authority: '', isAbsoluteForm: false, httpVersion }
  }
  const slash = written.indexOf('/', scheme + 3)
  const query = written.indexOf('?', scheme + 3)
  const pathAt = slash < 0 || (query >= 0 && query < slash) ? query : slash
  const path = pathAt < 0 ? '/' : written.slice(pathAt)
  return {
    method,
    target: path.startsWith('/') ? path : `/${path}`,
    authority: written.slice(scheme + 3, pathAt < 0 ? undefined : pathAt),
    // HTTP/2 and 3 always carry scheme and authority, and HAProxy writes them out: nothing the client chose.
    isAbsoluteForm: !(httpVersion.startsWith('2') || httpVersion.startsWith('3')),
    httpVersion
  }
}

const NO_TARGET = { target: '', authority: '', isAbsoluteForm: false, httpVersion: '' }

/** Reads lines one after the other; keeps the last date and addresses, since neighbours share them. */
export class HaproxyLineReader {
  readonly #time: LocalTime
  readonly #addresses = new Map<string, AddressText | undefined>()
  #line = ''
  #at = 0

  constructor(time: LocalTime) {
    this.#time = time
  }

  read(line: string): HaproxyLine | UnparsedCause {
    const bracket = line.indexOf(' [')
    if (bracket < 3 || bracket > 64) return 'unknown-format'
    const result = new HaproxyLine()
    const cause = this.#readHead(line, bracket, result)
    if (cause !== undefined) return cause
    return this.#readNumbers(result) ?? this.#readTail(result) ?? result
  }

  /** Client, time, front end and server. */
  #readHead(line: string, bracket: number, result: HaproxyLine): UnparsedCause | undefined {
    this.#line = line
    const colon = line.lastIndexOf(':', bracket)
    if (colon <= 0) return 'unknown-format'
    this.#at = colon + 1
    const port = this.#integer()
    if (this.#at !== bracket || port < 0 || port > 65_535) return 'unknown-format'
    const close = line.indexOf(']', bracket)
    if (close < 0) return 'truncated'
    if (close !== bracket + 26 && close !== bracket + 22) return 'bad-time'
    const startMs = this.#time.readEpochMs(line, bracket + 2)
    if (Number.isNaN(startMs)) return 'bad-time'
    const peer = this.#address(line.slice(0, colon))
    if (peer === undefined) return 'bad-address'
    result.line = line
    result.key = line.slice(0, bracket)
    result.peer = peer
    result.peerPort = port
    result.startMs = startMs
    const front = close + 2
    const frontEnd = line.indexOf(' ', front)
    if (frontEnd < 0) return 'truncated'
    this.#setFrontend(front, frontEnd, result)
    const slash = line.indexOf('/', frontEnd)
    const serverEnd = line.indexOf(' ', frontEnd + 1)
    if (serverEnd < 0) return 'truncated'
    if (slash < 0 || slash > serverEnd) return 'unknown-format'
    result.backend = line.slice(frontEnd + 1, slash)
    result.server = line.slice(slash + 1, serverEnd)
    this.#at = serverEnd + 1
    return undefined
  }

  #setFrontend(start: number, end: number, result: HaproxyLine): void {
    result.isTls = this.#line.charCodeAt(end - 1) === 126
    const length = (result.isTls ? end - 1 : end) - start
    if (length === FRONT_NAME.length && this.#line.startsWith(FRONT_NAME, start)) {
      result.role = 'front'
    } else if (length === BACK_NAME.length && this.#line.startsWith(BACK_NAME, start)) {
      result.role = 'back'
    }
  }

  /** Five timers, status, bytes. */
  #readNumbers(result: HaproxyLine): UnparsedCause | undefined {
    result.receiveMs = this.#integer()
    const afterFirst = this.#line.charCodeAt(this.#at)
    result.waitMs = this.#next(47)
    this.#next(47)
    this.#next(47)
    result.totalMs = this.#next(47)
    result.status = this.#next(SPACE)
    const bytes = this.#next(SPACE)
    if (this.#line.charCodeAt(this.#at) === 47) {
      result.bytesIn = bytes
      result.bytesOut = this.#next(47)
    } else {
      result.bytesOut = bytes
    }
    if (!Number.isNaN(result.bytesOut) && !Number.isNaN(result.status)) return undefined
    if (this.#line.indexOf('"', this.#at) >= 0) return 'bad-number'
    // A line of mode tcp has three timers: it names no request.
    return afterFirst === 47 && this.#line.split(' ').length >= 12 ? 'unknown-format' : 'truncated'
  }

  /** Cookies, termination state, counters, queues, captures, request. */
  #readTail(result: HaproxyLine): UnparsedCause | undefined {
    const line = this.#line
    let at = this.#skipWords(this.#at + 1, 2)
    result.endedBy = line.charCodeAt(at)
    result.endedIn = line.charCodeAt(at + 1)
    at = this.#skipWords(at, 3)
    if (at < 0) return 'truncated'
    let captureAt = -1
    while (line.charCodeAt(at) === OPEN_BRACE) {
      if (captureAt < 0) captureAt = at + 1
      const close = line.indexOf('}', at)
      if (close < 0) return 'truncated'
      at = close + 2
    }
    if (line.charCodeAt(at) !== QUOTE || at + 2 >= line.length) return 'truncated'
    result.setTail(captureAt, at + 1)
    return undefined
  }

  /** Position behind `count` words; -1 if the line ends before. */
  #skipWords(at: number, count: number): number {
    let position = at
    for (let i = 0; i < count; i++) {
      if (position <= 0) return -1
      position = this.#line.indexOf(' ', position) + 1
    }
    return position <= 0 ? -1 : position
  }

  /** The number behind one separator; NaN if either is missing. Once NaN, the rest of the line gives NaN too. */
  #next(separator: number): number {
    if (this.#line.charCodeAt(this.#at) !== separator) return Number.NaN
    this.#at++
    return this.#integer()
  }

  #integer(): number {
    const line = this.#line
    let at = this.#at
    let code = line.charCodeAt(at)
    const isNegative = code === 45
    // `option logasap` writes `+` before times and bytes that were still growing.
    if (isNegative || code === 43) code = line.charCodeAt(++at)
    const start = at
    let value = 0
    while (code >= 48 && code <= 57) {
      value = value * 10 + (code - 48)
      code = line.charCodeAt(++at)
    }
    this.#at = at
    if (at === start || at - start > 15) return Number.NaN
    return isNegative ? -value : value
  }

  #address(text: string): AddressText | undefined {
    if (text.charCodeAt(text.length - 1) !== 58 && text.indexOf(':') < 0) return findAddress(text)
    const cached = this.#addresses.get(text)
    if (cached !== undefined) return cached
    const address = findAddress(text)
    if (address !== undefined) {
      if (this.#addresses.size >= ADDRESS_CACHE_SIZE) this.#addresses.clear()
      this.#addresses.set(text, address)
    }
    return address
  }
}
