/** One fit of one model, whichever kind: tells how far it is, and stops between two trees when it is asked to. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Forest } from '../../runtime/index.ts'
import type { LabelledTable } from '../trees/column-table.ts'
import { growBoosting } from '../trees/grow-boosting.ts'
import { trainIsolationForest } from '../trees/isolation-forest.ts'
import { trainRandomForest } from '../trees/random-forest.ts'
import { type ModelKind, type ModelParams, optionsOf } from './model-options.ts'

export interface FitOptions {
  readonly kind: ModelKind
  readonly params: ModelParams
  readonly classes: readonly string[]
  readonly seed: number
  readonly signal: AbortSignal
  /** Share done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/** @throws {OPTION_INVALID | TABLE_INVALID | WORKER_FAILED} */
export async function fitModel(
  table: LabelledTable,
  options: FitOptions,
  validation?: LabelledTable
): Promise<Forest> {
  const { kind, params, classes, seed, signal, onProgress } = options
  const features = table.features.map(({ name }) => name)
  const own = optionsOf(kind, params, { classes, features, seed })
  await turn(undefined, { signal })
  if (kind === 'isolation-forest') return trainIsolationForest(table, own)
  if (kind === 'random-forest') {
    return trainRandomForest(table, own, {
      signal,
      onTree: (done, trees) => onProgress?.(done / trees)
    })
  }
  return growBoosting(table, own, { validation, signal, onProgress })
}
