/** First and second derivatives of the log loss by the margins, as XGBoost has them, written as float32 pairs. */

/** XGBoost's floor of a second derivative. */
const HESSIAN_MIN = 1e-16

export interface Targets {
  readonly labels: Int32Array
  /** Weight of each row, class weight included. */
  readonly weights: Float64Array
}

export function binaryGradients(
  margins: Float64Array,
  { labels, weights }: Targets,
  pairs: Float32Array
): void {
  for (let row = 0; row < labels.length; row++) {
    const p = 1 / (1 + Math.exp(-(margins[row] as number)))
    const weight = weights[row] as number
    pairs[row * 2] = (p - (labels[row] as number)) * weight
    pairs[row * 2 + 1] = Math.max(p * (1 - p), HESSIAN_MIN) * weight
  }
}

/** Softmax of each row's margins; `probabilities` and `margins` hold `classes` numbers a row. */
export function softmaxRows(
  margins: Float64Array,
  classes: number,
  probabilities: Float64Array
): void {
  for (let at = 0; at < margins.length; at += classes) {
    let top = Number.NEGATIVE_INFINITY
    for (let k = 0; k < classes; k++) top = Math.max(top, margins[at + k] as number)
    let total = 0
    for (let k = 0; k < classes; k++) {
      const power = Math.exp((margins[at + k] as number) - top)
      probabilities[at + k] = power
      total += power
    }
    for (let k = 0; k < classes; k++) {
      probabilities[at + k] = (probabilities[at + k] as number) / total
    }
  }
}

/** For the trees of one class. XGBoost doubles the second derivative of softmax, which halves its steps; so do we. */
export function classGradients(
  probabilities: Float64Array,
  { classes, ofClass }: { classes: number; ofClass: number },
  { labels, weights }: Targets,
  pairs: Float32Array
): void {
  for (let row = 0; row < labels.length; row++) {
    const p = probabilities[row * classes + ofClass] as number
    const weight = weights[row] as number
    pairs[row * 2] = (p - (labels[row] === ofClass ? 1 : 0)) * weight
    pairs[row * 2 + 1] = Math.max(2 * p * (1 - p), HESSIAN_MIN) * weight
  }
}
