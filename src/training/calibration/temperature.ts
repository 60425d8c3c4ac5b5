/** Temperature scaling (Guo et al. 2017): margins divided by the one number that makes the log loss least. Ranks stay as they are. */

const TEMPERATURE_MIN = 0.01
const TEMPERATURE_MAX = 100
/** So many steps of a golden section narrow the range by 1e12. */
const STEPS = 60

/**
 * @param margins one number a row for two classes, or one for each class
 * @returns the temperature, between 0.01 and 100
 */
export function fitTemperature(margins: Float64Array, labels: ArrayLike<number>): number {
  const width = margins.length / labels.length
  // The loss is convex in 1/T, so it has one valley in log T.
  const loss = (log: number) => scaledLoss(margins, labels, width, Math.exp(-log))
  const golden = (Math.sqrt(5) - 1) / 2
  let low = Math.log(TEMPERATURE_MIN)
  let high = Math.log(TEMPERATURE_MAX)
  let a = high - golden * (high - low)
  let b = low + golden * (high - low)
  let lossA = loss(a)
  let lossB = loss(b)
  for (let step = 0; step < STEPS; step++) {
    if (lossA <= lossB) {
      high = b
      b = a
      lossB = lossA
      a = high - golden * (high - low)
      lossA = loss(a)
    } else {
      low = a
      a = b
      lossA = lossB
      b = low + golden * (high - low)
      lossB = loss(b)
    }
  }
  return Math.exp((low + high) / 2)
}

function scaledLoss(
  margins: Float64Array,
  labels: ArrayLike<number>,
  width: number,
  factor: number
): number {
  let total = 0
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number
    if (width === 1) {
      const margin = (margins[row] as number) * factor * (label === 1 ? 1 : -1)
      total += Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(-margin, 0)
      continue
    }
    let top = Number.NEGATIVE_INFINITY
    const at = row * width
    for (let k = 0; k < width; k++) top = Math.max(top, (margins[at + k] as number) * factor)
    let sum = 0
    for (let k = 0; k < width; k++) sum += Math.exp((margins[at + k] as number) * factor - top)
    total += Math.log(sum) + top - (margins[at + label] as number) * factor
  }
  return total
}
