/** The directory that holds everything the node keeps: made 0700, checked before anything in it is touched. */
import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../base/index.ts'
import { StorageError, translateFileError } from './errors.ts'

export interface StorePaths {
  readonly database: string
  readonly lock: string
  readonly auditHead: string
  readonly checkpoint: string
  /** Recon partners and the addresses that were last known of them. */
  readonly partners: string
}

export function storePaths(dataDir: string): StorePaths {
  return {
    database: join(dataDir, 'netminder.db'),
    lock: join(dataDir, 'netminder.lock'),
    auditHead: join(dataDir, 'audit-head.json'),
    checkpoint: join(dataDir, 'checkpoint.bin'),
    partners: join(dataDir, 'recon-partners.json')
  }
}

/**
 * Makes the directory if it is not there and checks that this process can write in it.
 *
 * @throws {DATA_DIRECTORY_UNUSABLE | DATABASE_READ_ONLY | DISK_FULL}
 */
export function prepareDataDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    if (isSystemError(cause, 'ENOSPC', 'EDQUOT')) throw translateFileError(cause, dataDir)
    throw unusable(dataDir, messageOf(cause), cause)
  }
  if (!statSync(dataDir).isDirectory()) throw unusable(dataDir, 'something that is no directory')
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw translateFileError(error, dataDir)
  }
}

function unusable(dataDir: string, got: string, cause?: unknown): StorageError {
  return new StorageError(
    'DATA_DIRECTORY_UNUSABLE',
    `expected ${dataDir} to be a directory that can be made and entered, got ${got}: name another with --data-dir, or make it for the user that runs netminder`,
    { context: { path: dataDir }, cause }
  )
}

export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Keeps the newest files whose names begin so; the stamp in a name sorts by time. */
export function keepNewest(directory: string, namePrefix: string, count: number): void {
  const names = readdirSync(directory)
    .filter((name) => name.startsWith(namePrefix))
    .sort()
  for (const name of names.slice(0, Math.max(0, names.length - count))) {
    rmSync(join(directory, name), { force: true })
  }
}
