/**
 * Several forests as one model (stacked generalisation, Wolpert 1992): boosted trees, a random forest and an isolation forest, over
 * whose scores of rows that they had not seen a logistic regression is fitted, and calibrated (isotonic, centred). The isolation forest
 * never decides alone: its score is one input of three, of those that were told the classes.
 */
import { setImmediate as turn } from 'node:timers/promises'
import {
  applyIsotonic,
  type IsotonicMap,
  type StackMember,
  THRESHOLD_DEFAULT
} from '../../runtime/index.ts'
import { fitCentredIsotonic } from '../calibration/isotonic.ts'
import { TrainingError } from '../errors.ts'
import { type Figures, figuresOf } from '../metrics/figures.ts'
import type { PartStore } from '../run/kept-fit.ts'
import { rowsWhere, selectRows } from '../table/select.ts'
import { type LabelledTable, rowMajor } from '../trees/column-table.ts'
import { applyLogistic, fitLogistic, type LogisticModel } from './logistic.ts'
import { growParts, PartsReader, STACK_WIDTH, type StackParams } from './stack-parts.ts'

export interface StackRequest {
  /** Two classes. */
  readonly table: LabelledTable
  /** The table's rows one after the other. @default made of the columns */
  readonly rows?: Float32Array | undefined
  /** Fold of each row, 0 to `folds` - 1; rows that belong together are in one (`groupedFolds`). */
  readonly foldOf: Int32Array
  readonly folds: number
  readonly params: StackParams
  readonly seed: number
}

export interface StackPorts {
  readonly signal?: AbortSignal | undefined
  /** @param share of the whole training that is done, 0 to 1 */
  readonly onProgress?: ((stage: string, share: number) => void) | undefined
  /** Where forests that are done are kept; the names of its parts are the same in every training. */
  readonly store?: PartStore | undefined
  /** The bits do not depend on it. @default 1 for boosting, all cores for the random forest */
  readonly threads?: number | undefined
}

export interface StackFold {
  readonly fold: number
  readonly rows: number
  /** Of the rows that were held out, by forests, stack and calibration that had not seen them. */
  readonly validation: Figures
  /** Of rows that the same forests were grown from. */
  readonly training: Figures
}

export interface TrainedStack {
  readonly members: readonly StackMember[]
  readonly logistic: LogisticModel
  readonly calibration: IsotonicMap
  /** Calibrated scores of all rows, each by forests, stack and calibration that had not seen its fold. */
  readonly outOfFold: Float64Array
  /** The same before calibration. */
  readonly uncalibrated: Float64Array
  readonly folds: readonly StackFold[]
}

/** So many rows say what a model makes of its own rows. */
const OWN_ROWS_MAX = 20_000

/**
 * The same request gives the same bits, with any number of threads, and however often it was ended and gone on with.
 *
 * @throws {TABLE_INVALID} with other than two classes, or a fold outside of which one is missing
 * @throws {OPTION_INVALID | WORKER_FAILED} @throws the reason of the signal
 */
export async function trainStack(
  request: StackRequest,
  ports: StackPorts = {}
): Promise<TrainedStack> {
  const { table, folds, params, seed } = request
  checkFolds(request)
  const rows = request.rows ?? rowMajor(table)
  const { signal, store, threads } = ports
  const steps = folds + 1
  const inputs = new Float64Array(table.rows * STACK_WIDTH)
  const own: OwnRows[] = []
  for (let fold = 0; fold < folds; fold++) {
    const seen = rowsWhere(table.rows, (row) => request.foldOf[row] !== fold)
    const stage = `fold ${fold + 1} of ${folds}`
    const onProgress = (share: number) => ports.onProgress?.(stage, (fold + share) / steps)
    const order = { name: `fold-${fold}`, params, seed, threads, store, signal, onProgress }
    const reader = new PartsReader(await growParts(selectRows(table, seen), order))
    const held = rowsWhere(table.rows, (row) => request.foldOf[row] === fold)
    await readInputs(reader, { rows, table, picked: held, into: inputs, signal })
    own.push(await readOwn(reader, { rows, table, seen, signal }))
  }
  const judged = judgeFolds(request, inputs, own)
  const { logistic, calibration } = fitTop(request, inputs, () => true)
  const onProgress = (share: number) => ports.onProgress?.('all rows', (folds + share) / steps)
  const order = { name: 'all', params, seed, threads, store, signal, onProgress }
  return { members: await growParts(table, order), logistic, calibration, ...judged }
}

/** @throws {TABLE_INVALID} */
function checkFolds({ table, foldOf, folds }: StackRequest): void {
  if (table.classes !== 2) {
    throw new TrainingError(
      'TABLE_INVALID',
      `expected two classes for a stack, got ${table.classes}`
    )
  }
  for (let fold = 0; fold < folds; fold++) {
    const counts = [0, 0]
    for (const [row, label] of table.labels.entries()) {
      if (foldOf[row] !== fold) counts[label] = (counts[label] ?? 0) + 1
    }
    if (counts.every((count) => count > 0)) continue
    throw new TrainingError(
      'TABLE_INVALID',
      `expected rows of both classes outside each of ${folds} folds, got one class outside one: its groups are too few`
    )
  }
}

interface OwnRows {
  readonly inputs: Float64Array
  readonly labels: Int32Array
}

interface Reading {
  readonly rows: Float32Array
  readonly table: LabelledTable
  readonly signal: AbortSignal | undefined
}

const ROWS_BETWEEN_TURNS = 8_192

/** Of each picked row to its own place. */
async function readInputs(
  reader: PartsReader,
  of: Reading & { readonly picked: Int32Array; readonly into: Float64Array }
): Promise<void> {
  const width = of.table.features.length
  for (const [index, row] of of.picked.entries()) {
    reader.read(of.rows, row * width, of.into, row * STACK_WIDTH)
    if (index % ROWS_BETWEEN_TURNS !== 0) continue
    await turn()
    of.signal?.throwIfAborted()
  }
}

/** Of some of the rows that the forests were grown from. */
async function readOwn(
  reader: PartsReader,
  { seen, ...of }: Reading & { readonly seen: Int32Array }
): Promise<OwnRows> {
  const count = Math.min(seen.length, OWN_ROWS_MAX)
  const picked = Int32Array.from(
    { length: count },
    (_, i) => seen[Math.floor((i * seen.length) / count)] as number
  )
  const width = of.table.features.length
  const inputs = new Float64Array(count * STACK_WIDTH)
  for (const [index, row] of picked.entries()) {
    reader.read(of.rows, row * width, inputs, index * STACK_WIDTH)
    if (index % ROWS_BETWEEN_TURNS === 0) await turn()
  }
  of.signal?.throwIfAborted()
  return { inputs, labels: Int32Array.from(picked, (row) => of.table.labels[row] as number) }
}

interface Top {
  readonly logistic: LogisticModel
  readonly calibration: IsotonicMap
}

/** Stack and calibration from the out-of-fold inputs of some rows. */
function fitTop(
  { table }: StackRequest,
  inputs: Float64Array,
  isTaken: (row: number) => boolean
): Top {
  const rows = rowsWhere(table.rows, isTaken)
  const own = new Float64Array(rows.length * STACK_WIDTH)
  for (const [index, row] of rows.entries()) {
    own.set(inputs.subarray(row * STACK_WIDTH, (row + 1) * STACK_WIDTH), index * STACK_WIDTH)
  }
  const labels = Int32Array.from(rows, (row) => table.labels[row] as number)
  const { weights: all } = table
  const weights = all && Float64Array.from(rows, (row) => all[row] as number)
  const logistic = fitLogistic(own, labels, { weights })
  const calibration = fitCentredIsotonic(stackScores(logistic, own), labels, weights)
  return { logistic, calibration }
}

function stackScores(logistic: LogisticModel, inputs: Float64Array): Float64Array {
  return Float64Array.from({ length: inputs.length / STACK_WIDTH }, (_, row) =>
    applyLogistic(logistic, inputs.subarray(row * STACK_WIDTH, (row + 1) * STACK_WIDTH))
  )
}

function judgeFolds(
  request: StackRequest,
  inputs: Float64Array,
  own: readonly OwnRows[]
): Pick<TrainedStack, 'outOfFold' | 'uncalibrated' | 'folds'> {
  const { table, foldOf } = request
  const outOfFold = new Float64Array(table.rows)
  const uncalibrated = new Float64Array(table.rows)
  const folds = own.map((seen, fold): StackFold => {
    const top = fitTop(request, inputs, (row) => foldOf[row] !== fold)
    const held = rowsWhere(table.rows, (row) => foldOf[row] === fold)
    const scores = Float64Array.from(held, (row) => {
      const input = inputs.subarray(row * STACK_WIDTH, (row + 1) * STACK_WIDTH)
      const score = applyLogistic(top.logistic, input)
      uncalibrated[row] = score
      return applyIsotonic(top.calibration, score)
    })
    for (const [index, row] of held.entries()) outOfFold[row] = scores[index] as number
    const labels = Int32Array.from(held, (row) => table.labels[row] as number)
    const ownScores = stackScores(top.logistic, seen.inputs).map((score) =>
      applyIsotonic(top.calibration, score)
    )
    return {
      fold,
      rows: held.length,
      validation: judge(scores, labels),
      training: judge(ownScores, seen.labels)
    }
  })
  return { outOfFold, uncalibrated, folds }
}

function judge(scores: Float64Array, labels: Int32Array): Figures {
  const options = { classes: 2, threshold: THRESHOLD_DEFAULT }
  const { confusion: _, ...figures } = figuresOf(scores, labels, options)
  return figures
}
