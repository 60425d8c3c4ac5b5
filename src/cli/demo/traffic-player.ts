/** Plays recorded logs into growing files, in their order and at a chosen speed, as the recorded programs wrote them. */
import { appendFile, readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { type Clock, messageOf } from '../../base/index.ts'
import { CliError } from '../errors.ts'
import {
  dueAtMs,
  readHaproxyLine,
  readLogrusLine,
  shiftHaproxyLine,
  shiftLogrusLine,
  type TimedLine,
  type TimeShift
} from './line-shift.ts'

export type PlayedFormat = 'haproxy' | 'hockeypuck'

export interface PlayedLog {
  readonly format: PlayedFormat
  readonly lines: readonly TimedLine[]
  /** The log that grows. */
  readonly target: string
}

interface Cue {
  readonly dueAtMs: number
  readonly text: string
}

const RECORDING_BYTES_MAX = 256 * 1_048_576
const STEP_MS = 50
/** The first lines of a log may be a little out of order; its beginning is the earliest of these. */
const BEGINNING_LINES = 50
/** HAProxy's own notices have no time: they are played where they stand, as they are. */
const UNTIMED = { durationMs: 0, idleMs: 0 } as const

/** Lines of a gzip file with their times. @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function readRecording(
  file: string,
  format: PlayedFormat
): Promise<readonly TimedLine[]> {
  const packed = await readFile(file).catch((cause: unknown) => {
    const message = `expected a recorded log at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  })
  const read = format === 'haproxy' ? readHaproxyLine : readLogrusLine
  const lines: TimedLine[] = []
  let newestMs: number | undefined
  for (const line of unpack(packed, file).split('\n')) {
    if (line === '') continue
    const timed = read(line)
    if (timed !== undefined) newestMs = Math.max(newestMs ?? 0, timed.writtenAtMs)
    if (newestMs !== undefined) lines.push(timed ?? { line, writtenAtMs: newestMs, ...UNTIMED })
  }
  return lines
}

/** Recorded lines hold bytes that are no UTF-8; latin1 keeps each as it is. */
function unpack(packed: Buffer, file: string): string {
  try {
    return gunzipSync(packed, { maxOutputLength: RECORDING_BYTES_MAX }).toString('latin1')
  } catch (cause) {
    const message = `expected a gzip file at ${file}, got: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_INVALID', message, { cause })
  }
}

/** From the first line to the last. */
export function recordedSpan(logs: readonly Pick<PlayedLog, 'lines'>[]): {
  readonly fromMs: number
  readonly lengthMs: number
} {
  const times = (lines: readonly TimedLine[]) => lines.map((line) => line.writtenAtMs)
  const firsts = logs.flatMap((log) => times(log.lines.slice(0, BEGINNING_LINES)))
  const lasts = logs.flatMap((log) => times(log.lines.slice(-BEGINNING_LINES)))
  if (firsts.length === 0) return { fromMs: 0, lengthMs: 0 }
  const fromMs = Math.min(...firsts)
  return { fromMs, lengthMs: Math.max(...lasts) - fromMs }
}

/** @returns lines written; resolves when everything was played or the signal aborted */
export async function playTraffic(
  options: { readonly logs: readonly PlayedLog[]; readonly speed: number },
  clock: Clock,
  signal: AbortSignal
): Promise<number> {
  const shift: TimeShift = {
    recordedFromMs: recordedSpan(options.logs).fromMs,
    playedFromMs: clock.nowMs(),
    speed: options.speed
  }
  const tracks = options.logs.map(({ format, lines, target }) => ({
    target,
    cues: cueSheet(format, lines, shift),
    next: 0
  }))
  let written = 0
  for (;;) {
    for (const track of tracks) {
      const from = track.next
      while ((track.cues[track.next]?.dueAtMs ?? Number.POSITIVE_INFINITY) <= clock.nowMs()) {
        track.next++
      }
      const due = track.cues.slice(from, track.next)
      written += due.length
      if (due.length > 0) {
        await appendFile(track.target, due.map((cue) => `${cue.text}\n`).join(''), 'latin1')
      }
    }
    if (signal.aborted || tracks.every((track) => track.next === track.cues.length)) return written
    await clock.sleep(STEP_MS, signal).catch(() => undefined)
  }
}

/** Lines that took equally long keep their recorded order, even where their times say otherwise by some milliseconds. */
function cueSheet(format: PlayedFormat, lines: readonly TimedLine[], shift: TimeShift): Cue[] {
  const shiftLine = format === 'haproxy' ? shiftHaproxyLine : shiftLogrusLine
  let newestMs = Number.NEGATIVE_INFINITY
  const cues = lines.map((timed) => {
    newestMs = Math.max(newestMs, timed.writtenAtMs)
    return {
      dueAtMs: dueAtMs({ ...timed, writtenAtMs: newestMs }, shift),
      text: shiftLine(timed, shift)
    }
  })
  return cues.sort((a, b) => a.dueAtMs - b.dueAtMs)
}
