/**
 * Bytes of a log in, events out: splits lines, takes wrappers off, hands them to the decoder and counts. Knows at every
 * moment up to which byte everything has been delivered, which with the decoder's pending lines is all that a restart needs.
 * Memory stays flat whatever comes: a line longer than the limit is counted and passed over.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../base/index.ts'
import type { EventSink, UnparsedCause } from '../events.ts'
import { DOCKER_HEAD, Envelope } from './envelope.ts'
import type { LogDecoder } from './log-decoder.ts'

/** Told of every line that could not be read, with at most its first 512 characters. */
export type UnparsedHook = (cause: UnparsedCause, line: string) => void

export interface LineIntakeOptions {
  readonly decoder: LogDecoder
  /** Longest line in bytes, without its line feed. @default 65 536 */
  readonly maxLineBytes?: number | undefined
}

export interface LineIntakePorts {
  readonly clock: Clock
  readonly sink: EventSink
  readonly onUnparsed?: UnparsedHook | undefined
}

export interface LineCounters {
  readonly lines: number
  readonly bytes: number
  readonly parsed: number
  readonly events: number
  readonly unparsedByCause: Readonly<Partial<Record<UnparsedCause, number>>>
}

export const DEFAULT_MAX_LINE_BYTES = 65_536
/** The event loop gets its turn after this much work, so that timers and sockets never wait long. */
const TURN_MS = 4
const LINES_BETWEEN_LOOKS = 16
const SAMPLE_LENGTH = 512
const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const EMPTY = Buffer.alloc(0)

export class LineIntake {
  readonly #decoder: LogDecoder
  readonly #maxLineBytes: number
  readonly #envelope: Envelope
  readonly #clock: Clock
  readonly #sink: EventSink
  readonly #onUnparsed: UnparsedHook | undefined
  readonly #unparsed: Partial<Record<UnparsedCause, number>> = {}
  #carry: Buffer[] = []
  #carryLength = 0
  /** Rest of the chunk at hand while the event loop has its turn. */
  #undelivered: Buffer = EMPTY
  /** First bytes of a line that is too long, for the sample; undefined if the line is not. */
  #skipped: string | undefined
  #offset = 0
  #committedOffset = 0
  #lines = 0
  #bytes = 0
  #parsed = 0
  #events = 0
  #turnStartMs = 0
  #lastLineMs = 0

  constructor(options: LineIntakeOptions, ports: LineIntakePorts) {
    this.#decoder = options.decoder
    this.#maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES
    this.#envelope = new Envelope(this.#maxLineBytes)
    this.#clock = ports.clock
    this.#onUnparsed = ports.onUnparsed
    this.#sink = (event) => {
      this.#events++
      ports.sink(event)
    }
    this.#lastLineMs = this.#clock.monotonicMs()
  }

  get counters(): LineCounters {
    return {
      lines: this.#lines,
      bytes: this.#bytes,
      parsed: this.#parsed,
      events: this.#events,
      unparsedByCause: { ...this.#unparsed }
    }
  }

  /** Offset of the first byte that does not belong to a delivered line. */
  get committedOffset(): number {
    return this.#committedOffset
  }

  /** Bytes that were taken and not delivered: what a stream that cannot be read again must save. */
  get partialLine(): Buffer {
    return Buffer.concat([...this.#carry, this.#undelivered])
  }

  /** What was delivered and still waits: parts of split records for their rest, lines for their partner. */
  pendingLines(): readonly string[] {
    return [...this.#envelope.pendingRecords(), ...this.#decoder.pendingLines()]
  }

  /** The next byte has this offset; a line that had begun is forgotten. */
  beginAt(offset: number): void {
    this.#forgetPartial()
    this.#offset = offset
    this.#committedOffset = offset
  }

  /** What waited when the position was saved; it was counted then. */
  restorePending(lines: readonly string[]): void {
    for (const line of lines) {
      if (line.startsWith(DOCKER_HEAD)) this.#envelope.open(line)
      else this.#decoder.decode(line, this.#sink)
    }
  }

  async push(chunk: Buffer): Promise<void> {
    this.#turnStartMs = this.#clock.monotonicMs()
    this.#lastLineMs = this.#turnStartMs
    let start = 0
    let sinceLook = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start)
      if (end < 0) break
      this.#takeLine(chunk, start, end)
      this.#offset += end + 1 - start
      this.#committedOffset = this.#offset
      start = end + 1
      if (++sinceLook < LINES_BETWEEN_LOOKS) continue
      sinceLook = 0
      if (this.#clock.monotonicMs() - this.#turnStartMs < TURN_MS) continue
      this.#undelivered = chunk.subarray(start)
      await nextTurn()
      this.#undelivered = EMPTY
      this.#turnStartMs = this.#clock.monotonicMs()
    }
    this.#keepRest(chunk, start)
  }

  /** One whole message, as a datagram or a framed stream delivers it. */
  pushMessage(text: string): void {
    this.#lastLineMs = this.#clock.monotonicMs()
    for (const line of text.split(/\r?\n/)) {
      if (line.length > this.#maxLineBytes) this.#refuse('too-long', line)
      else if (line !== '') this.#takeText(line)
    }
    this.#bytes += Buffer.byteLength(text)
  }

  /** A message that its transport refused. */
  refuse(cause: UnparsedCause, sample: string): void {
    this.#refuse(cause, sample)
  }

  /** No more bytes follow: what is there is the last line. */
  endOfInput(): void {
    if (this.#skipped === undefined && this.#carryLength === 0) return
    this.#takeLine(EMPTY, 0, 0)
    this.#committedOffset = this.#offset
  }

  /** The same, and what comes next is another log: a record that was split there is never completed. */
  breakOff(): void {
    this.endOfInput()
    this.#envelope.reset()
  }

  /** Nothing came for a while: log time goes on all the same. */
  settle(): void {
    if (this.#decoder.logTimeMs === 0) return
    // Log times are whole milliseconds, and what is derived from them is stored.
    const quietMs = Math.floor(this.#clock.monotonicMs() - this.#lastLineMs)
    this.#decoder.settle(this.#decoder.logTimeMs + quietMs, this.#sink)
  }

  flush(): void {
    this.#decoder.flush(this.#sink)
  }

  #takeLine(chunk: Buffer, from: number, end: number): void {
    this.#bytes += end - from + (chunk === EMPTY ? 0 : 1)
    if (this.#skipped !== undefined) {
      const sample = this.#skipped
      this.#skipped = undefined
      this.#refuse('too-long', sample)
      return
    }
    let text: string
    if (this.#carryLength === 0) {
      const start = skipHole(chunk, from, end)
      if (end - start > this.#maxLineBytes + 1) {
        this.#refuse('too-long', chunk.toString('utf8', start, start + SAMPLE_LENGTH))
        return
      }
      const last = end > start && chunk[end - 1] === CARRIAGE_RETURN ? end - 1 : end
      text = chunk.toString('utf8', start, last)
    } else {
      const whole = Buffer.concat([...this.#carry, chunk.subarray(from, end)])
      this.#forgetPartial()
      if (whole.length > this.#maxLineBytes + 1) {
        this.#refuse('too-long', whole.toString('utf8', 0, SAMPLE_LENGTH))
        return
      }
      text = whole.toString('utf8')
      if (text.endsWith('\r')) text = text.slice(0, -1)
    }
    this.#takeText(text)
  }

  #takeText(raw: string): void {
    const opened = this.#envelope.open(raw)
    if (opened === undefined) return
    if ('cause' in opened) {
      this.#refuse(opened.cause, raw)
      return
    }
    const cause = this.#decoder.decode(opened.line, this.#sink)
    if (cause === undefined) {
      this.#lines++
      this.#parsed++
    } else {
      this.#refuse(cause, opened.line)
    }
  }

  #refuse(cause: UnparsedCause, line: string): void {
    this.#lines++
    this.#unparsed[cause] = (this.#unparsed[cause] ?? 0) + 1
    this.#onUnparsed?.(cause, line.slice(0, SAMPLE_LENGTH))
  }

  #keepRest(chunk: Buffer, from: number): void {
    this.#bytes += chunk.length - from
    this.#offset += chunk.length - from
    if (this.#skipped !== undefined) return
    const start = this.#carryLength === 0 ? skipHole(chunk, from, chunk.length) : from
    const length = chunk.length - start
    if (length === 0) return
    if (this.#carryLength + length > this.#maxLineBytes + 1) {
      const head = Buffer.concat([...this.#carry, chunk.subarray(start, start + SAMPLE_LENGTH)])
      this.#forgetPartial()
      this.#skipped = head.toString('utf8', 0, SAMPLE_LENGTH)
      return
    }
    // The caller reads the next chunk into the same memory.
    this.#carry.push(Buffer.from(chunk.subarray(start)))
    this.#carryLength += length
  }

  #forgetPartial(): void {
    this.#carry = []
    this.#carryLength = 0
    this.#skipped = undefined
  }
}

/**
 * A writer that does not append goes on at its old position after a truncation: the file then begins with a hole, which reads
 * as NUL bytes before the first line.
 */
function skipHole(chunk: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && chunk[at] === 0) at++
  return at
}
