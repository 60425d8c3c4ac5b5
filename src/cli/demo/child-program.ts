/** A program that runs beside the demo: its words go into a file, and it never outlives the demo. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { environmentForChild } from '../../config/index.ts'
import { CliError } from '../errors.ts'

export interface ChildProgramOptions {
  /** As a person calls it. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly logFile: string
}

const STOP_TIMEOUT_MS = 8_000
const LAST_WORDS = 3

export class ChildProgram {
  readonly #options: ChildProgramOptions
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #killAtExit = () => this.#child.kill('SIGKILL')
  #problem = ''

  constructor(options: ChildProgramOptions) {
    this.#options = options
    const log = openSync(options.logFile, 'a', 0o600)
    // A process group of its own: Ctrl-C reaches the demo alone, which then ends its programs in order.
    this.#child = spawn(options.program, options.args, {
      cwd: options.cwd,
      env: environmentForChild(),
      stdio: ['ignore', log, log],
      detached: true
    })
    closeSync(log)
    process.once('exit', this.#killAtExit)
    this.#ended = new Promise((resolve) => {
      const onEnd = () => {
        process.removeListener('exit', this.#killAtExit)
        resolve()
      }
      this.#child.once('exit', onEnd)
      this.#child.once('error', (error) => {
        this.#problem = error.message
        onEnd()
      })
    })
  }

  get hasEnded(): boolean {
    return this.#problem !== '' || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** @throws {CLI_PROGRAM_FAILED} with what it said last, if it has ended by itself */
  requireRunning(): void {
    if (!this.hasEnded) return
    const { name } = this.#options
    const how = this.#child.signalCode ?? `exit code ${this.#child.exitCode}`
    const words = this.#problem || this.#lastWords() || `nothing (${how})`
    throw new CliError('CLI_PROGRAM_FAILED', `expected ${name} to run, but it ended: ${words}`)
  }

  /** Asks it to end, and ends it if it does not. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#ended
    clearTimeout(timer)
  }

  #lastWords(): string {
    const { logFile } = this.#options
    try {
      const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LAST_WORDS)
      return lines.join(' | ').slice(-600)
    } catch {
      return `see ${basename(logFile)}`
    }
  }
}
