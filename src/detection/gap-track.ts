/**
 * Times between the requests of one source: how long, how even, and whether short ones follow short ones. Programs keep time;
 * people and bursts do not. Constant memory; older gaps are halved away, so that a change of pace is seen.
 */
export interface GapTrack {
  /** Decayed number of gaps. */
  count: number
  sumS: number
  sumSquares: number
  /** Sum of each gap times the one before it. */
  sumProducts: number
  lastS: number
  shortestS: number
}

const GAPS_MAX = 64
/** A longer pause is another visit. */
const GAP_MAX_S = 3_600

export function createGapTrack(): GapTrack {
  return { count: 0, sumS: 0, sumSquares: 0, sumProducts: 0, lastS: 0, shortestS: GAP_MAX_S }
}

export function pushGap(track: GapTrack, gapMs: number): void {
  const gapS = Math.min(GAP_MAX_S, Math.max(0, gapMs / 1_000))
  if (track.count >= GAPS_MAX) {
    track.count /= 2
    track.sumS /= 2
    track.sumSquares /= 2
    track.sumProducts /= 2
  }
  if (track.count > 0) track.sumProducts += gapS * track.lastS
  track.count++
  track.sumS += gapS
  track.sumSquares += gapS * gapS
  track.lastS = gapS
  track.shortestS = Math.min(track.shortestS, gapS)
}

export function meanGapS(track: GapTrack): number {
  return track.count === 0 ? Number.NaN : track.sumS / track.count
}

/** Standard deviation over mean; not a number below two gaps. */
export function gapVariation(track: GapTrack): number {
  if (track.count < 2) return Number.NaN
  const mean = track.sumS / track.count
  const variance = Math.max(0, track.sumSquares / track.count - mean * mean)
  return mean === 0 ? 0 : Math.sqrt(variance) / mean
}

/** Lag-1 autocorrelation, -1 to 1; not a number below four gaps or where all are alike. */
export function gapAutocorrelation(track: GapTrack): number {
  if (track.count < 4) return Number.NaN
  const mean = track.sumS / track.count
  const variance = track.sumSquares / track.count - mean * mean
  if (variance <= 1e-9) return Number.NaN
  const covariance = track.sumProducts / (track.count - 1) - mean * mean
  return Math.max(-1, Math.min(1, covariance / variance))
}
