/** Deletes what the retention times allow, a little at a time, so that the database does not grow for ever. */
import { type Clock, type Component, messageOf } from '../base/index.ts'
import type { DecisionRepository } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'

export interface StorePrunerOptions {
  readonly decisionRetentionMs: number
  readonly suppressionRetentionMs: number
}

export interface StorePrunerPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly decisions: Pick<DecisionRepository, 'prune' | 'pruneSuppressions'>
  /** Deletes a batch of rows and labels that had their time; 0: nothing is left. */
  readonly feedback: { prune(nowMs: number): number }
}

const PERIOD_MS = 60_000
/** Batches a minute: 10 000 of each kind, far above what any node makes. */
const BATCHES_MAX = 20
/** Rows are wider and have more indexes. */
const FEEDBACK_BATCHES_MAX = 6

export class StorePruner implements Component {
  readonly name = 'store-pruner'
  readonly #options: StorePrunerOptions
  readonly #ports: StorePrunerPorts
  #stopped = new AbortController()

  constructor(options: StorePrunerOptions, ports: StorePrunerPorts) {
    this.#options = options
    this.#ports = ports
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    this.#ports.clock.every(PERIOD_MS, () => this.#prune(), this.#stopped.signal)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped.abort()
    return Promise.resolve()
  }

  #prune(): void {
    const { clock, decisions, feedback, logger } = this.#ports
    const { decisionRetentionMs, suppressionRetentionMs } = this.#options
    const nowMs = clock.nowMs()
    try {
      untilNone(() => decisions.prune(nowMs - decisionRetentionMs), BATCHES_MAX)
      untilNone(() => decisions.pruneSuppressions(nowMs - suppressionRetentionMs), BATCHES_MAX)
      untilNone(() => feedback.prune(nowMs), FEEDBACK_BATCHES_MAX)
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'could not delete what had its time')
    }
  }
}

function untilNone(prune: () => number, batchesMax: number): void {
  for (let batch = 0; batch < batchesMax; batch++) if (prune() === 0) return
}
