/** Scores many rows of one model at once. */
import { ModelScorer } from '../model/model-scorer.ts'
import { featuresOf, type ServedModel } from './served-model.ts'

/** Has room for one row at a time; not to be shared between threads. */
export class RowScorer {
  /** Numbers that each row gets. */
  readonly width: number
  readonly #scorer: ModelScorer
  readonly #stride: number
  readonly #out: Float64Array

  constructor(model: ServedModel) {
    this.#scorer = new ModelScorer(model.parts)
    this.width = this.#scorer.width
    this.#stride = featuresOf(model).length
    this.#out = new Float64Array(this.width)
  }

  /** `width` numbers for each of `count` rows that lie one after the other. */
  score(rows: Float32Array, count: number): Float64Array<ArrayBuffer> {
    const scores = new Float64Array(count * this.width)
    for (let row = 0; row < count; row++) {
      this.#scorer.score(rows, row * this.#stride, this.#out)
      scores.set(this.#out, row * this.width)
    }
    return scores
  }

  topClass(scores: Float64Array): number {
    return this.#scorer.topClass(scores)
  }
}
