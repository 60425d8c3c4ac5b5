/**
 * What each row counts in training. A source counts 1 however often it was looked at, a swarm as much as so many sources, and a
 * harmless source of a rare class more, or the many single lookups would be all that is learned.
 */
import { type BehaviourTable, groupNames, sourceNames, wordAt } from '../behaviour-table.ts'

/** A campaign of a thousand addresses says no more than one of so many. */
const SOURCES_OF_CAMPAIGN_MAX = 200
const RARE_WEIGHT_MAX = 2

/** Times how sure the label is. */
export function trainingWeights(table: BehaviourTable): Float64Array {
  const sources = sourceNames(table)
  const groups = groupNames(table)
  const rarity = rarityOf(table, sources)
  const looks = new Map<string, number>()
  const members = new Map<string, Set<string>>()
  for (const [row, source] of sources.entries()) {
    looks.set(source, (looks.get(source) ?? 0) + 1)
    addTo(members, groups[row] ?? '', source)
  }
  return Float64Array.from(sources, (source, row) => {
    const size = members.get(groups[row] ?? '')?.size ?? 1
    const rare = table.labels[row] === 1 ? 1 : (rarity.get(wordAt(table.classes, row)) ?? 1)
    const share = Math.min(1, SOURCES_OF_CAMPAIGN_MAX / size) / (looks.get(source) ?? 1)
    return rare * share * (table.weights[row] ?? 1)
  })
}

/** Of harmless classes: root of how many times fewer sources they have than the largest. */
function rarityOf(
  { labels, classes }: BehaviourTable,
  sources: readonly string[]
): ReadonlyMap<string, number> {
  const members = new Map<string, Set<string>>()
  for (const [row, source] of sources.entries()) {
    if (labels[row] === 0) addTo(members, wordAt(classes, row), source)
  }
  const most = Math.max(...[...members.values()].map(({ size }) => size))
  return new Map(
    [...members].map(([name, { size }]) => [
      name,
      Math.min(RARE_WEIGHT_MAX, Math.sqrt(most / size))
    ])
  )
}

function addTo(sets: Map<string, Set<string>>, name: string, member: string): void {
  const set = sets.get(name)
  if (set === undefined) sets.set(name, new Set([member]))
  else set.add(member)
}
