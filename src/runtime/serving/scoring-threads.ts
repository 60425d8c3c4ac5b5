/**
 * Threads that score blocks of rows or lines, so that the thread of the node stays free. Each gets a model when it first needs
 * it. Work that waits is bounded: a block too many is refused at once, and its caller falls back.
 */
import { Worker } from 'node:worker_threads'
import { ModelError } from '../errors.ts'
import type { LineBlock, ScoredLines } from './json-lines.ts'
import type { ServedModel } from './served-model.ts'
import type { RowBlock, ServingAnswer, ServingRequest } from './serving-worker.ts'

export interface ScoringThreadsOptions {
  readonly threads: number
  /** Blocks at work and waiting. */
  readonly blocksMax: number
}

interface Waiting {
  readonly resolve: (scored: Float64Array<ArrayBuffer> | ScoredLines) => void
  readonly reject: (error: ModelError) => void
}

class Thread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #loaded = new Set<number>()
  #job = 0

  constructor(onEnd: (thread: Thread) => void) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#worker = new Worker(new URL(`./serving-worker.${extension}`, import.meta.url))
    this.#worker.on('message', (answer: ServingAnswer) => this.#settle(answer))
    this.#worker.on('error', (cause) => {
      this.#fail(new ModelError('SCORING_FAILED', 'a thread that scores failed', { cause }))
      onEnd(this)
    })
    this.#worker.on('exit', () => {
      this.#fail(new ModelError('SCORING_FAILED', 'a thread that scores has ended'))
      onEnd(this)
    })
    // Nothing that waits for a score waits for the thread alone: it must not keep the process alive.
    this.#worker.unref()
  }

  get load(): number {
    return this.#waiting.size
  }

  ask(
    request:
      | { readonly kind: 'rows'; readonly block: RowBlock }
      | { readonly kind: 'lines'; readonly block: LineBlock },
    { key, model }: { readonly key: number; readonly model: ServedModel }
  ): Promise<Float64Array<ArrayBuffer> | ScoredLines> {
    if (!this.#loaded.has(key)) {
      this.#loaded.add(key)
      this.#post({ kind: 'load', key, model })
    }
    const job = this.#job++
    return new Promise((resolve, reject) => {
      this.#waiting.set(job, { resolve, reject })
      if (this.#waiting.size === 1) this.#worker.ref()
      this.#post({ ...request, job, key })
    })
  }

  drop(key: number): void {
    if (this.#loaded.delete(key)) this.#post({ kind: 'drop', key })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #post(request: ServingRequest): void {
    this.#worker.postMessage(request)
  }

  #settle(answer: ServingAnswer): void {
    const waiting = this.#waiting.get(answer.job)
    this.#waiting.delete(answer.job)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('scored' in answer) waiting?.resolve(answer.scored)
    else waiting?.reject(new ModelError('SCORING_FAILED', answer.failure))
  }

  #fail(error: ModelError): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

export class ScoringThreads {
  readonly #options: ScoringThreadsOptions
  readonly #keys = new WeakMap<ServedModel, number>()
  #threads: readonly Thread[] = []
  #nextKey = 0
  #isClosed = false

  constructor(options: ScoringThreadsOptions) {
    this.#options = options
  }

  get blocks(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.load, 0)
  }

  /** @throws {QUEUE_FULL | SCORING_FAILED} */
  async scoreRows(model: ServedModel, block: RowBlock): Promise<Float64Array<ArrayBuffer>> {
    const scored = await this.#freest().ask({ kind: 'rows', block }, this.#keyed(model))
    if (scored instanceof Float64Array) return scored
    throw new ModelError('SCORING_FAILED', 'expected scores of rows, got lines')
  }

  /** @throws {QUEUE_FULL | SCORING_FAILED} */
  async scoreLines(model: ServedModel, block: LineBlock): Promise<ScoredLines> {
    const scored = await this.#freest().ask({ kind: 'lines', block }, this.#keyed(model))
    if (!(scored instanceof Float64Array)) return scored
    throw new ModelError('SCORING_FAILED', 'expected lines, got scores of rows')
  }

  /** Threads forget a model that is served no more. */
  drop(model: ServedModel): void {
    const key = this.#keys.get(model)
    if (key === undefined) return
    for (const thread of this.#threads) thread.drop(key)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const threads = this.#threads
    this.#threads = []
    await Promise.all(threads.map((thread) => thread.end()))
  }

  #keyed(model: ServedModel) {
    let key = this.#keys.get(model)
    if (key === undefined) {
      key = this.#nextKey++
      this.#keys.set(model, key)
    }
    return { key, model }
  }

  #freest(): Thread {
    if (this.#isClosed) throw new ModelError('SCORING_FAILED', 'the node stops')
    const { threads, blocksMax } = this.#options
    if (this.blocks >= blocksMax) {
      throw new ModelError('QUEUE_FULL', `expected fewer than ${blocksMax} blocks at work`)
    }
    const idle = this.#threads.find((thread) => thread.load === 0)
    if (idle !== undefined) return idle
    if (this.#threads.length < threads) {
      const thread = new Thread((ended) => {
        this.#threads = this.#threads.filter((other) => other !== ended)
      })
      this.#threads = [...this.#threads, thread]
      return thread
    }
    return this.#threads.reduce((best, thread) => (thread.load < best.load ? thread : best))
  }
}
