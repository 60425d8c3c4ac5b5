/**
 * The edge to better-sqlite3: the only place where its errors are seen. Repositories prepare their statements here and
 * get rows or a StorageError.
 */
import type SqliteDatabase from 'better-sqlite3'
import { translateSqliteError } from './errors.ts'
import { TransactionRunner } from './transaction.ts'

type Bindable = string | number | bigint | Uint8Array | null

/** Positional values, or one object with named ones. */
export type Bindings = readonly Bindable[] | readonly [Readonly<Record<string, Bindable>>]

export class PreparedStatement<P extends Bindings, Row = undefined> {
  readonly #statement: SqliteDatabase.Statement<unknown[], Row>
  readonly #path: string

  constructor(statement: SqliteDatabase.Statement<unknown[], Row>, path: string) {
    this.#statement = statement
    this.#path = path
  }

  /** @returns how many rows changed */
  run(...bindings: P): number {
    try {
      return this.#statement.run(...bindings).changes
    } catch (error) {
      throw translateSqliteError(error, this.#path)
    }
  }

  find(...bindings: P): Row | undefined {
    try {
      return this.#statement.get(...bindings)
    } catch (error) {
      throw translateSqliteError(error, this.#path)
    }
  }

  all(...bindings: P): Row[] {
    try {
      return this.#statement.all(...bindings)
    } catch (error) {
      throw translateSqliteError(error, this.#path)
    }
  }
}

/** An open database. Made by `openDatabase` and `openDatabaseForReading` only. */
export class Connection {
  readonly path: string
  readonly transaction: TransactionRunner
  readonly #database: SqliteDatabase.Database
  readonly #onClosed: () => void

  constructor(database: SqliteDatabase.Database, onClosed: () => void = () => undefined) {
    this.path = database.name
    this.#database = database
    this.#onClosed = onClosed
    this.transaction = new TransactionRunner(database)
  }

  get isOpen(): boolean {
    return this.#database.open
  }

  prepare<P extends Bindings, Row = undefined>(sql: string): PreparedStatement<P, Row> {
    try {
      return new PreparedStatement(this.#database.prepare<unknown[], Row>(sql), this.path)
    } catch (error) {
      throw translateSqliteError(error, this.path)
    }
  }

  /** Runs a script without parameters: migrations and maintenance. */
  execute(sql: string): void {
    try {
      this.#database.exec(sql)
    } catch (error) {
      throw translateSqliteError(error, this.path)
    }
  }

  /** The first column of the first row of a pragma. */
  pragma(text: string): unknown {
    try {
      return this.#database.pragma(text, { simple: true })
    } catch (error) {
      throw translateSqliteError(error, this.path)
    }
  }

  /**
   * Writes one page and changes nothing: the number of the schema, as it stands.
   *
   * @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_LOCKED | DATABASE_IO_FAILED}
   */
  checkWritable(): void {
    this.transaction.run(() => {
      this.execute(`PRAGMA user_version = ${Number(this.pragma('user_version'))}`)
    })
  }

  /** Folds the write-ahead log into the database and lets the data directory go. A second call does nothing. */
  close(): void {
    if (!this.#database.open) return
    try {
      this.#database.close()
    } catch (error) {
      throw translateSqliteError(error, this.path)
    } finally {
      this.#onClosed()
    }
  }
}
