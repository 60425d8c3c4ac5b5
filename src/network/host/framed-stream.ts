/** Messages on a stream, each behind its length as an unsigned varint; no message longer than agreed is ever collected. */
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { NetminderError } from '../../base/index.ts'

/** Enough for 2 MiB, more than any message has. */
const LENGTH_BYTES_MAX = 3

export type FrameErrorCode =
  /** The length is none, or more than agreed. */
  | 'FRAME_TOO_LONG'
  /** The stream ended within a message. */
  | 'FRAME_CUT'

/** The peer broke the framing. */
export class FrameError extends NetminderError<FrameErrorCode> {}

export class FramedStream {
  readonly #stream: Stream
  readonly #chunks: AsyncIterator<Uint8Array | Uint8ArrayList>
  readonly #frameBytesMax: number
  readonly #received = new Uint8ArrayList()
  readonly #stopWatching: () => void

  /** When the signal aborts, the stream is reset, and whatever waits for it rejects. */
  constructor(stream: Stream, frameBytesMax: number, signal: AbortSignal) {
    this.#stream = stream
    this.#chunks = stream[Symbol.asyncIterator]()
    this.#frameBytesMax = frameBytesMax
    const onAbort = () => stream.abort(asError(signal.reason))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#stopWatching = () => signal.removeEventListener('abort', onAbort)
  }

  /** Undefined: the peer has ended. @throws {FRAME_TOO_LONG | FRAME_CUT} */
  async read(): Promise<Uint8Array | undefined> {
    let head = this.#findHead()
    while (head === undefined || this.#received.byteLength < head.start + head.length) {
      const { value, done } = await this.#chunks.next()
      if (done) {
        if (this.#received.byteLength === 0) return undefined
        throw new FrameError('FRAME_CUT', 'expected a whole message, got the end of the stream')
      }
      this.#received.append(value)
      head ??= this.#findHead()
    }
    const frame = this.#received.slice(head.start, head.start + head.length)
    this.#received.consume(head.start + head.length)
    return frame
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#stream.send(Buffer.concat([lengthOf(bytes), bytes]))) await this.#stream.onDrain()
  }

  /** Everything is said. */
  async close(): Promise<void> {
    this.#stopWatching()
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
    } catch (error) {
      this.#stream.abort(asError(error))
    }
  }

  abort(error: unknown): void {
    this.#stopWatching()
    this.#stream.abort(asError(error))
  }

  #findHead(): { readonly start: number; readonly length: number } | undefined {
    let length = 0
    for (let i = 0; i < Math.min(this.#received.byteLength, LENGTH_BYTES_MAX); i++) {
      const byte = this.#received.get(i)
      length += (byte & 0x7f) * 2 ** (7 * i)
      if (byte >= 0x80) continue
      if (length <= this.#frameBytesMax) return { start: i + 1, length }
      break
    }
    if (this.#received.byteLength < LENGTH_BYTES_MAX && length <= this.#frameBytesMax) {
      return undefined
    }
    throw new FrameError(
      'FRAME_TOO_LONG',
      `expected a message of at most ${this.#frameBytesMax} bytes, got more`
    )
  }
}

/** To say goodbye; the peer may be gone. */
const CLOSE_TIMEOUT_MS = 2_000

function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
