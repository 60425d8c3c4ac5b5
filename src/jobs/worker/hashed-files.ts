/**
 * Files of a training that a crash may hit at any moment: each is written beside its place, flushed and moved there, and begins with
 * the hash of what follows. What does not fit its hash is as good as not there, and said so.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'

const MAGIC = Buffer.from('NMPART1\n', 'latin1')
const HASH_BYTES = 32
const HEAD_BYTES = MAGIC.length + HASH_BYTES
/** A training never fills the disk on which the node keeps its decisions. */
const FREE_BYTES_MIN = 256 * 1_048_576

export type Kept =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged' }

export class HashedFiles {
  readonly #dir: string
  readonly #bytesMax: number
  readonly #sizes = new Map<string, number>()

  /** @param bytesMax of all files together */
  constructor(dir: string, bytesMax: number) {
    this.#dir = dir
    this.#bytesMax = bytesMax
  }

  read(name: string): Kept {
    const path = join(this.#dir, name)
    if (!existsSync(path)) return { kind: 'absent' }
    const file = readFileSync(path)
    const body = file.subarray(HEAD_BYTES)
    const isWhole =
      file.length >= HEAD_BYTES &&
      file.subarray(0, MAGIC.length).equals(MAGIC) &&
      hashOf(body).equals(file.subarray(MAGIC.length, HEAD_BYTES))
    if (!isWhole) {
      rmSync(path, { force: true })
      return { kind: 'damaged' }
    }
    this.#sizes.set(name, file.length)
    return { kind: 'whole', bytes: body }
  }

  /** @returns false if there is no room for it: what was there before stays */
  write(name: string, bytes: Uint8Array): boolean {
    const size = HEAD_BYTES + bytes.length
    const others = [...this.#sizes].reduce((sum, [own, one]) => sum + (own === name ? 0 : one), 0)
    if (others + size > this.#bytesMax || freeBytes(this.#dir) < size + FREE_BYTES_MIN) return false
    const path = join(this.#dir, name)
    const draft = join(this.#dir, `.${name}.tmp`)
    const file = openSync(draft, 'w', 0o600)
    try {
      writeAll(file, MAGIC)
      writeAll(file, hashOf(bytes))
      writeAll(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
    flushDirectory(this.#dir)
    this.#sizes.set(name, size)
    return true
  }

  remove(name: string): void {
    rmSync(join(this.#dir, name), { force: true })
    this.#sizes.delete(name)
  }

  removeAll(prefix: string): void {
    for (const name of readdirSync(this.#dir)) if (name.startsWith(prefix)) this.remove(name)
  }
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir)
  return bavail * bsize
}

function flushDirectory(dir: string): void {
  const descriptor = openSync(dir, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
