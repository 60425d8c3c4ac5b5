/** The networks that this node has joined. Leaving one takes with it everything that was kept of it. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface NetworkRecord {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly name: string
  /** The signed network document, as it came. */
  readonly document: Uint8Array
  /** What lets this node in, encoded; undefined: it is a founder. */
  readonly admission: Uint8Array | undefined
  /** Multiaddrs as text. */
  readonly bootstrap: readonly string[]
  readonly joinedAtMs: number
}

interface NetworkRow {
  readonly id: Uint8Array
  readonly name: string
  readonly document: Uint8Array
  readonly admission: Uint8Array | null
  readonly bootstrap: string
  readonly joined_at_ms: number
}

export const NETWORKS_MAX = 100

export class NetworkRepository {
  readonly #upsert: PreparedStatement<
    [Uint8Array, string, Uint8Array, Uint8Array | null, string, number]
  >
  readonly #one: PreparedStatement<[Uint8Array], NetworkRow>
  readonly #all: PreparedStatement<[], NetworkRow>
  readonly #remove: PreparedStatement<[Uint8Array]>

  constructor(db: Connection) {
    this.#upsert =
      db.prepare(`INSERT INTO network (id, name, document, admission, bootstrap, joined_at_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET name = excluded.name, document = excluded.document, admission = excluded.admission,
        bootstrap = excluded.bootstrap`)
    this.#one = db.prepare('SELECT * FROM network WHERE id = ?')
    this.#all = db.prepare(`SELECT * FROM network ORDER BY joined_at_ms, id LIMIT ${NETWORKS_MAX}`)
    this.#remove = db.prepare('DELETE FROM network WHERE id = ?')
  }

  /** Of a network that was joined before, the time of joining stays. */
  save(network: NetworkRecord): void {
    const { id, name, document, admission, bootstrap, joinedAtMs } = network
    this.#upsert.run(id, name, document, admission ?? null, JSON.stringify(bootstrap), joinedAtMs)
  }

  find(id: Uint8Array): NetworkRecord | undefined {
    const row = this.#one.find(id)
    return row === undefined ? undefined : networkOf(row)
  }

  /** In the order of joining, at most 100. */
  list(): readonly NetworkRecord[] {
    return this.#all.all().map(networkOf)
  }

  /** With its authors, revocations, events and proofs. @returns false if it was not joined */
  remove(id: Uint8Array): boolean {
    return this.#remove.run(id) > 0
  }
}

function networkOf(row: NetworkRow): NetworkRecord {
  return {
    id: row.id,
    name: row.name,
    document: row.document,
    admission: row.admission ?? undefined,
    // Written by `save`.
    bootstrap: JSON.parse(row.bootstrap) as readonly string[],
    joinedAtMs: row.joined_at_ms
  }
}
