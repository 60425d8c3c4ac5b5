/**
 * logrus's text format without a terminal: `time="…" level=info msg=add inserted="[]"` (contract §1.1). A value is quoted by
 * Go's `%q` unless it consists of `[A-Za-z0-9._/@^+-]`.
 */
import type { UnparsedCause } from '../../events.ts'

export interface LogrusLine {
  readonly timeMs: number
  readonly level: string
  /** Empty if the line has none. */
  readonly message: string
  /** In the order of the line, `msg` left out. */
  readonly fields: ReadonlyMap<string, string>
}

const MAX_FIELDS = 64
const TIME_HEAD = 'time="'
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\u000b',
  '\\': '\\',
  '"': '"',
  "'": "'"
}

export class LogrusReader {
  #timeText = ''
  #timeMs = 0

  read(line: string): LogrusLine | UnparsedCause {
    if (!line.startsWith(TIME_HEAD)) return 'unknown-format'
    const timeEnd = line.indexOf('"', TIME_HEAD.length)
    if (timeEnd < 0) return 'truncated'
    const timeMs = this.#readTime(line.slice(TIME_HEAD.length, timeEnd))
    if (Number.isNaN(timeMs)) return 'bad-time'
    const fields = new Map<string, string>()
    if (!readFields(line, timeEnd + 1, fields)) return 'truncated'
    const level = fields.get('level')
    if (level === undefined) return 'truncated'
    const message = fields.get('msg') ?? ''
    fields.delete('level')
    fields.delete('msg')
    return { timeMs, level, message, fields }
  }

  #readTime(text: string): number {
    if (text !== this.#timeText) {
      const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
      this.#timeMs = isTime ? Date.parse(text) : Number.NaN
      this.#timeText = text
    }
    return this.#timeMs
  }
}

/** False if a quoted value does not end. */
function readFields(line: string, from: number, fields: Map<string, string>): boolean {
  let at = from
  while (at < line.length && fields.size < MAX_FIELDS) {
    if (line.charCodeAt(at) === 32) {
      at++
      continue
    }
    const equals = line.indexOf('=', at)
    if (equals < 0) return false
    const key = line.slice(at, equals)
    if (line.charCodeAt(equals + 1) === 34) {
      const end = endOfQuoted(line, equals + 2)
      if (end < 0) return false
      fields.set(key, unquote(line.slice(equals + 2, end)))
      at = end + 1
    } else {
      const space = line.indexOf(' ', equals)
      const end = space < 0 ? line.length : space
      fields.set(key, line.slice(equals + 1, end))
      at = end
    }
  }
  return true
}

function endOfQuoted(line: string, from: number): number {
  let at = line.indexOf('"', from)
  while (at >= 0) {
    let slashes = 0
    while (at - 1 - slashes >= from && line.charCodeAt(at - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return at
    at = line.indexOf('"', at + 1)
  }
  return -1
}

/** The inside of a Go string literal. `\xNN` are bytes, and several may make one UTF-8 character. */
export function unquote(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(
    /((?:\\x[0-9a-fA-F]{2})+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([0-7]{3})|\\(.)/g,
    (whole, bytes?: string, four?: string, eight?: string, octal?: string, simple?: string) => {
      if (bytes !== undefined) {
        return Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8')
      }
      if (four !== undefined) return String.fromCharCode(Number.parseInt(four, 16))
      if (eight !== undefined) {
        const point = Number.parseInt(eight, 16)
        return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
      }
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      return SIMPLE_ESCAPES[simple ?? ''] ?? whole
    }
  )
}

/** A Go duration such as `412.7µs`, `1.2ms`, `3.4s` or `1m2s`, in milliseconds; NaN if it is none. */
export function readGoDurationMs(text: string): number {
  let totalMs = 0
  let length = 0
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(ns|µs|μs|us|ms|s|m|h)/g)) {
    if (part.index !== length) return Number.NaN
    length += part[0].length
    totalMs += Number(part[1]) * (GO_UNITS_MS[part[2] ?? ''] ?? Number.NaN)
  }
  return length === text.length && length > 0 ? totalMs : Number.NaN
}

const GO_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  µs: 1e-3,
  μs: 1e-3,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000
}
