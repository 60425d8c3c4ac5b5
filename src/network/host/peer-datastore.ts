/** libp2p's datastore on the store of peer values: what is known of peers outlives a restart. */
import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import type { PeerValueStore } from '../ports.ts'

/** libp2p asks for this name. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export class PeerDatastore extends BaseDatastore {
  readonly #values: PeerValueStore

  constructor(values: PeerValueStore) {
    super()
    this.#values = values
  }

  override put(key: Key, value: Uint8Array): Key {
    this.#values.put(key.toString(), value)
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#values.find(key.toString())
    if (value === undefined) throw new NotFoundError(`expected a value of ${key.toString()}`)
    return value
  }

  override has(key: Key): boolean {
    return this.#values.find(key.toString()) !== undefined
  }

  override delete(key: Key): void {
    this.#values.delete(key.toString())
  }

  override *_all(query: Query): Generator<Pair> {
    for (const { key, value } of this.#values.query(query.prefix ?? '/')) {
      yield { key: new Key(key), value }
    }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    for (const { key } of this.#values.query(query.prefix ?? '/')) yield new Key(key)
  }
}
