/**
 * The best split of a node, from its histograms: XGBoost's regularised gain (Chen, Guestrin 2016, equation 7, without the constant
 * half, as its code has it), both ways for missing values, and for categories one against the rest or a prefix of the categories
 * in the order of their gradients (Fisher 1958; LightGBM does the same).
 */
import type { BinnedTable } from './binned-table.ts'
import type { BoostingSettings } from './boosting-options.ts'
import type { Split } from './tree-draft.ts'

/** XGBoost's `kRtEps`: what gains less is rounding. */
const GAIN_MIN = 1e-6
/** A sum of second derivatives below this share of the node's is what subtraction left over of nothing. */
const NOTHING = 1e-9

/** What is known of a node before it is split. */
export interface NodeSums {
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
  /** Bounds of its leaf value that monotone features above set. */
  readonly lowest: number
  readonly highest: number
}

export interface FoundSplit extends Split {
  readonly gain: number
  readonly left: NodeSums
  readonly right: NodeSums
}

/** Two numbers a bin: gradient and second derivative; and, where rows are counted, two of which the first is the count. */
export interface NodeHistogram {
  readonly sums: Float64Array
  readonly counts: Float64Array | undefined
}

export class SplitSearch {
  readonly #table: BinnedTable
  readonly #settings: BoostingSettings
  #sums: Float64Array = new Float64Array(0)
  #counts: Float64Array | undefined
  #node: NodeSums = NOWHERE
  #lambda = 0
  #direction = 0
  #isBounded = false
  // The best so far: fields, because an object for each candidate would be garbage.
  #gain = 0
  #feature = -1
  #bin = -1
  #isMissingLeft = false
  #leftGradient = 0
  #leftHessian = 0
  #leftRows = 0
  #rightGradient = 0
  #rightHessian = 0
  #bestDirection = 0
  #categoryBins: readonly number[] = []

  constructor(table: BinnedTable, settings: BoostingSettings) {
    this.#table = table
    this.#settings = settings
  }

  /** @param features whose splits are tried, in ascending order; of equal gains the first wins */
  find(
    node: NodeSums,
    histogram: NodeHistogram,
    features: ArrayLike<number>
  ): FoundSplit | undefined {
    this.#sums = histogram.sums
    this.#counts = histogram.counts
    this.#node = node
    this.#isBounded =
      node.lowest !== Number.NEGATIVE_INFINITY || node.highest !== Number.POSITIVE_INFINITY
    this.#gain = Math.max(GAIN_MIN, this.#settings.minSplitGain)
    this.#feature = -1
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] as number
      this.#lambda = this.#settings.lambda
      this.#direction = this.#settings.monotone?.[feature] ?? 0
      if (this.#table.maps[feature]?.kind === 'category') this.#tryCategories(feature)
      else this.#tryNumbers(feature)
    }
    return this.#feature < 0 ? undefined : this.#result()
  }

  #tryNumbers(feature: number): void {
    const sums = this.#sums
    const start = this.#table.offsets[feature] as number
    const bins = (this.#table.maps[feature] as { bins: number }).bins
    const missing = (start + bins) * 2
    const missingHessian = sums[missing + 1] as number
    const hasMissing = missingHessian > this.#node.hessian * NOTHING
    const counts = this.#counts
    let gradient = 0
    let hessian = 0
    let rows = 0
    const last = hasMissing ? bins : bins - 1
    for (let bin = 0; bin < last; bin++) {
      const at = (start + bin) * 2
      const step = sums[at + 1] as number
      if (step === 0) continue
      gradient += sums[at] as number
      hessian += step
      if (counts !== undefined) rows += counts[at] as number
      this.#consider(feature, bin, false, gradient, hessian, rows)
      if (!hasMissing || bin === bins - 1) continue
      this.#consider(
        feature,
        bin,
        true,
        gradient + (sums[missing] as number),
        hessian + missingHessian,
        counts === undefined ? 0 : rows + (counts[missing] as number)
      )
    }
  }

  /** @returns whether this is the best split so far */
  #consider(
    feature: number,
    bin: number,
    isMissingLeft: boolean,
    gradient: number,
    hessian: number,
    rows: number
  ): boolean {
    const node = this.#node
    const settings = this.#settings
    const rightHessian = node.hessian - hessian
    if (hessian < settings.minChildWeight || rightHessian < settings.minChildWeight) return false
    const nothing = node.hessian * NOTHING
    if (hessian <= nothing || rightHessian <= nothing) return false
    if (this.#counts !== undefined) {
      if (rows < settings.minLeaf || node.rows - rows < settings.minLeaf) return false
    }
    const rightGradient = node.gradient - gradient
    const gain =
      this.#direction === 0 && !this.#isBounded
        ? (gradient * gradient) / (hessian + this.#lambda) +
          (rightGradient * rightGradient) / (rightHessian + this.#lambda) -
          (node.gradient * node.gradient) / (node.hessian + settings.lambda)
        : this.#boundedGain(gradient, hessian, rightGradient, rightHessian)
    if (!(gain > this.#gain)) return false
    this.#gain = gain
    this.#feature = feature
    this.#bin = bin
    this.#isMissingLeft = isMissingLeft
    this.#leftGradient = gradient
    this.#leftHessian = hessian
    this.#leftRows = rows
    this.#rightGradient = rightGradient
    this.#rightHessian = rightHessian
    this.#bestDirection = this.#direction
    this.#categoryBins = []
    return true
  }

  #boundedGain(
    gradient: number,
    hessian: number,
    rightGradient: number,
    rightHessian: number
  ): number {
    const { lambda } = this.#settings
    const left = clamp(-gradient / (hessian + this.#lambda), this.#node)
    const right = clamp(-rightGradient / (rightHessian + this.#lambda), this.#node)
    if (this.#direction > 0 && left > right) return Number.NEGATIVE_INFINITY
    if (this.#direction < 0 && left < right) return Number.NEGATIVE_INFINITY
    const whole = clamp(-this.#node.gradient / (this.#node.hessian + lambda), this.#node)
    return (
      gainAt(gradient, hessian + this.#lambda, left) +
      gainAt(rightGradient, rightHessian + this.#lambda, right) -
      gainAt(this.#node.gradient, this.#node.hessian + lambda, whole)
    )
  }

  #tryCategories(feature: number): void {
    const start = this.#table.offsets[feature] as number
    const bins = (this.#table.maps[feature] as { bins: number }).bins
    const present: number[] = []
    for (let bin = 0; bin < bins; bin++) {
      if ((this.#sums[(start + bin) * 2 + 1] as number) > this.#node.hessian * NOTHING)
        present.push(bin)
    }
    // A category and its absence have no order that could be monotone.
    this.#direction = 0
    if (present.length <= this.#settings.oneVsRestMax) {
      for (const bin of present) this.#trySet(feature, start, bins, [bin])
      return
    }
    this.#lambda = this.#settings.lambda + this.#settings.categoryLambda
    const order = (bin: number) => {
      const at = (start + bin) * 2
      const hessian = (this.#sums[at + 1] as number) + this.#settings.categorySmoothing
      return (this.#sums[at] as number) / hessian
    }
    const sorted = present.sort((a, b) => order(a) - order(b) || a - b)
    const most = Math.min(this.#settings.categorySetMax, sorted.length - 1)
    for (let size = 1; size <= most; size++) {
      this.#trySet(feature, start, bins, sorted.slice(0, size))
      this.#trySet(feature, start, bins, sorted.slice(-size))
    }
  }

  /** The categories of the set go left; missing ones are tried both ways. */
  #trySet(feature: number, start: number, bins: number, set: readonly number[]): void {
    const sums = this.#sums
    const counts = this.#counts
    let gradient = 0
    let hessian = 0
    let rows = 0
    for (const bin of set) {
      const at = (start + bin) * 2
      gradient += sums[at] as number
      hessian += sums[at + 1] as number
      if (counts !== undefined) rows += counts[at] as number
    }
    if (this.#consider(feature, 0, false, gradient, hessian, rows)) this.#categoryBins = set
    const at = (start + bins) * 2
    const missing = sums[at + 1] as number
    if (!(missing > this.#node.hessian * NOTHING)) return
    gradient += sums[at] as number
    hessian += missing
    if (counts !== undefined) rows += counts[at] as number
    if (this.#consider(feature, 0, true, gradient, hessian, rows)) this.#categoryBins = set
  }

  #result(): FoundSplit {
    const node = this.#node
    const { lambda } = this.#settings
    const start = this.#table.offsets[this.#feature] as number
    const bins = (this.#table.maps[this.#feature] as { bins: number }).bins
    const missing = this.#sums[(start + bins) * 2 + 1] as number
    const hasMissing = missing > node.hessian * NOTHING
    const left = {
      gradient: this.#leftGradient,
      hessian: this.#leftHessian,
      rows: this.#leftRows,
      lowest: node.lowest,
      highest: node.highest
    }
    const right = {
      ...left,
      gradient: this.#rightGradient,
      hessian: this.#rightHessian,
      rows: node.rows - this.#leftRows
    }
    if (this.#bestDirection !== 0) {
      // The two sides meet in the middle, so that no later split can turn the order round.
      const middle =
        (clamp(-left.gradient / (left.hessian + lambda), node) +
          clamp(-right.gradient / (right.hessian + lambda), node)) /
        2
      const [low, high] = this.#bestDirection > 0 ? [left, right] : [right, left]
      low.highest = middle
      high.lowest = middle
    }
    return {
      feature: this.#feature,
      bin: this.#bin,
      categoryBins: this.#categoryBins,
      // Where training saw none missing, a missing value goes where most rows went.
      isMissingLeft: hasMissing ? this.#isMissingLeft : left.hessian >= right.hessian,
      gain: this.#gain,
      left,
      right
    }
  }
}

const NOWHERE: NodeSums = { gradient: 0, hessian: 0, rows: 0, lowest: 0, highest: 0 }

function clamp(value: number, { lowest, highest }: NodeSums): number {
  return Math.min(Math.max(value, lowest), highest)
}

/** Twice what the loss falls by if the leaf takes this value. */
function gainAt(gradient: number, penalised: number, value: number): number {
  return -(2 * gradient * value + penalised * value * value)
}

/** The leaf value that is best under the penalty and within the bounds of the node. */
export function leafValue(node: NodeSums, lambda: number): number {
  const penalised = node.hessian + lambda
  return penalised <= 0 ? 0 : clamp(-node.gradient / penalised, node)
}
