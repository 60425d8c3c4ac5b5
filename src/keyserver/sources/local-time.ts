/**
 * Times as proxies write them: `23/Nov/2026:03:16:35.027`, by a wall clock whose offset is not in the line. Decides which
 * instant such a time was. An hour that a change of the clocks repeats is told apart by the order of the log.
 */
import { KeyserverError } from '../errors.ts'

const QUARTER_HOUR_MS = 900_000
const DAY_MS = 86_400_000
/** A line on a kept connection is dated minutes back at most: a log that goes back by more is in the repeated hour. */
const REPEAT_TOLERANCE_MS = 300_000

const MONTHS: ReadonlyMap<string, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
    (name, index) => [name, index]
  )
)

/** Offset of a zone at an instant, milliseconds east of UTC. */
type OffsetAt = (epochMs: number) => number

function fixedOffsetMs(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'UTC') return 0
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (match === null) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3])
  if (minutes > 18 * 60 || Number(match[3]) > 59) return undefined
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}

function zoneOffset(zone: string): OffsetAt {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
  } catch (error) {
    throw new KeyserverError(
      'TIME_ZONE_INVALID',
      `expected a time zone such as Europe/Berlin or an offset such as +02:00, got "${zone}"`,
      { cause: error }
    )
  }
  return (epochMs) => {
    const field: Record<string, number> = {}
    for (const part of format.formatToParts(epochMs)) field[part.type] = Number(part.value)
    const wallMs = Date.UTC(
      field['year'] ?? 0,
      (field['month'] ?? 1) - 1,
      field['day'] ?? 1,
      field['hour'] ?? 0,
      field['minute'] ?? 0,
      field['second'] ?? 0
    )
    return wallMs - Math.floor(epochMs / 1000) * 1000
  }
}

export class LocalTime {
  readonly #offsetAt: OffsetAt
  #date = ''
  #dayMs = 0
  #quarter = Number.NaN
  #offsetMs = 0
  /** Offset of the second pass through an hour that the clocks repeat; equal to the first outside such hours. */
  #repeatedOffsetMs = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /**
   * @param zone name of the time zone database, an offset such as `+02:00`, or empty for the machine's own zone
   * @throws {TIME_ZONE_INVALID}
   */
  constructor(zone = '') {
    const fixed = fixedOffsetMs(zone)
    this.#offsetAt =
      fixed === undefined
        ? zoneOffset(zone === '' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : zone)
        : () => fixed
  }

  /** Instant of the time that starts at `at` (with or without milliseconds); NaN if there is none. */
  readEpochMs(line: string, at: number): number {
    const wallMs = this.readWallMs(line, at)
    return Number.isNaN(wallMs) ? Number.NaN : this.toEpochMs(wallMs)
  }

  toEpochMs(wallMs: number): number {
    const quarter = Math.floor(wallMs / QUARTER_HOUR_MS)
    if (quarter !== this.#quarter) this.#findOffsets(wallMs, quarter)
    let epochMs = wallMs - this.#offsetMs
    if (
      this.#repeatedOffsetMs !== this.#offsetMs &&
      epochMs < this.#lastMs - REPEAT_TOLERANCE_MS &&
      epochMs > this.#lastMs - DAY_MS
    ) {
      epochMs = wallMs - this.#repeatedOffsetMs
    }
    this.#lastMs = epochMs
    return epochMs
  }

  /** The same without a zone: as if the wall clock ran on UTC. */
  readWallMs(line: string, at: number): number {
    if (this.#date === '' || !line.startsWith(this.#date, at)) {
      if (!this.#readDate(line.slice(at, at + 12))) return Number.NaN
    }
    const hours = twoDigits(line, at + 12)
    const minutes = twoDigits(line, at + 15)
    const seconds = twoDigits(line, at + 18)
    if (
      !(hours <= 23 && minutes <= 59 && seconds <= 60) ||
      line.charCodeAt(at + 14) !== 58 ||
      line.charCodeAt(at + 17) !== 58
    ) {
      return Number.NaN
    }
    let ms = 0
    if (line.charCodeAt(at + 20) === 46) {
      ms = twoDigits(line, at + 21) * 10 + (line.charCodeAt(at + 23) - 48)
    }
    return this.#dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
  }

  #readDate(text: string): boolean {
    const match = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):$/.exec(text)
    const month = MONTHS.get(match?.[2] ?? '')
    if (match === null || month === undefined) return false
    const day = Number(match[1])
    const dayMs = Date.UTC(Number(match[3]), month, day)
    if (new Date(dayMs).getUTCDate() !== day) return false
    this.#date = text
    this.#dayMs = dayMs
    return true
  }

  #findOffsets(wallMs: number, quarter: number): void {
    const before = this.#offsetAt(wallMs - DAY_MS)
    const after = this.#offsetAt(wallMs + DAY_MS)
    const isBefore = this.#offsetAt(wallMs - before) === before
    const isAfter = this.#offsetAt(wallMs - after) === after
    this.#offsetMs = isBefore || !isAfter ? before : after
    this.#repeatedOffsetMs = isBefore && isAfter ? after : this.#offsetMs
    this.#quarter = quarter
  }
}

/** NaN unless both are digits. */
function twoDigits(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48
  const ones = line.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}
