import { type Forest, walk } from '../../runtime/index.ts'
import { type ColumnTable, type LabelledTable, rowMajor } from './column-table.ts'

/** The sums of the trees so far, for every row of a table one number a score. */
export class Margins {
  readonly values: Float64Array
  readonly #scores: number
  readonly #truth: LabelledTable | undefined

  constructor(rows: number, baseScore: Float64Array, truth?: LabelledTable) {
    this.#scores = baseScore.length
    this.#truth = truth
    this.values = new Float64Array(rows * this.#scores)
    for (let row = 0; row < rows; row++) this.values.set(baseScore, row * this.#scores)
  }

  add(row: number, score: number, value: number): void {
    const at = row * this.#scores + score
    this.values[at] = (this.values[at] as number) + value
  }

  /** Adds the trees [from, to), tree by tree. */
  addForest(forest: Forest, table: ColumnTable, [from, to]: readonly [number, number]): void {
    const rows = rowMajor(table)
    const width = table.features.length
    for (let tree = from; tree < to; tree++) {
      const root = forest.treeStart[tree] as number
      const score = forest.treeClass[tree] as number
      for (let row = 0; row < table.rows; row++) {
        const leaf = forest.left[walk(forest, root, rows, row * width)] as number
        this.add(row, score, forest.leafValue[leaf] as number)
      }
    }
  }

  /** Weighted mean of the log loss against the table that the rows are from. */
  logLoss(): number {
    const truth = this.#truth
    if (truth === undefined) return Number.NaN
    let total = 0
    let weights = 0
    for (let row = 0; row < truth.rows; row++) {
      const weight = truth.weights?.[row] ?? 1
      total += weight * this.#lossOf(row, truth.labels[row] as number)
      weights += weight
    }
    return total / weights
  }

  #lossOf(row: number, label: number): number {
    const at = row * this.#scores
    if (this.#scores === 1) {
      const margin = (this.values[at] as number) * (label === 1 ? 1 : -1)
      return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin
    }
    let top = Number.NEGATIVE_INFINITY
    for (let k = 0; k < this.#scores; k++) top = Math.max(top, this.values[at + k] as number)
    let sum = 0
    for (let k = 0; k < this.#scores; k++) sum += Math.exp((this.values[at + k] as number) - top)
    return Math.log(sum) + top - (this.values[at + label] as number)
  }
}
