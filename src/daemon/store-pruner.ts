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
}

const PERIOD_MS = 60_000
/** Batches a minute: 10 000 of each kind, far above what any node makes. */
const BATCHES_MAX = 20

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
    const { clock, decisions, logger } = this.#ports
    const { decisionRetentionMs, suppressionRetentionMs } = this.#options
    const nowMs = clock.nowMs()
    try {
      untilNone(() => decisions.prune(nowMs - decisionRetentionMs))
      untilNone(() => decisions.pruneSuppressions(nowMs - suppressionRetentionMs))
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'could not delete old decisions')
    }
  }
}

function untilNone(prune: () => number): void {
  for (let batch = 0; batch < BATCHES_MAX; batch++) if (prune() === 0) return
}
