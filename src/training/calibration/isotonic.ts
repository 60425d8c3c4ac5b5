/**
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955): the non-decreasing function that is nearest to the labels
 * in least squares, linear between its knots and flat outside them.
 */
import type { IsotonicMap } from '../../runtime/index.ts'

export function fitIsotonic(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
  weights?: ArrayLike<number>
): IsotonicMap {
  const points = mergeTies(scores, targets, weights)
  const pooled = pool(points.y, points.weight)
  // Between two knots of the same height nothing is said that the outer two do not say.
  const keep: number[] = []
  for (let i = 0; i < pooled.length; i++) {
    if (i === 0 || i === pooled.length - 1) keep.push(i)
    else if (pooled[i] !== pooled[i - 1] || pooled[i] !== pooled[i + 1]) keep.push(i)
  }
  return {
    x: Float64Array.from(keep, (i) => points.x[i] as number),
    y: Float64Array.from(keep, (i) => pooled[i] as number)
  }
}

/**
 * Centred isotonic regression of probabilities (Oron & Flournoy 2017): each pooled block is one knot at its weighted centre, and the
 * line goes on to 0 and 1 at the ends, so that scores keep their order. Where plain isotonic regression pools the most certain rows
 * into one plateau, no threshold can tell the surest of them from the others.
 */
export function fitCentredIsotonic(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>
): IsotonicMap {
  const blocks = centresOf(mergeTies(scores, labels, weights))
  const x: number[] = []
  const y: number[] = []
  const knot = (atX: number, atY: number) => {
    x.push(atX)
    y.push(atY)
  }
  const [first] = blocks
  const last = blocks.at(-1)
  if (first === undefined || last === undefined)
    return { x: new Float64Array(), y: new Float64Array() }
  if (first.x > 0) knot(0, 0)
  for (const block of blocks) {
    // However many rows of class 1 a block has, one of class 0 may come: it counts as half a row.
    const surest = 1 - 0.5 / (block.weight + 1)
    knot(block.x, Math.max(y.at(-1) ?? 0, Math.min(surest, block.y)))
  }
  if (last.x < 1) knot(1, 1)
  return { x: Float64Array.from(x), y: Float64Array.from(y) }
}

interface Points {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly weight: Float64Array
}

/** Rows of the same score become one of their mean and their weight. */
function mergeTies(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
  weights: ArrayLike<number> | undefined
): Points {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number)
  )
  const x: number[] = []
  const sum: number[] = []
  const weight: number[] = []
  for (const row of order) {
    const own = weights === undefined ? 1 : (weights[row] as number)
    if (own === 0) continue
    const score = scores[row] as number
    if (x.at(-1) !== score) {
      x.push(score)
      sum.push(0)
      weight.push(0)
    }
    const last = x.length - 1
    sum[last] = (sum[last] as number) + own * (targets[row] as number)
    weight[last] = (weight[last] as number) + own
  }
  return {
    x: Float64Array.from(x),
    y: Float64Array.from(sum, (total, i) => total / (weight[i] as number)),
    weight: Float64Array.from(weight)
  }
}

/** Neighbours of one pooled height as one point each. */
function centresOf({ x, y, weight }: Points): readonly Point[] {
  const pooled = pool(y, weight)
  const blocks: Point[] = []
  for (const [i, height] of pooled.entries()) {
    const own = { x: x[i] as number, y: height, weight: weight[i] as number }
    const last = blocks.at(-1)
    if (last === undefined || last.y !== height) blocks.push(own)
    else {
      const total = last.weight + own.weight
      last.x += ((own.x - last.x) * own.weight) / total
      last.weight = total
    }
  }
  return blocks
}

interface Point {
  x: number
  readonly y: number
  weight: number
}

/** Blocks whose means descend are merged until none do. */
function pool(y: Float64Array, weight: Float64Array): Float64Array {
  const sums: number[] = []
  const weights: number[] = []
  const sizes: number[] = []
  const mean = (block: number) => (sums[block] as number) / (weights[block] as number)
  for (let i = 0; i < y.length; i++) {
    sums.push((y[i] as number) * (weight[i] as number))
    weights.push(weight[i] as number)
    sizes.push(1)
    while (sums.length > 1 && mean(sums.length - 2) >= mean(sums.length - 1)) {
      const into = sums.length - 2
      sums[into] = (sums[into] as number) + (sums.pop() as number)
      weights[into] = (weights[into] as number) + (weights.pop() as number)
      sizes[into] = (sizes[into] as number) + (sizes.pop() as number)
    }
  }
  const pooled = new Float64Array(y.length)
  let at = 0
  for (const [block, size] of sizes.entries()) {
    pooled.fill(mean(block), at, at + size)
    at += size
  }
  return pooled
}
