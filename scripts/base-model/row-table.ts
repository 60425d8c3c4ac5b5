/** Days put together into one table, with what training must know of each row beside it: group, weight, class. */
import { FEATURES } from '../../src/detection/index.ts'
import type { FeatureSpec } from '../../src/runtime/index.ts'
import type { LabelledTable } from '../../src/training/index.ts'
import type { DayRows } from './day-rows.ts'
import { IS_WITHHELD } from './feature-choices.ts'

export interface RowTable extends LabelledTable {
  readonly columns: readonly Float32Array[]
  readonly weights: Float64Array
  /** Rows × features, as a forest reads them. */
  readonly rowMajor: Float32Array
  /** Campaign and site; harmless sources by themselves. */
  readonly groups: readonly string[]
  /** Site and address. */
  readonly sources: readonly string[]
  readonly classNames: readonly string[]
}

export const FEATURE_SPECS: readonly FeatureSpec[] = FEATURES.map(({ name, categories }) =>
  categories === undefined ? { name, kind: 'numeric' } : { name, kind: 'category', categories }
)

/** A campaign of a thousand addresses says no more than one of so many. */
const SOURCES_OF_CAMPAIGN_MAX = 200

/** Harmless classes of few sources weigh up to so much more, or the many single lookups would be all that is learned. */
const RARE_WEIGHT_MAX = 2

/**
 * Every source weighs 1, however often it was looked at; swarms weigh as much as `SOURCES_OF_CAMPAIGN_MAX` sources, and a source of
 * a rare harmless class more.
 */
export function tableOf(days: readonly DayRows[]): RowTable {
  const rows = days.reduce((total, { source }) => total + source.length, 0)
  const width = FEATURES.length
  const rowMajor = new Float32Array(rows * width)
  const labels = new Int32Array(rows)
  const groups: string[] = []
  const sources: string[] = []
  const classNames: string[] = []
  let at = 0
  for (const day of days) {
    rowMajor.set(day.values, at * width)
    for (let row = 0; row < day.source.length; row++) {
      const campaign = day.campaign[row] ?? ''
      const source = `${day.site} ${day.source[row]}`
      labels[at + row] = day.isAbuse[row] === true ? 1 : 0
      sources.push(source)
      groups.push(campaign === '' ? source : `${day.site} ${campaign}`)
      classNames.push(day.class[row] ?? '')
    }
    at += day.source.length
  }
  const columns = FEATURES.map((_, feature) => {
    const column = new Float32Array(rows)
    // A feature that never differs is never asked for.
    if (IS_WITHHELD[feature] === true) return column
    for (let row = 0; row < rows; row++) column[row] = rowMajor[row * width + feature] ?? Number.NaN
    return column
  })
  const weights = weigh({ sources, groups, labels, classNames })
  return {
    ...{ rows, columns, labels, weights, rowMajor, groups, sources, classNames },
    classes: 2,
    features: FEATURE_SPECS
  }
}

function weigh(of: {
  readonly sources: readonly string[]
  readonly groups: readonly string[]
  readonly labels: Int32Array
  readonly classNames: readonly string[]
}): Float64Array {
  const rarity = rarityOf(of)
  const looks = new Map<string, number>()
  const members = new Map<string, Set<string>>()
  for (const [row, source] of of.sources.entries()) {
    looks.set(source, (looks.get(source) ?? 0) + 1)
    const group = of.groups[row] ?? ''
    const set = members.get(group) ?? new Set()
    members.set(group, set.add(source))
  }
  return Float64Array.from(of.sources, (source, row) => {
    const size = members.get(of.groups[row] ?? '')?.size ?? 1
    const rare = of.labels[row] === 1 ? 1 : (rarity.get(of.classNames[row] ?? '') ?? 1)
    return (rare * Math.min(1, SOURCES_OF_CAMPAIGN_MAX / size)) / (looks.get(source) ?? 1)
  })
}

/** Of harmless classes: root of how many times fewer sources they have than the largest. */
function rarityOf(of: {
  readonly sources: readonly string[]
  readonly labels: Int32Array
  readonly classNames: readonly string[]
}): ReadonlyMap<string, number> {
  const members = new Map<string, Set<string>>()
  for (const [row, source] of of.sources.entries()) {
    if (of.labels[row] === 1) continue
    const name = of.classNames[row] ?? ''
    members.set(name, (members.get(name) ?? new Set()).add(source))
  }
  const most = Math.max(...[...members.values()].map(({ size }) => size))
  return new Map(
    [...members].map(([name, { size }]) => [
      name,
      Math.min(RARE_WEIGHT_MAX, Math.sqrt(most / size))
    ])
  )
}

/** The rows of which `keep` says so, as a table of their own. */
export function selectRows(table: RowTable, keep: (row: number) => boolean): RowTable {
  const picked: number[] = []
  for (let row = 0; row < table.rows; row++) if (keep(row)) picked.push(row)
  const width = table.features.length
  const rowMajor = new Float32Array(picked.length * width)
  for (const [to, from] of picked.entries()) {
    rowMajor.set(table.rowMajor.subarray(from * width, (from + 1) * width), to * width)
  }
  return {
    rows: picked.length,
    features: table.features,
    classes: table.classes,
    columns: table.columns.map((column) => Float32Array.from(picked, (row) => column[row] ?? 0)),
    labels: Int32Array.from(picked, (row) => table.labels[row] ?? 0),
    weights: Float64Array.from(picked, (row) => table.weights[row] ?? 0),
    rowMajor,
    groups: picked.map((row) => table.groups[row] ?? ''),
    sources: picked.map((row) => table.sources[row] ?? ''),
    classNames: picked.map((row) => table.classNames[row] ?? '')
  }
}
