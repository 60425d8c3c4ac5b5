/**
 * Moves recorded log lines to the present: only the times in them change, so that a node can follow them as they are written.
 * Recorded traffic may be played faster than it was; durations inside a line stay what they were.
 */

export interface TimeShift {
  /** Log time at which the recording starts. */
  readonly recordedFromMs: number
  /** Wall time at which playing starts. */
  readonly playedFromMs: number
  /** 2 plays twice as fast. */
  readonly speed: number
}

export function shifted(shift: TimeShift, recordedMs: number): number {
  return shift.playedFromMs + (recordedMs - shift.recordedFromMs) / shift.speed
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HAPROXY_TIME = /\[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)\.(\d{3})\]/
const HAPROXY_TIMERS = / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+) /
const LOGRUS_TIME = /^time="([^"]+)"/

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}

function haproxyTime(atMs: number): string {
  const at = new Date(atMs)
  const date = `${pad(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`
  const time = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`
  return `[${date}:${time}.${pad(at.getUTCMilliseconds(), 3)}]`
}

export interface TimedLine {
  readonly line: string
  /** When the recorded program wrote it, by its own clock. */
  readonly writtenAtMs: number
  /** Start of the request, where the line has one. */
  readonly startedAtMs: number
  /** Milliseconds between the logged time and the request itself: idle time of a kept connection. */
  readonly idleMs: number
}

/** Times of a HAProxy line, recorded in UTC; undefined for lines without one. */
export function readHaproxyLine(line: string): TimedLine | undefined {
  const match = HAPROXY_TIME.exec(line)
  if (match === null) return undefined
  const [, day, month, year, hour, minute, second, millisecond] = match
  const acceptedMs = Date.UTC(
    Number(year),
    MONTHS.indexOf(month ?? ''),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(millisecond)
  )
  const timers = HAPROXY_TIMERS.exec(line)
  const idleMs = Math.max(0, Number(timers?.[1] ?? 0))
  const totalMs = Math.max(0, Number(timers?.[5] ?? 0))
  return { line, writtenAtMs: acceptedMs + totalMs, startedAtMs: acceptedMs + idleMs, idleMs }
}

export function readLogrusLine(line: string): TimedLine | undefined {
  const match = LOGRUS_TIME.exec(line)
  const writtenAtMs = Date.parse(match?.[1] ?? '')
  return Number.isNaN(writtenAtMs)
    ? undefined
    : { line, writtenAtMs, startedAtMs: writtenAtMs, idleMs: 0 }
}

export function shiftHaproxyLine(timed: TimedLine, shift: TimeShift): string {
  const startMs = shifted(shift, timed.startedAtMs) - timed.idleMs
  return timed.line.replace(HAPROXY_TIME, haproxyTime(startMs))
}

export function shiftLogrusLine(timed: TimedLine, shift: TimeShift): string {
  const second = Math.floor(shifted(shift, timed.writtenAtMs) / 1_000) * 1_000
  const text = new Date(second).toISOString().replace('.000Z', 'Z')
  return timed.line.replace(LOGRUS_TIME, `time="${text}"`)
}
