/**
 * Whether a stream of search terms is in order. People and keyrings ask in no order; a program that walks a list, a dictionary
 * or the key space does. The number of ascents among n comparisons of a random sequence has mean n/2 and variance (n+2)/12
 * (Eulerian numbers; Knuth, The Art of Computer Programming 3, §5.1.3), which gives a z-score without any tuned rate.
 */
export interface OrderTrack {
  last: string
  comparisons: number
  ascents: number
}

/** Older comparisons are halved away beyond this, so that a walk that begins late is still seen. */
const COMPARISONS_MAX = 200

export function createOrderTrack(): OrderTrack {
  return { last: '', comparisons: 0, ascents: 0 }
}

/** Repeats of the same term say nothing and are passed over. Returns whether the term came after the last in order. */
export function pushTerm(track: OrderTrack, term: string): boolean {
  const last = track.last
  if (term === last) return false
  track.last = term
  if (last === '') return false
  if (track.comparisons >= COMPARISONS_MAX) {
    track.comparisons /= 2
    track.ascents /= 2
  }
  track.comparisons++
  if (term <= last) return false
  track.ascents++
  return true
}

/** Standard deviations from a random order; positive for ascending, negative for descending, 0 under four comparisons. */
export function orderScore(track: OrderTrack): number {
  if (track.comparisons < 4) return 0
  return (track.ascents - track.comparisons / 2) / Math.sqrt((track.comparisons + 2) / 12)
}

export function ascendingShare(track: OrderTrack): number {
  return track.comparisons === 0 ? 0 : track.ascents / track.comparisons
}
