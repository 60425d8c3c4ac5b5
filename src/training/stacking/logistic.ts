/**
 * Logistic regression of a few inputs by Newton's method with an L2 penalty (iteratively reweighted least squares; Hastie,
 * Tibshirani, Friedman, The Elements of Statistical Learning, §4.4.1): puts the scores of several models into one.
 */
import { sigmoid } from '../../runtime/index.ts'

export interface LogisticModel {
  readonly intercept: number
  readonly weights: Float64Array
}

export interface LogisticOptions {
  /** L2 penalty on the weights, not on the intercept. @default 1 */
  readonly lambda?: number
  /** No weight below 0: a model whose score is turned round adds noise, not knowledge. @default true */
  readonly isNonNegative?: boolean
}

const STEPS_MAX = 100
const SMALL_STEP = 1e-9

/** @param inputs rows × width, one row after the other @param targets 1 or 0 */
export function fitLogistic(
  inputs: Float64Array,
  targets: ArrayLike<number>,
  options: LogisticOptions & { readonly weights?: ArrayLike<number> | undefined } = {}
): LogisticModel {
  const { lambda = 1, isNonNegative = true } = options
  const width = inputs.length / targets.length
  let isFree = new Array<boolean>(width).fill(true)
  for (let round = 0; round <= width; round++) {
    const model = newton(inputs, targets, { lambda, isFree, rowWeights: options.weights })
    const negative = isNonNegative ? model.weights.findIndex((weight) => weight < 0) : -1
    if (negative < 0) return model
    isFree = isFree.map((free, index) => free && (model.weights[index] ?? 0) >= 0)
  }
  return newton(inputs, targets, { lambda, isFree, rowWeights: options.weights })
}

export function applyLogistic(model: LogisticModel, input: ArrayLike<number>): number {
  let margin = model.intercept
  for (let k = 0; k < model.weights.length; k++) margin += (model.weights[k] ?? 0) * (input[k] ?? 0)
  return sigmoid(margin)
}

interface NewtonOptions {
  readonly lambda: number
  readonly isFree: readonly boolean[]
  readonly rowWeights: ArrayLike<number> | undefined
}

function newton(
  inputs: Float64Array,
  targets: ArrayLike<number>,
  { lambda, isFree, rowWeights }: NewtonOptions
): LogisticModel {
  const width = isFree.length
  const size = width + 1
  const beta = new Float64Array(size)
  for (let step = 0; step < STEPS_MAX; step++) {
    const gradient = new Float64Array(size)
    const hessian = new Float64Array(size * size)
    for (let row = 0; row < targets.length; row++) {
      const at = row * width
      let margin = beta[0] ?? 0
      for (let k = 0; k < width; k++) margin += (beta[k + 1] ?? 0) * (inputs[at + k] ?? 0)
      const probability = sigmoid(margin)
      const weight = rowWeights?.[row] ?? 1
      const error = weight * (probability - (targets[row] ?? 0))
      const curvature = Math.max(1e-12, weight * probability * (1 - probability))
      for (let i = 0; i < size; i++) {
        const x = i === 0 ? 1 : (inputs[at + i - 1] ?? 0)
        gradient[i] = (gradient[i] ?? 0) + error * x
        for (let j = 0; j <= i; j++) {
          const y = j === 0 ? 1 : (inputs[at + j - 1] ?? 0)
          hessian[i * size + j] = (hessian[i * size + j] ?? 0) + curvature * x * y
        }
      }
    }
    for (let i = 1; i < size; i++) {
      gradient[i] = (gradient[i] ?? 0) + lambda * (beta[i] ?? 0)
      hessian[i * size + i] = (hessian[i * size + i] ?? 0) + lambda
      if (isFree[i - 1] === true) continue
      gradient[i] = 0
      for (let j = 0; j < size; j++) {
        hessian[i * size + j] = 0
        hessian[j * size + i] = 0
      }
      hessian[i * size + i] = 1
    }
    const change = solveSymmetric(hessian, gradient, size)
    let largest = 0
    for (let i = 0; i < size; i++) {
      const by = Math.max(-8, Math.min(8, change[i] ?? 0))
      beta[i] = (beta[i] ?? 0) - by
      largest = Math.max(largest, Math.abs(by))
    }
    if (largest < SMALL_STEP) break
  }
  return { intercept: beta[0] ?? 0, weights: beta.slice(1) }
}

/** Cholesky on the lower triangle; the diagonal is lifted a little where it is nearly singular. */
function solveSymmetric(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  const lower = matrix.slice()
  const at = (i: number, j: number) => lower[i * size + j] ?? 0
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j)
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k)
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j)
    }
  }
  const x = right.slice()
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] ?? 0) - at(i, k) * (x[k] ?? 0)
    x[i] = (x[i] ?? 0) / at(i, i)
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] = (x[i] ?? 0) - at(k, i) * (x[k] ?? 0)
    x[i] = (x[i] ?? 0) / at(i, i)
  }
  return x
}
