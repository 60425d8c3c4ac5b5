/**
 * Files that are either the old one or the new one after a crash, never half of one: written beside, flushed, renamed, and the
 * directory flushed. Everything here is 0600.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { translateFileError } from './errors.ts'

const OWNER_ONLY = 0o600

/**
 * Replaces the file. One writer only: the name beside it is fixed, so that a crash leaves one remnant at most, which the next
 * write takes over.
 *
 * @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED | DATA_DIRECTORY_UNUSABLE}
 */
export function replaceFileSync(path: string, content: string): void {
  const temporary = remnantName(path)
  try {
    writeFlushed(temporary, 'w', content)
    renameSync(temporary, path)
    flushDirectorySync(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw translateFileError(error, path)
  }
}

/**
 * Makes the file unless there is one, whoever else tries at the same time: a hard link fails if the name was taken meanwhile,
 * where a rename would replace.
 *
 * @returns whether it was made
 * @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED | DATA_DIRECTORY_UNUSABLE}
 */
export function createFileSync(path: string, content: string): boolean {
  const temporary = join(dirname(path), `.${basename(path)}-${randomBytes(6).toString('hex')}.tmp`)
  try {
    writeFlushed(temporary, 'wx', content)
    return linkOnce(temporary, path)
  } catch (error) {
    throw translateFileError(error, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function linkOnce(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
  flushDirectorySync(dirname(path))
  return true
}

function writeFlushed(path: string, flag: 'w' | 'wx', content: string): void {
  const descriptor = openSync(path, flag, OWNER_ONLY)
  try {
    writeSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Where the one writer of a file prepares its next content. */
export function remnantName(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`)
}

/** A rename is on the disk only when its directory is. */
export function flushDirectorySync(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** `2026-03-01T12-00-00Z`: sorts by time and is a file name everywhere. */
export function fileStamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}

/** A name that nothing has yet, counting up where two things happen within one second. */
export function freeName(wanted: string): string {
  if (!existsSync(wanted)) return wanted
  let count = 2
  while (existsSync(`${wanted}.${count}`)) count++
  return `${wanted}.${count}`
}
