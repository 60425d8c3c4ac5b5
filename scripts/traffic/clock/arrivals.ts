/** When visits begin: a Poisson process whose rate follows the hour of the day, drawn by thinning (Lewis and Shedler 1979). */
import type { Draw } from '../draw.ts'

const HOUR_MS = 3_600_000

/** Share of the day's mean rate by the hour; each has mean 1 over a day. */
export type Rhythm = (timeMs: number) => number

/** @param depth 0 = flat, 1 = no traffic at the lowest hour */
export function dailyRhythm(depth: number, peakHour: number): Rhythm {
  return (timeMs) => {
    const hour = (timeMs / HOUR_MS) % 24
    return 1 + depth * Math.cos(((hour - peakHour) / 24) * 2 * Math.PI)
  }
}

const PEAK_MAX = 2

export interface ArrivalOptions {
  readonly fromMs: number
  readonly toMs: number
  readonly perSecond: number
  readonly rhythm: Rhythm
}

export function* arrivals(options: ArrivalOptions, draw: Draw): Generator<number, void, void> {
  if (options.perSecond <= 0) return
  const meanGapMs = 1000 / (options.perSecond * PEAK_MAX)
  let atMs = options.fromMs
  for (;;) {
    atMs += draw.exponential(meanGapMs)
    if (atMs >= options.toMs) return
    if (draw.next() * PEAK_MAX < options.rhythm(atMs)) yield atMs
  }
}

export interface Pace {
  /** Mean gap. */
  readonly gapMs: number
  /** Standard deviation over mean of a gap. */
  readonly variation: number
}

/** A gap between two requests of one client: log-normal with the given mean and variation, so never negative. */
export function gapMs(pace: Pace, draw: Draw): number {
  if (pace.variation <= 0) return pace.gapMs
  const sigma2 = Math.log(1 + pace.variation ** 2)
  return draw.logNormal(pace.gapMs * Math.exp(-sigma2 / 2), Math.sqrt(sigma2))
}
