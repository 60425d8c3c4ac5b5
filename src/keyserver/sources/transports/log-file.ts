/** One open log file and who it is: inode and first bytes, so that it is known again after a rename, a copy or a restart. */
import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { messageOf } from '../../../base/index.ts'
import { KeyserverError, type KeyserverErrorCode } from '../../errors.ts'
import type { FileHead } from './transport.ts'

const HEAD_BYTES = 1_024
/** A shorter beginning says too little to find a copy by it alone. */
export const MIN_TELLING_BYTES = 64
/** A year of daily rotation, and twice that. */
const MAX_SIBLINGS = 1_000

export const NO_HEAD: FileHead = { length: 0, sha256: '' }

export interface FileStatus {
  readonly size: number
  readonly modifiedMs: number
}

export class LogFile {
  readonly path: string
  readonly device: string
  readonly inode: string
  readonly #handle: FileHandle
  #head: FileHead = NO_HEAD

  private constructor(path: string, handle: FileHandle, stats: BigIntStats) {
    this.path = path
    this.#handle = handle
    this.device = String(stats.dev)
    this.inode = String(stats.ino)
  }

  /** @throws {KeyserverError} SOURCE_MISSING, SOURCE_IS_DIRECTORY, SOURCE_WRONG_KIND, SOURCE_NOT_READABLE, SOURCE_READ_FAILED */
  static async open(path: string): Promise<LogFile> {
    let handle: FileHandle | undefined
    try {
      // Opening a FIFO waits for a writer unless told not to.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const stats = await handle.stat({ bigint: true })
      if (!stats.isFile()) {
        throw stats.isDirectory()
          ? new KeyserverError(
              'SOURCE_IS_DIRECTORY',
              `expected a log file at ${path}, got a directory`
            )
          : new KeyserverError(
              'SOURCE_WRONG_KIND',
              `expected a log file at ${path}, got a FIFO or device`
            )
      }
      const file = new LogFile(path, handle, stats)
      await file.learnHead()
      return file
    } catch (error) {
      await handle?.close()
      throw sourceError(path, error)
    }
  }

  get head(): FileHead {
    return this.#head
  }

  async status(): Promise<FileStatus> {
    const stats = await this.#handle.stat({ bigint: true })
    return { size: Number(stats.size), modifiedMs: modifiedMsOf(stats) }
  }

  async read(buffer: Buffer, offset: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, offset)).bytesRead
  }

  /** Takes in more of the beginning as long as the file is young. */
  async learnHead(): Promise<void> {
    if (this.#head.length >= HEAD_BYTES) return
    this.#head = await this.#hash(HEAD_BYTES)
  }

  /** True if the file begins as `head` says. */
  async beginsWith(head: FileHead): Promise<boolean> {
    if (head.length === 0) return true
    const own = await this.#hash(head.length)
    return own.length === head.length && own.sha256 === head.sha256
  }

  /** True if this is the file of a saved position, or a copy of it. */
  async isSameAs(saved: { device: string; inode: string; head: FileHead }): Promise<boolean> {
    const isSameInode = saved.device === this.device && saved.inode === this.inode
    if (!isSameInode && saved.head.length < MIN_TELLING_BYTES) return false
    return this.beginsWith(saved.head)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #hash(length: number): Promise<FileHead> {
    const buffer = Buffer.alloc(length)
    let read = 0
    while (read < length) {
      const { bytesRead } = await this.#handle.read(buffer, read, length - read, read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    const sha256 = createHash('sha256').update(buffer.subarray(0, read)).digest('hex')
    return { length: read, sha256 }
  }
}

/** One way of rounding for all: files are put in order by it. */
function modifiedMsOf(stats: BigIntStats): number {
  return Number(stats.mtimeNs) / 1e6
}

export function sourceError(path: string, error: unknown): KeyserverError {
  if (error instanceof KeyserverError) return error
  const systemCode = (error as NodeJS.ErrnoException).code ?? ''
  const code = SYSTEM_CODES.get(systemCode) ?? 'SOURCE_READ_FAILED'
  return new KeyserverError(code, `expected to read ${path}, got ${messageOf(error)}`, {
    context: { path, systemCode },
    cause: error
  })
}

const SYSTEM_CODES: ReadonlyMap<string, KeyserverErrorCode> = new Map([
  ['ENOENT', 'SOURCE_MISSING'],
  ['ENOTDIR', 'SOURCE_MISSING'],
  ['EISDIR', 'SOURCE_IS_DIRECTORY'],
  ['EACCES', 'SOURCE_NOT_READABLE'],
  ['EPERM', 'SOURCE_NOT_READABLE'],
  ['ENXIO', 'SOURCE_WRONG_KIND']
])

export interface PathStatus extends FileStatus {
  readonly device: string
  readonly inode: string
  readonly isFile: boolean
}

/** What is now found at the path, or undefined if there is nothing that could be stat'ed. */
export async function statusAt(path: string): Promise<PathStatus | undefined> {
  try {
    const stats = await stat(path, { bigint: true })
    return {
      device: String(stats.dev),
      inode: String(stats.ino),
      isFile: stats.isFile(),
      size: Number(stats.size),
      modifiedMs: modifiedMsOf(stats)
    }
  } catch {
    return undefined
  }
}

export interface Sibling {
  readonly path: string
  readonly inode: string
  readonly modifiedMs: number
}

/** Rotated logs beside `path` that are not compressed, oldest first: `x.log.1`, `x.log-20261123`, `x-20261123.log`, `x.log.old`. */
export async function rotatedSiblings(path: string): Promise<Sibling[]> {
  const directory = dirname(path)
  const name = basename(path)
  const extension = extname(name)
  const stem = extension === '' ? name : name.slice(0, -extension.length)
  const isRotated = (other: string) =>
    (other.startsWith(name) && /^[.-](?:\d[\dT:._-]*|old)$/.test(other.slice(name.length))) ||
    (other.startsWith(stem) &&
      other.endsWith(extension) &&
      /^[.-]\d[\dT:._-]*$/.test(other.slice(stem.length, other.length - extension.length)))
  const found: Sibling[] = []
  let names: string[]
  try {
    names = await readdir(directory)
  } catch {
    return []
  }
  for (const other of names.filter(isRotated).slice(0, MAX_SIBLINGS)) {
    try {
      const stats = await stat(join(directory, other), { bigint: true })
      if (!stats.isFile() || stats.size === 0n) continue
      found.push({
        path: join(directory, other),
        inode: String(stats.ino),
        modifiedMs: modifiedMsOf(stats)
      })
    } catch {
      // It was rotated away between the two calls.
    }
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs)
}
