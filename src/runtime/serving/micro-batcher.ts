/**
 * Lets small pieces of work wait a moment for others, so that many callers at once cost one turn of the event loop and not one
 * each; and bounds what waits. A piece too many is refused at once.
 */
import type { Clock } from '../../base/index.ts'
import { ModelError } from '../errors.ts'

export interface MicroBatcherOptions {
  /** This many rows are worked on at once, without waiting longer. */
  readonly rowsMax: number
  /** How long the first of a batch waits for others. */
  readonly delayMs: number
  readonly queueRowsMax: number
}

export interface BatchPiece<T> {
  readonly rows: number
  readonly work: () => T
}

interface Waiting {
  readonly rows: number
  readonly run: () => void
  readonly refuse: (error: ModelError) => void
}

export class MicroBatcher {
  readonly #options: MicroBatcherOptions
  readonly #clock: Clock
  #queue: Waiting[] = []
  #rows = 0
  #isTimed = false
  #closed = new AbortController()

  constructor(options: MicroBatcherOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get waitingRows(): number {
    return this.#rows
  }

  /** @throws {QUEUE_FULL | SCORING_FAILED} */
  add<T>({ rows, work }: BatchPiece<T>): Promise<T> {
    const { queueRowsMax, rowsMax } = this.#options
    if (this.#closed.signal.aborted) return Promise.reject(stopped())
    if (this.#rows + rows > queueRowsMax) {
      const message = `expected at most ${queueRowsMax} rows to wait`
      return Promise.reject(new ModelError('QUEUE_FULL', message))
    }
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(work())
        } catch (error) {
          reject(error)
        }
      }
      this.#queue.push({ rows, run, refuse: reject })
      this.#rows += rows
      if (this.#rows >= rowsMax) this.#time(0)
      else this.#time(this.#options.delayMs)
    })
  }

  close(): void {
    this.#closed.abort()
    for (const waiting of this.#queue) waiting.refuse(stopped())
    this.#queue = []
    this.#rows = 0
  }

  #time(delayMs: number): void {
    if (delayMs === 0) queueMicrotask(() => this.#flush())
    if (this.#isTimed || delayMs === 0) return
    this.#isTimed = true
    this.#clock.sleep(delayMs, this.#closed.signal).then(
      () => {
        this.#isTimed = false
        this.#flush()
      },
      () => undefined
    )
  }

  /** One batch; what is left waits for the next turn, so that others get theirs. */
  #flush(): void {
    let rows = 0
    while (this.#queue.length > 0 && rows < this.#options.rowsMax) {
      const piece = this.#queue.shift()
      if (piece === undefined) break
      rows += piece.rows
      this.#rows -= piece.rows
      piece.run()
    }
    if (this.#queue.length > 0) this.#time(this.#options.delayMs)
  }
}

function stopped(): ModelError {
  return new ModelError('SCORING_FAILED', 'the node stops')
}
