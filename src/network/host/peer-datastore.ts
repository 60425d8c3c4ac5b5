/**
 * libp2p's datastore on the store of peer values: what is known of peers outlives a restart. libp2p writes a peer anew each time
 * that it hears of it, also when nothing changed, and a write waits for the disk while nothing else runs (with 20 peers more
 * than everything that gossip costs). So what is put waits here and goes out together, the last of each key. A crash loses some
 * seconds of what is found out again anyway; what is deleted is gone at once.
 */
import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import { OldestKey } from '../../base/index.ts'
import type { PeerValueStore } from '../ports.ts'

/** Keys that may wait: some hundred peers, each with what the tables of networks know of it. */
const WAITING_MAX = 1_024
/** A network of some thousand peers, with what its tables know of them; whoever was not heard of longest makes room for others. */
export const KEYS_MAX = 16_384
export const BYTES_MAX = 32 * 1_048_576
/** A peer with all its addresses and protocols has some kilobytes. */
export const VALUE_BYTES_MAX = 65_536

/** libp2p asks for this name. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export class PeerDatastore extends BaseDatastore {
  readonly #values: PeerValueStore
  readonly #waiting = new Map<string, Uint8Array>()
  /** Bytes of every key and its value, the one that was written longest ago first. */
  readonly #sizes = new Map<string, number>()
  readonly #oldest = new OldestKey<string>()
  /** They go from the store together with the next that is put there. */
  readonly #evicted = new Set<string>()
  #bytes = 0

  constructor(values: PeerValueStore) {
    super()
    this.#values = values
    for (const { key, value } of values.query('/')) this.#count(key, value)
  }

  /** @throws {StorageError} What waits then still waits. */
  flush(): void {
    if (this.#waiting.size === 0 && this.#evicted.size === 0) return
    this.#values.batch(
      Array.from(this.#waiting, ([key, value]) => ({ key, value })),
      [...this.#evicted]
    )
    this.#waiting.clear()
    this.#evicted.clear()
  }

  override put(key: Key, value: Uint8Array): Key {
    // libp2p would take an error for one of its own, and let the peer go on to connect.
    if (value.length > VALUE_BYTES_MAX) return key
    if (this.#waiting.size >= WAITING_MAX) this.flush()
    const name = key.toString()
    this.#count(name, value)
    this.#waiting.set(name, value)
    this.#evicted.delete(name)
    this.#makeRoom()
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#find(key)
    if (value === undefined) throw new NotFoundError(`expected a value of ${key.toString()}`)
    return value
  }

  override has(key: Key): boolean {
    return this.#find(key) !== undefined
  }

  override delete(key: Key): void {
    const name = key.toString()
    this.#forget(name)
    this.#evicted.delete(name)
    this.#values.delete(name)
  }

  override *_all(query: Query): Generator<Pair> {
    this.flush()
    for (const { key, value } of this.#values.query(query.prefix ?? '/')) {
      yield { key: new Key(key), value }
    }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    this.flush()
    for (const { key } of this.#values.query(query.prefix ?? '/')) yield new Key(key)
  }

  #count(name: string, value: Uint8Array): void {
    this.#forget(name)
    const size = name.length + value.length
    this.#sizes.set(name, size)
    this.#bytes += size
  }

  #makeRoom(): void {
    while (this.#sizes.size > KEYS_MAX || this.#bytes > BYTES_MAX) {
      const oldest = this.#oldest.find(this.#sizes)
      if (oldest === undefined) return
      this.#forget(oldest)
      this.#evicted.add(oldest)
    }
  }

  #forget(name: string): void {
    this.#waiting.delete(name)
    this.#bytes -= this.#sizes.get(name) ?? 0
    this.#sizes.delete(name)
  }

  #find(key: Key): Uint8Array | undefined {
    const name = key.toString()
    if (this.#evicted.has(name)) return undefined
    return this.#waiting.get(name) ?? this.#values.find(name)
  }
}
