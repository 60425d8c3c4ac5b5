/**
 * Reads a CSV file (RFC 4180, first line names) into columns, in one pass and with bounded memory: numbers, words as categories,
 * empty cells as missing.
 */
import type { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import type { FeatureSpec } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { ColumnBuilder } from './column.ts'

const MIB = 1_048_576
const COLUMNS_MAX = 4_096
/** 1.6 GB as float64. */
const CELLS_MAX = 200_000_000
const RECORD_BYTES_MAX = 4 * MIB

export interface ReadCsvOptions {
  /** Columns to leave out. */
  readonly drop?: readonly string[]
  /** What a model expects: these columns must be there, in any order, and others are passed over. */
  readonly expected?: readonly FeatureSpec[]
  /** Columns that are read as words whatever they hold: labels. */
  readonly words?: readonly string[]
}

export interface CsvTable {
  readonly rows: number
  readonly features: readonly FeatureSpec[]
  readonly columns: readonly (Float64Array | Int32Array)[]
  /** The columns asked for as words, by name. */
  readonly words: ReadonlyMap<string, readonly string[]>
  /** Cells without a value, by column. */
  readonly missing: ReadonlyMap<string, number>
  /** Words that the expected features do not know, by column. */
  readonly unknown: ReadonlyMap<string, number>
  /** Columns that nobody expects. */
  readonly ignored: readonly string[]
}

/** @throws {TABLE_INVALID | TABLE_TOO_LARGE} */
export async function readCsv(input: Readable, options: ReadCsvOptions = {}): Promise<CsvTable> {
  const parser = input.pipe(
    parse({ bom: true, max_record_size: RECORD_BYTES_MAX, skip_empty_lines: true, info: true })
  )
  input.on('error', (error) => parser.destroy(error))
  let reader: TableReader | undefined
  try {
    for await (const { record, info } of parser) {
      if (reader === undefined) reader = new TableReader(record, options)
      else reader.push(record, info.lines)
    }
  } catch (error) {
    throw asTableError(error)
  } finally {
    input.destroy()
  }
  if (reader === undefined || reader.rows === 0) {
    const got = reader === undefined ? 'an empty file' : 'the header alone'
    throw new TrainingError('TABLE_INVALID', `expected a header and at least one row, got ${got}`)
  }
  return reader.table()
}

type Cell = { readonly column: ColumnBuilder } | { readonly texts: string[] } | undefined

class TableReader {
  readonly #names: readonly string[]
  /** What becomes of each cell of a record. */
  readonly #cells: readonly Cell[]
  readonly #builders: readonly ColumnBuilder[]
  readonly #words = new Map<string, string[]>()
  readonly #ignored: string[] = []
  rows = 0

  constructor(header: readonly string[], options: ReadCsvOptions) {
    const { drop = [], expected, words = [] } = options
    this.#names = header
    checkHeader(header)
    for (const name of [...drop, ...words]) requireColumn(header, name)
    const specs = expected && new Map(expected.map((spec) => [spec.name, spec]))
    for (const name of specs?.keys() ?? []) requireColumn(header, name)
    const builders = new Map<string, ColumnBuilder>()
    this.#cells = header.map((name) => {
      if (words.includes(name)) {
        const texts: string[] = []
        this.#words.set(name, texts)
        return { texts }
      }
      if (drop.includes(name)) return undefined
      if (specs !== undefined && !specs.has(name)) {
        this.#ignored.push(name)
        return undefined
      }
      const column = new ColumnBuilder(name, specs?.get(name))
      builders.set(name, column)
      return { column }
    })
    const order = expected?.map(({ name }) => name) ?? [...builders.keys()]
    this.#builders = order.flatMap((name) => builders.get(name) ?? [])
  }

  push(record: readonly string[], line: number): void {
    this.rows++
    if (this.rows * this.#builders.length > CELLS_MAX) {
      throw new TrainingError(
        'TABLE_TOO_LARGE',
        `expected at most ${CELLS_MAX / 1e6} million cells, got more after ${this.rows - 1} rows: give a sample`
      )
    }
    for (const [index, cell] of this.#cells.entries()) {
      const text = record[index] ?? ''
      if (cell === undefined) continue
      if ('column' in cell) cell.column.push(text, line)
      else {
        if (text === '') {
          throw new TrainingError(
            'LABEL_INVALID',
            `expected a label in column "${this.#names[index]}", got an empty cell in line ${line}`
          )
        }
        cell.texts.push(text)
      }
    }
  }

  table(): CsvTable {
    const builders = this.#builders
    const counted = (count: (builder: ColumnBuilder) => number) =>
      new Map(builders.map((builder) => [builder.name, count(builder)]))
    return {
      rows: this.rows,
      features: builders.map(({ spec }) => spec),
      columns: builders.map((builder) => builder.values()),
      words: this.#words,
      missing: counted(({ missing }) => missing),
      unknown: counted(({ unknown }) => unknown),
      ignored: this.#ignored
    }
  }
}

function checkHeader(header: readonly string[]): void {
  if (header.length > COLUMNS_MAX) {
    throw new TrainingError(
      'TABLE_TOO_LARGE',
      `expected at most ${COLUMNS_MAX} columns, got ${header.length}`
    )
  }
  if (header.every((name) => name.trim() !== '' && Number.isFinite(Number(name)))) {
    throw new TrainingError(
      'TABLE_INVALID',
      `expected a first line with the names of the columns, got numbers: ${header.slice(0, 4).join(', ')}`
    )
  }
  const seen = new Set<string>()
  for (const [index, name] of header.entries()) {
    if (name.trim() === '' || seen.has(name)) {
      const got = name.trim() === '' ? 'an empty one' : `"${name}" twice`
      throw new TrainingError(
        'TABLE_INVALID',
        `expected a name of its own for each column, got ${got} at column ${index + 1}`
      )
    }
    seen.add(name)
  }
}

function requireColumn(header: readonly string[], name: string): void {
  if (header.includes(name)) return
  const shown = header.slice(0, 8).join(', ')
  throw new TrainingError(
    'TABLE_INVALID',
    `expected a column "${name}", got ${shown}${header.length > 8 ? ', …' : ''}`
  )
}

function asTableError(error: unknown): unknown {
  if (!(error instanceof CsvError)) return error
  const isTooLarge = error.code === 'CSV_MAX_RECORD_SIZE'
  const message = isTooLarge
    ? `expected lines of at most ${RECORD_BYTES_MAX / MIB} MiB, got a longer one`
    : `expected a CSV table, got: ${error.message}`
  return new TrainingError(isTooLarge ? 'TABLE_TOO_LARGE' : 'TABLE_INVALID', message, {
    cause: error
  })
}
