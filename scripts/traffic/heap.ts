/** Earliest first; what is due together goes in the order in which it came. */
export class Heap<T> {
  #times: number[] = []
  #orders: number[] = []
  #values: T[] = []
  #count = 0

  get size(): number {
    return this.#values.length
  }

  get firstMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  push(atMs: number, value: T): void {
    let at = this.#values.length
    this.#times.push(atMs)
    this.#orders.push(this.#count++)
    this.#values.push(value)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) break
      this.#swap(at, parent)
      at = parent
    }
  }

  pop(): { readonly atMs: number; readonly value: T } | undefined {
    const last = this.#values.length - 1
    if (last < 0) return undefined
    this.#swap(0, last)
    const atMs = this.#times.pop() ?? 0
    this.#orders.pop()
    const value = this.#values.pop() as T
    this.#sink()
    return { atMs, value }
  }

  #sink(): void {
    const size = this.#values.length
    let at = 0
    for (;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < size && this.#isBefore(child, least)) least = child
      }
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const byTime = (this.#times[a] ?? 0) - (this.#times[b] ?? 0)
    return byTime !== 0 ? byTime < 0 : (this.#orders[a] ?? 0) < (this.#orders[b] ?? 0)
  }

  #swap(a: number, b: number): void {
    for (const list of [this.#times, this.#orders] as number[][]) {
      const held = list[a] ?? 0
      list[a] = list[b] ?? 0
      list[b] = held
    }
    const value = this.#values[a] as T
    this.#values[a] = this.#values[b] as T
    this.#values[b] = value
  }
}
