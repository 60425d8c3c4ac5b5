/** Walks rows down the trees. Nothing is allocated for a row; what is counted in `rawScores` is what ONNX Runtime counts too. */
import type { Forest } from './forest.ts'

/** Sums or means of the leaves that the row at `at` reaches, base score included: margins, probabilities, or a mean path length. */
export function rawScores(forest: Forest, rows: Float32Array, at: number, out: Float64Array): void {
  const { treeStart, treeClass, leafWidth, left, leafValue, baseScore, scores } = forest
  const trees = treeClass.length
  for (let k = 0; k < scores; k++) out[k] = 0
  for (let tree = 0; tree < trees; tree++) {
    const leaf = left[walk(forest, treeStart[tree] as number, rows, at)] as number
    if (leafWidth === 1) {
      const k = treeClass[tree] as number
      out[k] = (out[k] as number) + (leafValue[leaf] as number)
    } else {
      for (let k = 0; k < leafWidth; k++) {
        out[k] = (out[k] as number) + (leafValue[leaf + k] as number)
      }
    }
  }
  const divisor = forest.combination === 'mean' ? Math.max(trees, 1) : 1
  for (let k = 0; k < scores; k++) out[k] = (out[k] as number) / divisor + (baseScore[k] as number)
}

/**
 * What a person calls the score of the row that starts at `at`: probabilities (one for two classes: that of class 1), a number for
 * regression, and for an isolation forest the anomaly score in 0..1, where 0.5 is ordinary.
 */
export function predictRow(
  forest: Forest,
  rows: Float32Array,
  at: number,
  out: Float64Array
): void {
  rawScores(forest, rows, at, out)
  toScores(forest, out)
}

/** Turns what `rawScores` left in `out` into what `predictRow` promises. */
export function toScores(forest: Forest, out: Float64Array): void {
  if (forest.objective === 'isolation') out[0] = 2 ** (-(out[0] as number) / forest.pathNorm)
  else if (forest.combination === 'sum') link(forest, out)
}

/** @returns the index of the leaf that the row reaches from `node` */
export function walk(forest: Forest, node: number, rows: Float32Array, at: number): number {
  const { feature, threshold, left, right } = forest
  let f = feature[node] as number
  while (f >= 0) {
    const x = rows[at + f] as number
    const limit = threshold[node] as number
    // A missing value and a node that asks for a category fail both comparisons.
    if (x <= limit) node = left[node] as number
    else if (x > limit) node = right[node] as number
    else node = goesLeft(forest, node, x) ? (left[node] as number) : (right[node] as number)
    f = feature[node] as number
  }
  return node
}

/** Which way a value goes at a node that is no leaf. */
export function goesLeft(forest: Forest, node: number, x: number): boolean {
  if (Number.isNaN(x)) return forest.missingLeft[node] === 1
  const set = forest.categorySet[node] as number
  if (set < 0) return x <= (forest.threshold[node] as number)
  const spec = forest.features[forest.feature[node] as number]
  const count = spec?.kind === 'category' ? spec.categories.length : 0
  if (x < 0 || x >= count || x % 1 !== 0) return false
  return (((forest.categoryWords[set + (x >>> 5)] as number) >>> (x & 31)) & 1) === 1
}

function link(forest: Forest, out: Float64Array): void {
  if (forest.objective === 'binary') out[0] = sigmoid(out[0] as number)
  else if (forest.objective === 'multiclass') softmax(out)
}

export function sigmoid(margin: number): number {
  return 1 / (1 + Math.exp(-margin))
}

/** In place. The largest margin is taken off first, so that no power overflows. */
export function softmax(margins: Float64Array): void {
  let top = Number.NEGATIVE_INFINITY
  for (const margin of margins) top = Math.max(top, margin)
  let total = 0
  for (let k = 0; k < margins.length; k++) {
    const power = Math.exp((margins[k] as number) - top)
    margins[k] = power
    total += power
  }
  for (let k = 0; k < margins.length; k++) margins[k] = (margins[k] as number) / total
}
