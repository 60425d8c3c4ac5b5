/**
 * Finds the cells of a CSV text (RFC 4180) in the bytes as they come in, without making a string of any of them. Knows nothing of
 * columns. A record may not be longer than 4 MiB, and no more of the input than that is kept.
 */
import { TrainingError } from '../errors.ts'

const MIB = 1_048_576
const RECORD_BYTES_MAX = 4 * MIB
const COMMA = 0x2c
const QUOTE = 0x22
const LF = 0x0a
const CR = 0x0d
const BOM = [0xef, 0xbb, 0xbf]

/** Cells of one record, as places in the bytes; valid until the next record. */
export interface CsvRecord {
  readonly count: number
  /** Of the record's first line; the first of the file is 1. */
  readonly line: number
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly ends: Int32Array
  text(cell: number): string
}

type OnRecord = (record: CsvRecord) => void

export class CsvScanner implements CsvRecord {
  readonly #cellsMax: number
  readonly #onRecord: OnRecord
  bytes: Buffer = Buffer.alloc(0)
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** 1 where doubled quotation marks must become single ones. */
  readonly #isEscaped: Uint8Array
  count = 0
  line = 1
  #nextLine = 1
  #isFirst = true

  /** @param cellsMax cells of a record that are taken */
  constructor(cellsMax: number, onRecord: OnRecord) {
    this.#cellsMax = cellsMax
    this.#onRecord = onRecord
    this.starts = new Int32Array(cellsMax)
    this.ends = new Int32Array(cellsMax)
    this.#isEscaped = new Uint8Array(cellsMax)
  }

  /** @throws {TABLE_INVALID | TABLE_TOO_LARGE} */
  push(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    this.#scan(false)
    if (this.bytes.length > RECORD_BYTES_MAX) {
      throw new TrainingError(
        'TABLE_TOO_LARGE',
        `expected lines of at most ${RECORD_BYTES_MAX / MIB} MiB, got a longer one at line ${this.#nextLine}`
      )
    }
  }

  /** The input has ended: what is left is a record, too. @throws {TABLE_INVALID | TABLE_TOO_LARGE} */
  end(): void {
    this.#scan(true)
  }

  text(cell: number): string {
    const text = this.bytes.toString('utf8', this.starts[cell], this.ends[cell])
    return this.#isEscaped[cell] === 1 ? text.replaceAll('""', '"') : text
  }

  #scan(isEnd: boolean): void {
    let at = 0
    if (this.#isFirst) {
      if (this.bytes.length < BOM.length && !isEnd) return
      if (BOM.every((byte, index) => this.bytes[index] === byte)) at = BOM.length
      this.#isFirst = false
    }
    while (at < this.bytes.length) {
      const end = this.#record(at, isEnd)
      if (end < 0) break
      at = end
      const isEmpty = this.count === 1 && this.starts[0] === this.ends[0]
      if (!isEmpty) this.#onRecord(this)
    }
    this.bytes = this.bytes.subarray(at)
  }

  /** @returns where the next record begins; -1 if this one is not whole yet */
  #record(from: number, isEnd: boolean): number {
    const { bytes } = this
    const { length } = bytes
    let line = this.#nextLine
    this.line = line
    this.count = 0
    for (let at = from; ; ) {
      const cell = this.count
      if (cell >= this.#cellsMax) throw this.#tooMany()
      if (bytes[at] === QUOTE) {
        const close = this.#closingQuote(at, isEnd)
        if (close < 0) return -1
        for (let i = bytes.indexOf(LF, at); i >= 0 && i < close; i = bytes.indexOf(LF, i + 1))
          line++
        this.starts[cell] = at + 1
        this.ends[cell] = close
        at = close + 1
        if (bytes[at] === CR) at++
        if (at < length && bytes[at] !== COMMA && bytes[at] !== LF) throw this.#stray(at)
      } else {
        this.starts[cell] = at
        this.#isEscaped[cell] = 0
        let byte = bytes[at]
        while (byte !== undefined && byte !== COMMA && byte !== LF) {
          if (byte === QUOTE) throw this.#stray(at)
          byte = bytes[++at]
        }
        this.ends[cell] = bytes[at - 1] === CR && at > from && byte !== COMMA ? at - 1 : at
      }
      if (at >= length && !isEnd) return -1
      this.count++
      if (at < length && bytes[at] === COMMA) {
        at++
        continue
      }
      this.#nextLine = line + 1
      return at + 1
    }
  }

  #closingQuote(from: number, isEnd: boolean): number {
    const { bytes, count } = this
    this.#isEscaped[count] = 0
    for (let at = from + 1; ; ) {
      const close = bytes.indexOf(QUOTE, at)
      if (close < 0 && isEnd) {
        throw new TrainingError(
          'TABLE_INVALID',
          `expected a closing quotation mark for the one in line ${this.line}, got the end of the file`
        )
      }
      // Whether it closes the cell shows the byte behind it.
      if (close < 0 || (close + 1 >= bytes.length && !isEnd)) return -1
      if (bytes[close + 1] !== QUOTE) return close
      this.#isEscaped[count] = 1
      at = close + 2
    }
  }

  #stray(at: number): TrainingError {
    const shown = this.bytes.toString('utf8', Math.max(0, at - 10), at + 10)
    return new TrainingError(
      'TABLE_INVALID',
      `expected quotation marks around whole cells only, got ${JSON.stringify(shown)} in line ${this.line}`
    )
  }

  #tooMany(): TrainingError {
    return new TrainingError(
      'TABLE_TOO_LARGE',
      `expected at most ${this.#cellsMax} columns, got more in line ${this.line}`
    )
  }
}
