/**
 * Moves recorded log lines to the present: only the times in them change, so that a node can follow them as they are written.
 * Requests may come faster than they did, but each still takes as long as it took: a line is due when its request, begun at
 * the new time, ends.
 */
import { parseDurationMs } from '../../base/index.ts'

export interface TimeShift {
  /** Log time at which the recording starts. */
  readonly recordedFromMs: number
  /** Wall time at which playing starts. */
  readonly playedFromMs: number
  /** 2 plays twice as fast. */
  readonly speed: number
}

export interface TimedLine {
  readonly line: string
  /** When the recorded program wrote it, by its own clock. */
  readonly writtenAtMs: number
  /** From the arrival of the request to the line. */
  readonly durationMs: number
  /** From the time in the line to the arrival: a kept connection waits for its next request. */
  readonly idleMs: number
}

export function shifted(shift: TimeShift, recordedMs: number): number {
  return shift.playedFromMs + (recordedMs - shift.recordedFromMs) / shift.speed
}

/** When a line is due in the present. */
export function dueAtMs(timed: TimedLine, shift: TimeShift): number {
  return shifted(shift, timed.writtenAtMs - timed.durationMs) + timed.durationMs
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HAPROXY_TIME = /\[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)\.(\d{3})\]/
const HAPROXY_TIMERS = / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?(-?\d+) /
const LOGRUS_TIME = /^time="([^"]+)"/
const LOGRUS_DURATION = / duration=(\S+)/
const GO_DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}

function haproxyTime(atMs: number): string {
  const at = new Date(atMs)
  const date = `${pad(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`
  const time = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`
  return `[${date}:${time}.${pad(at.getUTCMilliseconds(), 3)}]`
}

/** Times of a HAProxy line, recorded in UTC; undefined for lines without one. */
export function readHaproxyLine(line: string): TimedLine | undefined {
  const match = HAPROXY_TIME.exec(line)
  if (match === null) return undefined
  const [, day, month, year, hour, minute, second, millisecond] = match
  const loggedMs = Date.UTC(
    Number(year),
    MONTHS.indexOf(month ?? ''),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(millisecond)
  )
  const timers = HAPROXY_TIMERS.exec(line)
  const totalMs = Math.max(0, Number(timers?.[5] ?? 0))
  const idleMs = Math.min(totalMs, Math.max(0, Number(timers?.[1] ?? 0)))
  return { line, writtenAtMs: loggedMs + totalMs, durationMs: totalMs - idleMs, idleMs }
}

/** Times of a line of Hockeypuck, which knows whole seconds; undefined for lines without one. */
export function readLogrusLine(line: string): TimedLine | undefined {
  const writtenAtMs = Date.parse(LOGRUS_TIME.exec(line)?.[1] ?? '')
  if (Number.isNaN(writtenAtMs)) return undefined
  return { line, writtenAtMs, durationMs: goDurationMs(LOGRUS_DURATION.exec(line)?.[1]), idleMs: 0 }
}

/** A duration as Go prints it: `1.69ms`, `1m2.5s`. Microseconds, whose sign is quoted, are none here. */
function goDurationMs(text: string | undefined): number {
  return text !== undefined && GO_DURATION.test(text) ? parseDurationMs(text) : 0
}

export function shiftHaproxyLine(timed: TimedLine, shift: TimeShift): string {
  const arrivalMs = dueAtMs(timed, shift) - timed.durationMs
  return timed.line.replace(HAPROXY_TIME, haproxyTime(arrivalMs - timed.idleMs))
}

export function shiftLogrusLine(timed: TimedLine, shift: TimeShift): string {
  const second = Math.floor(dueAtMs(timed, shift) / 1_000) * 1_000
  const text = new Date(second).toISOString().replace('.000Z', 'Z')
  return timed.line.replace(LOGRUS_TIME, `time="${text}"`)
}
