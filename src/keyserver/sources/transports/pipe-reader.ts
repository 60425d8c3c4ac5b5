/** Reads a named pipe or standard input. What was read and not yet delivered goes into the position: a pipe has no past. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Clock } from '../../../base/index.ts'
import { KeyserverError } from '../../errors.ts'
import type { LineIntake } from '../line-intake.ts'
import { sourceError } from './log-file.ts'
import type { Transport, TransportPorts, TransportPosition } from './transport.ts'

export interface PipeReaderOptions {
  /** Path of the FIFO, or `-` for standard input. */
  readonly path: string
  /** Used for `-`. */
  readonly stdin: () => Readable
  readonly resumeFrom?: TransportPosition | undefined
  /** @default 200 */
  readonly pollMs?: number | undefined
  /** @default 5000 */
  readonly retryMaxMs?: number | undefined
}

export class PipeReader implements Transport {
  readonly #path: string
  readonly #stdin: () => Readable
  readonly #clock: Clock
  readonly #intake: LineIntake
  readonly #onProblem: TransportPorts['onProblem']
  readonly #pollMs: number
  readonly #retryMaxMs: number
  readonly #partial: Buffer
  #problemCode: string | undefined

  constructor(options: PipeReaderOptions, ports: TransportPorts) {
    this.#path = options.path
    this.#stdin = options.stdin
    this.#clock = ports.clock
    this.#intake = ports.intake
    this.#onProblem = ports.onProblem
    this.#pollMs = options.pollMs ?? 200
    this.#retryMaxMs = options.retryMaxMs ?? 5_000
    const saved = options.resumeFrom
    this.#partial = Buffer.from(saved?.kind === 'stream' ? saved.partial : '', 'base64')
  }

  position(): TransportPosition {
    return { kind: 'stream', partial: this.#intake.partialLine.toString('base64') }
  }

  async open(): Promise<void> {
    if (this.#partial.length > 0) await this.#intake.push(this.#partial)
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopIdle = new AbortController()
    this.#clock.every(
      1_000,
      () => this.#intake.settle(),
      AbortSignal.any([signal, stopIdle.signal])
    )
    try {
      if (this.#path === '-') await this.#drain(this.#stdin(), signal)
      else await this.#followPipe(signal)
    } finally {
      stopIdle.abort()
    }
  }

  async #followPipe(signal: AbortSignal): Promise<void> {
    let retryMs = this.#pollMs
    while (!signal.aborted) {
      try {
        const handle = await openFifo(this.#path)
        this.#report(undefined)
        retryMs = this.#pollMs
        // Socket reads when there is something to read; a file stream would hold a thread of the pool for ever.
        const socket = new Socket({ fd: handle.fd, readable: true, writable: false })
        try {
          await this.#drain(socket, signal)
        } finally {
          socket.destroy()
          await handle.close().catch(() => undefined)
        }
      } catch (error) {
        if (signal.aborted) return
        this.#report(sourceError(this.#path, error))
        retryMs = Math.min(retryMs * 2, this.#retryMaxMs)
      }
      await this.#clock.sleep(retryMs, signal).catch(() => undefined)
    }
  }

  async #drain(stream: Readable, signal: AbortSignal): Promise<void> {
    const onAbort = () => stream.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for await (const chunk of stream) {
        if (signal.aborted) return
        await this.#intake.push(chunk as Buffer)
      }
      if (this.#path === '-') {
        this.#intake.endOfInput()
        this.#intake.flush()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #report(problem: KeyserverError | undefined): void {
    if (problem?.code === this.#problemCode) return
    this.#problemCode = problem?.code
    this.#onProblem(problem)
  }
}

/**
 * Opened for writing too where that is allowed: then the pipe never ends when its writer restarts, and nothing that the
 * writer puts in between is lost.
 */
async function openFifo(path: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  }
  const stats = await handle.stat()
  if (stats.isFIFO()) return handle
  await handle.close()
  throw new KeyserverError(
    'SOURCE_WRONG_KIND',
    `expected a FIFO at ${path}, got another kind of file`
  )
}
