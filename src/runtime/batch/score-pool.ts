/**
 * Scores many blocks on all cores. The first few are scored at once, by the caller's own thread: for little work, threads would
 * take longer to start than to finish.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { ModelError } from '../errors.ts'
import type { ModelParts } from '../model/model-parts.ts'
import { ModelScorer } from '../model/model-scorer.ts'
import { type Block, type BlockScores, scoreBlock } from './score-block.ts'
import type { BlockMessage, ScoredMessage } from './score-worker.ts'

const HERE_ROWS = 16_384

interface Waiting {
  readonly resolve: (scored: BlockScores) => void
  readonly reject: (error: ModelError) => void
}

export class ScorePool {
  readonly threads: number
  readonly #parts: ModelParts
  readonly #scorer: ModelScorer
  readonly #waiting = new Map<number, Waiting>()
  #workers: readonly Worker[] = []
  #next = 0
  #failure: ModelError | undefined
  #isClosed = false

  constructor(parts: ModelParts, threads = availableParallelism()) {
    this.#parts = parts
    this.#scorer = new ModelScorer(parts)
    this.threads = threads
  }

  get width(): number {
    return this.#scorer.width
  }

  /** The block's rows are gone afterwards. @throws {SCORING_FAILED} */
  score(block: Block): Promise<BlockScores> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.threads < 2 || block.firstRow + block.count <= HERE_ROWS) {
      return Promise.resolve(scoreBlock(this.#scorer, block))
    }
    if (this.#workers.length === 0) this.#start()
    const id = this.#next++
    const message: BlockMessage = { id, ...block }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#workers[id % this.#workers.length]?.postMessage(message, [block.rows.buffer])
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #start(): void {
    const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js'
    const script = new URL(`./score-worker.${extension}`, import.meta.url)
    this.#workers = Array.from({ length: this.threads }, () => {
      const worker = new Worker(script, { workerData: this.#parts })
      worker.on('message', ({ id, scored }: ScoredMessage) => {
        this.#waiting.get(id)?.resolve(scored)
        this.#waiting.delete(id)
      })
      worker.on('error', (cause) => this.#fail(cause))
      worker.on('exit', () => {
        if (!this.#isClosed) this.#fail(undefined)
      })
      return worker
    })
  }

  #fail(cause: unknown): void {
    this.#failure ??= new ModelError('SCORING_FAILED', 'a thread that scores rows ended', { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
