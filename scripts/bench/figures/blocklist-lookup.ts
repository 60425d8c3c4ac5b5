/** How fast an address is looked up among a million while the index is being rebuilt: the time that the rebuild takes counts. */
import { integerBelow, type Random, seededRandom } from '../../../src/base/index.ts'
import { BlocklistIndex } from '../../../src/defense/index.ts'
import { addressText, addressTexts, ENTRIES, fillIndex } from '../blocklist/entries.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'

const RUNS = 5
const WARM_UPS = 2
const GOAL = 3_000_000
const LOOKUPS = 1_000_000
/** Look-ups between two slices of the rebuild, and entries that a slice rewrites: one entry for each look-up. */
const BETWEEN_SLICES = 4_096
const SLICE = 4_096
/** Added while the rebuild runs, and ended before the next one, which drops them. */
const ADDED_EACH = 4
const NOW_MS = Date.UTC(2027, 0, 1)

interface Measured {
  readonly perSecond: number
  readonly hits: number
  readonly rebuilds: number
  readonly longestSliceMs: number
}

export const figure: BenchFigure = {
  name: 'blocklist-lookup',
  goal: `≥ ${GOAL} look-ups/s`,
  run(context: BenchContext): Promise<FigureLine[]> {
    const random = seededRandom(context.seed)
    const addresses = addressTexts(random, ENTRIES)
    const index = new BlocklistIndex()
    fillIndex(index, addresses)
    const map = new Map(addresses.map((address, handle) => [address, handle]))
    const ours: Measured[] = []
    const theirs: number[] = []
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const asked = askedTexts(random, addresses)
      const own = measureIndex(index, asked, random)
      const plain = measureMap(map, askedTexts(random, addresses))
      if (run < 0) continue
      ours.push(own)
      theirs.push(plain)
      context.progress(
        `blocklist-lookup run ${run + 1} of ${RUNS}: ${Math.round(own.perSecond)} look-ups/s`
      )
    }
    const value = medianOf(ours.map(({ perSecond }) => perSecond))
    const reference = medianOf(theirs)
    const slice = medianOf(ours.map(({ longestSliceMs }) => longestSliceMs))
    const rebuilds = ours.reduce((sum, own) => sum + own.rebuilds, 0)
    return Promise.resolve([
      {
        figure: 'blocklist-lookup',
        value: Math.round(value),
        unit: 'look-ups/s',
        reference: 'Map from address text to a number, nothing else going on',
        reference_value: Math.round(reference),
        ratio: Math.round((value / reference) * 1_000) / 1_000,
        goal: `≥ ${GOAL}`,
        met: value >= GOAL,
        samples: RUNS,
        note: `${ENTRIES} IPv4 addresses, texts read anew for each look-up, half of them hits; ${rebuilds} whole rebuilds went on meanwhile, their time included; longest pause for a slice ${slice.toFixed(2)} ms`
      }
    ])
  }
}

/** Fresh strings, as they come out of log lines: no hash of them is known yet. */
function askedTexts(random: Random, addresses: readonly string[]): string[] {
  return Array.from({ length: LOOKUPS }, (_, n) => {
    const known = addresses[integerBelow(random, addresses.length)] ?? ''
    const text = n % 2 === 0 ? known : addressText(integerBelow(random, 2 ** 32))
    return Buffer.from(text, 'latin1').toString('latin1')
  })
}

function measureIndex(index: BlocklistIndex, asked: readonly string[], random: Random): Measured {
  let hits = 0
  let rebuilds = 0
  let longestSliceMs = 0
  const startMs = performance.now()
  for (let from = 0; from < asked.length; from += BETWEEN_SLICES) {
    const to = Math.min(from + BETWEEN_SLICES, asked.length)
    for (let n = from; n < to; n++) {
      if (index.findLongest(asked[n] ?? '', NOW_MS) !== undefined) hits++
    }
    const sliceStartMs = performance.now()
    if (!index.isMerging) {
      index.startRebuild(NOW_MS)
      rebuilds++
    }
    for (let n = 0; n < ADDED_EACH; n++) {
      const prefix = addressText(integerBelow(random, 2 ** 32))
      index.add({ prefix, untilMs: NOW_MS - 1_000, handle: n })
    }
    index.work(SLICE)
    longestSliceMs = Math.max(longestSliceMs, performance.now() - sliceStartMs)
  }
  const tookMs = performance.now() - startMs
  if (hits < asked.length / 2) throw new Error(`expected every second address, got ${hits}`)
  return { perSecond: (asked.length / tookMs) * 1_000, hits, rebuilds, longestSliceMs }
}

function measureMap(map: ReadonlyMap<string, number>, asked: readonly string[]): number {
  let hits = 0
  const startMs = performance.now()
  for (const address of asked) if (map.get(address) !== undefined) hits++
  const tookMs = performance.now() - startMs
  if (hits < asked.length / 2) throw new Error(`expected every second address, got ${hits}`)
  return (asked.length / tookMs) * 1_000
}
