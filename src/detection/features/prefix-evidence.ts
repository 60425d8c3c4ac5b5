/** What the neighbourhood (/24, /64) of a source did within the hour before this request. */
import type { PrefixSession } from '../prefix-tracker.ts'

export interface PrefixEvidence {
  readonly members: number
  readonly uploads: number
  readonly strays: number
  readonly banned: number
  /** Since somebody in it last behaved well, s; NaN: not within memory. */
  readonly cleanAgoS: number
}

export const NO_PREFIX_EVIDENCE: PrefixEvidence = {
  members: 0,
  uploads: 0,
  strays: 0,
  banned: 0,
  cleanAgoS: Number.NaN
}

const SPAN_MS = 3_600_000

export function readPrefix(session: PrefixSession | undefined, atMs: number): PrefixEvidence {
  if (session === undefined || atMs - session.sinceMs > SPAN_MS) return NO_PREFIX_EVIDENCE
  let uploads = 0
  let strays = 0
  let banned = 0
  for (const member of session.members.values()) {
    uploads += member.uploads
    strays += member.strays
    if (member.isBanned) banned++
  }
  const cleanAgoS =
    session.cleanAtMs === 0 ? Number.NaN : Math.max(0, (atMs - session.cleanAtMs) / 1_000)
  return { members: session.members.size, uploads, strays, banned, cleanAgoS }
}
