/** How good a model of these params is on rows that it has not seen: each fold is judged by a model of the others. */
import { type Forest, predictRows, THRESHOLD_DEFAULT } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { type Figures, figuresOf, meanFigures } from '../metrics/figures.ts'
import { rowsWhere, selectRows } from '../table/select.ts'
import { type LabelledTable, rowMajor } from '../trees/column-table.ts'
import { type FitOptions, fitModel } from './fit-model.ts'

/** So many rows say what a fit makes of its own rows. */
const OWN_ROWS_MAX = 100_000

export interface Folds {
  /** Fold of each row. */
  readonly foldOf: Int32Array
  /** Those that are judged: all, or the first where one hold-out is enough. */
  readonly judged: readonly number[]
}

export interface FoldOutcome {
  readonly fold: number
  readonly rows: number
  readonly validation: Figures
  /** The same figures on the rows that the model was fitted to. */
  readonly training: Figures
  readonly forest: Forest
}

export interface FoldsOutcome {
  readonly folds: readonly FoldOutcome[]
  /** Rows that were held out, and their scores. */
  readonly rows: Int32Array
  readonly scores: Float64Array
  readonly labels: Int32Array
  readonly validation: Figures
  readonly training: Figures
}

export async function judgeFolds(
  table: LabelledTable,
  { foldOf, judged }: Folds,
  options: FitOptions
): Promise<FoldsOutcome> {
  const width = table.classes === 2 ? 1 : table.classes
  const held = rowsWhere(table.rows, (row) => judged.includes(foldOf[row] as number))
  const place = new Int32Array(table.rows).fill(-1)
  for (const [index, row] of held.entries()) place[row] = index
  const scores = new Float64Array(held.length * width)
  const folds: FoldOutcome[] = []
  for (const [index, fold] of judged.entries()) {
    const own = rowsWhere(table.rows, (row) => foldOf[row] !== fold)
    const others = rowsWhere(table.rows, (row) => foldOf[row] === fold)
    if (options.kind !== 'isolation-forest') requireClasses(table, own)
    const validation = selectRows(table, others)
    const forest = await fitModel(
      selectRows(table, own),
      { ...options, onProgress: (share) => options.onProgress?.((index + share) / judged.length) },
      validation
    )
    const found = scoreTable(forest, validation)
    for (const [i, row] of others.entries()) {
      scores.set(found.subarray(i * width, (i + 1) * width), (place[row] as number) * width)
    }
    const sample = selectRows(table, own.length > OWN_ROWS_MAX ? thinned(own) : own)
    folds.push({
      fold,
      rows: others.length,
      validation: judge(found, validation),
      training: judge(scoreTable(forest, sample), sample),
      forest
    })
  }
  return {
    folds,
    rows: held,
    scores,
    labels: Int32Array.from(held, (row) => table.labels[row] as number),
    validation: meanFigures(folds.map(({ validation }) => validation)),
    training: meanFigures(folds.map(({ training }) => training))
  }
}

/** @throws {TABLE_INVALID} */
function requireClasses({ labels }: LabelledTable, rows: Int32Array): void {
  const first = labels[rows[0] ?? -1]
  if (rows.some((row) => labels[row] !== first)) return
  throw new TrainingError(
    'TABLE_INVALID',
    'expected rows of two classes beside those that are held out, got one: the table has too few rows, or too few groups'
  )
}

function thinned(rows: Int32Array): Int32Array {
  const step = rows.length / OWN_ROWS_MAX
  return Int32Array.from({ length: OWN_ROWS_MAX }, (_, i) => rows[Math.floor(i * step)] as number)
}

export function scoreTable(forest: Forest, table: LabelledTable): Float64Array {
  return predictRows(forest, rowMajor(table), table.rows)
}

function judge(scores: Float64Array, { labels, classes }: LabelledTable): Figures {
  const { confusion: _, ...figures } = figuresOf(scores, labels, {
    classes,
    threshold: THRESHOLD_DEFAULT
  })
  return figures
}
