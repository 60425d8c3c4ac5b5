/** A non-decreasing function, linear between its knots and flat outside them: what calibration learned, as it is applied. */
export interface IsotonicMap {
  /** Ascending. */
  readonly x: Float64Array
  /** Not descending. */
  readonly y: Float64Array
}

export function applyIsotonic({ x, y }: IsotonicMap, score: number): number {
  let low = 0
  let high = x.length - 1
  if (high < 0) return Number.NaN
  if (!(score > (x[0] as number))) return y[0] as number
  if (score >= (x[high] as number)) return y[high] as number
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((x[middle] as number) <= score) low = middle
    else high = middle
  }
  const from = x[low] as number
  const step = (score - from) / ((x[high] as number) - from)
  return (y[low] as number) + step * ((y[high] as number) - (y[low] as number))
}
