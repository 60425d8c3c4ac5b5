/** Requests as keyserver clients write them, each with what the keyserver will make of it. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Agent, ClientRequest, Intent, KeyWarning, LookupForm } from '../client.ts'
import type { Draw } from '../draw.ts'
import type { Certificate } from '../keyserver/key-base.ts'

export interface Asker {
  readonly source: AddressText
  readonly agent: Agent
  /** What it claims to speak for. */
  readonly forwardedFor?: string
  readonly isKept?: boolean
}

export interface Search {
  /** As a person means it, not encoded. */
  readonly text: string
  readonly found: readonly Certificate[]
}

export interface LookupStyle {
  readonly op: 'get' | 'index' | 'vindex' | 'hget'
  /** `mr`, `json`, … @default none */
  readonly options?: string
  readonly isExact?: boolean
  /** As the search form and OSINT tools order them: `search`, `fingerprint=on`, `op`. */
  readonly isForm?: boolean
  readonly referer?: string
  readonly isKept?: boolean
  readonly forwardedFor?: string
}

export function lookup(
  asker: Asker,
  atMs: number,
  ask: { search: Search; style: LookupStyle }
): ClientRequest {
  const { search, style } = ask
  const encoded = encodeSearch(search.text, asker.agent.tool)
  const options = style.options === undefined ? '' : `&options=${style.options}`
  const exact = style.isExact === true ? '&exact=on' : ''
  const target =
    style.isForm === true
      ? `/pks/lookup?search=${encoded.replaceAll('%20', '+')}&fingerprint=on&op=${style.op}`
      : `/pks/lookup?op=${style.op}${options}&search=${encoded}${exact}`
  return {
    ...asker,
    atMs,
    method: 'GET',
    target,
    intent: {
      kind: 'lookup',
      op: style.op,
      search: search.text,
      form: formOf(style),
      certificates: search.found
    },
    ...(style.referer === undefined ? {} : { referer: style.referer }),
    ...(style.isKept === undefined ? {} : { isKept: style.isKept }),
    ...(style.forwardedFor === undefined ? {} : { forwardedFor: style.forwardedFor })
  }
}

function formOf(style: LookupStyle): LookupForm {
  if (style.op === 'get' || style.op === 'hget') return 'armour'
  if (style.options === 'mr') return 'mr'
  return style.options === 'json' ? 'json' : 'html'
}

function encodeSearch(text: string, tool: string): string {
  const encoded = encodeURIComponent(text)
  // GnuPG leaves the `@` as it is.
  return tool === 'gpg' ? encoded.replaceAll('%40', '@') : encoded
}

export function byFingerprint(
  certificate: Certificate,
  digits: 16 | 40 = 40,
  isUpper = true
): string {
  const text = certificate.fingerprint.slice(-digits)
  return `0x${isUpper ? text.toUpperCase() : text}`
}

export interface Upload {
  readonly inserted?: readonly Certificate[]
  readonly updated?: readonly Certificate[]
  readonly ignored?: readonly Certificate[]
  readonly warnings?: readonly KeyWarning[]
  /** Of the certificate as sent, in binary. */
  readonly sentBytes: number
  readonly referer?: string
}

export function upload(asker: Asker, atMs: number, what: Upload): ClientRequest {
  return {
    ...asker,
    atMs,
    method: 'POST',
    target: '/pks/add',
    bodyBytes: armouredBytes(what.sentBytes),
    intent: {
      kind: 'add',
      inserted: what.inserted ?? [],
      updated: what.updated ?? [],
      ignored: what.ignored ?? [],
      warnings: what.warnings ?? []
    },
    ...(what.referer === undefined ? {} : { referer: what.referer })
  }
}

/** Armour, then a form field: base64's `+`, `/`, `=` and line ends take three characters each. */
function armouredBytes(bytes: number): number {
  return Math.round(((bytes * 4) / 3) * 1.1) + 130
}

export function plain(
  asker: Asker,
  atMs: number,
  what: {
    readonly method?: string
    readonly target: string
    readonly intent: Intent
    readonly isKept?: boolean
    readonly referer?: string
  }
): ClientRequest {
  return {
    ...asker,
    atMs,
    method: what.method ?? 'GET',
    target: what.target,
    intent: what.intent,
    ...(what.isKept === undefined ? {} : { isKept: what.isKept }),
    ...(what.referer === undefined ? {} : { referer: what.referer })
  }
}

export function hashquery(
  asker: Asker,
  atMs: number,
  ask: { digests: number; answerBytes: number; isKept?: boolean }
): ClientRequest {
  return {
    ...asker,
    atMs,
    method: 'POST',
    target: '/pks/hashquery',
    bodyBytes: 4 + 20 * ask.digests,
    intent: { kind: 'hashquery', answerBytes: Math.round(ask.answerBytes) },
    ...(ask.isKept === undefined ? {} : { isKept: ask.isKept })
  }
}

/** Bytes of so many certificates in a `hashquery` answer. */
export function answerOf(count: number, draw: Draw, take: (draw: Draw) => Certificate): number {
  let bytes = 130
  for (let i = 0; i < count; i++) bytes += take(draw).lengthBytes + 4
  return bytes
}
