/** What every log format implements. Pure: lines in, events out; time is the log's own. */
import type { EventSink, UnparsedCause } from '../events.ts'

export interface LogDecoder {
  /** Name of the format: `haproxy`, `nginx`, `hockeypuck`. */
  readonly format: string
  /** Newest time that a line carried, by the log's own clock; 0 before the first. */
  readonly logTimeMs: number
  /** Readable lines that gave no event although they told of a request, because its client cannot be known. */
  readonly withoutClient: number
  /**
   * Takes one line without its line feed. Emits none, one or several events, which may belong to earlier lines (pairing).
   * @returns the cause if the line could not be read, else undefined
   */
  decode(line: string, emit: EventSink): UnparsedCause | undefined
  /** Emits what waits for a partner that can no longer come, given the newest log time known from any source. */
  settle(logTimeMs: number, emit: EventSink): void
  /** Emits everything that still waits: the end of a file, or shutdown of a replay. */
  flush(emit: EventSink): void
  /** Raw lines that still wait for their partner, oldest first: with the file position they are the whole state of the reader. */
  pendingLines(): readonly string[]
}
