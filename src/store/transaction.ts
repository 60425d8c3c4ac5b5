/**
 * Transactions of the one writer. A call inside another joins it: what the inner one wrote stands or falls with the outer,
 * and if the inner one fails and the outer catches it, only the inner part is undone (a savepoint).
 */
import type { Database, Statement } from 'better-sqlite3'
import { assert } from '../base/index.ts'
import { translateSqliteError } from './errors.ts'

/**
 * What a committed transaction outlives. `process`: the end of this process, however it comes; a loss of power may take the last
 * ones. For what others hold as well and give again: it spares a flush of the disk, 0.2 to 3 ms in which nothing else runs.
 */
export type Durability = 'power-loss' | 'process'

export class TransactionRunner {
  readonly #database: Database
  readonly #begin: Statement<[]>
  readonly #commit: Statement<[]>
  readonly #rollback: Statement<[]>
  readonly #savepoint: Statement<[]>
  readonly #release: Statement<[]>
  readonly #rollbackToSavepoint: Statement<[]>
  readonly #afterCommit = new Map<string, () => void>()
  readonly #rollbackListeners: (() => void)[] = []
  #depth = 0

  constructor(database: Database) {
    this.#database = database
    // IMMEDIATE takes the write lock at once; a deferred transaction could fail half-way, when it first writes.
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
    this.#savepoint = database.prepare('SAVEPOINT nested')
    this.#release = database.prepare('RELEASE nested')
    this.#rollbackToSavepoint = database.prepare('ROLLBACK TO nested')
  }

  /**
   * Runs `work` in one transaction: all of it is stored, or none. `work` is synchronous; a promise would end after the commit.
   * Inside another transaction, that one's durability holds.
   *
   * @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_LOCKED | DATABASE_CORRUPT | DATABASE_IO_FAILED}
   */
  run<T>(work: () => T, durability: Durability = 'power-loss'): T {
    try {
      if (this.#depth > 0) return this.#runNested(work)
      return durability === 'process' ? this.#runUnflushed(work) : this.#runOutermost(work)
    } catch (error) {
      throw translateSqliteError(error, this.#database.name)
    }
  }

  /** Calls `hook` once after the transaction in progress is committed, at most once per key. It must not throw. */
  onceCommitted(key: string, hook: () => void): void {
    assert(this.#depth > 0, 'expected a transaction in progress, got none')
    this.#afterCommit.set(key, hook)
  }

  /** Calls `listener` whenever something that was written is undone; for repositories that remember what they wrote. */
  onRollback(listener: () => void): void {
    this.#rollbackListeners.push(listener)
  }

  #runOutermost<T>(work: () => T): T {
    this.#begin.run()
    this.#depth = 1
    let result: T
    try {
      result = work()
      assertSynchronous(result)
      this.#commit.run()
    } catch (error) {
      this.#afterCommit.clear()
      // SQLite itself has already undone the transaction after some errors, a full disk among them.
      if (this.#database.inTransaction) this.#rollback.run()
      this.#tellRollback()
      throw error
    } finally {
      this.#depth = 0
    }
    const hooks = [...this.#afterCommit.values()]
    this.#afterCommit.clear()
    for (const hook of hooks) hook()
    return result
  }

  /** The next commit with a flush takes the log before it along. */
  #runUnflushed<T>(work: () => T): T {
    this.#database.exec('PRAGMA synchronous = NORMAL')
    try {
      return this.#runOutermost(work)
    } finally {
      this.#database.exec('PRAGMA synchronous = FULL')
    }
  }

  #runNested<T>(work: () => T): T {
    this.#savepoint.run()
    this.#depth++
    try {
      const result = work()
      assertSynchronous(result)
      this.#release.run()
      return result
    } catch (error) {
      if (this.#database.inTransaction) {
        this.#rollbackToSavepoint.run()
        this.#release.run()
      }
      this.#tellRollback()
      throw error
    } finally {
      this.#depth--
    }
  }

  #tellRollback(): void {
    for (const listener of this.#rollbackListeners) listener()
  }
}

function assertSynchronous(result: unknown): void {
  const isPromise = typeof result === 'object' && result !== null && 'then' in result
  assert(!isPromise, 'expected the work of a transaction to be synchronous, got a promise')
}
