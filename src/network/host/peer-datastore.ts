/**
 * libp2p's datastore on the store of peer values: what is known of peers outlives a restart. libp2p writes a peer anew each time
 * that it hears of it, also when nothing changed, and a write waits for the disk while nothing else runs (with 20 peers more
 * than everything that gossip costs). So what is put waits here and goes out together, the last of each key. A crash loses some
 * seconds of what is found out again anyway; what is deleted is gone at once.
 */
import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import type { PeerValueStore } from '../ports.ts'

/** Keys that may wait: some hundred peers, each with what the tables of networks know of it. */
const WAITING_MAX = 1_024

/** libp2p asks for this name. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export class PeerDatastore extends BaseDatastore {
  readonly #values: PeerValueStore
  readonly #waiting = new Map<string, Uint8Array>()

  constructor(values: PeerValueStore) {
    super()
    this.#values = values
  }

  /** @throws {StorageError} What waits then still waits. */
  flush(): void {
    if (this.#waiting.size === 0) return
    this.#values.batch(
      Array.from(this.#waiting, ([key, value]) => ({ key, value })),
      []
    )
    this.#waiting.clear()
  }

  override put(key: Key, value: Uint8Array): Key {
    if (this.#waiting.size >= WAITING_MAX) this.flush()
    this.#waiting.set(key.toString(), value)
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
    this.#waiting.delete(key.toString())
    this.#values.delete(key.toString())
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

  #find(key: Key): Uint8Array | undefined {
    const name = key.toString()
    return this.#waiting.get(name) ?? this.#values.find(name)
  }
}
