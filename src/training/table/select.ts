/** Some of a table's rows, or some of its columns. */
import type { ColumnValues, LabelledTable } from '../trees/column-table.ts'

export function selectRows(table: LabelledTable, rows: Int32Array): LabelledTable {
  return {
    ...table,
    rows: rows.length,
    columns: table.columns.map((values) => {
      const own = emptyLike(values, rows.length)
      for (let i = 0; i < rows.length; i++) own[i] = values[rows[i] as number] as number
      return own
    }),
    labels: Int32Array.from(rows, (row) => table.labels[row] as number),
    weights: table.weights && Float64Array.from(rows, (row) => table.weights?.[row] ?? 1)
  }
}

/** Of the same kind: a table of float32 stays as small as it is. */
function emptyLike(values: ColumnValues, length: number): ColumnValues {
  if (values instanceof Float32Array) return new Float32Array(length)
  if (values instanceof Float64Array) return new Float64Array(length)
  if (values instanceof Int32Array) return new Int32Array(length)
  return values instanceof Int16Array ? new Int16Array(length) : new Uint8Array(length)
}

export function selectColumns(
  table: LabelledTable,
  isKept: (name: string) => boolean
): LabelledTable {
  const kept = [...table.features.keys()].filter((index) =>
    isKept(table.features[index]?.name ?? '')
  )
  return {
    ...table,
    features: kept.flatMap((index) => table.features[index] ?? []),
    columns: kept.flatMap((index) => table.columns[index] ?? [])
  }
}

/** The rows for which it holds. */
export function rowsWhere(rows: number, holds: (row: number) => boolean): Int32Array {
  const found = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) if (holds(row)) found[count++] = row
  return found.slice(0, count)
}
