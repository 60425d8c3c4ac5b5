/** What every command is given: streams to write to, the daemon's programs, and the signal that ends it. */
import type { Readable } from 'node:stream'
import type { Clock } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import type { ActuatorProblem } from '../keyserver/index.ts'

export interface CliIo {
  /** Data: to stdout, waiting for a slow reader. Resolves at once when the reader has gone away. */
  write(text: string | Uint8Array): Promise<void>
  /** Talk: to stderr. */
  talk(text: string): void
  /** How far work is: written over on a terminal until the next `talk`, and nowhere else. */
  progress(text: string): void
  readonly stdin: Readable
  /** A person sits at the terminal and can be asked. */
  readonly isInteractive: boolean
  /** Columns of the terminal; undefined where output goes to a file or a pipe. */
  readonly columns: number | undefined
}

export interface InitRequest {
  readonly dataDir: string
  readonly name: string | undefined
  readonly apiPort: number | undefined
  readonly listen: readonly string[] | undefined
  readonly haproxyLog: string | undefined
  readonly hockeypuckLog: string | undefined
  readonly haproxyList: string | undefined
  readonly adminSocket: string | undefined
}

export interface InitReport {
  readonly dataDir: string
  readonly configFile: string
  readonly isNewConfig: boolean
  readonly tokenFile: string
  readonly isNewToken: boolean
}

/** The programs of the daemon that commands start; only the composition root makes adapters. */
export interface DaemonPort {
  init(request: InitRequest): InitReport
  start(request: {
    readonly dataDir: string
    readonly configFile: string | undefined
    readonly flags: Readonly<Record<string, unknown>>
    readonly signal: AbortSignal
  }): Promise<void>
  sweep(request: {
    readonly dataDir: string
    readonly configFile: string | undefined
    readonly isAll: boolean
    readonly signal: AbortSignal
  }): Promise<readonly { readonly name: string; readonly removed: number }[]>
  checkActuators(config: Config, signal: AbortSignal): Promise<readonly ActuatorProblem[]>
}

export interface CliContext {
  readonly io: CliIo
  readonly daemon: DaemonPort
  readonly clock: Clock
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Path of `bin/netminder.js`, for commands that start a node of their own. */
  readonly executable: string
}

export type OutputFormat = 'table' | 'json'
