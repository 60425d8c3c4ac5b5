/**
 * Hockeypuck's own log as events, for releases 2.1.2 to 2.4. It says what was uploaded and served, and what went wrong; who
 * asked it says only with `logRequestDetails`, and never in `x-forwarded-for`, whose first value is the client's own.
 */
import type {
  CertificateServedEvent,
  EventSink,
  KeyserverNoticeEvent,
  RequestEvent,
  SubmissionEvent,
  UnparsedCause
} from '../../events.ts'
import { parseRequestLine } from '../haproxy/line.ts'
import { LogClock } from '../log-clock.ts'
import type { LogDecoder } from '../log-decoder.ts'
import { causeOf } from '../unparsed-cause.ts'
import { type LogrusLine, LogrusReader, readGoDurationMs } from './logrus.ts'
import { noticeKindOf } from './notice-code.ts'
import { addressOfEndpoint, findReconFact } from './recon.ts'

/** One request as Hockeypuck logs it after its handler returned; times are whole seconds. */
export interface AccessLine {
  readonly loggedAtMs: number
  readonly method: string
  readonly target: string
  readonly status: number
  /** NaN if the line does not say. */
  readonly durationMs: number
  readonly host: string
  readonly line: string
}

export interface HockeypuckDecoderOptions {
  /**
   * True where no proxy's log is read: then requests come from this log, with the address in `from` as source (needs
   * `logRequestDetails=true`, and no proxy in between). @default false
   */
  readonly isRequestSource?: boolean | undefined
  /** Told every access line, for joining and for finding the time zone of another log. */
  readonly onAccess?: ((access: AccessLine) => void) | undefined
}

const ACCESS_FIELDS: ReadonlySet<string> = new Set([
  'duration',
  'error',
  'from',
  'host',
  'status-code',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-server'
])
const LEVELS: ReadonlyMap<string, KeyserverNoticeEvent['level']> = new Map([
  ['info', 'info'],
  ['warning', 'warning'],
  ['error', 'error'],
  ['fatal', 'fatal'],
  ['panic', 'panic']
])
/** Lines of level info that are worth an event. */
const INFO_CODES: ReadonlySet<string> = new Set(['started', 'stopped', 'hashquery-capped'])
const MAX_TEXT = 200
const NO_LINES: readonly string[] = []

export class HockeypuckDecoder implements LogDecoder {
  readonly format = 'hockeypuck'
  readonly #reader = new LogrusReader()
  readonly #isRequestSource: boolean
  readonly #onAccess: ((access: AccessLine) => void) | undefined
  readonly #clock = new LogClock()
  #withoutClient = 0

  constructor(options: HockeypuckDecoderOptions = {}) {
    this.#isRequestSource = options.isRequestSource ?? false
    this.#onAccess = options.onAccess
  }

  get logTimeMs(): number {
    return this.#clock.nowMs
  }

  get withoutClient(): number {
    return this.#withoutClient
  }

  decode(line: string, emit: EventSink): UnparsedCause | undefined {
    const read = this.#reader.read(line)
    if (typeof read === 'string') return causeOf(line, read)
    this.#clock.observe(read.timeMs)
    if (read.message === '') this.#decodeAccess(read, line, emit)
    else if (read.message === 'lookup') emitLookup(read, line, emit)
    else if (read.message === 'add' || read.message === 'delete') emit(submissionOf(read, line))
    else decodeMessage(read, line, emit)
    return undefined
  }

  settle(): void {}

  flush(): void {}

  pendingLines(): readonly string[] {
    return NO_LINES
  }

  #decodeAccess(read: LogrusLine, line: string, emit: EventSink): void {
    const access = findAccess(read, line)
    if (access === undefined) {
      // An error without a message belongs to recon when it has a label; the next line then says whose recon failed.
      if (read.fields.has('error') && !read.fields.has('label')) {
        emit(noticeOf(read, read.fields.get('error') ?? '', line))
      }
      return
    }
    this.#onAccess?.(access)
    if (!this.#isRequestSource) return
    const event = requestOf(access, read.fields)
    if (event === undefined) this.#withoutClient++
    else emit(event)
  }
}

/** The field name is the method, the value is the URI. */
function findAccess(read: LogrusLine, line: string): AccessLine | undefined {
  const status = read.fields.get('status-code')
  if (status === undefined || !/^\d{3}$/.test(status)) return undefined
  for (const [key, value] of read.fields) {
    if (ACCESS_FIELDS.has(key)) continue
    return {
      loggedAtMs: read.timeMs,
      method: key.slice(0, 32),
      target: value,
      status: Number(status),
      durationMs: readGoDurationMs(read.fields.get('duration') ?? ''),
      host: read.fields.get('host') ?? '',
      line
    }
  }
  return undefined
}

function requestOf(
  access: AccessLine,
  fields: ReadonlyMap<string, string>
): RequestEvent | undefined {
  const from = fields.get('from') ?? ''
  const source = addressOfEndpoint(from)
  if (source === undefined) return undefined
  const durationMs = Number.isNaN(access.durationMs) ? 0 : access.durationMs
  const request = parseRequestLine(`${access.method} ${access.target} HTTP/1.1`)
  return {
    kind: 'request',
    atMs: access.loggedAtMs - durationMs,
    loggedAtMs: access.loggedAtMs,
    source,
    peer: source,
    peerPort: Number(/:(\d{1,5})$/.exec(from)?.[1] ?? 0),
    method: access.method,
    target: request.target,
    isAbsoluteForm: request.isAbsoluteForm,
    host: access.host,
    httpVersion: '',
    userAgent: fields.get('user-agent') ?? '',
    acceptLanguage: '',
    referer: '',
    forwardedFor: fields.get('x-forwarded-for') ?? '',
    declaredLength: -1,
    status: access.status,
    bytesIn: -1,
    bytesOut: -1,
    durationMs,
    isTls: false,
    outcome: 'served',
    backend: '',
    isRateLimited: false,
    isComplete: true,
    line: access.line
  }
}

function emitLookup(read: LogrusLine, line: string, emit: EventSink): void {
  const event: CertificateServedEvent = {
    kind: 'certificate-served',
    atMs: read.timeMs,
    loggedAtMs: read.timeMs,
    op: read.fields.get('op') ?? '',
    fingerprint: (read.fields.get('fp') ?? '').toLowerCase(),
    lengthBytes: countOf(read.fields.get('length')),
    search: read.fields.get('search'),
    line
  }
  emit(event)
}

function submissionOf(read: LogrusLine, line: string): SubmissionEvent {
  const list = (name: string) => fingerprintsIn(read.fields.get(name) ?? '')
  return {
    kind: 'submission',
    atMs: read.timeMs,
    loggedAtMs: read.timeMs,
    verb: read.message === 'delete' ? 'delete' : 'add',
    source: undefined,
    confidence: 0,
    candidates: 0,
    bytesIn: -1,
    status: 200,
    userAgent: '',
    inserted: list('inserted'),
    updated: list('updated'),
    ignored: list('ignored'),
    invalid: list('invalid'),
    deleted: list('deleted'),
    line
  }
}

/**
 * Elements are `rsa4096/<fp>` (2.1), `(4)rsa4096/<fp>` (2.2, 2.3) or `{4 <fp> <comment>}` (2.4), whose comment may hold
 * anything; where none of these is found every run of 40 or 64 digits counts.
 */
function fingerprintsIn(list: string): string[] {
  const elements = [...list.matchAll(/(?:\/|\{\d{1,3} )([0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])/gi)]
  if (elements.length > 0) return elements.map((element) => (element[1] ?? '').toLowerCase())
  const runs = list.matchAll(/(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])/gi)
  return [...runs].map((run) => run[0].toLowerCase())
}

function decodeMessage(read: LogrusLine, line: string, emit: EventSink): void {
  const recon = findReconFact(read)
  if (recon !== undefined) {
    emit({
      kind: 'recon',
      atMs: read.timeMs,
      loggedAtMs: read.timeMs,
      what: recon.what,
      peer: recon.peer,
      inserted: countOf(read.fields.get('inserted')),
      updated: countOf(read.fields.get('updated')),
      unchanged: countOf(read.fields.get('unchanged')),
      text: cleanText(read.message),
      line
    })
    return
  }
  if (read.level === 'info' || read.level === 'debug' || read.level === 'trace') {
    if (!INFO_CODES.has(noticeKindOf(read.message).code)) return
  }
  emit(noticeOf(read, read.message, line))
}

function noticeOf(read: LogrusLine, message: string, line: string): KeyserverNoticeEvent {
  const kind = noticeKindOf(message)
  return {
    kind: 'keyserver-notice',
    atMs: read.timeMs,
    loggedAtMs: read.timeMs,
    level: LEVELS.get(read.level) ?? 'info',
    code: kind.code,
    status: kind.status,
    source: undefined,
    confidence: 0,
    fingerprint: fingerprintsIn(read.fields.get('fp') ?? message.slice(0, 1_024))[0],
    text: cleanText(message),
    line
  }
}

function cleanText(message: string): string {
  const end = message.indexOf('\n')
  const first = message.slice(0, Math.min(end < 0 ? MAX_TEXT : end, MAX_TEXT))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is taken out.
  return first.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '')
}

function countOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0
}
