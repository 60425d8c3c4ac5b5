/** How sure a figure is, and what it would be elsewhere. Pure. */

import { seededRandom } from '../../../src/base/index.ts'
import { bootstrapInterval, type Interval } from '../../../src/training/index.ts'

export interface Estimate extends Interval {
  /** Values that the mean is of. */
  readonly n: number
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1 on (any table; here NIST/SEMATECH e-Handbook 1.3.6.7.2). */
const STUDENT_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042
]
const NORMAL_975 = 1.96
const ALPHA = 0.05
const HALVINGS = 60
const CALIBRATION_BINS = 15

/** Mean with its 95 % interval by Student's t; the interval of one value alone is not known. Null for none. */
export function meanInterval(values: readonly number[]): Estimate | null {
  const n = values.length
  if (n === 0) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  if (n === 1) return { mean, low: Number.NaN, high: Number.NaN, n }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)
  const half = (STUDENT_975[n - 2] ?? NORMAL_975) * Math.sqrt(variance / n)
  return { mean, low: mean - half, high: mean + half, n }
}

/** The same of shares: the interval is cut at 0 and 1. Null for none. */
export function shareInterval(values: readonly number[]): Estimate | null {
  const found = meanInterval(values)
  return found && { ...found, low: Math.max(0, found.low), high: Math.min(1, found.high) }
}

/**
 * Upper bound of a share of which `hits` of `n` were seen, at 95 % (Clopper and Pearson 1934, one-sided): for no hit 1 - 0.05^(1/n),
 * about 3/n. 1 where nothing was seen at all.
 */
export function upperBound(hits: number, n: number): number {
  if (hits >= n) return 1
  let low = hits / n
  let high = 1
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (binomialAtMost(hits, n, middle) > ALPHA) low = middle
    else high = middle
  }
  return high
}

/** Probability of at most `hits` of `n`, each with probability `p`. */
function binomialAtMost(hits: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p)
  let total = Math.exp(logTerm)
  for (let k = 1; k <= hits; k++) {
    logTerm += Math.log((n - k + 1) / k) + Math.log(p) - Math.log1p(-p)
    total += Math.exp(logTerm)
  }
  return total
}

/** Precision where this share of all sources is abusive, whatever it was in the test. Null where nobody is flagged. */
export function precisionAt(
  prevalence: number,
  of: { readonly recall: number; readonly falsePositiveRate: number }
): number | null {
  const right = prevalence * of.recall
  const wrong = (1 - prevalence) * of.falsePositiveRate
  return right + wrong === 0 ? null : right / (right + wrong)
}

/** Sums of a reliability diagram of 15 bins of equal width: days can be added up. */
export interface CalibrationBins {
  readonly weight: number[]
  readonly confidence: number[]
  readonly abuse: number[]
}

export function createBins(): CalibrationBins {
  const zeros = () => new Array<number>(CALIBRATION_BINS).fill(0)
  return { weight: zeros(), confidence: zeros(), abuse: zeros() }
}

export function addToBins(
  bins: CalibrationBins,
  one: { readonly score: number; readonly isAbuse: boolean; readonly weight: number }
): void {
  const { score, isAbuse, weight } = one
  const bin = Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.floor(score * CALIBRATION_BINS)))
  bins.weight[bin] = (bins.weight[bin] ?? 0) + weight
  bins.confidence[bin] = (bins.confidence[bin] ?? 0) + weight * score
  if (isAbuse) bins.abuse[bin] = (bins.abuse[bin] ?? 0) + weight
}

export function sumBins(all: readonly CalibrationBins[]): CalibrationBins {
  const total = createBins()
  for (const bins of all) {
    for (const key of ['weight', 'confidence', 'abuse'] as const) {
      for (const [bin, value] of bins[key].entries()) {
        total[key][bin] = (total[key][bin] ?? 0) + value
      }
    }
  }
  return total
}

/** Expected calibration error (Guo et al. 2017), weighted. Null where nothing was scored. */
export function calibrationError({ weight, confidence, abuse }: CalibrationBins): number | null {
  const total = weight.reduce((sum, value) => sum + value, 0)
  if (total === 0) return null
  const gaps = confidence.map((sum, bin) => Math.abs(sum - (abuse[bin] ?? 0)))
  return gaps.reduce((sum, gap) => sum + gap, 0) / total
}

/** Nearest rank, as the evaluation of a replay has it. Null for none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null
}

/** What one group (a campaign, or the harmless sources of one class on one day) gave under two policies. */
export interface PairedGroup {
  readonly ours: number
  readonly theirs: number
}

/**
 * By how much a count of faults is less with us than with them: 1 - ours / theirs, with the 95 % interval from drawing the groups
 * again, both policies on the same groups. Null where they have no fault at all: there is nothing to reduce.
 */
export function pairedReduction(
  groups: readonly PairedGroup[],
  options: { readonly seed: number; readonly draws?: number }
): Interval | null {
  const faults = groups.filter(({ ours, theirs }) => ours > 0 || theirs > 0)
  if (faults.every(({ theirs }) => theirs === 0)) return null
  // Groups without a fault add nothing to either sum, but drawing them makes the others rarer or more frequent.
  return bootstrapInterval(
    groups.length,
    (drawn) => {
      let ours = 0
      let theirs = 0
      for (const index of drawn) {
        const group = groups[index]
        ours += group?.ours ?? 0
        theirs += group?.theirs ?? 0
      }
      return theirs === 0 ? Number.NaN : 1 - ours / theirs
    },
    { random: seededRandom(options.seed), ...(options.draws && { draws: options.draws }) }
  )
}
