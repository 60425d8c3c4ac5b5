/** How well scores put the positive rows before the others. A label is 1 for positive, anything else for negative. */

/**
 * Area under the ROC curve: the share of pairs of a positive and a negative row that the scores put in the right order; a tie is
 * half. NaN if there are not both.
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = descending(scores)
  let positives = 0
  let negatives = 0
  let area = 0
  for (let i = 0; i < order.length; ) {
    const { end, positive, negative } = tieFrom(order, i, scores, labels)
    area += negative * (positives + positive / 2)
    positives += positive
    negatives += negative
    i = end
  }
  return area / (positives * negatives)
}

export interface OperatingPoint {
  /** Rows with at least this score count as positive; Infinity if none may. */
  readonly threshold: number
  readonly truePositiveRate: number
  readonly falsePositiveRate: number
}

/** The lowest threshold whose false positives stay within the budget: nothing is interpolated, because nobody can run at a point between two scores. */
export function operatingPoint(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  falsePositiveRateMax: number
): OperatingPoint {
  const order = descending(scores)
  let positivesAll = 0
  for (let i = 0; i < order.length; i++) if (labels[i] === 1) positivesAll++
  const negativesAll = order.length - positivesAll
  let positives = 0
  let negatives = 0
  let best: OperatingPoint = {
    threshold: Number.POSITIVE_INFINITY,
    truePositiveRate: 0,
    falsePositiveRate: 0
  }
  for (let i = 0; i < order.length; ) {
    const { end, positive, negative } = tieFrom(order, i, scores, labels)
    positives += positive
    negatives += negative
    if (negatives / negativesAll > falsePositiveRateMax) break
    best = {
      threshold: scores[order[i] as number] as number,
      truePositiveRate: positives / positivesAll,
      falsePositiveRate: negativesAll === 0 ? 0 : negatives / negativesAll
    }
    i = end
  }
  return best
}

export function tprAtFpr(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  falsePositiveRateMax: number
): number {
  return operatingPoint(scores, labels, falsePositiveRateMax).truePositiveRate
}

/** Mean over the classes that occur of a figure for this class against the rest. `scores` holds `classes` numbers a row. */
export function oneVsRest(
  scores: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  figure: (scores: Float64Array, labels: Uint8Array) => number
): number {
  const rows = labels.length
  let total = 0
  let counted = 0
  for (let k = 0; k < classes; k++) {
    const own = Float64Array.from({ length: rows }, (_, row) => scores[row * classes + k] as number)
    const isOwn = Uint8Array.from({ length: rows }, (_, row) => (labels[row] === k ? 1 : 0))
    if (!isOwn.includes(1) || !isOwn.includes(0)) continue
    total += figure(own, isOwn)
    counted++
  }
  return total / counted
}

function descending(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index)
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number))
}

function tieFrom(
  order: Uint32Array,
  from: number,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>
): { end: number; positive: number; negative: number } {
  const score = scores[order[from] as number]
  let end = from
  let positive = 0
  while (end < order.length && scores[order[end] as number] === score) {
    if (labels[order[end] as number] === 1) positive++
    end++
  }
  return { end: Math.max(end, from + 1), positive, negative: end - from - positive }
}
