/** Adding rows to histograms, group of features by group: what the main thread and a helping thread both do. */

import type { GradientPlan } from './gradient-memory.ts'
import { BIN_BYTES, GROUP, type Kernel } from './kernel.ts'

/** One order: the rows order[from, from + count), whose pairs lie at `pairsAt` in that order, go into the histogram `slot`. */
export interface HistogramOrder {
  readonly from: number
  readonly count: number
  readonly pairsAt: number
  readonly slot: number
}

export function addGroups(
  kernel: Kernel,
  plan: GradientPlan,
  offsets: Int32Array,
  groups: ArrayLike<number>,
  order: HistogramOrder
): void {
  if (order.count === 0) return
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as number
    addGroup(kernel, plan, offsets, group, order.pairsAt, order.slot, order)
    if (plan.countsAt > 0) {
      addGroup(kernel, plan, offsets, group, plan.onesAt, order.slot + plan.countsAt, order)
    }
  }
}

function addGroup(
  kernel: Kernel,
  plan: GradientPlan,
  offsets: Int32Array,
  group: number,
  pairsAt: number,
  histogram: number,
  { from, count }: HistogramOrder
): void {
  const address = (lane: number): number => {
    const offset = offsets[group * GROUP + lane]
    return offset === undefined ? plan.spareAt : histogram + offset * BIN_BYTES
  }
  const bins = plan.binsAt + group * GROUP * plan.rows
  kernel.accumulate(
    bins,
    plan.orderAt + from * 4,
    pairsAt,
    count,
    address(0),
    address(1),
    address(2),
    address(3)
  )
}
