/** Starts a written list of components in order and stops it in reverse; a failed start undoes itself. */
import { NetminderError } from './errors.ts'

export interface Component {
  readonly name: string
  start(signal: AbortSignal): Promise<void>
  /** Resolves when everything the component began has ended. */
  stop(): Promise<void>
}

export type LifecycleErrorCode = 'START_FAILED' | 'START_TIMED_OUT' | 'STOP_TIMED_OUT'

export class LifecycleError extends NetminderError<LifecycleErrorCode> {}

export interface LifecycleOptions {
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
}

export class Lifecycle {
  readonly #components: readonly Component[]
  readonly #options: LifecycleOptions
  readonly #onStopFailure: (name: string, error: unknown) => void
  #started: Component[] = []

  constructor(
    components: readonly Component[],
    options: LifecycleOptions,
    onStopFailure: (name: string, error: unknown) => void
  ) {
    this.#components = components
    this.#options = options
    this.#onStopFailure = onStopFailure
  }

  /** @throws {START_FAILED} with the component's error as cause, after what had started was stopped again */
  async start(signal: AbortSignal): Promise<void> {
    for (const component of this.#components) {
      try {
        signal.throwIfAborted()
        this.#started.push(component)
        await withDeadline(component.start(signal), this.#options.startTimeoutMs, () => {
          throw new LifecycleError(
            'START_TIMED_OUT',
            `expected ${component.name} to start within ${this.#options.startTimeoutMs} ms`
          )
        })
      } catch (error) {
        await this.stop()
        if (error instanceof NetminderError && !(error instanceof LifecycleError)) throw error
        throw new LifecycleError(
          'START_FAILED',
          `could not start ${component.name}: ${String(error)}`,
          {
            context: { component: component.name },
            cause: error
          }
        )
      }
    }
  }

  /** Stops in reverse order; one component that fails or hangs does not keep the others from stopping. */
  async stop(): Promise<void> {
    const started = this.#started.reverse()
    this.#started = []
    for (const component of started) {
      try {
        await withDeadline(component.stop(), this.#options.stopTimeoutMs, () => {
          throw new LifecycleError(
            'STOP_TIMED_OUT',
            `expected ${component.name} to stop within ${this.#options.stopTimeoutMs} ms`
          )
        })
      } catch (error) {
        this.#onStopFailure(component.name, error)
      }
    }
  }
}

async function withDeadline(
  work: Promise<void>,
  timeoutMs: number,
  onTimeout: () => never
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined)
  }).then(onTimeout)
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
