/** A quantity that differs from day to day and from campaign to campaign: its range, its shape, and where both come from. */

export interface Parameter {
  readonly name: string
  readonly unit: string
  readonly min: number
  readonly max: number
  /** `log-normal` is cut off at both ends; its median is said, and 95 % lie within a factor of e^(2·sigma). */
  readonly shape: 'uniform' | 'log-uniform' | 'log-normal'
  readonly median?: number
  readonly sigma?: number
  /** Section of the integration contract, the recording, or what was published; `assumed` says that nobody measured it. */
  readonly source: string
}

/** Monotone: bands of probability are bands of values. */
export function quantile(parameter: Parameter, probability: number): number {
  const { min, max } = parameter
  switch (parameter.shape) {
    case 'uniform':
      return min + (max - min) * probability
    case 'log-uniform':
      return min * (max / min) ** probability
    case 'log-normal': {
      const median = parameter.median ?? Math.sqrt(min * max)
      const sigma = parameter.sigma ?? 1
      const low = normalCdf(Math.log(min / median) / sigma)
      const high = normalCdf(Math.log(max / median) / sigma)
      const z = normalQuantile(low + (high - low) * probability)
      return Math.min(max, Math.max(min, median * Math.exp(sigma * z)))
    }
  }
}

/** Abramowitz and Stegun 7.1.26, error below 1.5e-7. */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const tail =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const upper = 0.5 * tail * Math.exp(-x * x)
  return z < 0 ? upper : 1 - upper
}

/** By bisection: exact enough for a parameter, and monotone as the distribution is. */
function normalQuantile(probability: number): number {
  let low = -8
  let high = 8
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}
