/** A thread of its own that adds its share of the features to histograms, whenever it is told to. */
import { workerData } from 'node:worker_threads'
import { addGroups } from './histogram-work.ts'
import { bindKernel } from './kernel.ts'
import { CONTROL, type HistogramThreadOrder } from './threaded-builder.ts'

const { module, memory, plan, offsets, control, index, threads } =
  workerData as HistogramThreadOrder
const kernel = bindKernel(module, memory)
let seen = Atomics.load(control, CONTROL.order)
Atomics.add(control, CONTROL.ready, 1)
for (;;) {
  Atomics.wait(control, CONTROL.order, seen)
  const order = Atomics.load(control, CONTROL.order)
  if (Atomics.load(control, CONTROL.isOver) === 1) break
  if (order === seen) continue
  seen = order
  const count = control[CONTROL.groups] as number
  const all = control.subarray(CONTROL.groupList, CONTROL.groupList + count)
  const own = all.filter((_, at) => at % threads === index)
  addGroups(kernel, plan, offsets, own, {
    from: control[CONTROL.from] as number,
    count: control[CONTROL.count] as number,
    pairsAt: plan.gatheredAt,
    slot: control[CONTROL.slot] as number
  })
  Atomics.add(control, CONTROL.done, 1)
  Atomics.notify(control, CONTROL.done)
}
