/** Streams rows for a trained model out of CSV or NDJSON, block by block, in bounded memory. */
import type { Readable } from 'node:stream'
import type { FeatureSpec } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { cellNumber } from './cell-number.ts'
import { type CsvRecord, CsvScanner } from './csv-scanner.ts'
import { checkHeader, requireColumns } from './header.ts'
import { LineSplitter } from './line-splitter.ts'
import { COLUMNS_MAX, checkWidth, headerOf } from './read-csv.ts'
import { type FeatureRange, type RowBlock, type RowOddities, RowSink } from './row-sink.ts'

/** Enough to make a message to another thread cheap, little enough to be kept a few times. */
const BLOCK_CELLS = 131_072
const BLOCK_ROWS_MAX = 4_096
const LABEL = -2
const IGNORED = -1

export interface ReadRowsOptions {
  readonly features: readonly FeatureSpec[]
  readonly ranges?: readonly (FeatureRange | undefined)[] | undefined
  /** Column of the class, and the classes that there are. */
  readonly label?: { readonly column: string; readonly classes: readonly string[] } | undefined
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((bytes: number) => void) | undefined
}

interface Filler {
  push(chunk: Buffer): void
  end(): void
}

export class RowReader {
  readonly #sink: RowSink
  readonly #options: ReadRowsOptions
  readonly #full: RowBlock[] = []

  constructor(options: ReadRowsOptions) {
    this.#options = options
    const width = Math.max(1, options.features.length)
    this.#sink = new RowSink({
      ...options,
      classes: options.label?.classes,
      blockRows: Math.max(1, Math.min(BLOCK_ROWS_MAX, Math.floor(BLOCK_CELLS / width)))
    })
  }

  get odd(): RowOddities {
    return this.#sink.odd
  }

  /** @throws {TABLE_INVALID | TABLE_TOO_LARGE | LABEL_INVALID} */
  csv(input: Readable): AsyncGenerator<RowBlock> {
    let places: Int32Array | undefined
    const scanner = new CsvScanner(COLUMNS_MAX, (record) => {
      if (places === undefined) places = this.#places(headerOf(record))
      else this.#record(record, places)
    })
    return this.#blocks(input, scanner)
  }

  /** One JSON object a line. @throws {TABLE_INVALID | TABLE_TOO_LARGE | LABEL_INVALID} */
  ndjson(input: Readable): AsyncGenerator<RowBlock> {
    return this.#blocks(input, new LineSplitter((text, line) => this.#object(text, line)))
  }

  async *#blocks(input: Readable, filler: Filler): AsyncGenerator<RowBlock> {
    const { signal, onBytes } = this.#options
    let bytes = 0
    let rows = 0
    try {
      for await (const chunk of input) {
        signal?.throwIfAborted()
        bytes += chunk.length
        filler.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))
        onBytes?.(bytes)
        for (const block of this.#full.splice(0)) {
          rows += block.count
          yield block
        }
      }
      filler.end()
      for (const block of [...this.#full.splice(0), this.#sink.takeBlock()]) {
        rows += block.count
        if (block.count > 0) yield block
      }
    } finally {
      input.destroy()
    }
    if (rows > 0) return
    const got = bytes === 0 ? 'an empty file' : 'none'
    throw new TrainingError('TABLE_INVALID', `expected at least one row, got ${got}`)
  }

  /** For each column the feature that it holds. */
  #places(header: readonly string[]): Int32Array {
    const { features, label } = this.#options
    checkHeader(header)
    const names = features.map(({ name }) => name)
    requireColumns(header, label === undefined ? names : [...names, label.column])
    const places = new Map(names.map((name, index) => [name, index]))
    const placeOf = (name: string) =>
      name === label?.column ? LABEL : (places.get(name) ?? IGNORED)
    this.#sink.odd.ignored = header.filter((name) => placeOf(name) === IGNORED)
    return Int32Array.from(header, placeOf)
  }

  #record(record: CsvRecord, places: Int32Array): void {
    const sink = this.#sink
    const { bytes, starts, ends, line } = record
    checkWidth(record, places.length)
    for (let cell = 0; cell < places.length; cell++) {
      const feature = places[cell] as number
      if (feature === IGNORED) continue
      if (feature === LABEL) {
        sink.setLabel(record.text(cell), line)
        continue
      }
      const start = starts[cell] as number
      const end = ends[cell] as number
      const value = sink.isNumeric(feature) ? cellNumber(bytes, start, end) : undefined
      if (value !== undefined) sink.setNumber(feature, value)
      else if (start === end) sink.setMissing(feature)
      else sink.setText(feature, record.text(cell), line)
    }
    this.#endRow()
  }

  #object(text: string, line: number): void {
    const row = parseObject(text, line)
    const { features, label } = this.#options
    for (const [feature, { name }] of features.entries()) {
      if (!Object.hasOwn(row, name)) {
        throw new TrainingError('TABLE_INVALID', `expected a field "${name}" in line ${line}`)
      }
      const value = row[name]
      if (value === null) this.#sink.setMissing(feature)
      else if (typeof value === 'number' && this.#sink.isNumeric(feature)) {
        this.#sink.setNumber(feature, value)
      } else if (typeof value === 'object') {
        throw new TrainingError(
          'TABLE_INVALID',
          `expected a number, a text or null as field "${name}" in line ${line}`
        )
      } else this.#sink.setText(feature, String(value), line)
    }
    if (label !== undefined) this.#sink.setLabel(String(row[label.column] ?? ''), line)
    if (this.odd.ignored.length === 0) {
      const known = new Set([...features.map(({ name }) => name), label?.column])
      this.#sink.odd.ignored = Object.keys(row).filter((name) => !known.has(name))
    }
    this.#endRow()
  }

  #endRow(): void {
    this.#sink.endRow()
    if (this.#sink.isFull) this.#full.push(this.#sink.takeBlock())
  }
}

function parseObject(text: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new TrainingError(
    'TABLE_INVALID',
    `expected a JSON object, got "${text.slice(0, 40)}" in line ${line}`
  )
}
