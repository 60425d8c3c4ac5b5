/**
 * API tokens: who may ask what until when. The text of a token is known once, when it is made; afterwards only its hash is.
 * Every change is audited in the same transaction.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../base/index.ts'
import type { AuditInput } from './audit-repository.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import { StorageError } from './errors.ts'

export type TokenScope = 'read' | 'respond' | 'train' | 'admin'

export interface TokenRecord {
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly name: string
  readonly scope: TokenScope
  readonly createdAtMs: number
  readonly createdBy: string
  /** Undefined: never. */
  readonly expiresAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  /** To the minute. */
  readonly lastUsedAtMs: number | undefined
}

export type TokenCheck =
  | {
      readonly kind: 'valid'
      readonly identity: { readonly id: string; readonly name: string; readonly scope: TokenScope }
    }
  | { readonly kind: 'unknown' | 'expired' | 'revoked' }

export interface NewToken {
  readonly name: string
  readonly scope: TokenScope
  readonly expiresAtMs: number | undefined
}

/** Where changes are written down: the `AuditRepository`. */
export interface TokenAudit {
  append(entry: AuditInput): void
}

interface TokenRow {
  readonly id: Uint8Array
  readonly name: string
  readonly scope: TokenScope
  readonly hash: Uint8Array
  readonly created_at_ms: number
  readonly created_by: string
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly last_used_at_ms: number | null
}

/** A list that a person can read; beyond it the longest revoked makes room. */
export const TOKENS_MAX = 1_000
const SECRET_BYTES = 32
/** A write for every request would cost more than most requests. */
const LAST_USED_STEP_MS = 60_000
const TOKEN_LENGTH_MAX = 256
const COLUMNS =
  'id, name, scope, hash, created_at_ms, created_by, expires_at_ms, revoked_at_ms, last_used_at_ms'

/** `nm_` + first letter of the scope + `_` + 32 random bytes in base64url: found by secret scanners, and its scope is seen at once. */
export function generateTokenText(scope: TokenScope): string {
  return `nm_${scope.charAt(0)}_${randomBytes(SECRET_BYTES).toString('base64url')}`
}

function hashToken(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}

export class TokenRepository {
  readonly #db: Connection
  readonly #clock: Clock
  readonly #audit: TokenAudit
  readonly #byHash: PreparedStatement<[Uint8Array], TokenRow>
  readonly #byName: PreparedStatement<[string], TokenRow>
  readonly #byId: PreparedStatement<[Uint8Array], TokenRow>
  readonly #all: PreparedStatement<[], TokenRow>
  readonly #insert: PreparedStatement<
    [Uint8Array, string, TokenScope, Uint8Array, number, string, number | null]
  >
  readonly #makeRoom: PreparedStatement<[]>
  readonly #count: PreparedStatement<[], { readonly count: number }>
  readonly #revoke: PreparedStatement<[number, Uint8Array]>
  readonly #replaceHash: PreparedStatement<[Uint8Array, TokenScope, Uint8Array]>
  readonly #touch: PreparedStatement<[number, Uint8Array]>

  constructor(db: Connection, clock: Clock, audit: TokenAudit) {
    this.#db = db
    this.#clock = clock
    this.#audit = audit
    this.#byHash = db.prepare(`SELECT ${COLUMNS} FROM token WHERE hash = ?`)
    this.#byName = db.prepare(`SELECT ${COLUMNS} FROM token WHERE name = ?`)
    this.#byId = db.prepare(`SELECT ${COLUMNS} FROM token WHERE id = ?`)
    this.#all = db.prepare(
      `SELECT ${COLUMNS} FROM token ORDER BY created_at_ms DESC, rowid DESC LIMIT ${TOKENS_MAX}`
    )
    this.#insert = db.prepare(
      'INSERT INTO token (id, name, scope, hash, created_at_ms, created_by, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)'
    )
    this.#makeRoom = db.prepare(`DELETE FROM token WHERE id =
      (SELECT id FROM token WHERE revoked_at_ms IS NOT NULL ORDER BY revoked_at_ms LIMIT 1)`)
    this.#count = db.prepare('SELECT count(*) AS count FROM token')
    this.#revoke = db.prepare('UPDATE token SET revoked_at_ms = ? WHERE id = ?')
    this.#replaceHash = db.prepare(
      'UPDATE token SET hash = ?, scope = ?, revoked_at_ms = NULL, expires_at_ms = NULL WHERE id = ?'
    )
    this.#touch = db.prepare('UPDATE token SET last_used_at_ms = ? WHERE id = ?')
  }

  /**
   * What a token that came with a request is worth. The look-up is by hash, so its time tells nothing about any token, and the
   * hashes are compared in constant time.
   */
  verify(token: string): TokenCheck {
    const hash = hashToken(token.slice(0, TOKEN_LENGTH_MAX))
    const row = this.#byHash.find(hash)
    if (!timingSafeEqual(hash, row?.hash ?? Buffer.alloc(hash.length)) || row === undefined) {
      return { kind: 'unknown' }
    }
    const nowMs = this.#clock.nowMs()
    if (row.revoked_at_ms !== null) return { kind: 'revoked' }
    if (row.expires_at_ms !== null && row.expires_at_ms <= nowMs) return { kind: 'expired' }
    if (Math.abs(nowMs - (row.last_used_at_ms ?? 0)) >= LAST_USED_STEP_MS) this.#use(row, nowMs)
    return { kind: 'valid', identity: { id: idText(row.id), name: row.name, scope: row.scope } }
  }

  /** At most 1 000, newest first. */
  list(): readonly TokenRecord[] {
    return this.#all.all().map(recordOf)
  }

  /**
   * Makes a token. Its text is in the answer and nowhere else.
   *
   * @throws {TOKEN_NAME_TAKEN | TOKEN_LIMIT_REACHED}
   */
  create(token: NewToken, actor: string): { readonly record: TokenRecord; readonly token: string } {
    const text = generateTokenText(token.scope)
    return { record: this.#add(token, text, actor), token: text }
  }

  /**
   * Makes the token of a secret file known, under its name. Does nothing if it is known already, even if it was revoked; a file with
   * another secret under the same name replaces the old one (that is how an operator renews it).
   */
  ensure(token: {
    readonly name: string
    readonly scope: TokenScope
    readonly text: string
  }): void {
    const { name, scope, text } = token
    this.#db.transaction.run(() => {
      const hash = hashToken(text)
      if (this.#byHash.find(hash) !== undefined) return
      const row = this.#byName.find(name)
      if (row === undefined) {
        this.#add({ name, scope, expiresAtMs: undefined }, text, 'system')
        return
      }
      this.#replaceHash.run(hash, scope, row.id)
      this.#record('token.replace', row, {
        actor: 'system',
        before: { scope: row.scope },
        after: { scope }
      })
    })
  }

  /** From now on the token is refused. A second call changes nothing. @throws {TOKEN_NOT_FOUND} */
  revoke(id: string, actor: string): void {
    this.#db.transaction.run(() => {
      const row = /^[0-9a-f]{16}$/.test(id) ? this.#byId.find(Buffer.from(id, 'hex')) : undefined
      if (row === undefined) {
        throw new StorageError(
          'TOKEN_NOT_FOUND',
          'expected the id of a token, got an unknown one: "netminder token list" shows them',
          { context: { id: id.slice(0, 64) } }
        )
      }
      if (row.revoked_at_ms !== null) return
      this.#revoke.run(this.#clock.nowMs(), row.id)
      this.#record('token.revoke', row, { actor, before: { scope: row.scope }, after: undefined })
    })
  }

  #add(token: NewToken, text: string, actor: string): TokenRecord {
    return this.#db.transaction.run(() => {
      if (this.#byName.find(token.name) !== undefined) {
        throw new StorageError(
          'TOKEN_NAME_TAKEN',
          `expected a name that no token has or had, got "${token.name}": choose another, the audit tells tokens apart by name`,
          { context: { name: token.name } }
        )
      }
      this.#keepWithinLimit()
      const id = randomBytes(8)
      const { name, scope, expiresAtMs } = token
      this.#insert.run(
        id,
        name,
        scope,
        hashToken(text),
        this.#clock.nowMs(),
        actor,
        expiresAtMs ?? null
      )
      const after = { scope, expiresAtMs: expiresAtMs ?? null }
      this.#record('token.create', { id, name }, { actor, before: undefined, after })
      return recordOf(this.#getById(id))
    })
  }

  #getById(id: Uint8Array): TokenRow {
    const row = this.#byId.find(id)
    if (row === undefined)
      throw new StorageError('TOKEN_NOT_FOUND', 'expected the new token, got none')
    return row
  }

  #keepWithinLimit(): void {
    if ((this.#count.find()?.count ?? 0) < TOKENS_MAX || this.#makeRoom.run() > 0) return
    throw new StorageError(
      'TOKEN_LIMIT_REACHED',
      `expected fewer than ${TOKENS_MAX} tokens, got as many: revoke some first`,
      { context: { limit: TOKENS_MAX } }
    )
  }

  /** A full disk must not lock a valid token out: the time of last use is a courtesy. */
  #use(row: TokenRow, nowMs: number): void {
    try {
      this.#touch.run(nowMs, row.id)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
    }
  }

  #record(
    action: string,
    token: { readonly id: Uint8Array; readonly name: string },
    change: { readonly actor: string; readonly before: unknown; readonly after: unknown }
  ): void {
    this.#audit.append({
      ...change,
      action,
      target: `token:${token.name}`,
      reason: `token ${idText(token.id)}`
    })
  }
}

function idText(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}

function recordOf(row: TokenRow): TokenRecord {
  return {
    id: idText(row.id),
    name: row.name,
    scope: row.scope,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined
  }
}
