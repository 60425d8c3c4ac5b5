/** Keeps the parts of a training that are done, each in a file that is whole or not there. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartStore } from '../../training/index.ts'

const HASH_BYTES = 32

/** A part is found again only by the training that kept it: the same rows, params and seed. */
export class CheckpointFolder implements PartStore {
  readonly #dir: string
  readonly #training: string

  /** @param training what tells this training from every other: its fingerprint */
  constructor(dir: string, training: string) {
    this.#dir = dir
    this.#training = training
  }

  async find(part: string): Promise<Uint8Array | undefined> {
    let bytes: Buffer
    try {
      bytes = await readFile(this.#path(part))
    } catch {
      return undefined
    }
    const content = new Uint8Array(bytes.subarray(HASH_BYTES))
    return hashOf(content).equals(bytes.subarray(0, HASH_BYTES)) ? content : undefined
  }

  async keep(part: string, bytes: Uint8Array): Promise<void> {
    await mkdir(this.#dir, { recursive: true })
    const path = this.#path(part)
    await writeFile(`${path}.part`, Buffer.concat([hashOf(bytes), bytes]), { flush: true })
    await rename(`${path}.part`, path)
  }

  #path(part: string): string {
    return join(this.#dir, `${this.#training}-${part}`)
  }
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
