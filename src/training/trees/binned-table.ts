/**
 * A table as bins, in memory that the kernel and other threads read: four features share a 32-bit word, and the words of a group
 * of features lie row after row, so that one load brings the bins of four features.
 */
import type { FeatureSpec } from '../../runtime/index.ts'
import { type BinMap, makeBinMap, writeBins } from './bin-map.ts'
import type { ColumnTable } from './column-table.ts'
import { GROUP } from './kernel.ts'

export interface BinnedTable {
  readonly rows: number
  readonly features: readonly FeatureSpec[]
  readonly maps: readonly BinMap[]
  /** First bin of each feature in a histogram over all features; missing bins count, too. */
  readonly offsets: Int32Array
  /** Bins of all features, missing ones included. */
  readonly binsTotal: number
  /** The bin of feature f in row r stands at `binAt(f) + r * GROUP`. */
  readonly bins: Uint8Array
}

export function binBytes(table: { readonly rows: number; readonly features: readonly unknown[] }) {
  return Math.ceil(table.features.length / GROUP) * GROUP * table.rows
}

/** Where the bins of a feature begin, counted from the first byte of the bins. */
export function binAt(rows: number, feature: number): number {
  return (feature - (feature % GROUP)) * rows + (feature % GROUP)
}

export function makeBinMaps(table: ColumnTable, binsMax: number): BinMap[] {
  return table.features.map((feature, index) =>
    makeBinMap(feature, table.columns[index] ?? new Float32Array(table.rows), binsMax)
  )
}

/** @param bins of `binBytes` bytes */
export function binTable(
  table: ColumnTable,
  maps: readonly BinMap[],
  bins: Uint8Array
): BinnedTable {
  const offsets = new Int32Array(maps.length)
  let binsTotal = 0
  for (const [feature, map] of maps.entries()) {
    const values = table.columns[feature] ?? new Float32Array(table.rows)
    writeBins(map, values, bins, { at: binAt(table.rows, feature), stride: GROUP })
    offsets[feature] = binsTotal
    binsTotal += map.bins + 1
  }
  return { rows: table.rows, features: table.features, maps, offsets, binsTotal, bins }
}
