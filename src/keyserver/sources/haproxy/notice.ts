/** Lines of HAProxy that are no requests: its own notices, and connections that failed before HTTP. */
import { type AddressText, findAddress } from '../../../base/index.ts'
import type { ProxyNoticeEvent } from '../../events.ts'
import type { LocalTime } from '../local-time.ts'

const MAX_TEXT = 200
/** `[WARNING]  (7719) : text`; with `log stdout` some are repeated without the prefix. */
const PREFIXED =
  /^\[(?:NOTICE|WARNING|ALERT|EMERG|INFO|DIAG)\]\s*(?:\d+\/\d+\s*)?(?:\(\d+\)\s*)?:?\s*/
const BARE =
  /^(?:Proxy|Server|backend|Backend|Health check for server|Reloading|Loading|Former worker|Current worker|New worker|Exiting|All workers)\b.*(?:stopped|DOWN|UP|available!|status|check|worker|HAProxy|success|exited|Exiting|forked|MAINT|DRAIN|NOLB)/
/** `127.0.0.1:32939 [23/Nov/2026:03:16:57.661] fe_http_handler/4: SSL handshake failure` */
const CONNECTION = /^(\S+):(\d{1,5}) \[[^\]]{20,24}\] [^\s/]+\/[^\s:]+: (.+)$/s

export interface ConnectionNotice {
  readonly peer: AddressText
  readonly atMs: number
  readonly text: string
}

/** What HAProxy says about itself; undefined if the line is nothing of that kind. */
export function findNoticeText(line: string): { text: string; isBare: boolean } | undefined {
  if (line.charCodeAt(0) === 91) {
    const prefix = PREFIXED.exec(line)
    if (prefix !== null) return { text: line.slice(prefix[0].length), isBare: false }
    return undefined
  }
  return line.length < 1_024 && BARE.test(line) ? { text: line, isBare: true } : undefined
}

export function findConnectionNotice(line: string, time: LocalTime): ConnectionNotice | undefined {
  if (line.length > 1_024) return undefined
  const match = CONNECTION.exec(line)
  const peer = findAddress(match?.[1] ?? '')
  if (match === null || peer === undefined) return undefined
  const atMs = time.readEpochMs(line, line.indexOf('[') + 1)
  return Number.isNaN(atMs) ? undefined : { peer, atMs, text: match[3] ?? '' }
}

export function noticeEvent(
  line: string,
  text: string,
  at: { atMs: number; source: AddressText | undefined }
): ProxyNoticeEvent {
  return {
    kind: 'proxy-notice',
    atMs: at.atMs,
    loggedAtMs: at.atMs,
    what: whatOf(text),
    source: at.source,
    text: cleanText(text),
    line
  }
}

function whatOf(text: string): ProxyNoticeEvent['what'] {
  if (text.includes('SSL handshake')) return 'tls-handshake-failed'
  if (text.startsWith('Reloading HAProxy')) return 'reloaded'
  if (text.includes('has no server available')) return 'no-server'
  if (text.startsWith('Server ') && text.includes(' is DOWN')) return 'server-down'
  if (text.startsWith('Server ') && text.includes(' is UP')) return 'server-up'
  return 'other'
}

function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is taken out.
  return text.slice(0, MAX_TEXT).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '')
}
