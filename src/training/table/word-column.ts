/** A column of words that are no features: labels and groups. Each word is kept once. */
import { TrainingError } from '../errors.ts'

const FIRST_LENGTH = 1_024

export interface Words {
  /** Index into `names` of each row. */
  readonly codes: Int32Array
  /** In the order of their first row. */
  readonly names: readonly string[]
}

export class WordColumn {
  readonly #name: string
  readonly #codeOf = new Map<string, number>()
  #codes = new Int32Array(FIRST_LENGTH)
  #length = 0

  constructor(name: string) {
    this.#name = name
  }

  /** @throws {LABEL_INVALID} */
  push(word: string, line: number): void {
    if (word.trim() === '') {
      throw new TrainingError(
        'LABEL_INVALID',
        `expected a word in column "${this.#name}", got an empty cell in line ${line}`
      )
    }
    let code = this.#codeOf.get(word)
    if (code === undefined) {
      code = this.#codeOf.size
      this.#codeOf.set(word, code)
    }
    if (this.#length === this.#codes.length) {
      const codes = new Int32Array(this.#length * 2)
      codes.set(this.#codes)
      this.#codes = codes
    }
    this.#codes[this.#length++] = code
  }

  words(): Words {
    return { codes: this.#codes.slice(0, this.#length), names: [...this.#codeOf.keys()] }
  }
}
