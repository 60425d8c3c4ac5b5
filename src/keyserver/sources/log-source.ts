/** One log that the node follows: its transport, its decoder, and what is to be known about how that goes. */
import type { Readable } from 'node:stream'
import { type Clock, type Component, messageOf, TaskGroup } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { EventSink } from '../events.ts'
import type { BehindProxy } from './haproxy/client.ts'
import { HaproxyDecoder } from './haproxy/decoder.ts'
import { type AccessLine, HockeypuckDecoder } from './hockeypuck/decoder.ts'
import {
  DEFAULT_MAX_LINE_BYTES,
  type LineCounters,
  LineIntake,
  type UnparsedHook
} from './line-intake.ts'
import type { LogDecoder } from './log-decoder.ts'
import { NginxDecoder } from './nginx/decoder.ts'
import { FileTail } from './transports/file-tail.ts'
import type { WatchFile } from './transports/file-watch.ts'
import { PipeReader } from './transports/pipe-reader.ts'
import { SyslogListener } from './transports/syslog-listener.ts'
import type { Transport, TransportPorts, TransportPosition } from './transports/transport.ts'

export type LogFormat = 'haproxy' | 'nginx' | 'hockeypuck'

export type TransportOptions =
  | {
      readonly kind: 'file' | 'docker-json'
      readonly path: string
      /** Read a log that was never read before from its beginning. @default false */
      readonly fromStart?: boolean | undefined
    }
  /** A FIFO, or `-` for standard input. */
  | { readonly kind: 'pipe'; readonly path: string }
  /** `udp://HOST:PORT`, `tcp://HOST:PORT`, `unix:///PATH` or `unix-dgram:///PATH`. */
  | { readonly kind: 'syslog'; readonly listen: string }

export interface LogSourceOptions {
  readonly name: string
  readonly format: LogFormat
  readonly transport: TransportOptions
  /** Zone of times that are written without one (HAProxy). @default the machine's */
  readonly timeZone?: string | undefined
  /** @default 'none' */
  readonly behindProxy?: BehindProxy | undefined
  /** Hockeypuck only: take requests from its access lines, where no proxy's log is read. @default false */
  readonly isRequestSource?: boolean | undefined
  /** @default 65 536 */
  readonly maxLineBytes?: number | undefined
  /** Where the last run stopped. */
  readonly snapshot?: LogSourceSnapshot | undefined
  /** How often a file is looked at, if nothing tells of a write sooner. @default 200 */
  readonly pollMs?: number | undefined
}

export interface LogSourcePorts {
  readonly clock: Clock
  readonly sink: EventSink
  /** Hockeypuck only: every access line, for `SubmissionJoin.access`. */
  readonly onAccess?: ((access: AccessLine) => void) | undefined
  readonly onUnparsed?: UnparsedHook | undefined
  /** Called once when a problem begins or changes, and with undefined when it is over. */
  readonly onProblem?: ((problem: KeyserverError | undefined) => void) | undefined
  /** Tells of writes to a file, so that it is looked at at once. @default none: files are polled alone */
  readonly watchFile?: WatchFile | undefined
  /** @default process.stdin */
  readonly stdin?: Readable | undefined
}

/**
 * Plain JSON. Saved in one transaction with what the events changed, it makes every line count exactly once over a restart
 * or a kill: `position` is the first byte not delivered, `pendingLines` were read before it and wait for their partner.
 */
export interface LogSourceSnapshot {
  readonly position: TransportPosition | undefined
  readonly pendingLines: readonly string[]
}

export type LogSourceState = 'stopped' | 'reading' | 'failing' | 'ended'

export interface LogSourceStatus extends LineCounters {
  readonly name: string
  readonly format: LogFormat
  readonly state: LogSourceState
  /** Why the source cannot be read at the moment. */
  readonly problem: { readonly code: string; readonly message: string } | undefined
  /** Newest time in the log; 0 before the first line. */
  readonly logTimeMs: number
  /** Requests whose client could not be known. */
  readonly withoutClient: number
  /** Times that the saved position was not found again. */
  readonly gaps: number
  /** Port that a syslog listener was given. */
  readonly port: number | undefined
}

export class LogSource implements Component {
  readonly name: string
  readonly #format: LogFormat
  readonly #decoder: LogDecoder
  readonly #intake: LineIntake
  readonly #transport: Transport
  readonly #saved: LogSourceSnapshot | undefined
  readonly #tasks: TaskGroup
  #stop = new AbortController()
  #state: LogSourceState = 'stopped'
  #problem: KeyserverError | undefined

  /** @throws {KeyserverError} SOURCE_OPTIONS_INVALID, TIME_ZONE_INVALID */
  constructor(options: LogSourceOptions, ports: LogSourcePorts) {
    this.name = options.name
    this.#format = options.format
    this.#decoder = createDecoder(options, ports)
    this.#saved = options.snapshot
    this.#intake = new LineIntake(
      { decoder: this.#decoder, maxLineBytes: options.maxLineBytes },
      { clock: ports.clock, sink: ports.sink, onUnparsed: ports.onUnparsed }
    )
    const setProblem = (problem: KeyserverError | undefined) => {
      this.#problem = problem
      if (this.#state !== 'stopped') this.#state = problem === undefined ? 'reading' : 'failing'
      ports.onProblem?.(problem)
    }
    this.#transport = createTransport(options, ports.stdin, {
      clock: ports.clock,
      intake: this.#intake,
      onProblem: setProblem,
      watchFile: ports.watchFile
    })
    this.#tasks = new TaskGroup((error) => {
      setProblem(
        new KeyserverError(
          'SOURCE_READ_FAILED',
          `expected to read ${options.name}, got ${messageOf(error)}`,
          {
            cause: error
          }
        )
      )
    })
  }

  /** @throws {SOURCE_LISTEN_FAILED} a syslog listener that cannot be opened; a file or pipe is waited for instead */
  async start(signal: AbortSignal): Promise<void> {
    this.#stop = new AbortController()
    this.#state = 'reading'
    this.#intake.restorePending(this.#saved?.pendingLines ?? [])
    await this.#transport.open()
    const both = AbortSignal.any([signal, this.#stop.signal])
    this.#tasks.run(async () => {
      await this.#transport.run(both)
      if (!both.aborted) this.#state = 'ended'
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#tasks.drained()
    this.#state = 'stopped'
  }

  /** Must be saved together with what the events changed: call it in the turn in which that is saved. */
  snapshot(): LogSourceSnapshot {
    return { position: this.#transport.position(), pendingLines: [...this.#intake.pendingLines()] }
  }

  status(): LogSourceStatus {
    return {
      ...this.#intake.counters,
      name: this.name,
      format: this.#format,
      state: this.#state,
      problem:
        this.#problem === undefined
          ? undefined
          : { code: this.#problem.code, message: this.#problem.message },
      logTimeMs: this.#decoder.logTimeMs,
      withoutClient: this.#decoder.withoutClient,
      gaps: this.#transport instanceof FileTail ? this.#transport.gaps : 0,
      port: this.#transport instanceof SyslogListener ? this.#transport.port : undefined
    }
  }
}

/** @throws {KeyserverError} SOURCE_OPTIONS_INVALID, TIME_ZONE_INVALID */
export function createLogSource(options: LogSourceOptions, ports: LogSourcePorts): LogSource {
  return new LogSource(options, ports)
}

function createDecoder(options: LogSourceOptions, ports: LogSourcePorts): LogDecoder {
  switch (options.format) {
    case 'haproxy':
      return new HaproxyDecoder({ timeZone: options.timeZone, behindProxy: options.behindProxy })
    case 'nginx':
      return new NginxDecoder()
    case 'hockeypuck':
      return new HockeypuckDecoder({
        isRequestSource: options.isRequestSource,
        onAccess: ports.onAccess
      })
  }
}

function createTransport(
  options: LogSourceOptions,
  stdin: Readable | undefined,
  ports: TransportPorts
): Transport {
  const { transport } = options
  const resumeFrom = options.snapshot?.position
  switch (transport.kind) {
    case 'file':
    case 'docker-json':
      return new FileTail(
        {
          path: transport.path,
          fromStart: transport.fromStart,
          resumeFrom,
          pollMs: options.pollMs
        },
        ports
      )
    case 'pipe':
      return new PipeReader(
        {
          path: transport.path,
          stdin: () => stdin ?? process.stdin,
          resumeFrom,
          pollMs: options.pollMs
        },
        ports
      )
    case 'syslog':
      return new SyslogListener(
        {
          listen: transport.listen,
          maxLineBytes: options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES
        },
        ports
      )
  }
}
