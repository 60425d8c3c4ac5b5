import { OldestKey } from './oldest-key.ts'

/** A map with a bound: the entry that was used longest ago goes first. Built on Map's insertion order. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #limit: number
  readonly #oldest = new OldestKey<K>()
  readonly #onEvict: ((key: K, value: V) => void) | undefined

  constructor(limit: number, onEvict?: (key: K, value: V) => void) {
    this.#limit = limit
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#entries.size
  }

  /** Reads and marks as used. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Reads without marking as used. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#limit) return
    const oldest = this.#oldest.find(this.#entries)
    const evicted = this.#entries.get(oldest as K)
    this.#entries.delete(oldest as K)
    if (evicted !== undefined) this.#onEvict?.(oldest as K, evicted)
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Oldest use first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }

  clear(): void {
    this.#entries.clear()
  }
}
