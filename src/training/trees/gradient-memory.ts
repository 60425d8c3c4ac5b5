/** The memory in which boosted trees grow: bins, rows, gradients and histograms, shared with the kernel and with helping threads. */
import { binBytes } from './binned-table.ts'
import type { ColumnTable } from './column-table.ts'
import { BIN_BYTES, createKernelMemory, type KernelMemory } from './kernel.ts'

const ALIGNMENT = 64
/** Bins that fill up the last group are all 0, and add up here. */
const SPARE_BYTES = 64

/** Where everything stands; plain numbers, so that a helping thread can be told. */
export interface GradientPlan {
  readonly rows: number
  readonly binsAt: number
  /** The rows of each node, one node after the other. */
  readonly orderAt: number
  /** For each row its gradient and second derivative as float32. */
  readonly pairsAt: number
  /** The pairs of the node at work, in the order of its rows. */
  readonly gatheredAt: number
  /** For each row a 1 and a 0; where rows are not counted, nothing. */
  readonly onesAt: number
  readonly spareAt: number
  readonly slotsAt: number
  readonly slotBytes: number
  /** Where in a slot the counts begin; 0 where rows are not counted. */
  readonly countsAt: number
}

export function planGradientMemory(
  table: ColumnTable,
  binsTotal: number,
  isCounting: boolean
): GradientPlan {
  let at = 0
  const take = (bytes: number): number => {
    const start = at
    at = Math.ceil((at + bytes) / ALIGNMENT) * ALIGNMENT
    return start
  }
  const { rows } = table
  const histogramBytes = Math.ceil((binsTotal * BIN_BYTES) / ALIGNMENT) * ALIGNMENT
  return {
    rows,
    binsAt: take(binBytes(table)),
    orderAt: take(rows * 4),
    pairsAt: take(rows * 8),
    gatheredAt: take(rows * 8),
    onesAt: take(isCounting ? rows * 8 : 0),
    spareAt: take(SPARE_BYTES),
    slotsAt: at,
    slotBytes: isCounting ? histogramBytes * 2 : histogramBytes,
    countsAt: isCounting ? histogramBytes : 0
  }
}

/** Hands out histograms; given back, they are used again. */
export class GradientMemory {
  readonly plan: GradientPlan
  readonly memory: KernelMemory
  readonly bins: Uint8Array
  readonly order: Int32Array
  readonly pairs: Float32Array
  readonly #free: number[] = []
  #slots = 0

  constructor(plan: GradientPlan, bytesOfBins: number) {
    this.plan = plan
    this.memory = createKernelMemory(plan.slotsAt + plan.slotBytes)
    const { buffer } = this.memory
    this.bins = new Uint8Array(buffer, plan.binsAt, bytesOfBins)
    this.order = new Int32Array(buffer, plan.orderAt, plan.rows)
    this.pairs = new Float32Array(buffer, plan.pairsAt, plan.rows * 2)
    if (plan.countsAt > 0) {
      const ones = new Float32Array(buffer, plan.onesAt, plan.rows * 2)
      for (let row = 0; row < plan.rows; row++) ones[row * 2] = 1
    }
  }

  /** @returns the address of a histogram full of zeros */
  takeSlot(): number {
    const used = this.#free.pop()
    const { slotsAt, slotBytes } = this.plan
    const address = used ?? slotsAt + this.#slots++ * slotBytes
    const short = address + slotBytes - this.memory.buffer.byteLength
    if (short > 0) this.memory.grow(Math.ceil(short / 65_536))
    if (used !== undefined) new Uint8Array(this.memory.buffer, address, slotBytes).fill(0)
    return address
  }

  releaseSlot(address: number): void {
    this.#free.push(address)
  }

  viewSums(slot: number, bins: number): Float64Array {
    return new Float64Array(this.memory.buffer, slot, bins * 2)
  }

  viewCounts(slot: number, bins: number): Float64Array | undefined {
    const { countsAt } = this.plan
    if (countsAt === 0) return undefined
    return new Float64Array(this.memory.buffer, slot + countsAt, bins * 2)
  }
}
