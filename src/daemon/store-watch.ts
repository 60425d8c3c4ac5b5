/** Knows whether the database can be written, before a decision depends on it: a full disk or a read-only mount is found by trying. */
import { type Clock, type Component, messageOf } from '../base/index.ts'
import type { Connection } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'

export interface StoreWatchPorts {
  readonly db: Pick<Connection, 'checkWritable'>
  readonly clock: Clock
  readonly logger: Logger
}

const PERIOD_MS = 30_000

export class StoreWatch implements Component {
  readonly name = 'store-watch'
  readonly #ports: StoreWatchPorts
  #problem: string | undefined
  #stopped = new AbortController()

  constructor(ports: StoreWatchPorts) {
    this.#ports = ports
  }

  /** Why the database could not be written the last time; undefined if it could. */
  get problem(): string | undefined {
    return this.#problem
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    this.#ports.clock.every(PERIOD_MS, () => this.#check(), this.#stopped.signal)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped.abort()
    return Promise.resolve()
  }

  #check(): void {
    const { db, logger } = this.#ports
    try {
      db.checkWritable()
      if (this.#problem !== undefined) logger.info({}, 'the database can be written again')
      this.#problem = undefined
    } catch (error) {
      if (this.#problem === undefined) {
        logger.error({ reason: messageOf(error) }, 'the database cannot be written')
      }
      this.#problem = messageOf(error)
    }
  }
}
