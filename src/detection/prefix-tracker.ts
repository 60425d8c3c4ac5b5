/**
 * Sessions of whole neighbourhoods (/24, /64): abuse that is shared out among the addresses of one block. A prefix is only
 * ever judged if nobody behaves well in it, and slowed down rather than banned unless its members were banned one by one.
 */
import type { AddressText, OldestKey, PrefixText } from '../base/index.ts'
import { hit, type RuleHit, rungOf } from './rules/rule.ts'
import type { Verdict, VerdictLevel } from './verdict.ts'

const PREFIXES_MAX = 50_000
const MEMBERS_REMEMBERED = 32
const SPAN_MS = 3_600_000
const SAY_AGAIN_MS = 600_000

interface PrefixMember {
  uploads: number
  strays: number
  isBanned: boolean
}

export interface PrefixSession {
  sinceMs: number
  /** When somebody in it last behaved well. */
  cleanAtMs: number
  saidAtMs: number
  members: Map<AddressText, PrefixMember>
}

export interface PrefixObservation {
  readonly prefix: PrefixText
  readonly source: AddressText
  readonly atMs: number
  readonly isUpload: boolean
  readonly isStray: boolean
  readonly isClean: boolean
  readonly level: VerdictLevel
  readonly oldest: OldestKey<PrefixText>
}

export type PrefixState = Map<PrefixText, PrefixSession>

export function shiftPrefix(session: PrefixSession, byMs: number): void {
  session.sinceMs += byMs
  if (session.cleanAtMs !== 0) session.cleanAtMs += byMs
  if (session.saidAtMs !== 0) session.saidAtMs += byMs
}

function sessionFor(state: PrefixState, seen: PrefixObservation): PrefixSession {
  let session = state.get(seen.prefix)
  if (session === undefined || seen.atMs - session.sinceMs > SPAN_MS) {
    const before = session
    session = { sinceMs: seen.atMs, cleanAtMs: 0, saidAtMs: 0, members: new Map() }
    if (before !== undefined) {
      session.cleanAtMs = before.cleanAtMs
      session.saidAtMs = before.saidAtMs
    }
  }
  state.delete(seen.prefix)
  state.set(seen.prefix, session)
  if (state.size > PREFIXES_MAX) {
    const oldest = seen.oldest.find(state)
    if (oldest !== undefined) state.delete(oldest)
  }
  return session
}

function judge(session: PrefixSession): RuleHit | undefined {
  let bans = 0
  let uploads = 0
  let uploaders = 0
  for (const member of session.members.values()) {
    if (member.isBanned) bans++
    // One busy member is its own business.
    uploads += Math.min(member.uploads, 8)
    if (member.uploads > 0) uploaders++
  }
  const byBans = hit(rungOf(bans, { throttle: 3, ban: 4 }), {
    rule: 'prefix-bans',
    category: 'other',
    text: `${bans} addresses of this block were banned within an hour, and nobody in it behaves well`,
    counters: { banned_addresses: bans, ban_at: 4 }
  })
  if (byBans !== undefined) return byBans
  if (uploaders < 4) return undefined
  return hit(rungOf(uploads, { throttle: 16 }), {
    rule: 'prefix-uploads',
    category: 'upload-flood',
    text: `${uploaders} addresses of this block uploaded ${uploads} times within an hour and did nothing else`,
    counters: { uploads, addresses: uploaders, throttle_at: 16 }
  })
}

export function observePrefix(state: PrefixState, seen: PrefixObservation): Verdict | undefined {
  const session = sessionFor(state, seen)
  if (seen.isClean) session.cleanAtMs = seen.atMs
  if (!seen.isUpload && !seen.isStray && seen.level !== 'ban') return undefined
  const member = session.members.get(seen.source) ?? { uploads: 0, strays: 0, isBanned: false }
  if (seen.isUpload) member.uploads++
  if (seen.isStray) member.strays++
  if (seen.level === 'ban') member.isBanned = true
  if (session.members.size < MEMBERS_REMEMBERED || session.members.has(seen.source)) {
    session.members.set(seen.source, member)
  }
  if (seen.atMs - session.cleanAtMs < SPAN_MS || seen.atMs - session.saidAtMs < SAY_AGAIN_MS) {
    return undefined
  }
  const found = judge(session)
  if (found === undefined) return undefined
  session.saidAtMs = seen.atMs
  return {
    atMs: seen.atMs,
    scope: 'prefix',
    value: seen.prefix,
    members: [],
    level: found.level,
    category: found.category,
    score: found.score,
    reasons: [found.reason],
    lineHashes: []
  }
}
