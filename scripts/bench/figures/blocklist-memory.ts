/** What a million blocked IPv4 addresses take up, each with its end and its origin, once everything is merged. */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seededRandom } from '../../../src/base/index.ts'
import { BlocklistIndex } from '../../../src/defense/index.ts'
import { addressTexts, ENTRIES, fillIndex } from '../blocklist/entries.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'

const RUNS = 5
const WARM_UPS = 1
const GOAL = 16
const MEGABYTE = 1_000_000
const SETTLE_ROUNDS_MAX = 10
const SETTLE_MS = 50

export const figure: BenchFigure = {
  name: 'blocklist-memory',
  goal: `≤ ${GOAL} MB`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const addresses = addressTexts(seededRandom(context.seed), ENTRIES)
    const ours: number[] = []
    const theirs: number[] = []
    let peak = 0
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const own = await megabytesOf(collect, () => {
        const index = new BlocklistIndex()
        peak = Math.max(peak, fillIndex(index, addresses))
        return index
      })
      const plain = await megabytesOf(collect, () => fillMap(addresses))
      if (run < 0) continue
      ours.push(own)
      theirs.push(plain)
      context.progress(`blocklist-memory run ${run + 1} of ${RUNS}: ${own.toFixed(1)} MB`)
    }
    const value = medianOf(ours)
    const reference = medianOf(theirs)
    return [
      {
        figure: 'blocklist-memory',
        value: Math.round(value * 100) / 100,
        unit: 'MB',
        reference: 'Map from address text to end and origin, texts included',
        reference_value: Math.round(reference * 10) / 10,
        ratio: Math.round((value / reference) * 1_000) / 1_000,
        goal: `≤ ${GOAL}`,
        met: value <= GOAL,
        samples: RUNS,
        note: `${ENTRIES} addresses added one by one in random order; heap and buffers after a collection; most that the index held at any time while it merged: ${(peak / MEGABYTE).toFixed(2)} MB`
      }
    ]
  }
}

/** Heap and array buffers that are there more than before, as long as the result lives. */
async function megabytesOf(
  collect: () => void,
  build: () => { readonly size: number }
): Promise<number> {
  await settle(collect)
  const before = usedBytes()
  const built = build()
  await settle(collect)
  const after = usedBytes()
  if (built.size !== ENTRIES) throw new Error(`expected ${ENTRIES} entries, got ${built.size}`)
  return (after - before) / MEGABYTE
}

/** Array buffers are given back by another thread some time after they were found to be garbage. */
async function settle(collect: () => void): Promise<void> {
  let before = Number.POSITIVE_INFINITY
  for (let round = 0; round < SETTLE_ROUNDS_MAX && usedBytes() < before; round++) {
    before = usedBytes()
    collect()
    await setTimeout(SETTLE_MS)
  }
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The texts are copied: a log line's address is a string of its own. */
function fillMap(addresses: readonly string[]): ReadonlyMap<string, object> {
  const map = new Map<string, { untilMs: number; origin: number }>()
  addresses.forEach((address, origin) => {
    const text = Buffer.from(address, 'latin1').toString('latin1')
    map.set(text, { untilMs: 1_800_000_000_000 + origin, origin })
  })
  return map
}
