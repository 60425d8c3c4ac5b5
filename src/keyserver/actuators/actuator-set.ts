/**
 * Several actuators side by side. Each is told the whole set, keeps only the newest, tries again with back-off when it fails, and
 * never holds up the others. Now and then what is held is compared with what should be, and mended.
 */
import { type Clock, type Component, messageOf, type Random, TaskGroup } from '../../base/index.ts'
import type { Actuator, ActuatorEntry, ApplyReport } from './actuator.ts'

export interface ActuatorSetOptions {
  /** By actuator name. @default 60 000 */
  readonly reconcileIntervalMs: ReadonlyMap<string, number>
  /** @default 60 000 */
  readonly applyTimeoutMs?: number
}

export interface ActuatorSetPorts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: {
    info(fields: Readonly<Record<string, unknown>>, message: string): void
    warn(fields: Readonly<Record<string, unknown>>, message: string): void
  }
  /** Called after each successful apply. */
  readonly onApplied?: (name: string, report: ApplyReport) => void
}

export interface ActuatorState {
  readonly name: string
  readonly kind: string
  readonly state: 'ok' | 'retrying' | 'disabled'
  readonly desired: number
  readonly held: number | undefined
  readonly lastAppliedAtMs: number | undefined
  readonly lastError: string | undefined
  readonly nextRetryAtMs: number | undefined
  readonly mendedTotal: number
}

const RECONCILE_MS = 60_000
const APPLY_TIMEOUT_MS = 60_000
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 60_000
/** Changes that come close together are applied together. */
const GATHER_MS = 50

interface Lane {
  readonly actuator: Actuator
  desired: readonly ActuatorEntry[]
  isDirty: boolean
  isRunning: boolean
  failures: number
  held: number | undefined
  lastAppliedAtMs: number | undefined
  lastError: string | undefined
  nextRetryAtMs: number | undefined
  mendedTotal: number
}

export class ActuatorSet implements Component {
  readonly name = 'actuators'
  readonly #options: ActuatorSetOptions
  readonly #ports: ActuatorSetPorts
  readonly #lanes: readonly Lane[]
  readonly #tasks: TaskGroup
  #stopped = new AbortController()
  #isStarted = false

  constructor(
    actuators: readonly Actuator[],
    options: ActuatorSetOptions,
    ports: ActuatorSetPorts
  ) {
    this.#options = options
    this.#ports = ports
    this.#lanes = actuators.map((actuator) => ({
      actuator,
      desired: [],
      isDirty: false,
      isRunning: false,
      failures: 0,
      held: undefined,
      lastAppliedAtMs: undefined,
      lastError: undefined,
      nextRetryAtMs: undefined,
      mendedTotal: 0
    }))
    this.#tasks = new TaskGroup((error) =>
      ports.logger.warn({ reason: messageOf(error) }, 'actuator task failed')
    )
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    this.#isStarted = true
    for (const lane of this.#lanes) {
      const periodMs = this.#options.reconcileIntervalMs.get(lane.actuator.name) ?? RECONCILE_MS
      this.#ports.clock.every(periodMs, () => this.#wake(lane), this.#stopped.signal)
      if (lane.isDirty) this.#wake(lane)
    }
    return Promise.resolve()
  }

  /** What is in place stays there until its time is up: the sweep ends it. */
  async stop(): Promise<void> {
    this.#isStarted = false
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  setDesired(entries: readonly ActuatorEntry[]): void {
    for (const lane of this.#lanes) {
      lane.desired = entries
      lane.isDirty = true
      if (this.#isStarted) this.#wake(lane)
    }
  }

  statuses(): readonly ActuatorState[] {
    return this.#lanes.map((lane) => ({
      name: lane.actuator.name,
      kind: lane.actuator.kind,
      state: lane.failures > 0 ? 'retrying' : 'ok',
      desired: lane.desired.filter((entry) => lane.actuator.actions.includes(entry.action)).length,
      held: lane.held,
      lastAppliedAtMs: lane.lastAppliedAtMs,
      lastError: lane.lastError,
      nextRetryAtMs: lane.nextRetryAtMs,
      mendedTotal: lane.mendedTotal
    }))
  }

  async dryRun(
    desired: readonly ActuatorEntry[],
    signal: AbortSignal
  ): Promise<readonly { name: string; lines: readonly string[] }[]> {
    return await Promise.all(
      this.#lanes.map(async ({ actuator }) => {
        try {
          return { name: actuator.name, lines: await actuator.dryRun(desired, signal) }
        } catch (error) {
          return { name: actuator.name, lines: [`cannot tell: ${messageOf(error)}`] }
        }
      })
    )
  }

  /**
   * Ends what outlived its time: the same as applying what should be held now.
   *
   * @throws {KeyserverError} of the first actuator that failed, after all of them were told
   */
  async sweep(signal: AbortSignal): Promise<readonly { name: string; removed: number }[]> {
    const runs = await Promise.allSettled(
      this.#lanes.map(async (lane) => {
        const report = await lane.actuator.apply(lane.desired, signal)
        return { name: lane.actuator.name, removed: report.removed }
      })
    )
    return runs.map((run) => {
      if (run.status === 'rejected') throw run.reason
      return run.value
    })
  }

  describe(entry: ActuatorEntry): readonly string[] {
    return this.#lanes.map(({ actuator, failures, lastError }) =>
      failures === 0
        ? actuator.describe(entry)
        : `${actuator.describe(entry)} (not certain: ${lastError ?? 'it failed'}; it is tried again)`
    )
  }

  /** Whether anybody turns the entry's clients away: somebody who can, and who did not fail when it was tried last. */
  isInEffect(entry: ActuatorEntry): boolean {
    return this.#lanes.some(
      ({ actuator, failures }) =>
        failures === 0 && (actuator.takesEffect?.(entry) ?? actuator.actions.includes(entry.action))
    )
  }

  /** Runs the lane unless it runs already or waits for its retry. */
  #wake(lane: Lane): void {
    if (lane.isRunning || this.#stopped.signal.aborted) return
    lane.isRunning = true
    this.#tasks.run(async () => {
      try {
        await this.#work(lane)
      } finally {
        lane.isRunning = false
      }
      // What was told after the last look and before the flag fell must not be left lying.
      if (lane.isDirty) this.#wake(lane)
    })
  }

  async #work(lane: Lane): Promise<void> {
    const { signal } = this.#stopped
    await this.#ports.clock.sleep(GATHER_MS, signal).catch(() => undefined)
    do {
      lane.isDirty = false
      if (await this.#applyOnce(lane)) return
      const waitMs =
        Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(10, lane.failures - 1)) *
        (0.75 + this.#ports.random.next() * 0.5)
      lane.nextRetryAtMs = this.#ports.clock.nowMs() + waitMs
      await this.#ports.clock.sleep(waitMs, signal).catch(() => undefined)
    } while (!signal.aborted)
    lane.isDirty = true
  }

  async #applyOnce(lane: Lane): Promise<boolean> {
    const { clock, logger } = this.#ports
    const { actuator } = lane
    const timeout = AbortSignal.timeout(this.#options.applyTimeoutMs ?? APPLY_TIMEOUT_MS)
    try {
      const signal = AbortSignal.any([this.#stopped.signal, timeout])
      const report = await actuator.apply(lane.desired, signal)
      lane.held = (await actuator.held(signal)).length
      if (lane.failures > 0) logger.info({ actuator: actuator.name }, 'actuator works again')
      if (report.mended > 0) {
        logger.info(
          { actuator: actuator.name, count: report.mended },
          'mended entries that were gone'
        )
      }
      for (const warning of report.warnings ?? []) {
        logger.warn({ actuator: actuator.name, reason: warning }, 'actuator warns')
      }
      lane.failures = 0
      lane.lastError = undefined
      lane.nextRetryAtMs = undefined
      lane.lastAppliedAtMs = clock.nowMs()
      lane.mendedTotal += report.mended
      this.#ports.onApplied?.(actuator.name, report)
      return true
    } catch (error) {
      if (this.#stopped.signal.aborted) {
        // Cut off by the stop: the next start has it to do.
        lane.isDirty = true
        return true
      }
      lane.failures++
      lane.lastError = messageOf(error)
      if (lane.failures === 1) {
        logger.warn(
          { actuator: actuator.name, reason: messageOf(error) },
          'actuator failed; trying again'
        )
      }
      return false
    }
  }
}
