/** A thread of its own that grows trees of a random forest, whichever are not yet taken. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Tree } from '../../runtime/index.ts'
import type { BinnedTable } from './binned-table.ts'
import type { ForestSettings } from './forest-options.ts'
import { GiniTreeGrower } from './gini-tree.ts'
import type { Targets } from './gradients.ts'

export interface ForestOrder {
  readonly binned: BinnedTable
  readonly targets: Targets
  readonly classes: number
  readonly settings: ForestSettings
  /** The number of the next tree. */
  readonly counter: Int32Array
}

export interface GrownTreeMessage {
  readonly index: number
  readonly tree: Tree
}

const { binned, targets, classes, settings, counter } = workerData as ForestOrder
const grower = new GiniTreeGrower(binned, targets, classes, settings)
for (;;) {
  const index = Atomics.add(counter, 0, 1)
  if (index >= settings.trees) break
  const message: GrownTreeMessage = { index, tree: grower.grow(index) }
  parentPort?.postMessage(message)
}
