/**
 * One netminder per data directory. The lock is SQLite's own write lock on a small database, that is a lock of the operating
 * system: it ends with the process however that ends, so there is no stale lock to clear and no pid to guess about. The pid of
 * the holder stands in it for the message only.
 */
import SqliteDatabase from 'better-sqlite3'
import { messageOf } from '../base/index.ts'
import { StorageError, translateSqliteError } from './errors.ts'

export class ProcessLock {
  readonly #database: SqliteDatabase.Database

  /** @throws {DATABASE_LOCKED | DATABASE_READ_ONLY | DISK_FULL | DATA_DIRECTORY_UNUSABLE} */
  constructor(path: string) {
    try {
      this.#database = new SqliteDatabase(path, { timeout: 0 })
    } catch (error) {
      throw translateSqliteError(error, path)
    }
    try {
      this.#take()
    } catch (error) {
      const holder = describeHolder(this.#database)
      this.#database.close()
      throw asLockError(error, path, holder)
    }
  }

  #take(): void {
    this.#database.exec('BEGIN IMMEDIATE')
    this.#database.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL) STRICT')
    this.#database.exec('DELETE FROM holder')
    this.#database.prepare('INSERT INTO holder (pid) VALUES (?)').run(process.pid)
    this.#database.exec('COMMIT')
    // Held until release: others can read the pid, and cannot begin what this line begins. Whoever comes between the two
    // transactions wins, and this process is the one that is refused.
    this.#database.exec('BEGIN IMMEDIATE')
  }

  release(): void {
    if (this.#database.open) this.#database.close()
  }
}

function describeHolder(database: SqliteDatabase.Database): string {
  try {
    const pid: unknown = database.prepare('SELECT pid FROM holder LIMIT 1').pluck().get()
    return typeof pid === 'number' ? `process ${pid}` : 'another process'
  } catch {
    return 'another process'
  }
}

function asLockError(error: unknown, path: string, holder: string): unknown {
  const translated = translateSqliteError(error, path)
  if (!(translated instanceof StorageError)) return translated
  if (translated.code === 'DATABASE_LOCKED') {
    return new StorageError(
      'DATABASE_LOCKED',
      `expected ${path} to be free, got a lock of ${holder}: another netminder uses this data directory; stop it, or name another directory with --data-dir`,
      { context: { path }, cause: error }
    )
  }
  if (translated.code === 'DATABASE_CORRUPT') {
    return new StorageError(
      'DATA_DIRECTORY_UNUSABLE',
      `expected ${path} to be netminder's lock, got ${messageOf(error)}: remove this file, it holds nothing else`,
      { context: { path }, cause: error }
    )
  }
  return translated
}
