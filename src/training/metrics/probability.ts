/** How far probabilities are from what happened. `scores` holds one number a row for two classes, or one for each class. */

/** A probability of 0 would cost infinitely much. */
const PROBABILITY_MIN = 1e-15
const ECE_BINS = 15

/** The probability that the row's scores give to a class. */
export function probabilityOf(
  scores: Float64Array,
  row: number,
  label: number,
  width: number
): number {
  if (width > 1) return scores[row * width + label] as number
  const positive = scores[row] as number
  return label === 1 ? positive : 1 - positive
}

export function logLoss(scores: Float64Array, labels: ArrayLike<number>): number {
  const rows = labels.length
  const width = scores.length / rows
  let total = 0
  for (let row = 0; row < rows; row++) {
    const p = probabilityOf(scores, row, labels[row] as number, width)
    total -= Math.log(Math.min(Math.max(p, PROBABILITY_MIN), 1))
  }
  return total / rows
}

/**
 * Expected calibration error over 15 bins of equal width (Guo et al. 2017): of the probability of class 1 where there are two
 * classes, of the most probable class where there are more.
 */
export function expectedCalibrationError(
  scores: Float64Array,
  labels: ArrayLike<number>,
  bins = ECE_BINS
): number {
  const rows = labels.length
  const width = scores.length / rows
  const confidence = new Float64Array(bins)
  const hits = new Float64Array(bins)
  for (let row = 0; row < rows; row++) {
    const top = width === 1 ? 1 : topClass(scores, row, width)
    const p = probabilityOf(scores, row, top, width)
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(p * bins)))
    confidence[bin] = (confidence[bin] as number) + p
    if (labels[row] === top) hits[bin] = (hits[bin] as number) + 1
  }
  let gap = 0
  for (let bin = 0; bin < bins; bin++) {
    gap += Math.abs((confidence[bin] as number) - (hits[bin] as number))
  }
  return gap / rows
}

/** The most probable class; the first of equals. */
export function topClass(scores: Float64Array, row: number, width: number): number {
  if (width === 1) return (scores[row] as number) > 0.5 ? 1 : 0
  let top = 0
  for (let k = 1; k < width; k++) {
    if ((scores[row * width + k] as number) > (scores[row * width + top] as number)) top = k
  }
  return top
}

/** Rows by true class (first) and most probable class (second). */
export function confusion(
  scores: Float64Array,
  labels: ArrayLike<number>,
  classes: number
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  const width = scores.length / labels.length
  for (let row = 0; row < labels.length; row++) {
    const line = counts[labels[row] as number]
    const top = topClass(scores, row, width)
    if (line !== undefined) line[top] = (line[top] ?? 0) + 1
  }
  return counts
}

export function accuracy(scores: Float64Array, labels: ArrayLike<number>): number {
  const width = scores.length / labels.length
  let hits = 0
  for (let row = 0; row < labels.length; row++) {
    if (topClass(scores, row, width) === labels[row]) hits++
  }
  return hits / labels.length
}
