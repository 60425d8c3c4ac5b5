/**
 * Which decision ends next: a binary heap by end. An entry is never taken out of the middle; who pops it asks whether it still
 * holds. Ties go by id, so that the order does not depend on how the queue came about.
 */
export interface EndEntry {
  readonly untilMs: number
  readonly id: string
}

export class EndQueue {
  #heap: EndEntry[] = []

  get size(): number {
    return this.#heap.length
  }

  get nextMs(): number {
    return this.#heap[0]?.untilMs ?? Number.POSITIVE_INFINITY
  }

  push(entry: EndEntry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || comesFirst(above, entry)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  pop(): EndEntry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      if (left === undefined) break
      const right = heap[2 * at + 2]
      const isRight = right !== undefined && comesFirst(right, left)
      const child = isRight ? right : left
      if (comesFirst(last, child)) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
    return first
  }

  clear(): void {
    this.#heap = []
  }
}

function comesFirst(a: EndEntry, b: EndEntry): boolean {
  return a.untilMs < b.untilMs || (a.untilMs === b.untilMs && a.id <= b.id)
}
