/** Puts events into the order of the times at which they were logged; a bounded binary heap. */
import type { EventSink, TrafficEvent } from '../events.ts'

interface Held {
  readonly event: TrafficEvent
  readonly order: number
}

/** An event so much older than the newest comes after a clock that was set back: it starts a new run. */
const CLOCK_JUMP_MS = 120_000

export class ReorderBuffer {
  readonly #horizonMs: number
  readonly #maxEvents: number
  readonly #sink: EventSink
  readonly #heap: Held[] = []
  #order = 0
  #newestMs = Number.NEGATIVE_INFINITY

  /** @param options.horizonMs how late an event may come, log time */
  constructor(options: { horizonMs: number; maxEvents: number }, sink: EventSink) {
    this.#horizonMs = options.horizonMs
    this.#maxEvents = options.maxEvents
    this.#sink = sink
  }

  push(event: TrafficEvent): void {
    if (event.loggedAtMs < this.#newestMs - CLOCK_JUMP_MS) {
      this.flush()
      this.#newestMs = Number.NEGATIVE_INFINITY
    }
    this.#newestMs = Math.max(this.#newestMs, event.loggedAtMs)
    this.#heap.push({ event, order: this.#order++ })
    this.#siftUp(this.#heap.length - 1)
    const dueMs = this.#newestMs - this.#horizonMs
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return
      if (first.event.loggedAtMs > dueMs && this.#heap.length <= this.#maxEvents) return
      this.#sink(this.#takeFirst(first))
    }
  }

  flush(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      this.#sink(this.#takeFirst(first))
    }
  }

  #takeFirst(first: Held): TrafficEvent {
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) {
      this.#heap[0] = last
      this.#siftDown()
    }
    return first.event
  }

  #siftUp(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfBefore(at, parent)) return
      at = parent
    }
  }

  #siftDown(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      const child = isBefore(this.#heap[right], this.#heap[left]) ? right : left
      if (!this.#swapIfBefore(child, at)) return
      at = child
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const a = this.#heap[lower]
    const b = this.#heap[upper]
    if (a === undefined || b === undefined || !isBefore(a, b)) return false
    this.#heap[upper] = a
    this.#heap[lower] = b
    return true
  }
}

function isBefore(a: Held | undefined, b: Held | undefined): boolean {
  if (a === undefined) return false
  if (b === undefined) return true
  const differenceMs = a.event.loggedAtMs - b.event.loggedAtMs
  return differenceMs < 0 || (differenceMs === 0 && a.order < b.order)
}
