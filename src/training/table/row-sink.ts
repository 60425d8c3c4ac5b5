/** Rows as a model reads them, in blocks; counts what is odd about them. Where cells come from is none of its business. */
import type { FeatureSpec } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { INFINITE, MISSING, NUMBER, wordOf } from './column.ts'

/** Values of a feature that training saw. */
export interface FeatureRange {
  readonly minimum: number
  readonly maximum: number
}

export interface RowBlock {
  /** Row after row. */
  readonly rows: Float32Array<ArrayBuffer>
  readonly count: number
  /** Index of the class of each row, where labels were asked for. */
  readonly labels: Int32Array
}

/** What is odd about the rows so far, by feature. */
export interface RowOddities {
  readonly missing: Float64Array
  /** Words that the model never saw. */
  readonly unknown: Float64Array
  /** Numbers far from all that training saw. */
  readonly absurd: Float64Array
  /** Columns that nobody expects. */
  ignored: readonly string[]
}

export interface RowSinkOptions {
  readonly features: readonly FeatureSpec[]
  /** By feature; undefined where nothing is known. */
  readonly ranges?: readonly (FeatureRange | undefined)[] | undefined
  readonly classes?: readonly string[] | undefined
  readonly blockRows: number
}

/** Ten times the span that training saw, on either side. */
const FAR = 10

export class RowSink {
  readonly odd: RowOddities
  readonly #features: readonly FeatureSpec[]
  readonly #codes: readonly (ReadonlyMap<string, number> | undefined)[]
  readonly #classes: ReadonlyMap<string, number>
  readonly #low: Float64Array
  readonly #high: Float64Array
  readonly #blockRows: number
  #rows: Float32Array<ArrayBuffer>
  #labels: Int32Array
  #count = 0

  constructor({ features, ranges, classes = [], blockRows }: RowSinkOptions) {
    const width = features.length
    this.#features = features
    this.#codes = features.map((spec) =>
      spec.kind === 'category'
        ? new Map(spec.categories.map((word, code) => [word, code]))
        : undefined
    )
    this.#classes = new Map(classes.map((name, index) => [name, index]))
    const edge = (index: number, side: -1 | 1) => {
      const range = ranges?.[index]
      if (range === undefined) return side * Number.POSITIVE_INFINITY
      const margin = FAR * Math.max(range.maximum - range.minimum, Math.abs(range.maximum), 1)
      return side < 0 ? range.minimum - margin : range.maximum + margin
    }
    this.#low = Float64Array.from(features, (_, index) => edge(index, -1))
    this.#high = Float64Array.from(features, (_, index) => edge(index, 1))
    this.#blockRows = blockRows
    this.#rows = new Float32Array(blockRows * width)
    this.#labels = new Int32Array(blockRows)
    this.odd = {
      missing: new Float64Array(width),
      unknown: new Float64Array(width),
      absurd: new Float64Array(width),
      ignored: []
    }
  }

  get isFull(): boolean {
    return this.#count === this.#blockRows
  }

  isNumeric(feature: number): boolean {
    return this.#codes[feature] === undefined
  }

  setNumber(feature: number, value: number): void {
    if (!(value >= (this.#low[feature] as number) && value <= (this.#high[feature] as number))) {
      this.odd.absurd[feature] = (this.odd.absurd[feature] as number) + 1
    }
    this.#rows[this.#count * this.#features.length + feature] = value
  }

  setMissing(feature: number): void {
    this.odd.missing[feature] = (this.odd.missing[feature] as number) + 1
    this.#rows[this.#count * this.#features.length + feature] = Number.NaN
  }

  /** @throws {TABLE_INVALID} */
  setText(feature: number, text: string, line: number): void {
    const codes = this.#codes[feature]
    if (MISSING.has(text)) this.setMissing(feature)
    else if (codes !== undefined) {
      const code = codes.get(wordOf(text))
      if (code === undefined) this.odd.unknown[feature] = (this.odd.unknown[feature] as number) + 1
      const at = this.#count * this.#features.length + feature
      this.#rows[at] = code ?? Number.NaN
    } else if (NUMBER.test(text)) {
      this.setNumber(feature, Number(text))
    } else {
      const expected = INFINITE.test(text) ? 'finite numbers' : 'a number'
      throw new TrainingError(
        'TABLE_INVALID',
        `expected ${expected} in column "${this.#features[feature]?.name}", got "${text.slice(0, 40)}" in line ${line}`
      )
    }
  }

  /** @throws {LABEL_INVALID} */
  setLabel(text: string, line: number): void {
    const label = this.#classes.get(text)
    if (label === undefined) {
      const known = [...this.#classes.keys()].slice(0, 8).join(', ')
      throw new TrainingError(
        'LABEL_INVALID',
        `expected a label that the model knows (${known}), got "${text.slice(0, 40)}" in line ${line}`
      )
    }
    this.#labels[this.#count] = label
  }

  endRow(): void {
    this.#count++
  }

  /** The rows since the last block. */
  takeBlock(): RowBlock {
    const count = this.#count
    const width = this.#features.length
    const rows = this.isFull ? this.#rows : this.#rows.slice(0, count * width)
    const labels = this.#labels.slice(0, count)
    this.#rows = new Float32Array(this.#blockRows * width)
    this.#count = 0
    return { rows, count, labels }
  }
}
