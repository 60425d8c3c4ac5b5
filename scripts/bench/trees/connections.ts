/** A table shaped like one of network connections: normal, counted, mostly zero and yes-or-no columns, a few of which matter. */
import { type Random, seededRandom } from '../../../src/base/index.ts'
import type { LabelledTable } from '../../../src/training/index.ts'

export const FEATURES = 41
const MISSING = 0.01

export function connectionsTable(rows: number, seed: number): LabelledTable {
  const random = seededRandom(seed)
  const columns = Array.from({ length: FEATURES }, (_, feature) =>
    makeColumn(feature, rows, random)
  )
  const cell = (feature: number, row: number) => columns[feature]?.[row] ?? 0
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const margin =
      cell(0, row) +
      0.5 * cell(1, row) * cell(3, row) -
      cell(4, row) * cell(8, row) +
      0.3 * cell(2, row) +
      Math.sin(3 * cell(12, row)) +
      normal(random) * 0.7
    return margin > 1.5 ? 1 : 0
  })
  for (const values of columns) {
    for (let row = 0; row < rows; row++) if (random.next() < MISSING) values[row] = Number.NaN
  }
  const features = columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' as const }))
  return { rows, features, columns, labels, classes: 2 }
}

function makeColumn(feature: number, rows: number, random: Random): Float32Array {
  const exponential = (mean: number) => -mean * Math.log(1 - random.next())
  const draws = [
    () => normal(random),
    () => Math.floor(exponential(5)),
    () => (random.next() < 0.8 ? 0 : exponential(2)),
    () => (random.next() < 0.3 ? 1 : 0)
  ]
  const draw = draws[feature % draws.length] ?? (() => 0)
  return Float32Array.from({ length: rows }, draw)
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
