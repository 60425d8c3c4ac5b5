/** Lines as Hockeypuck 2.3.3 writes them: logrus text, `logRequestDetails=false` (contract §1.1–1.3, and as recorded). */
import type { AddressText } from '../../../src/base/index.ts'
import { hashOf } from '../draw.ts'
import type { Certificate } from './key-base.ts'

let stampSecond = -1
let stampText = ''

function head(timeMs: number, level: string): string {
  const second = Math.floor(timeMs / 1000)
  if (second !== stampSecond) {
    stampSecond = second
    stampText = new Date(second * 1000).toISOString().slice(0, 19)
  }
  return `time="${stampText}Z" level=${level}`
}

/** Go's `%q` unless every character is one of logrus's plain ones. */
export function quoted(value: string): string {
  if (value !== '' && /^[A-Za-z0-9._/@^+-]+$/.test(value)) return value
  if (value === '') return ''
  return goQuote(value)
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v'
}

function goQuote(value: string): string {
  let text = '"'
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0
    const named = NAMED[character]
    if (named !== undefined) text += named
    else if (code < 32 || code === 127) text += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code === 0xfffd) text += '\\ufffd'
    else text += character
  }
  return `${text}"`
}

/** A Go duration of so many milliseconds, to the nanosecond. */
export function goDuration(ms: number): string {
  const ns = Math.max(1_000, Math.round(ms * 1e6))
  const trim = (value: number, digits: number) => value.toFixed(digits).replace(/\.?0+$/, '')
  if (ns < 1e6) return `${trim(ns / 1e3, 3)}µs`
  if (ns < 1e9) return `${trim(ns / 1e6, 6)}ms`
  return `${trim(ns / 1e9, 9)}s`
}

export interface Access {
  readonly method: string
  readonly target: string
  readonly durationMs: number
  readonly host: string
  readonly status: number
}

export function accessLine(timeMs: number, access: Access): string {
  const host = access.host === '' ? '' : quoted(access.host)
  const fields = `duration=${quoted(goDuration(access.durationMs))} host=${host} status-code=${access.status}`
  return `${head(timeMs, 'info')} ${access.method}=${quoted(access.target)} ${fields}`
}

export function lookupLine(
  timeMs: number,
  found: { readonly certificate: Certificate; readonly op: string; readonly search: string }
): string {
  const { certificate, op, search } = found
  return `${head(timeMs, 'info')} msg=lookup fp=${certificate.fingerprint} length=${certificate.lengthBytes} op=${op} search=${quoted(search)}`
}

export interface Added {
  readonly inserted: readonly Certificate[]
  readonly updated: readonly Certificate[]
  readonly ignored: readonly Certificate[]
}

function list(certificates: readonly Certificate[]): string {
  const elements = certificates.map(
    ({ algorithm, fingerprint }) => `(4)${algorithm}/${fingerprint}`
  )
  return `"[${elements.join(' ')}]"`
}

export function addLine(timeMs: number, added: Added): string {
  return `${head(timeMs, 'info')} msg=add ignored=${list(added.ignored)} inserted=${list(added.inserted)} updated=${list(added.updated)}`
}

/** This release names nobody, whatever was deleted. */
export function deleteLine(timeMs: number): string {
  return `${head(timeMs, 'info')} msg=delete deleted="[]" ignored="[]"`
}

export function infoLine(timeMs: number, message: string, fields = ''): string {
  return `${head(timeMs, 'info')} msg=${quoted(message)}${fields}`
}

export function warningLine(timeMs: number, message: string, fields = ''): string {
  return `${head(timeMs, 'warning')} msg=${quoted(message)}${fields}`
}

export function errorLine(timeMs: number, message: string, fields = ''): string {
  return `${head(timeMs, 'error')} msg=${quoted(message)}${fields}`
}

/** An error of recon has no message of its own, only a label. */
export function reconErrorLines(
  timeMs: number,
  probe: { readonly error: string; readonly source: AddressText; readonly port: number }
): readonly string[] {
  const stack = `${probe.error}\nhockeypuck/conflux/recon.ReadInt\n\t/hockeypuck/src/hockeypuck/conflux/recon/messages.go:137\nhockeypuck/conflux/recon.ReadLen\n\t/hockeypuck/src/hockeypuck/conflux/recon/messages.go:144`
  const label = 'label="serve 0.0.0.0:11370"'
  const remote = endpoint(probe.source, probe.port)
  return [
    `${head(timeMs, 'error')} error=${goQuote(stack)} ${label} remoteAddr=${goQuote(remote)}`,
    errorLine(timeMs, `recon with ${remote} failed`, ` error=${goQuote(stack)} ${label}`)
  ]
}

export function endpoint(address: AddressText, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const TAIL =
  '\ngithub.com/julienschmidt/httprouter.(*Router).ServeHTTP\n\t/hockeypuck/src/hockeypuck/vendor/github.com/julienschmidt/httprouter/router.go:387' +
  '\nnet/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2286'

function frame(name: string, file: string, line: number): string {
  return `\n${name}\n\t/hockeypuck/src/hockeypuck/${file}:${line}`
}

/** `HTTP <status>: <message>` with the trace of the handler that said so. */
export function httpError(status: number, message: string, where: ErrorPlace): string {
  return `HTTP ${status}: ${message}${PLACES[where]}${TAIL}`
}

const LOOKUP = frame('hockeypuck/hkp.(*Handler).Lookup', 'hkp/handler.go', 252)
const PLACES = {
  'parse-lookup': frame('hockeypuck/hkp.ParseLookup', 'hkp/requests.go', 98) + LOOKUP,
  query:
    frame('hockeypuck/pghkp.(*storage).fetchRecordsByQuery', 'pghkp/query.go', 294) +
    frame('hockeypuck/hkp.(*Handler).fetchKeys', 'hkp/handler.go', 402) +
    LOOKUP,
  add: frame('hockeypuck/hkp.(*Handler).Add', 'hkp/handler.go', 601),
  'parse-replace':
    frame('hockeypuck/hkp.ParseReplace', 'hkp/requests.go', 190) +
    frame('hockeypuck/hkp.(*Handler).Replace', 'hkp/handler.go', 683),
  'parse-delete':
    frame('hockeypuck/hkp.ParseDelete', 'hkp/requests.go', 222) +
    frame('hockeypuck/hkp.(*Handler).Delete', 'hkp/handler.go', 761),
  'check-replace':
    frame('hockeypuck/hkp.(*Handler).checkSignature', 'hkp/handler.go', 855) +
    frame('hockeypuck/hkp.(*Handler).Replace', 'hkp/handler.go', 690),
  'check-delete':
    frame('hockeypuck/hkp.(*Handler).checkSignature', 'hkp/handler.go', 855) +
    frame('hockeypuck/hkp.(*Handler).Delete', 'hkp/handler.go', 767),
  hashquery: frame('hockeypuck/hkp.(*Handler).HashQuery', 'hkp/handler.go', 520)
} as const
export type ErrorPlace = keyof typeof PLACES

/** An element of the prefix tree that an upload put there twice, as `seed` names it. */
export function prefixTreeWarning(timeMs: number, seed: number): string {
  const digits = [1, 2, 3, 4]
    .map((part) => String(hashOf(seed, `d${part}`)).padStart(10, '0'))
    .join('')
  const md5 = [1, 2, 3, 4]
    .map((part) => hashOf(seed, `m${part}`).toString(16).padStart(8, '0'))
    .join('')
  const number = digits.slice(0, 39).replace(/^0+/, '')
  return warningLine(
    timeMs,
    `cannot remove "${number}" (${md5}) from prefix tree: leveldb: not found`
  )
}
