/**
 * Messages on a stream, each behind its length as an unsigned varint. No message longer than agreed is ever collected, and nothing
 * is while nobody reads: the streams' own iterator takes in whatever comes, also while this side waits for the peer to take an
 * answer, which a peer that sends and never reads could make long.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
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
  readonly #signal: AbortSignal
  readonly #frameBytesMax: number
  readonly #received = new Uint8ArrayList()
  readonly #stopWatching: () => void

  /** When the signal aborts, the stream is reset, and whatever waits for it rejects. */
  constructor(stream: Stream, frameBytesMax: number, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    this.#frameBytesMax = frameBytesMax
    // Whoever sends more than the next message while nobody reads breaks the order of every protocol here: libp2p resets the stream.
    stream.maxReadBufferLength = frameBytesMax + LENGTH_BYTES_MAX
    const onAbort = () => stream.abort(asError(signal.reason))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#stopWatching = () => signal.removeEventListener('abort', onAbort)
  }

  /** Undefined: the peer has ended. @throws {FRAME_TOO_LONG | FRAME_CUT} */
  async read(): Promise<Uint8Array | undefined> {
    if (!this.#isWhole()) await this.#collectInTime()
    const head = this.#findHead()
    if (head === undefined || this.#received.byteLength < head.start + head.length) {
      if (this.#received.byteLength === 0) return undefined
      throw new FrameError('FRAME_CUT', 'expected a whole message, got the end of the stream')
    }
    const frame = this.#received.slice(head.start, head.start + head.length)
    this.#received.consume(head.start + head.length)
    return frame
  }

  /** That it took too long is not the end that the peer made. */
  async #collectInTime(): Promise<void> {
    try {
      await this.#collect()
    } catch (error) {
      this.#signal.throwIfAborted()
      throw error
    }
    this.#signal.throwIfAborted()
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

  /** Resolves when a message is whole, or nothing more comes. */
  async #collect(): Promise<void> {
    const stream = this.#stream
    if (stream.readableEnded) return
    if (stream.status === 'aborted' || stream.status === 'reset') {
      throw new Error(`expected an open stream, got one that is ${stream.status}`)
    }
    const listening = new AbortController()
    const options = { signal: listening.signal }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onMessage = ({ data }: StreamMessageEvent) => {
      this.#received.append(data)
      try {
        if (!this.#isWhole()) return
        // At once, so that what comes behind it stays with the stream.
        listening.abort()
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    const onClose = ({ error }: StreamCloseEvent) => {
      if (error !== undefined) reject(error)
      else if (stream.readBufferLength === 0) resolve()
    }
    stream.addEventListener('message', onMessage, options)
    stream.addEventListener('end', () => resolve(), options)
    stream.addEventListener('close', onClose, options)
    try {
      await promise
    } finally {
      listening.abort()
    }
  }

  #isWhole(): boolean {
    const head = this.#findHead()
    return head !== undefined && this.#received.byteLength >= head.start + head.length
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
