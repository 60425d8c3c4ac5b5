/** What is usual for harmless sources: with it, a person who reads an explanation sees whether a value is odd at all. */
import { FEATURES } from '../../detection/index.ts'
import { type BehaviourTable, sourceNames } from '../behaviour-table.ts'

export type UsualRange = readonly [number, number]

/** A twentieth of the sources lies below, a twentieth above. */
const TAIL = 0.05
/** With fewer, two or three of them would make the range. */
const SOURCES_MIN = 40
/** Moments that are looked at, spread over all. */
const ROWS_MAX = 30_000
const DIGITS = 6

interface Weighed {
  readonly value: number
  readonly weight: number
}

/**
 * Between which values nine of ten harmless sources lie, by feature; undefined for categories, and where too few sources are known.
 * A source counts no more for being looked at often.
 */
export function usualRanges(table: BehaviourTable): readonly (UsualRange | undefined)[] {
  const names = sourceNames(table)
  const benign = [...names.keys()].filter((row) => table.labels[row] === 0)
  const step = Math.max(1, benign.length / ROWS_MAX)
  const rows = Array.from({ length: Math.ceil(benign.length / step) }, (_, i) =>
    Number(benign[Math.floor(i * step)])
  )
  const looks = new Map<string, number>()
  for (const row of rows) looks.set(names[row] ?? '', (looks.get(names[row] ?? '') ?? 0) + 1)
  return FEATURES.map(({ categories }, feature) => {
    if (categories !== undefined) return undefined
    const sources = new Set<string>()
    const known: Weighed[] = []
    for (const row of rows) {
      const value = table.values[row * FEATURES.length + feature] ?? Number.NaN
      if (Number.isNaN(value)) continue
      const name = names[row] ?? ''
      sources.add(name)
      known.push({ value, weight: 1 / (looks.get(name) ?? 1) })
    }
    if (sources.size < SOURCES_MIN) return undefined
    known.sort((a, b) => a.value - b.value)
    return [quantile(known, TAIL), quantile(known, 1 - TAIL)] as const
  })
}

/** @param sorted by value, ascending */
function quantile(sorted: readonly Weighed[], share: number): number {
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    if (below >= total * share) return Number(value.toPrecision(DIGITS))
  }
  return sorted.at(-1)?.value ?? Number.NaN
}
