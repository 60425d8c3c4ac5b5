/** Reads a named pipe or standard input. What was read and not yet delivered goes into the position: a pipe has no past. */
import { close, constants, fstat, open } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
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

const WAKING_EVENTS = ['readable', 'end', 'close'] as const

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
        const fd = await openFifo(this.#path)
        this.#report(undefined)
        retryMs = this.#pollMs
        // Socket reads when there is something to read; a file stream would hold a thread of the pool for ever. It owns the
        // descriptor from here on.
        await this.#drain(new Socket({ fd, readable: true, writable: false }), signal)
      } catch (error) {
        if (signal.aborted) return
        this.#report(sourceError(this.#path, error))
        retryMs = Math.min(retryMs * 2, this.#retryMaxMs)
      }
      await this.#clock.sleep(retryMs, signal).catch(() => undefined)
    }
  }

  /** Until the stream ends or the signal aborts; what was taken out of the pipe by then is delivered all the same. */
  async #drain(stream: Readable, signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined
    let failure: unknown
    const onError = (error: unknown) => {
      failure = error
      wake()
    }
    const onWake = () => wake()
    for (const event of WAKING_EVENTS) stream.on(event, onWake)
    stream.on('error', onError)
    signal.addEventListener('abort', onWake)
    try {
      for (;;) {
        if (signal.aborted) break
        const chunk: Buffer | null = stream.read()
        if (chunk !== null) await this.#intake.push(chunk)
        else if (failure !== undefined) throw failure
        else if (stream.readableEnded || stream.destroyed) break
        else {
          const { promise, resolve } = Promise.withResolvers<void>()
          wake = resolve
          await promise
        }
      }
      if (this.#path === '-' && !signal.aborted) {
        this.#intake.endOfInput()
        this.#intake.flush()
      }
    } finally {
      signal.removeEventListener('abort', onWake)
      for (const event of WAKING_EVENTS) stream.off(event, onWake)
      const taken: Buffer[] = []
      for (let rest = stream.read(); rest !== null; rest = stream.read()) taken.push(rest)
      stream.destroy()
      for (const chunk of taken) await this.#intake.push(chunk)
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
async function openFifo(path: string): Promise<number> {
  let fd: number
  try {
    fd = await promisify(open)(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  }
  const stats = await promisify(fstat)(fd)
  if (stats.isFIFO()) return fd
  await promisify(close)(fd)
  throw new KeyserverError(
    'SOURCE_WRONG_KIND',
    `expected a FIFO at ${path}, got another kind of file`
  )
}
