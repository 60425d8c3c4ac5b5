/**
 * A forest laid out for walking: what a node needs stands in 16 bytes, of which a line of the cache holds four, and a leaf's number
 * in the leaf itself. Where every array of a forest has to be asked, most of the time goes into waiting for memory.
 */
import type { Forest } from './forest.ts'
import { goesLeft, toScores } from './score.ts'

/** Feature (-1 at a leaf), threshold or leaf value, left, right (both times 4; at a leaf, left is where its numbers stand). */
const WORDS = 4
const LIMIT = 1
const LEFT = 2
const RIGHT = 3

/** Holds no state of a row: it may be shared by whatever runs on one thread. */
export class ForestScorer {
  readonly forest: Forest
  readonly #words: Int32Array
  readonly #floats: Float32Array
  readonly #roots: Int32Array

  constructor(forest: Forest) {
    this.forest = forest
    const nodes = forest.feature.length
    this.#words = new Int32Array(nodes * WORDS)
    this.#floats = new Float32Array(this.#words.buffer)
    this.#roots = Int32Array.from(
      forest.treeClass,
      (_, tree) => (forest.treeStart[tree] ?? 0) * WORDS
    )
    for (let node = 0; node < nodes; node++) {
      const at = node * WORDS
      const feature = forest.feature[node] ?? -1
      const left = forest.left[node] ?? 0
      this.#words[at] = feature
      this.#floats[at + LIMIT] =
        (feature < 0 ? forest.leafValue[left] : forest.threshold[node]) ?? Number.NaN
      this.#words[at + LEFT] = feature < 0 ? left : left * WORDS
      this.#words[at + RIGHT] = (forest.right[node] ?? 0) * WORDS
    }
  }

  /** The same bits as `rawScores`. */
  raw(rows: Float32Array, at: number, out: Float64Array): void {
    const { treeClass, leafWidth, leafValue, baseScore, scores, combination } = this.forest
    const words = this.#words
    const roots = this.#roots
    for (let k = 0; k < scores; k++) out[k] = 0
    for (let tree = 0; tree < roots.length; tree++) {
      const leaf = this.#walk(roots[tree] as number, rows, at)
      if (leafWidth === 1) {
        const k = treeClass[tree] as number
        out[k] = (out[k] as number) + (this.#floats[leaf + LIMIT] as number)
        continue
      }
      const from = words[leaf + LEFT] as number
      for (let k = 0; k < leafWidth; k++) {
        out[k] = (out[k] as number) + (leafValue[from + k] as number)
      }
    }
    const divisor = combination === 'mean' ? Math.max(roots.length, 1) : 1
    for (let k = 0; k < scores; k++) {
      out[k] = (out[k] as number) / divisor + (baseScore[k] as number)
    }
  }

  /** The same bits as `predictRow`. */
  predict(rows: Float32Array, at: number, out: Float64Array): void {
    this.raw(rows, at, out)
    toScores(this.forest, out)
  }

  #walk(root: number, rows: Float32Array, at: number): number {
    const words = this.#words
    const floats = this.#floats
    let node = root
    let feature = words[node] as number
    while (feature >= 0) {
      const x = rows[at + feature] as number
      const limit = floats[node + LIMIT] as number
      // A missing value and a node that asks for a category fail both comparisons.
      if (x <= limit) node = words[node + LEFT] as number
      else if (x > limit) node = words[node + RIGHT] as number
      else node = words[node + (goesLeft(this.forest, node / WORDS, x) ? LEFT : RIGHT)] as number
      feature = words[node] as number
    }
    return node
  }
}

/** One score row after the other, for `count` rows that lie one after the other. */
export function predictRows(forest: Forest, rows: Float32Array, count: number): Float64Array {
  const width = forest.features.length
  const scorer = new ForestScorer(forest)
  const result = new Float64Array(count * forest.scores)
  const out = new Float64Array(forest.scores)
  for (let row = 0; row < count; row++) {
    scorer.predict(rows, row * width, out)
    result.set(out, row * forest.scores)
  }
  return result
}
