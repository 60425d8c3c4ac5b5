/**
 * Adds histograms up on several threads: each takes some groups of features, so every sum is still made by one thread in the order
 * of the rows, and the bits do not depend on how many there are. Threads wait for orders in shared memory; until they have started,
 * and for nodes of few rows, the calling thread does everything.
 */
import { Worker } from 'node:worker_threads'
import { TrainingError } from '../errors.ts'
import type { BinnedTable } from './binned-table.ts'
import type { GradientMemory, GradientPlan } from './gradient-memory.ts'
import type { HistogramBuilder } from './gradient-tree.ts'
import { addGroups } from './histogram-work.ts'
import {
  bindKernel,
  compileKernel,
  type Kernel,
  type KernelMemory,
  type KernelModule
} from './kernel.ts'
import { groupsOf } from './lone-builder.ts'

/** Waking a thread costs about as much as adding up so many rows. */
const ROWS_WORTHWHILE = 4_000
/** A thread that has not answered for so long has died. */
const ANSWER_TIMEOUT_MS = 60_000

/** Words of the shared control block. */
export const CONTROL = {
  order: 0,
  done: 1,
  isOver: 2,
  ready: 3,
  from: 4,
  count: 5,
  slot: 6,
  groups: 7,
  groupList: 8
} as const

export interface HistogramThreadOrder {
  readonly module: KernelModule
  readonly memory: KernelMemory
  readonly plan: GradientPlan
  readonly offsets: Int32Array
  readonly control: Int32Array
  /** This thread takes every `threads`-th group from `index`; the calling thread has index 0. */
  readonly index: number
  readonly threads: number
}

export class ThreadedBuilder implements HistogramBuilder {
  readonly #kernel: Kernel
  readonly #memory: GradientMemory
  readonly #table: BinnedTable
  readonly #control: Int32Array
  readonly #workers: readonly Worker[]
  #groups: readonly number[] = []

  constructor(table: BinnedTable, memory: GradientMemory, threads: number) {
    const module = compileKernel()
    this.#kernel = bindKernel(module, memory.memory)
    this.#memory = memory
    this.#table = table
    const words = CONTROL.groupList + table.features.length
    this.#control = new Int32Array(new SharedArrayBuffer(words * 4))
    const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js'
    const url = new URL(`./histogram-worker.${extension}`, import.meta.url)
    this.#workers = Array.from({ length: threads - 1 }, (_, index) => {
      const { plan } = memory
      const order: HistogramThreadOrder = {
        ...{ module, memory: memory.memory, plan, offsets: table.offsets, threads },
        control: this.#control,
        index: index + 1
      }
      const worker = new Worker(url, { workerData: order })
      worker.unref()
      return worker
    })
  }

  /** Whether all threads have started. */
  get areReady(): boolean {
    return Atomics.load(this.#control, CONTROL.ready) === this.#workers.length
  }

  chooseFeatures(features: Int32Array): void {
    this.#groups = groupsOf(features)
    this.#control[CONTROL.groups] = this.#groups.length
    this.#control.set(this.#groups, CONTROL.groupList)
  }

  build(from: number, to: number, slot: number): void {
    const count = to - from
    if (count === 0) return
    const { plan } = this.#memory
    const pairsAt = plan.gatheredAt
    this.#kernel.gather(plan.pairsAt, plan.orderAt + from * 4, pairsAt, count)
    const order = { from, count, pairsAt, slot }
    const control = this.#control
    const threads = this.#workers.length + 1
    if (count < ROWS_WORTHWHILE || threads === 1 || !this.areReady) {
      addGroups(this.#kernel, plan, this.#table.offsets, this.#groups, order)
      return
    }
    control[CONTROL.from] = from
    control[CONTROL.count] = count
    control[CONTROL.slot] = slot
    Atomics.store(control, CONTROL.done, 0)
    Atomics.add(control, CONTROL.order, 1)
    Atomics.notify(control, CONTROL.order)
    const own = this.#groups.filter((_, index) => index % threads === 0)
    addGroups(this.#kernel, plan, this.#table.offsets, own, order)
    this.#await(control)
  }

  #await(control: Int32Array): void {
    for (;;) {
      const done = Atomics.load(control, CONTROL.done)
      if (done === this.#workers.length) return
      if (Atomics.wait(control, CONTROL.done, done, ANSWER_TIMEOUT_MS) !== 'timed-out') continue
      throw new TrainingError('WORKER_FAILED', 'a training thread did not answer')
    }
  }

  subtract(slot: number, less: number): void {
    this.#kernel.subtract(slot, less, this.#memory.plan.slotBytes)
  }

  close(): void {
    Atomics.store(this.#control, CONTROL.isOver, 1)
    Atomics.add(this.#control, CONTROL.order, 1)
    Atomics.notify(this.#control, CONTROL.order)
  }
}
