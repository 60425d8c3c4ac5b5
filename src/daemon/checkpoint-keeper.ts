/**
 * Saves log positions and the guard's memory together, so that after a restart or a kill every line counts exactly once: what was
 * read after the last checkpoint is read again into the memory of that checkpoint.
 */
import { type Clock, type Component, messageOf } from '../base/index.ts'
import type { Checkpoint, CheckpointFile } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'

export interface CheckpointKeeperOptions {
  readonly intervalMs: number
}

export interface CheckpointKeeperPorts<Positions, State> {
  readonly file: CheckpointFile<Positions, State>
  /** Taken in one go, without a wait in between: positions and state must belong to the same moment. */
  readonly take: () => { readonly positions: Positions; readonly state: State }
  readonly clock: Clock
  readonly logger: Logger
}

/** A large memory takes long to write; at most this share of the time goes into it. */
const SHARE_OF_TIME = 0.02

export class CheckpointKeeper<Positions, State> implements Component {
  readonly name = 'checkpoints'
  readonly #options: CheckpointKeeperOptions
  readonly #ports: CheckpointKeeperPorts<Positions, State>
  #notBeforeMs = 0
  #failures = 0
  #stopped = new AbortController()

  constructor(options: CheckpointKeeperOptions, ports: CheckpointKeeperPorts<Positions, State>) {
    this.#options = options
    this.#ports = ports
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    const { clock } = this.#ports
    clock.every(
      this.#options.intervalMs,
      () => (clock.monotonicMs() >= this.#notBeforeMs ? this.save() : undefined),
      this.#stopped.signal
    )
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.save()
  }

  /** Never throws: a full disk must not stop the guard. The failure is reported once, and its end as well. */
  async save(): Promise<void> {
    const { file, take, clock, logger } = this.#ports
    const beganAtMs = clock.monotonicMs()
    try {
      const checkpoint: Checkpoint<Positions, State> = { savedAtMs: clock.nowMs(), ...take() }
      await file.save(checkpoint)
      if (this.#failures > 0)
        logger.info({ failures: this.#failures }, 'checkpoints are saved again')
      this.#failures = 0
    } catch (error) {
      if (this.#failures === 0) {
        logger.error({ reason: messageOf(error) }, 'could not save checkpoint; trying again')
      }
      this.#failures++
    }
    const tookMs = clock.monotonicMs() - beganAtMs
    this.#notBeforeMs = clock.monotonicMs() + tookMs / SHARE_OF_TIME
  }
}
