/**
 * Tells systemd that the node is ready, alive, or stopping. Node cannot send datagrams to a UNIX socket, so the program
 * `systemd-notify` does it (the unit therefore says `NotifyAccess=all`). Without systemd it does nothing.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Clock, type Component, messageOf, TaskGroup } from '../base/index.ts'
import type { ServiceEnvironment } from '../config/index.ts'
import type { Logger } from '../telemetry/index.ts'

const run = promisify(execFile)
const NOTIFY_TIMEOUT_MS = 10_000

export interface ServiceNotifierPorts {
  readonly clock: Clock
  readonly logger: Logger
  /** False while the node is stuck: then the watchdog is not fed, and systemd restarts it. */
  readonly isHealthy: () => boolean
  /** Until it resolves nobody is told that the node is ready; what was started works meanwhile. */
  readonly settled: (signal: AbortSignal) => Promise<void>
}

export class ServiceNotifier implements Component {
  readonly name = 'service-notifier'
  readonly #environment: ServiceEnvironment
  readonly #ports: ServiceNotifierPorts
  readonly #tasks: TaskGroup
  #stopped = new AbortController()

  constructor(environment: ServiceEnvironment, ports: ServiceNotifierPorts) {
    this.#environment = environment
    this.#ports = ports
    this.#tasks = new TaskGroup((error) => {
      ports.logger.warn({ reason: messageOf(error) }, 'could not notify the service manager')
    })
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    this.#tasks.run(async () => {
      // Whatever keeps it from settling keeps it from nothing else.
      await this.#ports.settled(signal).catch(() => undefined)
      if (!signal.aborted) this.#notify('READY=1')
    })
    const { watchdogMs } = this.#environment
    if (watchdogMs !== undefined) {
      this.#ports.clock.every(
        Math.max(1_000, watchdogMs / 3),
        () => {
          if (this.#ports.isHealthy()) this.#notify('WATCHDOG=1')
        },
        this.#stopped.signal
      )
    }
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#notify('STOPPING=1')
    await this.#tasks.drained()
  }

  #notify(message: string): void {
    if (!this.#environment.wantsNotification) return
    this.#tasks.run(async () => {
      await run('systemd-notify', [`--pid=${process.pid}`, message], { timeout: NOTIFY_TIMEOUT_MS })
    })
  }
}
