/** The last 64 requests of a source as tokens and gaps, one byte each: what sequence models read. Grows by doubling, never beyond. */
import type { Observation } from './observation.ts'

export const SEQUENCE_LENGTH = 64
const FIRST_LENGTH = 8

export interface SequenceTrack {
  /** First half tokens, second half gaps. */
  data: Uint8Array
  /** Requests ever pushed. */
  pushed: number
}

export function createSequenceTrack(): SequenceTrack {
  return { data: new Uint8Array(FIRST_LENGTH * 2), pushed: 0 }
}

const ACTIONS = [
  'lookup',
  'upload',
  'admin',
  'hashquery',
  'status',
  'page',
  'foreign',
  'malformed'
] as const
const SEARCHES = ['none', 'hex', 'email', 'domain', 'words'] as const
const OUTCOMES = ['hit', 'miss', 'refused', 'failed', 'other'] as const
/** Tokens run from 1 to this; 0 is padding. */
export const TOKENS = ACTIONS.length * SEARCHES.length * OUTCOMES.length

/** What a request is, in one of 200 words: action, kind of search, how it ended. */
export function tokenOf(seen: Observation): number {
  const action = ACTIONS.indexOf(seen.action)
  const search = SEARCHES.indexOf(searchClass(seen))
  const outcome = OUTCOMES.indexOf(outcomeClass(seen))
  return 1 + (action * SEARCHES.length + search) * OUTCOMES.length + outcome
}

/** A gap in sixteenths of an octave of milliseconds: 0 for none, 255 for over an hour. */
export function gapCode(gapMs: number): number {
  return Math.min(255, Math.max(0, Math.round(Math.log2(Math.max(0, gapMs) + 1) * 11.7)))
}

export function pushRequest(track: SequenceTrack, token: number, gapMs: number): void {
  let length = track.data.length / 2
  if (track.pushed >= length && length < SEQUENCE_LENGTH) {
    const data = new Uint8Array(length * 4)
    data.set(track.data.subarray(0, length), 0)
    data.set(track.data.subarray(length), length * 2)
    track.data = data
    length *= 2
  }
  const at = track.pushed % length
  track.data[at] = token
  track.data[length + at] = gapCode(gapMs)
  track.pushed++
}

/** Oldest first. */
export function readSequence(track: SequenceTrack): {
  readonly tokens: Uint8Array
  readonly gaps: Uint8Array
} {
  const length = track.data.length / 2
  const filled = Math.min(length, track.pushed)
  const start = track.pushed > length ? track.pushed % length : 0
  const tokens = new Uint8Array(filled)
  const gaps = new Uint8Array(filled)
  for (let i = 0; i < filled; i++) {
    const at = (start + i) % length
    tokens[i] = track.data[at] ?? 0
    gaps[i] = track.data[length + at] ?? 0
  }
  return { tokens, gaps }
}

function searchClass(seen: Observation): (typeof SEARCHES)[number] {
  if (seen.action !== 'lookup') return 'none'
  switch (seen.hkp.search.kind) {
    case 'none':
    case 'empty':
      return 'none'
    case 'email':
      return 'email'
    case 'domain':
    case 'wildcard':
      return 'domain'
    case 'words':
      return 'words'
    default:
      return 'hex'
  }
}

function outcomeClass(seen: Observation): (typeof OUTCOMES)[number] {
  if (seen.isHit) return 'hit'
  if (seen.isMiss) return 'miss'
  const { outcome, status } = seen.event
  if (outcome === 'denied' || outcome === 'tarpitted') return 'refused'
  if (status >= 500 || outcome === 'unavailable') return 'failed'
  return 'other'
}
