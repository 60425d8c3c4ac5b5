/** Plays recorded logs into growing files, in their order and at a chosen speed, as the recorded programs wrote them. */
import { createReadStream } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { Clock } from '../../base/index.ts'
import {
  readHaproxyLine,
  readLogrusLine,
  shifted,
  shiftHaproxyLine,
  shiftLogrusLine,
  type TimedLine,
  type TimeShift
} from './line-shift.ts'

export interface PlayedLog {
  readonly format: 'haproxy' | 'hockeypuck'
  /** gzip file of recorded lines. */
  readonly recording: string
  /** The log that grows. */
  readonly target: string
}

interface Track {
  readonly log: PlayedLog
  readonly lines: readonly TimedLine[]
  next: number
}

const LINES_MAX = 200_000
const STEP_MS = 50

async function readTrack(log: PlayedLog): Promise<Track> {
  const read = log.format === 'haproxy' ? readHaproxyLine : readLogrusLine
  const input = createReadStream(log.recording).pipe(createGunzip())
  const lines: TimedLine[] = []
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const timed = read(line)
    if (timed !== undefined && lines.length < LINES_MAX) lines.push(timed)
  }
  return { log, lines, next: 0 }
}

export interface PlayOptions {
  readonly logs: readonly PlayedLog[]
  readonly speed: number
}

/** @returns lines written; resolves when everything was played or the signal aborted */
export async function playTraffic(
  options: PlayOptions,
  clock: Clock,
  signal: AbortSignal
): Promise<number> {
  const tracks = await Promise.all(options.logs.map(readTrack))
  const firsts = tracks.flatMap((track) => track.lines.slice(0, 50).map((line) => line.writtenAtMs))
  const shift: TimeShift = {
    recordedFromMs: Math.min(...firsts),
    playedFromMs: clock.nowMs(),
    speed: options.speed
  }
  let written = 0
  while (!signal.aborted && tracks.some((track) => track.next < track.lines.length)) {
    for (const track of tracks) written += await playDue(track, shift, clock.nowMs())
    await clock.sleep(STEP_MS, signal).catch(() => undefined)
  }
  return written
}

async function playDue(track: Track, shift: TimeShift, nowMs: number): Promise<number> {
  const due: string[] = []
  for (;;) {
    const timed = track.lines[track.next]
    if (timed === undefined || shifted(shift, timed.writtenAtMs) > nowMs) break
    track.next++
    due.push(
      track.log.format === 'haproxy'
        ? shiftHaproxyLine(timed, shift)
        : shiftLogrusLine(timed, shift)
    )
  }
  if (due.length > 0) await appendFile(track.log.target, `${due.join('\n')}\n`)
  return due.length
}
