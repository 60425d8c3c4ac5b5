/**
 * Says how much each feature moved the score of a whole model. Members give exact TreeSHAP; the stack is linear in what it is
 * given, so their contributions add up with its weights. What a member gives as log-odds of an average is spread over its features
 * in proportion to what they did to the average. Calibration is monotone and moves no credit from one feature to another.
 */
import { ForestScorer } from '../forest/forest-scorer.ts'
import { TreeShap } from '../forest/tree-shap.ts'
import { logOdds, type ModelParts, type StackInput, type StackMember } from './model-parts.ts'

export interface Contributions {
  /** In the order of the model's features; in log-odds for two classes, else in the unit of the model's own margins. */
  readonly values: Float64Array
  /** What the model says of a row of which nothing is known; with `values` it adds up to `margin`. */
  readonly bias: number
  readonly margin: number
}

interface Part {
  readonly member: StackMember
  readonly input: StackInput
  readonly weight: number
  readonly shap: TreeShap
  readonly scorer: ForestScorer
  readonly values: Float64Array
  readonly score: Float64Array
}

/** Below this an average did not move, and nothing can be in proportion to it. */
const STILL = 1e-12

/** Has room for one row at a time; not to be shared between threads. */
export class ModelExplainer {
  readonly #parts: readonly Part[]
  readonly #intercept: number
  readonly #features: number

  constructor(model: ModelParts) {
    this.#intercept = model.logistic?.intercept ?? 0
    this.#features = model.members[0]?.forest.features.length ?? 0
    this.#parts = model.members.map((member, index) => {
      const shap = new TreeShap(member.forest)
      return {
        member,
        input: model.logistic === undefined ? ownInput(member) : member.input,
        weight: model.logistic?.weights[index] ?? 1,
        shap,
        scorer: new ForestScorer(member.forest),
        values: new Float64Array(shap.width),
        score: new Float64Array(member.forest.scores)
      }
    })
  }

  /** @param score which score of a model with several; 0 for two classes */
  explain(row: Float32Array, score = 0): Contributions {
    const values = new Float64Array(this.#features)
    let bias = this.#intercept
    for (const part of this.#parts) {
      part.shap.contributions(row, 0, part.values)
      const from = score * (this.#features + 1)
      const start = part.values[from + this.#features] as number
      const told = this.#told(part, { row, start, score })
      const scale = part.weight * told.scale
      for (let k = 0; k < this.#features; k++) {
        values[k] = (values[k] as number) + scale * (part.values[from + k] as number)
      }
      bias += part.weight * told.bias
    }
    const margin = values.reduce((sum, value) => sum + value, bias)
    return { values, bias, margin }
  }

  /** What the member tells the stack about a row of which nothing is known, and what one unit of contribution adds to that. */
  #told(
    { member, input, scorer, score: out }: Part,
    {
      row,
      start,
      score
    }: { readonly row: Float32Array; readonly start: number; readonly score: number }
  ): { readonly bias: number; readonly scale: number } {
    if (input === 'margin') return { bias: start, scale: 1 }
    scorer.raw(row, 0, out)
    const raw = out[score] as number
    scorer.predict(row, 0, out)
    const predicted = out[score] as number
    const isIsolation = member.forest.objective === 'isolation'
    const atStart = isIsolation ? 2 ** (-start / member.forest.pathNorm) : start
    const [from, to] =
      input === 'log-odds' ? [logOdds(atStart), logOdds(predicted)] : [atStart, predicted]
    const moved = raw - start
    return { bias: from, scale: Math.abs(moved) < STILL ? 0 : (to - from) / moved }
  }
}

/** How a model of one member is spoken of: in margins or log-odds, where it has such. */
function ownInput({ forest }: StackMember): StackInput {
  if (forest.combination === 'sum') return 'margin'
  return forest.objective === 'binary' ? 'log-odds' : 'score'
}
