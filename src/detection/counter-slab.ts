/**
 * Sliding counts of many sources in one typed array: a slot a source, for each counter and span two buckets of 16 bits.
 * The running bucket counts whole and the one before it by the share that still lies inside the span, as rate limiters do
 * (exact for a steady rate). 200 000 sources with 32 counters take 51 MB, however long they stay.
 */
export interface CounterSlab {
  readonly counters: number
  readonly spansMs: readonly number[]
  /** slot × span × (current, previous) × counter */
  data: Uint16Array | Uint32Array
  /** slot × span: number of the running bucket, floor(time / span). */
  buckets: Int32Array
  /** Slots ever handed out. */
  used: number
  /** Slots given back. */
  free: number[]
}

const FIRST_SLOTS = 256

export function createCounterSlab(
  counters: number,
  spansMs: readonly number[],
  options: { readonly bits: 16 | 32; readonly slots?: number } = { bits: 16 }
): CounterSlab {
  const length = (options.slots ?? FIRST_SLOTS) * spansMs.length
  const cells = length * 2 * counters
  return {
    counters,
    spansMs,
    data: options.bits === 16 ? new Uint16Array(cells) : new Uint32Array(cells),
    buckets: new Int32Array(length),
    used: 0,
    free: []
  }
}

export function takeSlot(slab: CounterSlab): number {
  const freed = slab.free.pop()
  if (freed !== undefined) return freed
  const slot = slab.used++
  if (slab.used * slab.spansMs.length > slab.buckets.length) {
    const grown = slab.data.length * 2
    const data = slab.data instanceof Uint16Array ? new Uint16Array(grown) : new Uint32Array(grown)
    data.set(slab.data)
    slab.data = data
    const buckets = new Int32Array(slab.buckets.length * 2)
    buckets.set(slab.buckets)
    slab.buckets = buckets
  }
  return slot
}

export function releaseSlot(slab: CounterSlab, slot: number): void {
  const width = slab.spansMs.length * 2 * slab.counters
  slab.data.fill(0, slot * width, (slot + 1) * width)
  slab.buckets.fill(0, slot * slab.spansMs.length, (slot + 1) * slab.spansMs.length)
  slab.free.push(slot)
}

/** Offset of the running bucket of one span, after it was moved to `atMs`. */
function turn(slab: CounterSlab, cell: number, atMs: number): number {
  const span = cell % slab.spansMs.length
  const bucket = Math.floor(atMs / (slab.spansMs[span] ?? 1))
  const running = slab.buckets[cell] ?? 0
  const offset = cell * 2 * slab.counters
  // A log whose clock stepped back goes on counting in the running bucket.
  if (bucket > running) {
    const middle = offset + slab.counters
    if (bucket === running + 1) slab.data.copyWithin(middle, offset, middle)
    else slab.data.fill(0, middle, middle + slab.counters)
    slab.data.fill(0, offset, middle)
    slab.buckets[cell] = bucket
  }
  return offset
}

/** The clock was set: what was counted stays as old as it was, to the width of a bucket. */
export function shiftCounts(slab: CounterSlab, byMs: number): void {
  const spans = slab.spansMs.length
  for (let cell = 0; cell < slab.used * spans; cell++) {
    const by = Math.round(byMs / (slab.spansMs[cell % spans] ?? 1))
    if (slab.buckets[cell] !== 0) slab.buckets[cell] = (slab.buckets[cell] ?? 0) + by
  }
}

export interface SlabCounter {
  readonly slot: number
  readonly counter: number
}

export function addCount(slab: CounterSlab, at: SlabCounter, atMs: number, amount = 1): void {
  const saturated = slab.data instanceof Uint16Array ? 0xffff : 0xffff_ffff
  for (let span = 0; span < slab.spansMs.length; span++) {
    const index = turn(slab, at.slot * slab.spansMs.length + span, atMs) + at.counter
    slab.data[index] = Math.min(saturated, (slab.data[index] ?? 0) + amount)
  }
}

/** Estimate of the count over the last span, not rounded; `span` is an index into `spansMs`. */
export function readCount(
  slab: CounterSlab,
  at: SlabCounter & { readonly span: number },
  atMs: number
): number {
  const cell = at.slot * slab.spansMs.length + at.span
  const offset = turn(slab, cell, atMs)
  const spanMs = slab.spansMs[at.span] ?? 1
  const elapsed = (atMs - (slab.buckets[cell] ?? 0) * spanMs) / spanMs
  const share = Math.min(1, Math.max(0, 1 - elapsed))
  const current = slab.data[offset + at.counter] ?? 0
  return current + (slab.data[offset + slab.counters + at.counter] ?? 0) * share
}
