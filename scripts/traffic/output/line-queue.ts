/** Lines that wait for their time, and the file that they go to; gzip on demand. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Heap } from '../heap.ts'

const CHUNK_CHARACTERS = 262_144

export class LineQueue {
  readonly #heap = new Heap<string>()
  readonly #file: LogFile

  constructor(file: LogFile) {
    this.#file = file
  }

  get size(): number {
    return this.#heap.size
  }

  push(atMs: number, line: string): void {
    this.#heap.push(atMs, line)
  }

  /** Writes what is due. @returns undefined unless the disk must be waited for */
  flush(untilMs: number): Promise<void> | undefined {
    let waiting: Promise<void> | undefined
    while (this.#heap.firstMs <= untilMs) {
      const due = this.#heap.pop()
      if (due === undefined) break
      waiting = this.#file.add(due.value) ?? waiting
    }
    return waiting
  }
}

export class LogFile {
  readonly path: string
  readonly #stream: Writable
  readonly #file: Writable
  #chunk = ''
  #lines = 0
  #bytes = 0

  constructor(path: string, isGzip: boolean) {
    this.path = isGzip ? `${path}.gz` : path
    this.#file = createWriteStream(this.path)
    if (isGzip) {
      const gzip = createGzip({ level: 5 })
      gzip.pipe(this.#file)
      this.#stream = gzip
    } else this.#stream = this.#file
  }

  get lines(): number {
    return this.#lines
  }

  get bytes(): number {
    return this.#bytes
  }

  add(line: string): Promise<void> | undefined {
    this.#lines++
    this.#chunk += `${line}\n`
    return this.#chunk.length < CHUNK_CHARACTERS ? undefined : this.#write()
  }

  async end(): Promise<void> {
    await this.#write()
    this.#stream.end()
    await finished(this.#file)
  }

  #write(): Promise<void> | undefined {
    const bytes = Buffer.from(this.#chunk)
    this.#chunk = ''
    this.#bytes += bytes.length
    if (this.#stream.write(bytes)) return undefined
    return once(this.#stream, 'drain').then(() => undefined)
  }
}
