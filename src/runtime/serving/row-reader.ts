/**
 * Turns one row as a caller writes it (an object of features by name, or an array in the model's order) into the cells that a
 * model reads. What is missing, not known to the model or absurd is a fault, and says what was expected.
 */
import type { FeatureSpec } from '../forest/forest.ts'
import { featuresOf, type ServedModel } from './served-model.ts'

export interface RowFault {
  /** JSON pointer within the row. */
  readonly pointer: string
  readonly detail: string
}

/** Named in one answer; a row can have as many faults as the model has features. */
const FAULTS_MAX = 10
const FLOAT32_MAX = 3.4028234663852886e38
const NAMED_MAX = 8

export class RowReader {
  readonly #features: readonly FeatureSpec[]
  readonly #ranges: NonNullable<ServedModel['ranges']>
  readonly #index: ReadonlyMap<string, number>
  readonly #codes: readonly (ReadonlyMap<string, number> | undefined)[]

  constructor(model: ServedModel) {
    this.#features = featuresOf(model)
    this.#ranges = model.ranges ?? []
    this.#index = new Map(this.#features.map(({ name }, index) => [name, index]))
    this.#codes = this.#features.map((feature) =>
      feature.kind === 'category'
        ? new Map(feature.categories.map((word, code) => [word, code]))
        : undefined
    )
  }

  /** Cells of a row. */
  get width(): number {
    return this.#features.length
  }

  /** Writes the cells of a row at `at`. @returns what is wrong with it; empty if nothing is */
  read(row: unknown, into: Float32Array, at: number): readonly RowFault[] {
    if (Array.isArray(row)) return this.#readArray(row, into, at)
    if (typeof row === 'object' && row !== null) {
      return this.#readObject(row as Readonly<Record<string, unknown>>, into, at)
    }
    return [{ pointer: '', detail: `expected ${this.#expectation()}, got ${kindOf(row)}` }]
  }

  #readArray(row: readonly unknown[], into: Float32Array, at: number): readonly RowFault[] {
    if (row.length !== this.width) {
      return [{ pointer: '', detail: `expected ${this.#expectation()}, got ${row.length} values` }]
    }
    const faults: RowFault[] = []
    for (let index = 0; index < row.length; index++) {
      const detail = this.#readCell(row[index], index, into, at)
      if (detail !== undefined) faults.push({ pointer: `/${index}`, detail })
    }
    return faults.slice(0, FAULTS_MAX)
  }

  #readObject(
    row: Readonly<Record<string, unknown>>,
    into: Float32Array,
    at: number
  ): readonly RowFault[] {
    const faults: RowFault[] = []
    for (let index = 0; index < this.#features.length; index++) {
      const name = this.#features[index]?.name ?? ''
      if (!Object.hasOwn(row, name)) {
        const detail = `expected ${this.#cellExpectation(index)} or null, got nothing`
        faults.push({ pointer: `/${pointerToken(name)}`, detail })
        continue
      }
      const detail = this.#readCell(row[name], index, into, at)
      if (detail !== undefined) faults.push({ pointer: `/${pointerToken(name)}`, detail })
    }
    for (const name of Object.keys(row)) {
      if (this.#index.has(name)) continue
      const detail = `expected no feature of this name; the model knows ${this.#names()}`
      faults.unshift({ pointer: `/${pointerToken(name)}`, detail })
    }
    return faults.slice(0, FAULTS_MAX)
  }

  /** @returns what is wrong with the value */
  #readCell(value: unknown, index: number, into: Float32Array, at: number): string | undefined {
    if (value === null) {
      into[at + index] = Number.NaN
      return undefined
    }
    const codes = this.#codes[index]
    if (codes !== undefined) {
      const code = typeof value === 'string' ? codes.get(value) : value
      if (typeof code === 'number' && Number.isInteger(code) && code >= 0 && code < codes.size) {
        into[at + index] = code
        return undefined
      }
      return `expected ${this.#cellExpectation(index)} or null, got ${shown(value)}`
    }
    const number = typeof value === 'boolean' ? Number(value) : value
    const [least, greatest] = this.#ranges[index] ?? [-FLOAT32_MAX, FLOAT32_MAX]
    if (typeof number !== 'number' || !(number >= least) || !(number <= greatest)) {
      return `expected ${this.#cellExpectation(index)} or null, got ${shown(value)}`
    }
    if (Math.abs(number) > FLOAT32_MAX) return `expected a finite number, got ${shown(value)}`
    into[at + index] = number
    return undefined
  }

  #cellExpectation(index: number): string {
    const feature = this.#features[index]
    if (feature?.kind === 'category') {
      const words = feature.categories.slice(0, NAMED_MAX).map((word) => `"${word}"`)
      const more = feature.categories.length > NAMED_MAX ? ', …' : ''
      return `one of ${words.join(', ')}${more}`
    }
    const range = this.#ranges[index]
    if (range === undefined) return 'a number'
    const [least, greatest] = range
    if (greatest === Number.POSITIVE_INFINITY) return `a number from ${least}`
    return `a number from ${least} to ${greatest}`
  }

  #expectation(): string {
    return `an object with the ${this.width} features ${this.#names()}, or an array of as many values in this order`
  }

  #names(): string {
    const names = this.#features.slice(0, NAMED_MAX).map(({ name }) => name)
    return names.join(', ') + (this.#features.length > NAMED_MAX ? ', …' : '')
  }
}

const readers = new WeakMap<ServedModel, RowReader>()

/** One for each model: who asks about single rows need not have the names sorted anew each time. */
export function rowReaderOf(model: ServedModel): RowReader {
  const known = readers.get(model)
  if (known !== undefined) return known
  const reader = new RowReader(model)
  readers.set(model, reader)
  return reader
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a ${typeof value}`
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40)
}

/** RFC 6901, and short: the key is the caller's own text. */
function pointerToken(key: string): string {
  return key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')
}
