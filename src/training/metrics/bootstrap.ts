/** How sure a figure is, from drawing its groups again: rows of one campaign are not independent, so groups are drawn, not rows. */
import { integerBelow, type Random } from '../../base/index.ts'

export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface BootstrapOptions {
  readonly random: Random
  /** @default 2000 */
  readonly draws?: number
  /** @default 0.95 */
  readonly level?: number
}

/**
 * Percentile interval of a figure of groups.
 *
 * @param figure of the groups with these indices, some of them more than once
 */
export function bootstrapInterval(
  groups: number,
  figure: (drawn: Int32Array) => number,
  { random, draws = 2_000, level = 0.95 }: BootstrapOptions
): Interval {
  const drawn = Int32Array.from({ length: groups }, (_, index) => index)
  const mean = figure(drawn)
  const values = new Float64Array(draws)
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < groups; i++) drawn[i] = integerBelow(random, groups)
    values[draw] = figure(drawn)
  }
  const known = values.filter((value) => !Number.isNaN(value)).sort()
  const at = (share: number) =>
    known[Math.min(known.length - 1, Math.max(0, Math.round(share * (known.length - 1))))] ??
    Number.NaN
  return { mean, low: at((1 - level) / 2), high: at((1 + level) / 2) }
}
