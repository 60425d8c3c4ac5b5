/** Who may speak in a network, and whose word was taken away. A revocation is kept for as long as the network is. */
import type { Connection, PreparedStatement } from './connection.ts'

export interface AuthorRecord {
  readonly network: Uint8Array
  readonly key: Uint8Array
  readonly level: number
  /** Public key of the invitation that let him in; undefined: a founder did. */
  readonly invitation: Uint8Array | undefined
  readonly admittedAtMs: number
  readonly firstSeenAtMs: number
  /** Numbers whose events are gone, as the caller encodes them. */
  readonly spent: Uint8Array
}

export interface RevocationRecord {
  readonly network: Uint8Array
  readonly subject: 'author' | 'invitation'
  readonly key: Uint8Array
  readonly revokedBy: Uint8Array
  readonly reason: string
  readonly revokedAtMs: number
}

interface AuthorRow {
  readonly network: Uint8Array
  readonly key: Uint8Array
  readonly level: number
  readonly invitation: Uint8Array | null
  readonly admitted_at_ms: number
  readonly first_seen_at_ms: number
  readonly spent: Uint8Array
}

interface RevocationRow {
  readonly network: Uint8Array
  readonly subject: 'author' | 'invitation'
  readonly key: Uint8Array
  readonly revoked_by: Uint8Array
  readonly reason: string
  readonly revoked_at_ms: number
}

export const AUTHORS_MAX = 100_000
const COLUMNS = 'network, key, level, invitation, admitted_at_ms, first_seen_at_ms, spent'

export class AuthorRepository {
  readonly #upsert: PreparedStatement<
    [Uint8Array, Uint8Array, number, Uint8Array | null, number, number]
  >
  readonly #saveSpent: PreparedStatement<[Uint8Array, Uint8Array, Uint8Array]>
  readonly #one: PreparedStatement<[Uint8Array, Uint8Array], AuthorRow>
  readonly #all: PreparedStatement<[Uint8Array], AuthorRow>
  readonly #count: PreparedStatement<[Uint8Array], { readonly count: number }>
  readonly #countAdmittedBy: PreparedStatement<[Uint8Array, Uint8Array], { readonly count: number }>
  readonly #firstHeard: PreparedStatement<
    [Uint8Array, Uint8Array],
    { readonly first: number | null }
  >
  readonly #admittedBy: PreparedStatement<[Uint8Array, Uint8Array], AuthorRow>
  readonly #revoke: PreparedStatement<[Uint8Array, string, Uint8Array, Uint8Array, string, number]>
  readonly #revocation: PreparedStatement<[Uint8Array, string, Uint8Array], RevocationRow>
  readonly #revocations: PreparedStatement<[Uint8Array], RevocationRow>

  constructor(db: Connection) {
    this.#upsert =
      db.prepare(`INSERT INTO author (network, key, level, invitation, admitted_at_ms, first_seen_at_ms)
      VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        level = excluded.level, invitation = excluded.invitation, admitted_at_ms = excluded.admitted_at_ms`)
    this.#saveSpent = db.prepare('UPDATE author SET spent = ? WHERE network = ? AND key = ?')
    this.#one = db.prepare(`SELECT ${COLUMNS} FROM author WHERE network = ? AND key = ?`)
    this.#all = db.prepare(
      `SELECT ${COLUMNS} FROM author WHERE network = ? ORDER BY number LIMIT ${AUTHORS_MAX}`
    )
    const count = 'SELECT count(*) AS count FROM author WHERE network = ?'
    this.#count = db.prepare(count)
    this.#countAdmittedBy = db.prepare(`${count} AND invitation = ?`)
    this.#firstHeard = db.prepare(
      'SELECT min(first_seen_at_ms) AS first FROM author WHERE network = ? AND key <> ?'
    )
    this.#admittedBy = db.prepare(
      `SELECT ${COLUMNS} FROM author WHERE network = ? AND invitation = ? ORDER BY number LIMIT ${AUTHORS_MAX}`
    )
    this.#revoke =
      db.prepare(`INSERT INTO revocation (network, subject, key, revoked_by, reason, revoked_at_ms)
      VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
    this.#revocation = db.prepare(
      'SELECT * FROM revocation WHERE network = ? AND subject = ? AND key = ?'
    )
    this.#revocations = db.prepare(
      `SELECT * FROM revocation WHERE network = ? ORDER BY revoked_at_ms LIMIT ${AUTHORS_MAX}`
    )
  }

  /** Of a known author the admission becomes this one; first seen and spent numbers stay. */
  save(author: Omit<AuthorRecord, 'spent'>): void {
    const { network, key, level, invitation, admittedAtMs, firstSeenAtMs } = author
    this.#upsert.run(network, key, level, invitation ?? null, admittedAtMs, firstSeenAtMs)
  }

  saveSpent(network: Uint8Array, key: Uint8Array, spent: Uint8Array): void {
    this.#saveSpent.run(spent, network, key)
  }

  find(network: Uint8Array, key: Uint8Array): AuthorRecord | undefined {
    const row = this.#one.find(network, key)
    return row === undefined ? undefined : authorOf(row)
  }

  /** Of a network, or of those whom one of its invitations let in. */
  count(network: Uint8Array, invitation?: Uint8Array): number {
    const row =
      invitation === undefined
        ? this.#count.find(network)
        : this.#countAdmittedBy.find(network, invitation)
    return row?.count ?? 0
  }

  /** In the order in which they became known, at most 100 000. */
  list(network: Uint8Array): readonly AuthorRecord[] {
    return this.#all.all(network).map(authorOf)
  }

  /** When the first author was seen, other than this node. */
  firstHeardMs(network: Uint8Array, ownKey: Uint8Array | undefined): number | undefined {
    return this.#firstHeard.find(network, ownKey ?? new Uint8Array(0))?.first ?? undefined
  }

  admittedBy(network: Uint8Array, invitation: Uint8Array): readonly AuthorRecord[] {
    return this.#admittedBy.all(network, invitation).map(authorOf)
  }

  /** The first revocation stays. */
  revoke(revocation: RevocationRecord): void {
    const { network, subject, key, revokedBy, reason, revokedAtMs } = revocation
    this.#revoke.run(network, subject, key, revokedBy, reason, revokedAtMs)
  }

  findRevocation(
    network: Uint8Array,
    subject: RevocationRecord['subject'],
    key: Uint8Array
  ): RevocationRecord | undefined {
    const row = this.#revocation.find(network, subject, key)
    return row === undefined ? undefined : revocationOf(row)
  }

  revocations(network: Uint8Array): readonly RevocationRecord[] {
    return this.#revocations.all(network).map(revocationOf)
  }
}

function authorOf(row: AuthorRow): AuthorRecord {
  return {
    network: row.network,
    key: row.key,
    level: row.level,
    invitation: row.invitation ?? undefined,
    admittedAtMs: row.admitted_at_ms,
    firstSeenAtMs: row.first_seen_at_ms,
    spent: row.spent
  }
}

function revocationOf(row: RevocationRow): RevocationRecord {
  return {
    network: row.network,
    subject: row.subject,
    key: row.key,
    revokedBy: row.revoked_by,
    reason: row.reason,
    revokedAtMs: row.revoked_at_ms
  }
}
