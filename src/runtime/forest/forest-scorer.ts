/**
 * A forest laid out for walking. What a node needs stands in 16 bytes, of which a line of the cache holds four, and a leaf's number
 * in the leaf itself. Which child comes next is computed, not jumped to: a processor guesses half of such jumps wrong. For that,
 * every node asks `value <= limit` so that a missing value, which fails, goes the way it should: where that is left, the node asks
 * for the negated value, and its children are swapped. A leaf leads to itself, so that four trees can be walked at once, step by
 * step, while each step waits for memory.
 */
import type { Forest } from './forest.ts'
import { goesLeft, toScores } from './score.ts'
import { forestDepth } from './tree-shap.ts'

/** Feature; limit or leaf value; child if the comparison fails; child if it holds. Children are node indices times 4. */
const WORDS = 4
const LIMIT = 1
const FAILS = 2
const HOLDS = 3
const CATEGORY = -1
/** Trees that are walked at once. */
const ABREAST = 4
/** In deeper trees most leaves come long before the deepest, and waiting for it costs more than walking abreast brings. */
const ABREAST_DEPTH_MAX = 12

/** Has room for one row at a time; not to be shared between threads. */
export class ForestScorer {
  readonly forest: Forest
  readonly #words: Int32Array
  readonly #floats: Float32Array
  readonly #roots: Int32Array
  /** The row, and the row negated. */
  readonly #values: Float32Array
  /** Steps after which every tree has come to its leaf; 0 where trees are walked one by one. */
  readonly #steps: number
  /** The leaves that the four trees have come to. */
  readonly #leaves = new Int32Array(ABREAST)

  constructor(forest: Forest) {
    this.forest = forest
    const nodes = forest.feature.length
    this.#words = new Int32Array(nodes * WORDS)
    this.#floats = new Float32Array(this.#words.buffer)
    this.#roots = forest.treeStart.slice(0, -1).map((start) => start * WORDS)
    this.#values = new Float32Array(Math.max(1, forest.features.length) * 2)
    const depth = forestDepth(forest)
    const hasCategories = forest.categorySet.some((set) => set >= 0)
    this.#steps = hasCategories || depth > ABREAST_DEPTH_MAX ? 0 : depth
    for (let node = 0; node < nodes; node++) this.#place(node)
  }

  #place(node: number): void {
    const { feature, threshold, left, right, leafValue, categorySet, missingLeft } = this.forest
    const words = this.#words
    const at = node * WORDS
    const asked = feature[node] ?? -1
    if (asked < 0) {
      words[at] = 0
      this.#floats[at + LIMIT] = leafValue[left[node] ?? 0] ?? 0
      words[at + FAILS] = at
      words[at + HOLDS] = at
      return
    }
    const toLeft = (left[node] ?? 0) * WORDS
    const toRight = (right[node] ?? 0) * WORDS
    const isCategory = (categorySet[node] ?? -1) >= 0
    const isNegated = !isCategory && missingLeft[node] === 1
    const limit = threshold[node] ?? 0
    words[at] = isCategory ? CATEGORY : asked + (isNegated ? this.forest.features.length : 0)
    // x > limit, where both are float32, is -x <= -(the next float32 above limit).
    this.#floats[at + LIMIT] = isNegated ? -floatAbove(limit) : limit
    words[at + FAILS] = isNegated ? toLeft : toRight
    words[at + HOLDS] = isNegated ? toRight : toLeft
  }

  /** The same bits as `rawScores`. */
  raw(rows: Float32Array, at: number, out: Float64Array): void {
    const { baseScore, scores, combination } = this.forest
    const roots = this.#roots
    this.#takeRow(rows, at)
    for (let k = 0; k < scores; k++) out[k] = 0
    let tree = 0
    if (this.#steps > 0) {
      for (; tree + ABREAST <= roots.length; tree += ABREAST) {
        this.#walkAbreast(tree)
        for (let i = 0; i < ABREAST; i++) this.#add(tree + i, this.#leaves[i] as number, out)
      }
    }
    for (; tree < roots.length; tree++) this.#add(tree, this.#walk(roots[tree] as number), out)
    const divisor = combination === 'mean' ? Math.max(roots.length, 1) : 1
    for (let k = 0; k < scores; k++) {
      out[k] = (out[k] as number) / divisor + (baseScore[k] as number)
    }
  }

  #add(tree: number, leaf: number, out: Float64Array): void {
    const { treeClass, leafWidth, leafValue, left } = this.forest
    if (leafWidth === 1) {
      const k = treeClass[tree] as number
      out[k] = (out[k] as number) + (this.#floats[leaf + LIMIT] as number)
      return
    }
    const from = left[leaf / WORDS] as number
    for (let k = 0; k < leafWidth; k++) {
      out[k] = (out[k] as number) + (leafValue[from + k] as number)
    }
  }

  /** The same bits as `predictRow`. */
  predict(rows: Float32Array, at: number, out: Float64Array): void {
    this.raw(rows, at, out)
    toScores(this.forest, out)
  }

  #takeRow(rows: Float32Array, at: number): void {
    const values = this.#values
    const width = values.length >>> 1
    for (let feature = 0; feature < width; feature++) {
      const value = rows[at + feature] as number
      values[feature] = value
      values[width + feature] = -value
    }
  }

  #walkAbreast(tree: number): void {
    const words = this.#words
    const floats = this.#floats
    const values = this.#values
    const roots = this.#roots
    let a = roots[tree] as number
    let b = roots[tree + 1] as number
    let c = roots[tree + 2] as number
    let d = roots[tree + 3] as number
    for (let step = this.#steps; step > 0; step--) {
      const isA = (values[words[a] as number] as number) <= (floats[a + LIMIT] as number)
      const isB = (values[words[b] as number] as number) <= (floats[b + LIMIT] as number)
      const isC = (values[words[c] as number] as number) <= (floats[c + LIMIT] as number)
      const isD = (values[words[d] as number] as number) <= (floats[d + LIMIT] as number)
      a = words[a + FAILS + Number(isA)] as number
      b = words[b + FAILS + Number(isB)] as number
      c = words[c + FAILS + Number(isC)] as number
      d = words[d + FAILS + Number(isD)] as number
    }
    this.#leaves[0] = a
    this.#leaves[1] = b
    this.#leaves[2] = c
    this.#leaves[3] = d
  }

  #walk(root: number): number {
    const words = this.#words
    const floats = this.#floats
    const values = this.#values
    let node = root
    for (;;) {
      const feature = words[node] as number
      let next: number
      if (feature === CATEGORY) {
        next = this.#askCategory(node)
      } else {
        const holds = (values[feature] as number) <= (floats[node + LIMIT] as number)
        next = words[node + FAILS + Number(holds)] as number
      }
      if (next === node) return node
      node = next
    }
  }

  #askCategory(at: number): number {
    const node = at / WORDS
    const value = this.#values[this.forest.feature[node] as number] as number
    return this.#words[at + (goesLeft(this.forest, node, value) ? HOLDS : FAILS)] as number
  }
}

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The least float32 that is greater. */
function floatAbove(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return Number.NaN
  if (value === 0) return 2 ** -149
  float[0] = value
  bits[0] = (bits[0] ?? 0) + (value > 0 ? 1 : -1)
  return float[0]
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
