/**
 * Secrets as files: made once, readable by their owner. A secret that others can read is no secret, so it is refused with the cure
 * instead of being used.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createFileSync } from './atomic-file.ts'
import { isSystemError } from './data-directory.ts'
import { StorageError, translateFileError } from './errors.ts'

const BYTES_MAX = 4_096
/** The group may read (an operator can let his administrators in that way); nobody else may do anything. */
const FORBIDDEN_MODE_BITS = 0o027
const ROOT = 0

/**
 * The secret in the file, which is made 0600 if it is not there. Two processes that start at once get the same one.
 *
 * @throws {SECRET_FILE_EXPOSED | SECRET_FILE_UNUSABLE | DISK_FULL | DATABASE_READ_ONLY | DATA_DIRECTORY_UNUSABLE}
 */
export function readOrCreateSecret(
  path: string,
  makeText: () => string
): { readonly text: string; readonly isNew: boolean } {
  const existing = findSecret(path)
  if (existing !== undefined) return { text: existing, isNew: false }
  const isNew = createFileSync(path, `${makeText()}\n`)
  return { text: readSecret(path), isNew }
}

/** @throws {SECRET_FILE_EXPOSED | SECRET_FILE_UNUSABLE} also if there is no such file */
export function readSecret(path: string): string {
  const text = findSecret(path)
  if (text === undefined) throw unusable(path, 'no file')
  return text
}

function findSecret(path: string): string | undefined {
  let descriptor: number
  try {
    // O_NONBLOCK: a FIFO in its place must not hang the start.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    if (isSystemError(error, 'EACCES', 'EPERM', 'ENXIO')) {
      throw unusable(path, 'one that this user may not read', error)
    }
    throw translateFileError(error, path)
  }
  try {
    // Of the open file and not of its name, which could be another file a moment later.
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw unusable(path, 'something that is no file')
    if ((stat.mode & FORBIDDEN_MODE_BITS) !== 0) throw exposed(path, stat.mode & 0o777)
    if (!isOwnerTrusted(path, stat.uid)) throw foreign(path, stat.uid)
    if (stat.size > BYTES_MAX) throw unusable(path, `${stat.size} bytes`)
    const buffer = Buffer.alloc(BYTES_MAX)
    const text = buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, BYTES_MAX, 0)).trim()
    if (text === '') throw unusable(path, 'an empty file')
    return text
  } finally {
    closeSync(descriptor)
  }
}

/** Whoever owns the directory could put another file there anyway: an administrator reads the token of the service's user. */
function isOwnerTrusted(path: string, uid: number): boolean {
  return uid === ROOT || uid === process.geteuid?.() || uid === statSync(dirname(path)).uid
}

function foreign(path: string, uid: number): StorageError {
  return new StorageError(
    'SECRET_FILE_EXPOSED',
    `expected ${path} to belong to the user of its directory, got one of user ${uid}, who can read it: run "chown --reference=${dirname(path)} ${path}", and replace the secret if he is somebody else`,
    { context: { path, uid } }
  )
}

function exposed(path: string, mode: number): StorageError {
  return new StorageError(
    'SECRET_FILE_EXPOSED',
    `expected ${path} to be readable by its owner only, got mode 0${mode.toString(8)}: run "chmod 600 ${path}", and replace the secret if others could log in here`,
    { context: { path, mode } }
  )
}

function unusable(path: string, got: string, cause?: unknown): StorageError {
  return new StorageError(
    'SECRET_FILE_UNUSABLE',
    `expected a secret of one line in ${path}, got ${got}: put that of your backup in its place, or remove it, and a new one is made at the next start`,
    { context: { path }, cause }
  )
}
