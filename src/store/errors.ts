/** What can go wrong with what the node keeps. Every message says what was expected, what came, and the cure. */
import { messageOf, NetminderError } from '../base/index.ts'

export type StorageErrorCode =
  /** The database was written by a newer netminder; it was not touched. */
  | 'DATABASE_NEWER'
  /** The database is of an older version and was opened for reading only, so it could not be brought up to date. */
  | 'DATABASE_OLDER'
  /** There is no database to read. */
  | 'DATABASE_ABSENT'
  /** The file is a sound SQLite database of another program; it was not touched. */
  | 'DATABASE_FOREIGN'
  /** The file is damaged. When the database is opened for writing it is set aside instead. */
  | 'DATABASE_CORRUPT'
  /** The database or its directory exists and cannot be written. */
  | 'DATABASE_READ_ONLY'
  /** Another netminder uses this data directory. */
  | 'DATABASE_LOCKED'
  /** The disk under the database failed to read or write. */
  | 'DATABASE_IO_FAILED'
  /** The file system, or the user's share of it, is full. */
  | 'DISK_FULL'
  /** The data directory is no directory, or cannot be made or entered. */
  | 'DATA_DIRECTORY_UNUSABLE'
  /** A migration that was applied to this database differs from the one in this program. */
  | 'MIGRATION_EDITED'
  /** A row of the same key is there already, or a value is outside what its column allows. */
  | 'ROW_REFUSED'
  /** A page cursor was not given out by this store. */
  | 'CURSOR_INVALID'
  /** There is a token of this name. */
  | 'TOKEN_NAME_TAKEN'
  /** There is no token of this id. */
  | 'TOKEN_NOT_FOUND'
  /** As many tokens as are kept are valid. */
  | 'TOKEN_LIMIT_REACHED'
  /** Others than the owner may read or change a secret. */
  | 'SECRET_FILE_EXPOSED'
  /** A secret cannot be read or is empty. */
  | 'SECRET_FILE_UNUSABLE'
  /** A checkpoint would be larger than what can be read back. */
  | 'CHECKPOINT_TOO_LARGE'

export class StorageError extends NetminderError<StorageErrorCode> {}

interface Translation {
  readonly code: StorageErrorCode
  readonly text: (path: string) => string
}

const DISK_FULL: Translation = {
  code: 'DISK_FULL',
  text: (path) =>
    `expected room to write ${path}, got a full disk: free some space; nothing that was acknowledged is lost`
}
const READ_ONLY: Translation = {
  code: 'DATABASE_READ_ONLY',
  text: (path) =>
    `expected to write ${path}, got a read-only file or directory: give it to the user that runs netminder, or remount it writable`
}
const LOCKED: Translation = {
  code: 'DATABASE_LOCKED',
  text: (path) =>
    `expected ${path} to be free, got a lock that another process holds: stop the other program that has it open`
}
const CORRUPT: Translation = {
  code: 'DATABASE_CORRUPT',
  text: (path) =>
    `expected a sound database in ${path}, got damaged pages: restart netminder, which sets the file aside and begins a new one`
}
const IO_FAILED: Translation = {
  code: 'DATABASE_IO_FAILED',
  text: (path) =>
    `expected to read and write ${path}, got an error of the disk or the file system: see the kernel's log`
}
const UNUSABLE: Translation = {
  code: 'DATA_DIRECTORY_UNUSABLE',
  text: (path) =>
    `expected to open ${path}, got a missing or forbidden path: check that each directory above it exists and may be entered`
}
const REFUSED: Translation = {
  code: 'ROW_REFUSED',
  text: (path) => `expected a new and complete row for ${path}, got one that the schema refuses`
}

/** First match wins; extended codes stand before their family. */
const BY_SQLITE_CODE: readonly (readonly [string, Translation])[] = [
  ['SQLITE_FULL', DISK_FULL],
  // The shared memory of the write-ahead log could not grow: in practice the same full disk.
  ['SQLITE_IOERR_SHMSIZE', DISK_FULL],
  ['SQLITE_IOERR', IO_FAILED],
  ['SQLITE_READONLY', READ_ONLY],
  ['SQLITE_PERM', READ_ONLY],
  ['SQLITE_BUSY', LOCKED],
  ['SQLITE_LOCKED', LOCKED],
  ['SQLITE_CORRUPT', CORRUPT],
  ['SQLITE_NOTADB', CORRUPT],
  ['SQLITE_CANTOPEN', UNUSABLE],
  ['SQLITE_CONSTRAINT', REFUSED]
]

const BY_SYSTEM_CODE: Readonly<Record<string, Translation>> = {
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  EACCES: READ_ONLY,
  EPERM: READ_ONLY,
  EROFS: READ_ONLY,
  EIO: IO_FAILED,
  EFBIG: DISK_FULL
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** The StorageError for what SQLite threw; anything else comes back as it is (a mistake of ours crashes). */
export function translateSqliteError(error: unknown, path: string): unknown {
  if (error instanceof NetminderError) return error
  const code = codeOf(error)
  if (!code.startsWith('SQLITE_')) return error
  const translation = BY_SQLITE_CODE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? IO_FAILED
  return new StorageError(translation.code, `${translation.text(path)} (${messageOf(error)})`, {
    context: { path, sqliteCode: code },
    cause: error
  })
}

/** The StorageError for a failed file operation. */
export function translateFileError(error: unknown, path: string): unknown {
  if (error instanceof NetminderError) return error
  const code = codeOf(error)
  if (code === '' || code.startsWith('ERR_')) return error
  const translation = BY_SYSTEM_CODE[code] ?? UNUSABLE
  return new StorageError(translation.code, `${translation.text(path)} (${messageOf(error)})`, {
    context: { path, systemCode: code },
    cause: error
  })
}
