/** Looks at one log as the node would read it: what it is, who may read it, and what the real decoders make of its last lines. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SystemClock } from '../../base/index.ts'
import type { SourceConfig } from '../../config/index.ts'
import {
  type AccessLine,
  HaproxyDecoder,
  HockeypuckDecoder,
  LineIntake,
  type LogDecoder,
  type LogFormat,
  NginxDecoder,
  type TrafficEvent,
  type UnparsedCause
} from '../../keyserver/index.ts'

export interface LogReading {
  readonly lines: number
  readonly parsed: number
  readonly unparsedByCause: Readonly<Partial<Record<UnparsedCause, number>>>
  /** The first line of each cause, cut. */
  readonly examples: Readonly<Partial<Record<UnparsedCause, string>>>
  /** Of the newest line, by the configured zone; 0 if none could be read. */
  readonly newestMs: number
  /** The same had the log been written in UTC: the difference is the offset that was applied. */
  readonly newestAsUtcMs: number
  /** Another format that reads what the configured one does not. */
  readonly otherFormat: LogFormat | undefined
  readonly events: readonly TrafficEvent[]
  readonly accesses: readonly AccessLine[]
  /** The lines themselves, for the comparison of two logs. */
  readonly rawLines: readonly string[]
}

export type LogKind = 'file' | 'missing' | 'directory' | 'fifo' | 'other' | 'denied' | 'failed'

export interface LogTail {
  readonly kind: LogKind
  /** Why it could not be opened. */
  readonly detail: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Undefined: it is no file that could be opened. */
  readonly reading: LogReading | undefined
}

const TAIL_BYTES = 1_048_576
const EXAMPLE_LENGTH = 100
/** Fewer lines say nothing of a format. */
const OTHER_SHARE = 0.5
const FORMATS: readonly LogFormat[] = ['haproxy', 'hockeypuck', 'nginx']

/** Never waits for a writer, and reads the end only, however long the log is. */
export async function readLogTail(source: SourceConfig): Promise<LogTail> {
  let handle: FileHandle | undefined
  try {
    handle = await open(source.path ?? '', constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    const known = { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, detail: '' }
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? 'directory' : stats.isFIFO() ? 'fifo' : 'other'
      return { ...known, kind, reading: undefined }
    }
    const bytes = await readEnd(handle, stats.size)
    return { ...known, kind: 'file', reading: await readLines(bytes, source) }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const kind =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'missing'
        : code === 'EACCES' || code === 'EPERM'
          ? 'denied'
          : 'failed'
    return { kind, detail: message, sizeBytes: 0, modifiedMs: 0, reading: undefined }
  } finally {
    await handle?.close()
  }
}

async function readEnd(handle: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, TAIL_BYTES)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
  const bytes = buffer.subarray(0, bytesRead)
  // The first line was cut by where reading began, the last one may still be written.
  const start = size > length ? bytes.indexOf(10) + 1 : 0
  return bytes.subarray(start, Math.max(start, bytes.lastIndexOf(10) + 1))
}

export async function readLines(bytes: Buffer, source: SourceConfig): Promise<LogReading> {
  const events: TrafficEvent[] = []
  const accesses: AccessLine[] = []
  const examples: Partial<Record<UnparsedCause, string>> = {}
  const decoder = decoderOf(source.format, source, accesses)
  const intake = await decode(bytes, decoder, {
    sink: (event) => void events.push(event),
    onUnparsed: (cause, line) => {
      examples[cause] ??= line.slice(0, EXAMPLE_LENGTH)
    }
  })
  const { lines, parsed, unparsedByCause } = intake.counters
  return {
    lines,
    parsed,
    unparsedByCause,
    examples,
    newestMs: decoder.logTimeMs,
    newestAsUtcMs: await newestAsUtc(bytes, source),
    otherFormat: parsed < lines * OTHER_SHARE ? await findFormat(bytes, source) : undefined,
    events,
    accesses,
    rawLines: bytes.toString('utf8').split('\n')
  }
}

async function newestAsUtc(bytes: Buffer, source: SourceConfig): Promise<number> {
  if (source.format !== 'haproxy') return 0
  const decoder = decoderOf('haproxy', { ...source, timeZone: 'UTC' }, [])
  await decode(bytes, decoder, { sink: () => undefined, onUnparsed: () => undefined })
  return decoder.logTimeMs
}

async function findFormat(bytes: Buffer, source: SourceConfig): Promise<LogFormat | undefined> {
  for (const format of FORMATS) {
    if (format === source.format) continue
    const intake = await decode(bytes, decoderOf(format, source, []), {
      sink: () => undefined,
      onUnparsed: () => undefined
    })
    const { lines, parsed } = intake.counters
    if (lines > 0 && parsed > lines * OTHER_SHARE) return format
  }
  return undefined
}

async function decode(
  bytes: Buffer,
  decoder: LogDecoder,
  ports: {
    readonly sink: (event: TrafficEvent) => void
    readonly onUnparsed: (cause: UnparsedCause, line: string) => void
  }
): Promise<LineIntake> {
  const intake = new LineIntake({ decoder }, { clock: new SystemClock(), ...ports })
  await intake.push(bytes)
  intake.flush()
  return intake
}

function decoderOf(format: LogFormat, source: SourceConfig, accesses: AccessLine[]): LogDecoder {
  switch (format) {
    case 'haproxy':
      return new HaproxyDecoder({ timeZone: source.timeZone, behindProxy: source.behindProxy })
    case 'hockeypuck':
      return new HockeypuckDecoder({ onAccess: (access) => void accesses.push(access) })
    case 'nginx':
      return new NginxDecoder()
  }
}
