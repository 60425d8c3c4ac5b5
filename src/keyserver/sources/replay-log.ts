/** One recorded log of a replay: opens it (plain or gzip, file or standard input) and gives its events in order. */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Clock } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { EventSink, TrafficEvent } from '../events.ts'
import type { AccessLine } from './hockeypuck/decoder.ts'
import { LineIntake, type UnparsedHook } from './line-intake.ts'
import type { LogDecoder } from './log-decoder.ts'
import { sourceError } from './transports/log-file.ts'

const CHUNK_BYTES = 65_536
const LINE_FEED = 0x0a

/** Chunks of a log, unpacked, of which the first can be looked at before they are read. */
export class RecordedLog {
  readonly path: string
  readonly #chunks: AsyncIterator<Buffer>
  #ahead: Buffer[] = []

  private constructor(path: string, chunks: AsyncIterator<Buffer>) {
    this.path = path
    this.#chunks = chunks
  }

  /** @throws {KeyserverError} SOURCE_MISSING, SOURCE_IS_DIRECTORY, SOURCE_NOT_READABLE, SOURCE_READ_FAILED */
  static async open(path: string, stdin: () => Readable): Promise<RecordedLog> {
    const raw = path === '-' ? stdin() : createReadStream(path, { highWaterMark: CHUNK_BYTES })
    const iterator = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    const head: Buffer[] = []
    let headLength = 0
    while (headLength < 2) {
      const { done, value } = await nextChunk(path, iterator)
      if (done === true) break
      head.push(value)
      headLength += value.length
    }
    const start = Buffer.concat(head)
    const all = chain(start, iterator)
    if (start[0] !== 0x1f || start[1] !== 0x8b) return new RecordedLog(path, all)
    const unpacked = createGunzip({ chunkSize: CHUNK_BYTES })
    Readable.from(all)
      .on('error', (error) => unpacked.destroy(error))
      .pipe(unpacked)
    return new RecordedLog(path, unpacked[Symbol.asyncIterator]() as AsyncIterator<Buffer>)
  }

  /** Files that one log was rotated into, the oldest first, as one. @throws {KeyserverError} as `open` */
  static async openAll(paths: readonly string[], stdin: () => Readable): Promise<RecordedLog> {
    const logs: RecordedLog[] = []
    try {
      for (const path of paths) logs.push(await RecordedLog.open(path, stdin))
    } catch (error) {
      for (const log of logs) await log.close()
      throw error
    }
    const [first] = logs
    if (first !== undefined && logs.length === 1) return first
    return new RecordedLog(paths.join(', '), endToEnd(logs))
  }

  /** Lines at the beginning, within so many bytes. They stay to be read. */
  async peekLines(maxBytes: number): Promise<string[]> {
    let length = 0
    while (length < maxBytes) {
      const { done, value } = await nextChunk(this.path, this.#chunks)
      if (done === true) break
      this.#ahead.push(value)
      length += value.length
    }
    return Buffer.concat(this.#ahead).toString('utf8').split('\n')
  }

  /** Undefined at the end. @throws {SOURCE_READ_FAILED} */
  async next(): Promise<Buffer | undefined> {
    const kept = this.#ahead.shift()
    if (kept !== undefined) return kept
    const { done, value } = await nextChunk(this.path, this.#chunks)
    return done === true ? undefined : value
  }

  async close(): Promise<void> {
    this.#ahead = []
    await this.#chunks.return?.()
  }
}

async function nextChunk(
  path: string,
  iterator: AsyncIterator<Buffer>
): Promise<IteratorResult<Buffer>> {
  try {
    return await iterator.next()
  } catch (error) {
    throw sourceError(path, error)
  }
}

async function* chain(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first
    for (;;) {
      const { done, value } = await rest.next()
      if (done === true) return
      yield value
    }
  } finally {
    await rest.return?.()
  }
}

/** The last line of a file ends with it, whether a line feed says so or not. */
async function* endToEnd(logs: readonly RecordedLog[]): AsyncGenerator<Buffer> {
  try {
    for (const log of logs) {
      let last: Buffer | undefined
      for (let chunk = await log.next(); chunk !== undefined; chunk = await log.next()) {
        yield chunk
        last = chunk
      }
      if (last !== undefined && last.at(-1) !== LINE_FEED) yield Buffer.from('\n')
    }
  } finally {
    for (const log of logs) await log.close()
  }
}

export type ReplayItem = TrafficEvent | AccessLine

/** Feeds a recorded log through the same intake as the live node and holds what came out until it is its turn. */
export class ReplayLog {
  readonly decoder: LogDecoder
  readonly intake: LineIntake
  readonly #log: RecordedLog
  readonly #items: ReplayItem[]
  #at = 0
  #isEnded = false

  constructor(
    options: {
      log: RecordedLog
      /** Items go to the given function, events and access lines alike. */
      decoder: (onItem: (item: ReplayItem) => void) => LogDecoder
      maxLineBytes: number | undefined
    },
    ports: { clock: Clock; onUnparsed: UnparsedHook | undefined }
  ) {
    this.#log = options.log
    this.#items = []
    const onItem = (item: ReplayItem) => void this.#items.push(item)
    this.decoder = options.decoder(onItem)
    this.intake = new LineIntake(
      { decoder: this.decoder, maxLineBytes: options.maxLineBytes },
      { clock: ports.clock, sink: onItem as EventSink, onUnparsed: ports.onUnparsed }
    )
  }

  /** The next item, read from the log if need be; undefined at the end. */
  async peek(): Promise<ReplayItem | undefined> {
    while (this.#at >= this.#items.length && !this.#isEnded) {
      this.#items.length = 0
      this.#at = 0
      const chunk = await this.#log.next()
      if (chunk === undefined) {
        this.#isEnded = true
        this.intake.endOfInput()
        this.intake.flush()
      } else {
        await this.intake.push(chunk)
      }
    }
    return this.#items[this.#at]
  }

  /** Nothing is held and the end is not reached. */
  get needsReading(): boolean {
    return this.#at >= this.#items.length && !this.#isEnded
  }

  /** The same without reading; undefined if reading is needed. */
  peekHeld(): ReplayItem | undefined {
    return this.#items[this.#at]
  }

  drop(): void {
    this.#at++
  }

  async close(): Promise<void> {
    await this.#log.close()
  }

  /** @throws {LOG_NOT_PARSABLE} if not one line of the whole log could be read */
  requireParsable(): void {
    const { lines, parsed, unparsedByCause } = this.intake.counters
    if (parsed > 0) return
    const causes = Object.entries(unparsedByCause).map(([cause, count]) => `${count} ${cause}`)
    throw new KeyserverError(
      'LOG_NOT_PARSABLE',
      `expected a ${this.decoder.format} log at ${this.#log.path}, got ${lines} lines of which none could be read` +
        (causes.length > 0 ? ` (${causes.join(', ')})` : ''),
      { context: { path: this.#log.path, lines } }
    )
  }
}
