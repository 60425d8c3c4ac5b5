/** Which kind of trouble a warning or an error of Hockeypuck tells of (contract §1.3; seen in releases 2.1.2 to 2.4). */
import type { KeyserverNoticeCode } from '../../events.ts'

export interface NoticeKind {
  readonly code: KeyserverNoticeCode
  /** Of `HTTP <n>: …`, else undefined. */
  readonly status: number | undefined
}

type Rule = readonly [pattern: RegExp, code: KeyserverNoticeCode]

/** For messages that are no HTTP error; the first that matches counts. */
const RULES: readonly Rule[] = [
  [/^blacklisted key/, 'blacklisted-certificate'],
  [/^dropped key, max length exceeded/, 'certificate-too-long'],
  [/^dropped packet/, 'packet-dropped'],
  [/^userid packet on fp=.* exceeds limit/s, 'user-id-too-long'],
  [/^duplicate packet found/, 'duplicate-packet'],
  [
    /^unreadable .* packet in key|^could not parse primary key packet|^signature out of context|^unsupported packet type|^marker packet found|^bare trust packets/s,
    'unreadable-packet'
  ],
  [/^cannot convert search string to tsquery/, 'invalid-search'],
  [/^Limiting response to/, 'hashquery-capped'],
  [/too many clients already|resource temporarily unavailable/, 'overloaded'],
  [/^metrics: starting/, 'started'],
  [/^metrics: stopped/, 'stopped'],
  [/^could not upsert key|^error fetching keys|^pq: |^failed to request chunk/, 'storage-error']
]

/** For what follows `HTTP <n>: `; the stack trace is part of the message and names the handler. */
const HTTP_RULES: readonly Rule[] = [
  [/too many clients already|resource temporarily unavailable/, 'overloaded'],
  [/invalid signature|signature made by unknown entity/, 'invalid-signature'],
  [/keyword exceeds lexeme limit|invalid byte sequence for encoding/, 'invalid-search'],
  [/\(\*Handler\)\.(?:Add|Replace)\b|hkp\.Parse(?:Add|Replace)\b/, 'unparsable-upload'],
  [/^pq: |hockeypuck\/pghkp\./, 'storage-error']
]

export function noticeKindOf(message: string): NoticeKind {
  const http = /^HTTP (\d{3}): /.exec(message)
  if (http === null) return { code: firstMatch(RULES, message) ?? 'other', status: undefined }
  const rest = message.slice(http[0].length)
  return { code: firstMatch(HTTP_RULES, rest) ?? 'http-error', status: Number(http[1]) }
}

function firstMatch(rules: readonly Rule[], text: string): KeyserverNoticeCode | undefined {
  return rules.find(([pattern]) => pattern.test(text))?.[1]
}
