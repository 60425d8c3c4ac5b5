/**
 * nginx's `combined` log (and Apache's, which is the same): one line is one request. The format carries no connection, no
 * duration and no X-Forwarded-For, so the peer is the client; behind a proxy nginx must be told by its realip module.
 */
import { findAddress } from '../../../base/index.ts'
import type { EventSink, RequestEvent, RequestOutcome, UnparsedCause } from '../../events.ts'
import { unescapeBytes } from '../haproxy/escape.ts'
import { parseRequestLine } from '../haproxy/line.ts'
import { LocalTime } from '../local-time.ts'
import { LogClock } from '../log-clock.ts'
import type { LogDecoder } from '../log-decoder.ts'
import { causeOf } from '../unparsed-cause.ts'

const NO_LINES: readonly string[] = []
/** nginx's own answers; Hockeypuck gives none of these. */
const REFUSALS: ReadonlySet<number> = new Set([403, 429, 444])
const CLIENT_GONE = 499
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export class NginxDecoder implements LogDecoder {
  readonly format = 'nginx'
  readonly withoutClient = 0
  /** The log names its offset; only the wall time is read here. */
  readonly #time = new LocalTime('UTC')
  readonly #clock = new LogClock()

  get logTimeMs(): number {
    return this.#clock.nowMs
  }

  decode(line: string, emit: EventSink): UnparsedCause | undefined {
    const event = this.#read(line)
    if (typeof event === 'string') return causeOf(line, event)
    this.#clock.observe(event.loggedAtMs)
    emit(event)
    return undefined
  }

  settle(): void {}

  flush(): void {}

  pendingLines(): readonly string[] {
    return NO_LINES
  }

  #read(line: string): RequestEvent | UnparsedCause {
    const quote = line.indexOf('"')
    // A user name may hold blanks and brackets, but no quote: the last bracket before the request opens the time.
    const bracket = quote < 0 ? line.lastIndexOf(' [') : line.lastIndexOf(' [', quote)
    if (bracket < 0) return 'unknown-format'
    const source = findAddress(line.slice(0, line.indexOf(' ')))
    if (source === undefined) return line.indexOf(' - ') > 0 ? 'bad-address' : 'unknown-format'
    const atMs = this.#readTimeMs(line, bracket + 2)
    if (Number.isNaN(atMs)) return 'bad-time'
    if (quote < 0) return 'truncated'
    const requestEnd = endOfQuoted(line, quote + 1)
    if (requestEnd < 0) return 'truncated'
    const numbers = /^ (\d{3}) (\d+|-)(?: |$)/.exec(line.slice(requestEnd + 1, requestEnd + 32))
    if (numbers === null) return line.length < requestEnd + 8 ? 'truncated' : 'bad-number'
    const status = Number(numbers[1])
    const refererAt = requestEnd + 1 + numbers[0].length
    const refererEnd = endOfQuoted(line, refererAt + 1)
    const agentEnd = refererEnd < 0 ? -1 : endOfQuoted(line, refererEnd + 3)
    const text = (from: number, to: number) =>
      to < 0 ? '' : dashless(unescapeX(line.slice(from, to)))
    const written = text(quote + 1, requestEnd)
    const request = parseRequestLine(written)
    const isRequest = TOKEN.test(request.method) && request.target !== ''
    return {
      kind: 'request',
      atMs,
      loggedAtMs: atMs,
      source,
      peer: source,
      peerPort: 0,
      method: isRequest ? request.method : '',
      target: isRequest ? request.target : '',
      isAbsoluteForm: isRequest && request.isAbsoluteForm,
      host: isRequest ? request.authority : '',
      httpVersion: isRequest ? request.httpVersion : '',
      userAgent: text(refererEnd + 3, agentEnd),
      acceptLanguage: '',
      referer: text(refererAt + 1, refererEnd),
      forwardedFor: '',
      declaredLength: -1,
      status,
      bytesIn: -1,
      bytesOut: numbers[2] === '-' ? 0 : Number(numbers[2]),
      durationMs: 0,
      isTls: false,
      outcome: outcomeOf(status, isRequest),
      backend: '',
      isRateLimited: false,
      isComplete: true,
      line
    }
  }

  /** `23/Nov/2026:03:16:35 +0000` */
  #readTimeMs(line: string, at: number): number {
    const wallMs = this.#time.readWallMs(line, at)
    const sign = line[at + 21]
    const offset = line.slice(at + 22, at + 26)
    if ((sign !== '+' && sign !== '-') || line[at + 26] !== ']' || !/^\d{4}$/.test(offset)) {
      return Number.NaN
    }
    const offsetMs = (Number(offset.slice(0, 2)) * 60 + Number(offset.slice(2))) * 60_000
    return sign === '-' ? wallMs + offsetMs : wallMs - offsetMs
  }
}

function outcomeOf(status: number, isRequest: boolean): RequestOutcome {
  if (status === 408) return 'timed-out'
  if (status === CLIENT_GONE) return 'aborted'
  if (!isRequest) return 'malformed'
  if (REFUSALS.has(status)) return 'denied'
  return status >= 502 && status <= 504 ? 'unavailable' : 'served'
}

/** Apache escapes a quote with a backslash, nginx as `\x22`: a quote behind an odd number of backslashes is text. */
function endOfQuoted(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let slashes = 0
    while (line.charCodeAt(at - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

function unescapeX(text: string): string {
  if (!text.includes('\\')) return text
  const bytes = text.includes('\\x') ? unescapeBytes(text, '\\x') : text
  return bytes.replaceAll('\\"', '"')
}

function dashless(text: string): string {
  return text === '-' ? '' : text
}
