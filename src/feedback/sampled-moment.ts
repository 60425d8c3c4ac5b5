/** Which judgements of a source are kept: the first eight, then 10, 12, 15, 18, …, each a fifth later than the one before. */

const ALWAYS = 8
const LATER = 1.2
const REQUESTS_MAX = 2 ** 31

const MOMENTS: ReadonlySet<number> = sampledCounts()

function sampledCounts(): ReadonlySet<number> {
  const counts = new Set<number>()
  for (
    let next = 1;
    next < REQUESTS_MAX;
    next = next < ALWAYS ? next + 1 : Math.ceil(next * LATER)
  ) {
    counts.add(next)
  }
  return counts
}

/** @param requests of the source until now, this one included; it grows by one with each */
export function isSampledMoment(requests: number): boolean {
  return MOMENTS.has(requests)
}
