/**
 * Reads a CSV file (RFC 4180, first line names) into columns, in one pass and with bounded memory: numbers, words as categories,
 * empty cells as missing.
 */
import type { Readable } from 'node:stream'
import type { FeatureSpec } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { cellNumber } from './cell-number.ts'
import { ColumnBuilder } from './column.ts'
import { type CsvRecord, CsvScanner } from './csv-scanner.ts'
import { checkHeader, requireColumns } from './header.ts'
import { WordColumn, type Words } from './word-column.ts'

export const COLUMNS_MAX = 4_096
/** 1.6 GB as float64. */
const CELLS_MAX = 200_000_000
/** After so many rows it is clear how many a file of known size has. */
const ESTIMATE_ROWS = 10_000
/** A file whose later rows are shorter than its first may still fit. */
const ESTIMATE_MARGIN = 1.5

export interface ReadCsvOptions {
  /** Columns to leave out. */
  readonly drop?: readonly string[]
  /** What a model expects: these columns must be there, in any order, and others are passed over. */
  readonly expected?: readonly FeatureSpec[]
  /** Columns that are read as words whatever they hold, and are no features: labels and groups. */
  readonly words?: readonly string[]
  /** Bytes of the input, where that is known: what cannot fit is refused early. */
  readonly bytes?: number | undefined
  /** Cells that are taken. @default 200 million */
  readonly cellsMax?: number
  readonly onBytes?: ((bytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CsvTable {
  readonly rows: number
  readonly features: readonly FeatureSpec[]
  readonly columns: readonly (Float64Array | Int32Array)[]
  /** The columns asked for as words, by name. */
  readonly words: ReadonlyMap<string, Words>
  /** Cells without a value, by column. */
  readonly missing: ReadonlyMap<string, number>
  /** Words that the expected features do not know, by column. */
  readonly unknown: ReadonlyMap<string, number>
  /** Columns that nobody expects. */
  readonly ignored: readonly string[]
}

/** @throws {TABLE_INVALID | TABLE_TOO_LARGE | LABEL_INVALID} */
export async function readCsv(input: Readable, options: ReadCsvOptions = {}): Promise<CsvTable> {
  let reader: TableReader | undefined
  let bytes = 0
  const scanner = new CsvScanner(COLUMNS_MAX, (record) => {
    if (reader === undefined) reader = new TableReader(headerOf(record), options)
    else reader.push(record)
  })
  try {
    for await (const chunk of input) {
      options.signal?.throwIfAborted()
      bytes += chunk.length
      scanner.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))
      reader?.checkSize(bytes)
      options.onBytes?.(bytes)
    }
    scanner.end()
  } finally {
    input.destroy()
  }
  return finish(reader)
}

/** Separate, since the compiler does not see that the scanner sets the reader. */
function finish(reader: TableReader | undefined): CsvTable {
  if (reader === undefined || reader.rows === 0) {
    const got = reader === undefined ? 'an empty file' : 'the header alone'
    throw new TrainingError('TABLE_INVALID', `expected a header and at least one row, got ${got}`)
  }
  return reader.table()
}

export function headerOf(record: CsvRecord): string[] {
  return Array.from({ length: record.count }, (_, cell) => record.text(cell))
}

type Cell = ColumnBuilder | WordColumn | undefined

class TableReader {
  readonly #cellsMax: number
  readonly #bytesTotal: number | undefined
  /** What becomes of each cell of a record. */
  readonly #cells: readonly Cell[]
  readonly #builders: readonly ColumnBuilder[]
  readonly #words = new Map<string, WordColumn>()
  readonly #ignored: string[] = []
  rows = 0

  constructor(header: readonly string[], options: ReadCsvOptions) {
    const { drop = [], expected, words = [] } = options
    this.#cellsMax = options.cellsMax ?? CELLS_MAX
    this.#bytesTotal = options.bytes
    checkHeader(header)
    const specs = expected && new Map(expected.map((spec) => [spec.name, spec]))
    requireColumns(header, [...drop, ...words, ...(specs?.keys() ?? [])])
    const builders = new Map<string, ColumnBuilder>()
    this.#cells = header.map((name) => {
      if (words.includes(name)) {
        const column = new WordColumn(name)
        this.#words.set(name, column)
        return column
      }
      if (drop.includes(name)) return undefined
      if (specs !== undefined && !specs.has(name)) {
        this.#ignored.push(name)
        return undefined
      }
      const column = new ColumnBuilder(name, specs?.get(name))
      builders.set(name, column)
      return column
    })
    const order = expected?.map(({ name }) => name) ?? [...builders.keys()]
    this.#builders = order.flatMap((name) => builders.get(name) ?? [])
  }

  push(record: CsvRecord): void {
    const { bytes, starts, ends, line } = record
    checkWidth(record, this.#cells.length)
    this.rows++
    if (this.rows * this.#builders.length > this.#cellsMax) {
      throw this.#tooLarge(`more after ${this.rows - 1} rows`)
    }
    for (let index = 0; index < this.#cells.length; index++) {
      const cell = this.#cells[index]
      if (cell === undefined) continue
      if (cell instanceof ColumnBuilder && cell.isNumeric) {
        const value = cellNumber(bytes, starts[index] as number, ends[index] as number)
        if (value !== undefined) {
          cell.pushNumber(value)
          continue
        }
      }
      cell.push(record.text(index), line)
    }
  }

  /** Says early what would only be found out after gigabytes. */
  checkSize(bytesRead: number): void {
    if (this.#bytesTotal === undefined || this.rows < ESTIMATE_ROWS) return
    const cells = (this.rows / bytesRead) * this.#bytesTotal * this.#builders.length
    if (cells <= this.#cellsMax * ESTIMATE_MARGIN) return
    throw this.#tooLarge(`about ${Math.round(cells / 1e6)} million in this file`)
  }

  #tooLarge(got: string): TrainingError {
    return new TrainingError(
      'TABLE_TOO_LARGE',
      `expected at most ${this.#cellsMax / 1e6} million cells, got ${got}: give a sample, or leave columns out with --drop`
    )
  }

  table(): CsvTable {
    const builders = this.#builders
    for (const builder of builders) builder.check()
    const counted = (count: (builder: ColumnBuilder) => number) =>
      new Map(builders.map((builder) => [builder.name, count(builder)]))
    return {
      rows: this.rows,
      features: builders.map(({ spec }) => spec),
      columns: builders.map((builder) => builder.values()),
      words: new Map([...this.#words].map(([name, column]) => [name, column.words()])),
      missing: counted(({ missing }) => missing),
      unknown: counted(({ unknown }) => unknown),
      ignored: this.#ignored
    }
  }
}

/** @throws {TABLE_INVALID} */
export function checkWidth(record: CsvRecord, width: number): void {
  if (record.count === width) return
  throw new TrainingError(
    'TABLE_INVALID',
    `expected ${width} cells in each line, got ${record.count} in line ${record.line}`
  )
}
