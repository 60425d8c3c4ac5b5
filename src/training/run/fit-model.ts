/** One fit of one model, whichever kind: tells how far it is, and stops between two trees when it is asked to. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Forest } from '../../runtime/index.ts'
import type { LabelledTable } from '../trees/column-table.ts'
import { growBoosting } from '../trees/grow-boosting.ts'
import { trainIsolationForest } from '../trees/isolation-forest.ts'
import { trainRandomForest } from '../trees/random-forest.ts'
import { keptFit, type PartStore } from './kept-fit.ts'
import { type ModelKind, type ModelParams, optionsOf } from './model-options.ts'

export interface FitOptions {
  readonly kind: ModelKind
  readonly params: ModelParams
  readonly classes: readonly string[]
  readonly seed: number
  readonly signal: AbortSignal
  /** Share done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined
  /** The bits do not depend on it. @default 1 for boosting, all cores for a random forest */
  readonly threads?: number | undefined
  /** Where the fit is kept, and under which name. */
  readonly store?: PartStore | undefined
  readonly part?: (() => string) | undefined
}

/** @throws {OPTION_INVALID | TABLE_INVALID | WORKER_FAILED} */
export async function fitModel(
  table: LabelledTable,
  options: FitOptions,
  validation?: LabelledTable
): Promise<Forest> {
  const { kind, params, classes, seed, signal, onProgress, threads } = options
  const features = table.features.map(({ name }) => name)
  const own = optionsOf(kind, params, { classes, features, seed })
  await turn(undefined, { signal })
  const forest = await keptFit(options.store, options.part?.() ?? 'fit', async (start) => {
    if (kind === 'isolation-forest') return trainIsolationForest(table, own)
    if (kind === 'random-forest') {
      const onTree = (done: number, trees: number) => onProgress?.(done / trees)
      return await trainRandomForest(table, own, { signal, threads, onTree })
    }
    return await growBoosting(table, own, { ...start, validation, signal, threads, onProgress })
  })
  onProgress?.(1)
  return forest
}
