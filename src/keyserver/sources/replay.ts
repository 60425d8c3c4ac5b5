/**
 * Recorded logs as one stream of events through the decoders and the join of the live node: one log in the order of its lines, several
 * in that of their times. Streams: memory does not grow with the logs.
 */
import type { Readable } from 'node:stream'
import { type Clock, SystemClock } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { EventSink, TrafficEvent, UnparsedCause } from '../events.ts'
import type { BehindProxy } from './haproxy/client.ts'
import { HaproxyDecoder } from './haproxy/decoder.ts'
import { HockeypuckDecoder } from './hockeypuck/decoder.ts'
import type { UnparsedHook } from './line-intake.ts'
import { LocalTime } from './local-time.ts'
import type { LogDecoder } from './log-decoder.ts'
import { NginxDecoder } from './nginx/decoder.ts'
import { ReorderBuffer } from './reorder-buffer.ts'
import { RecordedLog, type ReplayItem, ReplayLog } from './replay-log.ts'
import { SubmissionJoin } from './submission-join.ts'
import { findTimeOffset } from './time-offset.ts'

/** One file, or those that a log was rotated into, the oldest first. */
export type LogPaths = string | readonly string[]

/** Paths, or `-` for standard input (of one log only); gzip is recognised. */
export interface ReplayOptions {
  readonly haproxy?: LogPaths | undefined
  readonly hockeypuck?: LogPaths | undefined
  readonly nginx?: LogPaths | undefined
  /** Zone of HAProxy's times. @default found by comparing with Hockeypuck's log, else the machine's */
  readonly timeZone?: string | undefined
  /** @default 'none' */
  readonly behindProxy?: BehindProxy | undefined
  /** @default 65 536 */
  readonly maxLineBytes?: number | undefined
}

export interface ReplayPorts {
  readonly sink: EventSink
  readonly onUnparsed?: UnparsedHook | undefined
  /** @default process.stdin */
  readonly stdin?: Readable | undefined
  readonly clock?: Clock | undefined
  readonly signal?: AbortSignal | undefined
  /** Awaited with every piece that is read, so that what the sink has made can be written before more comes. */
  readonly drain?: (() => Promise<void>) | undefined
}

export interface ReplayReport {
  readonly lines: number
  readonly parsed: number
  readonly events: number
  readonly bytes: number
  readonly unparsedByCause: Readonly<Partial<Record<UnparsedCause, number>>>
  /** Requests left out because their client could not be known. */
  readonly withoutClient: number
  /** Zone by which HAProxy's times were read; empty for the machine's, undefined without such a log. */
  readonly timeZone: string | undefined
}

/** Lines are written in the order of their end, but for rounding and for Hockeypuck's whole seconds. */
const HORIZON_MS = 3_000
const MAX_HELD_EVENTS = 65_536
const OFFSET_PEEK_BYTES = 32 * 1024 * 1024

/**
 * @throws {KeyserverError} SOURCE_MISSING and its like for a log that cannot be opened, LOG_NOT_PARSABLE for one without a
 * readable line, SOURCE_OPTIONS_INVALID without any log, TIME_ZONE_INVALID
 */
export async function replayLogs(
  options: ReplayOptions,
  ports: ReplayPorts
): Promise<ReplayReport> {
  checkOptions(options)
  const opened: RecordedLog[] = []
  const open = async (paths: LogPaths | undefined) => {
    if (paths === undefined) return undefined
    const log = await RecordedLog.openAll([paths].flat(), () => ports.stdin ?? process.stdin)
    opened.push(log)
    return log
  }
  try {
    const haproxy = await open(options.haproxy)
    const hockeypuck = await open(options.hockeypuck)
    const nginx = await open(options.nginx)
    const timeZone = haproxy && (options.timeZone ?? (await detectZone(haproxy, hockeypuck)))
    const read = (log: RecordedLog | undefined, decoder: DecoderMaker) =>
      log === undefined
        ? []
        : [
            new ReplayLog(
              { log, decoder, maxLineBytes: options.maxLineBytes },
              { clock: ports.clock ?? new SystemClock(), onUnparsed: ports.onUnparsed }
            )
          ]
    const logs = [
      ...read(haproxy, () => new HaproxyDecoder({ timeZone, behindProxy: options.behindProxy })),
      ...read(
        hockeypuck,
        (onItem) =>
          new HockeypuckDecoder({
            onAccess: onItem,
            isRequestSource: haproxy === undefined && nginx === undefined
          })
      ),
      ...read(nginx, () => new NginxDecoder())
    ]
    const events = await merge(logs, ports)
    for (const log of logs) log.requireParsable()
    return { ...report(logs), events, timeZone }
  } finally {
    for (const log of opened) await log.close()
  }
}

type DecoderMaker = (onItem: (item: ReplayItem) => void) => LogDecoder

function checkOptions(options: ReplayOptions): void {
  const paths = [options.haproxy, options.hockeypuck, options.nginx].flatMap((own) => own ?? [])
  if (paths.length === 0) {
    throw new KeyserverError('SOURCE_OPTIONS_INVALID', 'expected at least one log, got none')
  }
  if (paths.filter((path) => path === '-').length > 1) {
    throw new KeyserverError(
      'SOURCE_OPTIONS_INVALID',
      'expected standard input for one log, got it for several'
    )
  }
  if (options.timeZone !== undefined) new LocalTime(options.timeZone)
}

/** Empty means the machine's zone: it is taken where it agrees, since it knows of changes of the clocks. */
async function detectZone(
  haproxy: RecordedLog,
  hockeypuck: RecordedLog | undefined
): Promise<string> {
  if (hockeypuck === undefined) return ''
  const found = findTimeOffset(
    await haproxy.peekLines(OFFSET_PEEK_BYTES),
    await hockeypuck.peekLines(OFFSET_PEEK_BYTES)
  )
  if (found === undefined) return ''
  if (new LocalTime('').toEpochMs(found.wallMs) === found.wallMs - found.offsetMs) return ''
  const minutes = Math.abs(found.offsetMs) / 60_000
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${found.offsetMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}

async function merge(logs: readonly ReplayLog[], ports: ReplayPorts): Promise<number> {
  let events = 0
  const sink = (event: TrafficEvent) => {
    events++
    ports.sink(event)
  }
  // One log alone is taken line by line, as a node that follows it does; only several must be brought into one order.
  const ordered =
    logs.length === 1
      ? undefined
      : new ReorderBuffer({ horizonMs: HORIZON_MS, maxEvents: MAX_HELD_EVENTS }, sink)
  const join = new SubmissionJoin({}, (event) => (ordered ? ordered.push(event) : sink(event)))
  for (;;) {
    const reading = readOn(logs, ports)
    if (reading !== undefined) await reading
    const log = oldest(logs)
    const item = log?.peekHeld()
    if (log === undefined || item === undefined) break
    log.drop()
    if ('kind' in item) join.push(item)
    else join.access(item)
  }
  join.flush()
  ordered?.flush()
  return events
}

/** Until every log holds its next item or is at its end. Nothing is awaited as long as they do: that would cost more than reading. */
function readOn(logs: readonly ReplayLog[], ports: ReplayPorts): Promise<void> | undefined {
  for (const log of logs) if (log.needsReading) return readAll(logs, ports)
  return undefined
}

async function readAll(logs: readonly ReplayLog[], ports: ReplayPorts): Promise<void> {
  for (const log of logs) {
    ports.signal?.throwIfAborted()
    await log.peek()
  }
  await ports.drain?.()
}

/** The log whose next item was logged first; items that were logged together go in the order of the list. */
function oldest(logs: readonly ReplayLog[]): ReplayLog | undefined {
  let best: ReplayLog | undefined
  let bestMs = Number.POSITIVE_INFINITY
  for (const log of logs) {
    const item = log.peekHeld()
    if (item === undefined || item.loggedAtMs >= bestMs) continue
    best = log
    bestMs = item.loggedAtMs
  }
  return best
}

function report(logs: readonly ReplayLog[]): Omit<ReplayReport, 'events' | 'timeZone'> {
  const unparsedByCause: Partial<Record<UnparsedCause, number>> = {}
  let lines = 0
  let parsed = 0
  let bytes = 0
  let withoutClient = 0
  for (const log of logs) {
    const { counters } = log.intake
    lines += counters.lines
    parsed += counters.parsed
    bytes += counters.bytes
    withoutClient += log.decoder.withoutClient
    for (const [cause, count] of Object.entries(counters.unparsedByCause)) {
      const key = cause as UnparsedCause
      unparsedByCause[key] = (unparsedByCause[key] ?? 0) + count
    }
  }
  return { lines, parsed, bytes, unparsedByCause, withoutClient }
}
