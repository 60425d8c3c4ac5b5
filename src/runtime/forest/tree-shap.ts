/**
 * Which feature moved the score by how much: exact path-dependent TreeSHAP (Lundberg, Erion, Lee 2018, "Consistent Individualized
 * Feature Attribution for Tree Ensembles", algorithm 2), on margins for boosted trees and on probabilities for averaged ones.
 * For every score, contributions and bias add up to `rawScores`.
 */
import type { Forest } from './forest.ts'
import { goesLeft } from './score.ts'

/** Reusable room for the paths of one forest; not to be shared between threads. */
export class TreeShap {
  readonly #forest: Forest
  /** Expected score without knowing anything, one for each score. */
  readonly bias: Float64Array
  // A path of d features takes d + 1 entries, and each depth keeps a copy of its own: (D + 2)(D + 3) / 2 entries.
  readonly #feature: Int32Array
  /** Share of the training rows that would go this way. */
  readonly #zero: Float64Array
  /** 1 if the row itself goes this way, 0 if not. */
  readonly #one: Float64Array
  readonly #weight: Float64Array
  /** 1 / i: a division takes as long as four multiplications. */
  readonly #inverse: Float64Array
  #rows: Float32Array = new Float32Array(0)
  #at = 0
  #out: Float64Array = new Float64Array(0)
  #offset = 0

  constructor(forest: Forest) {
    this.#forest = forest
    const depth = forestDepth(forest) + 2
    const room = (depth * (depth + 1)) / 2 + depth
    this.#feature = new Int32Array(room)
    this.#zero = new Float64Array(room)
    this.#one = new Float64Array(room)
    this.#weight = new Float64Array(room)
    this.#inverse = Float64Array.from({ length: depth + 2 }, (_, i) => 1 / i)
    this.bias = expectedScores(forest)
  }

  /** Numbers that `contributions` writes: for every score one a feature, and the bias as the last. */
  get width(): number {
    return (this.#forest.features.length + 1) * this.#forest.scores
  }

  contributions(rows: Float32Array, at: number, out: Float64Array): void {
    const { treeStart, treeClass, scores, leafWidth, combination, features } = this.#forest
    out.fill(0, 0, this.width)
    this.#rows = rows
    this.#at = at
    this.#out = out
    for (let tree = 0; tree < treeClass.length; tree++) {
      this.#offset = leafWidth === 1 ? (treeClass[tree] as number) * (features.length + 1) : 0
      this.#descend(treeStart[tree] as number, 0, 0, 1, 1, -1)
    }
    const divisor = combination === 'mean' ? Math.max(treeClass.length, 1) : 1
    const stride = features.length + 1
    if (divisor !== 1) for (let i = 0; i < this.width; i++) out[i] = (out[i] as number) / divisor
    for (let k = 0; k < scores; k++) out[k * stride + stride - 1] = this.bias[k] as number
  }

  /**
   * @param base where the path of this depth begins
   * @param length features on the parent's path
   */
  #descend(
    node: number,
    base: number,
    length: number,
    zero: number,
    one: number,
    via: number
  ): void {
    this.#extend(base, length, zero, one, via)
    const forest = this.#forest
    const split = forest.feature[node] as number
    if (split < 0) {
      this.#leaf(node, base, length)
      return
    }
    const left = forest.left[node] as number
    const right = forest.right[node] as number
    const x = this.#rows[this.#at + split] as number
    const limit = forest.threshold[node] as number
    const isLeft = x <= limit || (!(x > limit) && goesLeft(forest, node, x))
    const hot = isLeft ? left : right
    const cold = isLeft ? right : left
    const cover = forest.cover[node] as number
    let depth = length
    let zeroBefore = 1
    let oneBefore = 1
    let k = 1
    while (k <= depth && this.#feature[base + k] !== split) k++
    if (k <= depth) {
      zeroBefore = this.#zero[base + k] as number
      oneBefore = this.#one[base + k] as number
      this.#unwind(base, depth, k)
      depth--
    }
    const next = base + depth + 1
    const hotShare = ((forest.cover[hot] as number) / cover) * zeroBefore
    const coldShare = ((forest.cover[cold] as number) / cover) * zeroBefore
    this.#copy(base, next, depth)
    this.#descend(hot, next, depth + 1, hotShare, oneBefore, split)
    this.#copy(base, next, depth)
    this.#descend(cold, next, depth + 1, coldShare, 0, split)
  }

  #copy(from: number, to: number, length: number): void {
    for (let k = 0; k <= length; k++) {
      this.#feature[to + k] = this.#feature[from + k] as number
      this.#zero[to + k] = this.#zero[from + k] as number
      this.#one[to + k] = this.#one[from + k] as number
      this.#weight[to + k] = this.#weight[from + k] as number
    }
  }

  /** Adds a feature to the path: the weights then count the subsets of its features by their size. */
  #extend(base: number, length: number, zero: number, one: number, via: number): void {
    const weights = this.#weight
    this.#feature[base + length] = via
    this.#zero[base + length] = zero
    this.#one[base + length] = one
    const scale = this.#inverse[length + 1] as number
    if (one === 0) {
      weights[base + length] = length === 0 ? 1 : 0
      for (let i = 0; i < length; i++) {
        weights[base + i] = zero * (weights[base + i] as number) * (length - i) * scale
      }
      return
    }
    let above = length === 0 ? 1 : 0
    for (let i = length - 1; i >= 0; i--) {
      const weight = weights[base + i] as number
      weights[base + i + 1] = above + weight * (i + 1) * scale
      above = zero * weight * (length - i) * scale
    }
    weights[base] = above
  }

  #leaf(node: number, base: number, length: number): void {
    const { left, leafValue, leafWidth, features } = this.#forest
    const leaf = left[node] as number
    const out = this.#out
    const coldWeight = -this.#unwoundCold(base, length)
    for (let k = 1; k <= length; k++) {
      const weight = this.#one[base + k] === 0 ? coldWeight : this.#hotWeight(base, length, k)
      const at = this.#offset + (this.#feature[base + k] as number)
      if (leafWidth === 1) {
        out[at] = (out[at] as number) + weight * (leafValue[leaf] as number)
        continue
      }
      for (let score = 0; score < leafWidth; score++) {
        const cell = at + score * (features.length + 1)
        out[cell] = (out[cell] as number) + weight * (leafValue[leaf + score] as number)
      }
    }
  }

  /**
   * Sum of the weights that the path would have without an entry that the row does not follow, times the entry's share: the share
   * cancels out, so this is one number for all such entries of a leaf (Yang 2021, "Fast TreeSHAP").
   */
  #unwoundCold(base: number, length: number): number {
    const weights = this.#weight
    const inverse = this.#inverse
    let total = 0
    for (let i = 0; i < length; i++) {
      total += (weights[base + i] as number) * (inverse[length - i] as number)
    }
    return total * (length + 1)
  }

  /** The same for an entry that the row follows, times what following it adds. */
  #hotWeight(base: number, length: number, k: number): number {
    const weights = this.#weight
    const inverse = this.#inverse
    const zero = this.#zero[base + k] as number
    let total = 0
    let next = weights[base + length] as number
    for (let i = length - 1; i >= 0; i--) {
      const value = next * (inverse[i + 1] as number)
      total += value
      next = (weights[base + i] as number) - value * zero * (length - i)
    }
    return total * (length + 1) * (1 - zero)
  }

  /** Takes entry `k` off a path of `length` features, as if it had never been added. */
  #unwind(base: number, length: number, k: number): void {
    const weights = this.#weight
    const inverse = this.#inverse
    const zero = this.#zero[base + k] as number
    const one = this.#one[base + k] as number
    const share = inverse[length + 1] as number
    let next = weights[base + length] as number
    for (let i = length - 1; i >= 0; i--) {
      const weight = weights[base + i] as number
      if (one === 0) {
        weights[base + i] = (weight * (length + 1) * (inverse[length - i] as number)) / zero
        continue
      }
      const value = next * (length + 1) * (inverse[i + 1] as number)
      weights[base + i] = value
      next = weight - value * zero * (length - i) * share
    }
    for (let i = k; i < length; i++) {
      this.#feature[base + i] = this.#feature[base + i + 1] as number
      this.#zero[base + i] = this.#zero[base + i + 1] as number
      this.#one[base + i] = this.#one[base + i + 1] as number
    }
  }
}

/** Edges on the longest way down. */
export function forestDepth(forest: Forest): number {
  const depth = new Int32Array(forest.feature.length)
  let deepest = 0
  for (let node = 0; node < depth.length; node++) {
    const own = depth[node] ?? 0
    deepest = Math.max(deepest, own)
    if ((forest.feature[node] ?? -1) < 0) continue
    depth[forest.left[node] ?? 0] = own + 1
    depth[forest.right[node] ?? 0] = own + 1
  }
  return deepest
}

function expectedScores(forest: Forest): Float64Array {
  const { treeStart, treeClass, leafWidth } = forest
  const total = new Float64Array(forest.scores)
  for (let tree = 0; tree < treeClass.length; tree++) {
    const from = treeStart[tree] ?? 0
    const root = forest.cover[from] ?? 0
    for (let node = from; node < (treeStart[tree + 1] ?? 0); node++) {
      if ((forest.feature[node] ?? -1) >= 0 || root === 0) continue
      const share = (forest.cover[node] ?? 0) / root
      for (let k = 0; k < leafWidth; k++) {
        const score = leafWidth === 1 ? (treeClass[tree] ?? 0) : k
        const value = forest.leafValue[(forest.left[node] ?? 0) + k] ?? 0
        total[score] = (total[score] ?? 0) + share * value
      }
    }
  }
  const divisor = forest.combination === 'mean' ? Math.max(treeClass.length, 1) : 1
  return total.map((value, k) => value / divisor + (forest.baseScore[k] ?? 0))
}
