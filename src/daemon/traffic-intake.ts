/**
 * All log sources of a node together: their events are joined (which request carried which upload) and handed to the guard in the
 * order in which they are read. A source that fails is reported and tried again; it never stops the others.
 */
import type { Clock, Component } from '../base/index.ts'
import {
  createLogSource,
  type EventSink,
  type LogSource,
  type LogSourceOptions,
  type LogSourceSnapshot,
  type LogSourceStatus,
  SubmissionJoin,
  type SubmissionJoinSnapshot,
  watchFile
} from '../keyserver/index.ts'
import { type Logger, LogSampler } from '../telemetry/index.ts'
import type { SourceMetrics } from './metrics.ts'

export interface IntakePositions {
  readonly sources: Readonly<Record<string, LogSourceSnapshot>>
}

export interface IntakeState {
  readonly join: SubmissionJoinSnapshot
}

export interface TrafficIntakePorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: SourceMetrics
  readonly sink: EventSink
}

const SETTLE_MS = 1_000
/** How far behind the wall clock the logs may be before waiting lines are settled without their partners. */
const SETTLE_LAG_MS = 3_000

export class TrafficIntake implements Component {
  readonly name = 'sources'
  readonly #options: readonly LogSourceOptions[]
  readonly #ports: TrafficIntakePorts
  readonly #join: SubmissionJoin
  readonly #sampler: LogSampler
  #sources: readonly LogSource[] = []
  #stopped = new AbortController()

  constructor(options: readonly LogSourceOptions[], ports: TrafficIntakePorts) {
    this.#options = options
    this.#ports = ports
    this.#join = new SubmissionJoin({}, ports.sink)
    this.#sampler = new LogSampler({}, { log: ports.logger, clock: ports.clock })
    this.#sources = this.#create({})
  }

  /** Before `start`: goes on where a checkpoint stood. */
  restore(positions: IntakePositions, state: IntakeState | undefined): void {
    if (state !== undefined) this.#join.restore(state.join)
    this.#sources = this.#create(positions.sources)
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#stopped = new AbortController()
    for (const source of this.#sources) await source.start(signal)
    this.#ports.clock.every(SETTLE_MS, () => this.#settle(), this.#stopped.signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#sources.map((source) => source.stop()))
  }

  positions(): IntakePositions {
    return {
      sources: Object.fromEntries(this.#sources.map((source) => [source.name, source.snapshot()]))
    }
  }

  state(): IntakeState {
    return { join: this.#join.snapshot() }
  }

  statuses(): readonly LogSourceStatus[] {
    return this.#sources.map((source) => source.status())
  }

  #create(snapshots: Readonly<Record<string, LogSourceSnapshot>>): readonly LogSource[] {
    return this.#options.map((options) => this.#createOne(options, snapshots[options.name]))
  }

  #createOne(options: LogSourceOptions, snapshot: LogSourceSnapshot | undefined): LogSource {
    const { clock, logger, metrics } = this.#ports
    const log = logger.child({ source: options.name })
    return createLogSource(
      { ...options, snapshot },
      {
        clock,
        watchFile,
        sink: (event) => this.#join.push(event),
        onAccess: (access) => this.#join.access(access),
        onUnparsed: (cause, line) => {
          metrics.unparsed.add(1, { cause })
          const fields = () => ({ source: options.name, cause, line })
          this.#sampler.debug(`${options.name} ${cause}`, fields, 'line could not be read')
        },
        onProblem: (problem) => {
          if (problem === undefined) log.info({}, 'log can be read again')
          else log.warn({ code: problem.code, reason: problem.message }, 'log cannot be read')
        }
      }
    )
  }

  /** Time goes on although no line comes: what waits for a partner must not wait for the next visitor. */
  #settle(): void {
    const statuses = this.statuses()
    const newestMs = Math.max(0, ...statuses.map((status) => status.logTimeMs))
    const quietMs = this.#ports.clock.nowMs() - SETTLE_LAG_MS
    if (newestMs > 0 && quietMs > newestMs) this.#join.settle(quietMs)
    this.#ports.metrics.lines.set(statuses.reduce((sum, status) => sum + status.lines, 0))
    this.#ports.metrics.failing.set(statuses.filter((status) => status.state === 'failing').length)
  }
}
