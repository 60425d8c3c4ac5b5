/** What libp2p remembers of its peers: values under paths, as its own datastore interface wants them. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface PeerValue {
  readonly key: string
  readonly value: Uint8Array
}

/** A thousand peers with all that is known of each. */
const QUERY_MAX = 100_000
/** Sorts after every path. */
const LAST = '\u{10ffff}'

export class PeerValueRepository {
  readonly #db: Connection
  readonly #put: PreparedStatement<[string, Uint8Array]>
  readonly #get: PreparedStatement<[string], { readonly value: Uint8Array }>
  readonly #delete: PreparedStatement<[string]>
  readonly #query: PreparedStatement<[string, string], PeerValue>

  constructor(db: Connection) {
    this.#db = db
    this.#put = db.prepare(
      'INSERT INTO peer_value (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'
    )
    this.#get = db.prepare('SELECT value FROM peer_value WHERE key = ?')
    this.#delete = db.prepare('DELETE FROM peer_value WHERE key = ?')
    this.#query = db.prepare(
      `SELECT key, value FROM peer_value WHERE key >= ? AND key < ? ORDER BY key LIMIT ${QUERY_MAX}`
    )
  }

  put(key: string, value: Uint8Array): void {
    this.#put.run(key, value)
  }

  find(key: string): Uint8Array | undefined {
    return this.#get.find(key)?.value
  }

  delete(key: string): void {
    this.#delete.run(key)
  }

  /** All keys that begin so, in order, at most 100 000. */
  query(prefix: string): readonly PeerValue[] {
    return this.#query.all(prefix, `${prefix}${LAST}`)
  }

  /** All of it, or nothing. */
  batch(puts: readonly PeerValue[], deletes: readonly string[]): void {
    this.#db.transaction.run(() => {
      for (const { key, value } of puts) this.#put.run(key, value)
      for (const key of deletes) this.#delete.run(key)
    })
  }
}
