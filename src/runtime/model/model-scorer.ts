/** Scores rows by a whole model: members, stack and calibration. */
import { ForestScorer } from '../forest/forest-scorer.ts'
import { sigmoid, softmax } from '../forest/score.ts'
import { applyIsotonic } from './isotonic.ts'
import { type CalibrationStep, logOdds, type ModelParts, type StackInput } from './model-parts.ts'

/** Nearer to 0 or 1 than a double can tell apart from it. */
const SMALLEST = 1e-15

/** Has room for one row at a time; not to be shared between threads. */
export class ModelScorer {
  readonly parts: ModelParts
  /** Scores of a row: 1 for two classes (that of class 1), else one for each class. */
  readonly width: number
  readonly #members: readonly { readonly scorer: ForestScorer; readonly input: StackInput }[]
  readonly #one = new Float64Array(1)

  constructor(parts: ModelParts) {
    this.parts = parts
    this.#members = parts.members.map(({ forest, input }) => ({
      scorer: new ForestScorer(forest),
      input
    }))
    this.width = parts.logistic === undefined ? (parts.members[0]?.forest.scores ?? 1) : 1
  }

  /** Calibrated probabilities of the row that starts at `at`. */
  score(rows: Float32Array, at: number, out: Float64Array): void {
    const { logistic, calibration } = this.parts
    if (logistic === undefined) {
      this.#members[0]?.scorer.predict(rows, at, out)
    } else {
      let margin = logistic.intercept
      for (const [k, member] of this.#members.entries()) {
        margin += (logistic.weights[k] as number) * this.#inputOf(member, rows, at)
      }
      out[0] = sigmoid(margin)
    }
    for (const step of calibration) applyStep(step, out, this.width)
  }

  #inputOf(
    { scorer, input }: { readonly scorer: ForestScorer; readonly input: StackInput },
    rows: Float32Array,
    at: number
  ): number {
    if (input === 'margin') scorer.raw(rows, at, this.#one)
    else scorer.predict(rows, at, this.#one)
    const value = this.#one[0] as number
    return input === 'log-odds' ? logOdds(value) : value
  }

  /** Index of the class that a row with these scores belongs to. */
  topClass(scores: Float64Array): number {
    if (this.width === 1) return (scores[0] as number) >= this.parts.threshold ? 1 : 0
    let top = 0
    for (let k = 1; k < this.width; k++) {
      if ((scores[k] as number) > (scores[top] as number)) top = k
    }
    return top
  }
}

function applyStep(step: CalibrationStep, out: Float64Array, width: number): void {
  if (step.kind === 'isotonic') {
    out[0] = applyIsotonic(step, out[0] as number)
  } else if (width === 1) {
    out[0] = sigmoid(logOdds(out[0] as number, SMALLEST) / step.temperature)
  } else {
    for (let k = 0; k < width; k++) {
      out[k] = Math.log(Math.max(out[k] as number, SMALLEST)) / step.temperature
    }
    softmax(out)
  }
}
