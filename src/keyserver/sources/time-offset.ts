/**
 * Finds the offset of HAProxy's times, which the log does not say, by the same requests in Hockeypuck's log, which says its
 * own. Pure: every pair of equal requests votes for the quarter-hour offset that brings them together.
 */
import { Envelope } from './envelope.ts'
import { HaproxyLine, HaproxyLineReader } from './haproxy/line.ts'
import { HockeypuckDecoder } from './hockeypuck/decoder.ts'
import { LocalTime } from './local-time.ts'

export interface TimeOffset {
  /** East of UTC. */
  readonly offsetMs: number
  /** A wall-clock time of the log for which it holds. */
  readonly wallMs: number
  /** Pairs of requests that agreed. */
  readonly votes: number
}

const QUARTER_HOUR_MS = 900_000
/** UTC-12 to UTC+14. */
const MIN_QUARTERS = -48
const MAX_QUARTERS = 56
/** Hockeypuck's times are whole seconds, cut off, and its handler ends a little before the proxy. */
const MAX_RESIDUAL_MS = 2_500
const MEAN_RESIDUAL_MS = 500
/** A request that comes more often says nothing: health checks, statistics. */
const MAX_REPEATS = 12
const MAX_REQUESTS = 200_000
const MAX_LINE_LENGTH = 65_536
/** The winner must have this many times the votes of any other offset. */
const LEAD = 1.5

/** @returns undefined if the logs have too little in common */
export function findTimeOffset(
  haproxyLines: Iterable<string>,
  hockeypuckLines: Iterable<string>
): TimeOffset | undefined {
  const known = timesByRequest(hockeypuckLines)
  const votes = new Map<number, number>()
  const reader = new HaproxyLineReader(new LocalTime('UTC'))
  let lastWallMs = 0
  for (const bare of unwrapped(haproxyLines)) {
    const line = reader.read(bare)
    if (!(line instanceof HaproxyLine) || line.isBadRequest) continue
    const request = line.request()
    const times = known.get(`${line.status} ${request.method} ${request.target}`)
    if (times === undefined || times.length > MAX_REPEATS) continue
    for (const timeMs of times) {
      const offMs = line.endMs - timeMs - MEAN_RESIDUAL_MS
      const quarters = Math.round(offMs / QUARTER_HOUR_MS)
      if (quarters < MIN_QUARTERS || quarters > MAX_QUARTERS) continue
      if (Math.abs(offMs - quarters * QUARTER_HOUR_MS) > MAX_RESIDUAL_MS) continue
      votes.set(quarters, (votes.get(quarters) ?? 0) + 1)
      lastWallMs = line.endMs
    }
  }
  return winner(votes, lastWallMs)
}

function winner(votes: ReadonlyMap<number, number>, wallMs: number): TimeOffset | undefined {
  const [best, second] = [...votes].sort((a, b) => b[1] - a[1])
  if (best === undefined || best[1] < LEAD * (second?.[1] ?? 0)) return undefined
  return { offsetMs: best[0] * QUARTER_HOUR_MS, wallMs, votes: best[1] }
}

function timesByRequest(lines: Iterable<string>): Map<string, number[]> {
  const times = new Map<string, number[]>()
  const decoder = new HockeypuckDecoder({
    onAccess: (access) => {
      const key = `${access.status} ${access.method} ${access.target}`
      const seen = times.get(key)
      if (seen !== undefined) {
        if (seen.length <= MAX_REPEATS) seen.push(access.loggedAtMs)
      } else if (times.size < MAX_REQUESTS) {
        times.set(key, [access.loggedAtMs])
      }
    }
  })
  for (const line of unwrapped(lines)) decoder.decode(line, () => undefined)
  return times
}

function* unwrapped(lines: Iterable<string>): Iterable<string> {
  const envelope = new Envelope(MAX_LINE_LENGTH)
  for (const raw of lines) {
    const opened = envelope.open(raw)
    if (opened !== undefined && 'line' in opened) yield opened.line
  }
}
