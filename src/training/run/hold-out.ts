/** Rows that a training does not see, so that what came out can be judged by somebody else: one part in five, and no group on both sides. */
import { mixSeed } from '../../base/index.ts'
import { findTwins } from '../checks/row-twins.ts'
import { rowsWhere, selectRows } from '../table/select.ts'
import type { Words } from '../table/word-column.ts'
import type { LabelledTable } from '../trees/column-table.ts'
import { groupedFolds } from '../validation/grouped-folds.ts'

const PARTS = 5

export interface TablePart {
  readonly table: LabelledTable
  readonly groups: Words | undefined
  /** Of each row in the whole table. */
  readonly rows: Int32Array
}

export interface HeldOut {
  readonly seen: TablePart
  readonly held: TablePart
}

/** Without groups, rows with the same features are kept together. @throws {TABLE_INVALID} with fewer groups than parts */
export function holdOut(table: LabelledTable, groups: Words | undefined, seed: number): HeldOut {
  const { labels, classes } = table
  const names =
    groups === undefined
      ? Array.from(findTwins(table), String)
      : Array.from(groups.codes, (code) => groups.names[code] ?? '')
  const partOf = groupedFolds({ labels, classes, groups: names }, PARTS, mixSeed(seed, 17))
  const part = (isHeld: boolean): TablePart => {
    const rows = rowsWhere(table.rows, (row) => (partOf[row] === 0) === isHeld)
    return {
      table: selectRows(table, rows),
      groups: groups && {
        names: groups.names,
        codes: Int32Array.from(rows, (row) => groups.codes[row] ?? 0)
      },
      rows
    }
  }
  return { seen: part(false), held: part(true) }
}
