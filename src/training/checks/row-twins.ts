/** Rows whose features are the same to the last bit: who repeats whom, found in one pass through a hash table of row numbers. */
import { mixSeed } from '../../base/index.ts'
import type { ColumnTable, ColumnValues } from '../trees/column-table.ts'

/** @returns for each row the first row with the same features: itself where there is none before it */
export function findTwins(table: Pick<ColumnTable, 'rows' | 'columns'>): Int32Array {
  const { rows, columns } = table
  const hashes = hashRows(rows, columns)
  const size = 2 ** Math.ceil(Math.log2(Math.max(rows, 1) * 2))
  const slots = new Int32Array(size).fill(-1)
  const first = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    let slot = (hashes[row] as number) & (size - 1)
    for (;;) {
      const other = slots[slot] as number
      if (other < 0) {
        slots[slot] = row
        first[row] = row
        break
      }
      if (hashes[other] === hashes[row] && areSame(columns, other, row)) {
        first[row] = other
        break
      }
      slot = (slot + 1) & (size - 1)
    }
  }
  return first
}

/** Column by column, since that is how they lie in memory. */
function hashRows(rows: number, columns: readonly ColumnValues[]): Int32Array {
  const hashes = new Int32Array(rows).fill(mixSeed(columns.length) | 0)
  const pair = new Float64Array(1)
  const words = new Int32Array(pair.buffer)
  for (const values of columns) {
    for (let row = 0; row < rows; row++) {
      const value = values[row] as number
      // One NaN, and one zero.
      pair[0] = value === 0 ? 0 : value
      let hash = (hashes[row] as number) ^ (words[0] as number)
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ (words[1] as number)
      hashes[row] = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    }
  }
  return hashes.map((hash) => hash ^ (hash >>> 16))
}

function areSame(columns: readonly ColumnValues[], a: number, b: number): boolean {
  for (const values of columns) {
    const [x, y] = [values[a] as number, values[b] as number]
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) return false
  }
  return true
}
