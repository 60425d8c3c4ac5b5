/**
 * Messages of syslog over a stream (RFC 6587): `123 <134>…` counts its octets, `<134>…` ends with a line feed. A sender may
 * use either; the first character tells, message by message.
 */
export interface FrameSink {
  onMessage(text: string): void
  /** A message longer than the limit was passed over. */
  onTooLong(sample: string): void
}

const LINE_FEED = 10
const SPACE = 32
const MAX_COUNT_DIGITS = 10
const SAMPLE_BYTES = 512

export class SyslogFrames {
  readonly #maxBytes: number
  readonly #sink: FrameSink
  #buffer: Buffer = Buffer.alloc(0)
  /** Octets of a counted message that is too long, still to come. */
  #skipBytes = 0
  /** Within an uncounted message that is too long. */
  #skipsLine = false

  constructor(maxBytes: number, sink: FrameSink) {
    this.#maxBytes = maxBytes
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length > 0 && this.#takeOne());
    // The chunk belongs to the socket's memory pool: a short rest must not keep all of it.
    if (this.#buffer.length > 0) this.#buffer = Buffer.from(this.#buffer)
  }

  /** The sender closed: what is there is its last message. */
  end(): void {
    if (this.#buffer.length > 0 && !this.#skipsLine && this.#skipBytes === 0) {
      this.#sink.onMessage(this.#buffer.toString('utf8'))
    }
    this.#buffer = Buffer.alloc(0)
  }

  /** False if more bytes are needed. */
  #takeOne(): boolean {
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, this.#buffer.length)
      this.#skipBytes -= skipped
      this.#buffer = this.#buffer.subarray(skipped)
      return true
    }
    const first = this.#buffer[0] ?? 0
    if (!this.#skipsLine && first >= 49 && first <= 57) {
      const count = this.#readCount()
      if (count === 'more') return false
      if (count !== undefined) return this.#takeCounted(count)
    }
    return this.#takeLine()
  }

  /** Undefined if the digits are no count: then the message is a line that begins with a digit. */
  #readCount(): { octets: number; length: number } | 'more' | undefined {
    let octets = 0
    for (let at = 0; at <= MAX_COUNT_DIGITS; at++) {
      const code = this.#buffer[at]
      if (code === undefined) return 'more'
      if (code === SPACE) return { octets, length: at + 1 }
      if (code < 48 || code > 57) return undefined
      octets = octets * 10 + (code - 48)
    }
    return undefined
  }

  #takeCounted(count: { octets: number; length: number }): boolean {
    if (count.octets > this.#maxBytes) {
      const sample = this.#buffer.toString('utf8', count.length, count.length + SAMPLE_BYTES)
      this.#sink.onTooLong(sample)
      this.#skipBytes = count.octets
      this.#buffer = this.#buffer.subarray(count.length)
      return true
    }
    const end = count.length + count.octets
    if (this.#buffer.length < end) return false
    this.#sink.onMessage(this.#buffer.toString('utf8', count.length, end))
    // Some senders end a counted message with a line feed as well.
    const next = this.#buffer[end] === LINE_FEED ? end + 1 : end
    this.#buffer = this.#buffer.subarray(next)
    return true
  }

  #takeLine(): boolean {
    const end = this.#buffer.indexOf(LINE_FEED)
    if (end < 0) {
      if (this.#skipsLine) {
        this.#buffer = Buffer.alloc(0)
      } else if (this.#buffer.length > this.#maxBytes) {
        this.#sink.onTooLong(this.#buffer.toString('utf8', 0, SAMPLE_BYTES))
        this.#skipsLine = true
        this.#buffer = Buffer.alloc(0)
      }
      return false
    }
    if (this.#skipsLine) this.#skipsLine = false
    else if (end > this.#maxBytes)
      this.#sink.onTooLong(this.#buffer.toString('utf8', 0, SAMPLE_BYTES))
    else if (end > 0) this.#sink.onMessage(this.#buffer.toString('utf8', 0, end))
    this.#buffer = this.#buffer.subarray(end + 1)
    return true
  }
}
