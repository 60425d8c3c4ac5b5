/** Lines out of bytes as they come in; an empty line is passed over. */
import { TrainingError } from '../errors.ts'

const MIB = 1_048_576
const LINE_BYTES_MAX = 4 * MIB
const LF = 0x0a

export class LineSplitter {
  readonly #onLine: (text: string, line: number) => void
  #rest: Buffer = Buffer.alloc(0)
  #line = 0

  constructor(onLine: (text: string, line: number) => void) {
    this.#onLine = onLine
  }

  /** @throws {TABLE_TOO_LARGE} */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, at)) {
      this.#take(bytes.toString('utf8', at, end))
      at = end + 1
    }
    this.#rest = bytes.subarray(at)
    if (this.#rest.length > LINE_BYTES_MAX) {
      throw new TrainingError(
        'TABLE_TOO_LARGE',
        `expected lines of at most ${LINE_BYTES_MAX / MIB} MiB, got a longer one at line ${this.#line + 1}`
      )
    }
  }

  end(): void {
    this.#take(this.#rest.toString('utf8'))
  }

  #take(text: string): void {
    this.#line++
    if (text.trim() !== '') this.#onLine(text, this.#line)
  }
}
