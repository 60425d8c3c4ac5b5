import type { BinnedTable } from './binned-table.ts'
import type { GradientMemory } from './gradient-memory.ts'
import type { HistogramBuilder } from './gradient-tree.ts'
import { addGroups } from './histogram-work.ts'
import { bindKernel, compileKernel, GROUP, type Kernel } from './kernel.ts'

/** Adds histograms up on the calling thread. */
export class LoneBuilder implements HistogramBuilder {
  readonly #kernel: Kernel
  readonly #memory: GradientMemory
  readonly #table: BinnedTable
  #groups: readonly number[] = []

  constructor(table: BinnedTable, memory: GradientMemory) {
    this.#kernel = bindKernel(compileKernel(), memory.memory)
    this.#memory = memory
    this.#table = table
  }

  chooseFeatures(features: Int32Array): void {
    this.#groups = groupsOf(features)
  }

  build(from: number, to: number, slot: number): void {
    const count = to - from
    if (count === 0) return
    const { plan } = this.#memory
    const pairsAt = plan.gatheredAt
    this.#kernel.gather(plan.pairsAt, plan.orderAt + from * 4, pairsAt, count)
    const order = { from, count, pairsAt, slot }
    addGroups(this.#kernel, plan, this.#table.offsets, this.#groups, order)
  }

  subtract(slot: number, less: number): void {
    this.#kernel.subtract(slot, less, this.#memory.plan.slotBytes)
  }
}

/** The groups that hold at least one of the features. */
export function groupsOf(features: Int32Array): number[] {
  return [...new Set(Array.from(features, (feature) => Math.floor(feature / GROUP)))]
}
