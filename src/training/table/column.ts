/** One column while a table is read: numbers as long as every cell is one, words from the first cell that is none. */
import type { FeatureSpec } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'

/** Different words in one column; more are an identifier or free text, of which trees learn nothing that holds. */
export const CATEGORIES_MAX = 4_096
const FIRST_LENGTH = 1_024
/** A column with so many different numbers, and so few cells that are none, is one of numbers with something wrong in it. */
const NUMBERS_MIN = 100
const STRAY_SHARE = 0.1
export const MISSING: ReadonlySet<string> = new Set(['', 'NaN', 'nan', 'NA', 'N/A', 'null', 'NULL'])
export const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/
export const INFINITE = /^\s*[+-]?inf(?:inity)?\s*$/i

export class ColumnBuilder {
  readonly name: string
  #numbers = new Float64Array(FIRST_LENGTH)
  #codes: Int32Array | undefined
  readonly #words = new Map<string, number>()
  #isFixed = false
  /** Cells that hold no number and are not missing, and where the first of them stands. */
  #strays = 0
  #firstStray: { readonly cell: string; readonly line: number } | undefined
  #length = 0
  missing = 0
  /** Words that a declared feature does not know; they count as missing. */
  unknown = 0

  /** @param spec what a trained model expects of the column; found out from the cells where nothing is expected */
  constructor(name: string, spec?: FeatureSpec) {
    this.name = name
    if (spec === undefined) return
    this.#isFixed = true
    if (spec.kind === 'numeric') return
    this.#codes = new Int32Array(FIRST_LENGTH)
    for (const word of spec.categories) this.#words.set(word, this.#words.size)
  }

  /** Whether every cell so far was a number or missing. */
  get isNumeric(): boolean {
    return this.#codes === undefined
  }

  /** The same as `push`, for a cell of a numeric column whose number is known. */
  pushNumber(value: number): void {
    if (this.#length === this.#capacity) this.#grow()
    this.#numbers[this.#length++] = value
  }

  /** @throws {TABLE_INVALID | TABLE_TOO_LARGE} */
  push(cell: string, line: number): void {
    if (this.#length === this.#capacity) this.#grow()
    if (MISSING.has(cell)) {
      this.missing++
      if (this.#codes === undefined) this.#numbers[this.#length] = Number.NaN
      else this.#codes[this.#length] = -1
    } else if (this.#codes !== undefined) {
      if (!NUMBER.test(cell)) this.#strays++
      this.#codes[this.#length] = this.#codeOf(wordOf(cell))
    } else if (NUMBER.test(cell)) {
      this.#numbers[this.#length] = Number(cell)
    } else {
      this.#pushWord(cell, line)
    }
    this.#length++
  }

  get spec(): FeatureSpec {
    const { name } = this
    return this.#codes === undefined
      ? { name, kind: 'numeric' }
      : { name, kind: 'category', categories: [...this.#words.keys()] }
  }

  /**
   * Whether it is what it seems to be, once all rows are there.
   *
   * @throws {TABLE_INVALID} if a few cells make a column of numbers one of words
   */
  check(): void {
    if (this.#firstStray === undefined) return
    const filled = this.#length - this.missing
    if (this.#strays > filled * STRAY_SHARE) return
    const numbers = [...this.#words.keys()].filter((word) => NUMBER.test(word)).length
    if (numbers >= NUMBERS_MIN) throw this.#mixed(`${this.#strays} of ${filled} cells`)
  }

  #mixed(which: string): TrainingError {
    const { cell = '', line = 0 } = this.#firstStray ?? {}
    return new TrainingError(
      'TABLE_INVALID',
      `expected numbers alone in column "${this.name}", got something else in ${which}, the first "${cell.slice(0, 40)}" in line ${line}: mend them, or leave it out with --drop ${this.name}`
    )
  }

  values(): Float64Array | Int32Array {
    return (this.#codes ?? this.#numbers).slice(0, this.#length)
  }

  get #capacity(): number {
    return (this.#codes ?? this.#numbers).length
  }

  #grow(): void {
    if (this.#codes === undefined) {
      const numbers = new Float64Array(this.#numbers.length * 2)
      numbers.set(this.#numbers)
      this.#numbers = numbers
      return
    }
    const codes = new Int32Array(this.#codes.length * 2)
    codes.set(this.#codes)
    this.#codes = codes
  }

  #pushWord(cell: string, line: number): void {
    if (INFINITE.test(cell)) {
      throw new TrainingError(
        'TABLE_INVALID',
        `expected finite numbers in column "${this.name}", got ${cell.trim()} in line ${line}`
      )
    }
    if (this.#isFixed) {
      throw new TrainingError(
        'TABLE_INVALID',
        `expected a number in column "${this.name}", got "${cell.slice(0, 40)}" in line ${line}`
      )
    }
    this.#firstStray = { cell, line }
    this.#strays = 1
    const distinct = new Set(this.#numbers.subarray(0, this.#length))
    if (distinct.size > CATEGORIES_MAX) throw this.#mixed('at least one cell')
    const codes = new Int32Array(this.#numbers.length)
    for (let row = 0; row < this.#length; row++) {
      const value = this.#numbers[row] ?? Number.NaN
      codes[row] = Number.isNaN(value) ? -1 : this.#codeOf(String(value))
    }
    codes[this.#length] = this.#codeOf(cell)
    this.#codes = codes
    this.#numbers = new Float64Array(0)
  }

  #codeOf(word: string): number {
    const known = this.#words.get(word)
    if (known !== undefined) return known
    if (this.#isFixed) {
      this.unknown++
      return -1
    }
    if (this.#words.size >= CATEGORIES_MAX) {
      throw new TrainingError(
        'TABLE_TOO_LARGE',
        `expected at most ${CATEGORIES_MAX} different words in column "${this.name}", got more: leave it out with --drop ${this.name}`
      )
    }
    this.#words.set(word, this.#words.size)
    return this.#words.size - 1
  }
}

/** In a column of words, `1` and `1.0` are one word whether the column began with numbers or not. */
export function wordOf(cell: string): string {
  return NUMBER.test(cell) ? String(Number(cell)) : cell
}
