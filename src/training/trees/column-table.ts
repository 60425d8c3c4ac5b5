/** What the tree trainers learn from: one typed array a feature. Where the columns come from is none of their business. */
import type { FeatureSpec } from '../../runtime/index.ts'

/** Numbers with NaN for missing, or the codes of a category with NaN or a negative code for missing. */
export type ColumnValues = Float32Array | Float64Array | Int32Array | Int16Array | Uint8Array

export interface ColumnTable {
  readonly rows: number
  readonly features: readonly FeatureSpec[]
  readonly columns: readonly ColumnValues[]
}

export interface LabelledTable extends ColumnTable {
  /** Index of the class of each row. */
  readonly labels: Int32Array
  readonly classes: number
  /** How much each row counts. @default 1 */
  readonly weights?: Float64Array | undefined
}

/** The rows one after the other, as the forest reads them. */
export function rowMajor(table: ColumnTable): Float32Array {
  const width = table.features.length
  const rows = new Float32Array(table.rows * width)
  for (const [feature, values] of table.columns.entries()) {
    const isCategory = table.features[feature]?.kind === 'category'
    for (let row = 0; row < table.rows; row++) {
      const value = values[row] as number
      rows[row * width + feature] = isCategory && value < 0 ? Number.NaN : value
    }
  }
  return rows
}
