/** The streams of the process as commands use them. A reader that goes away (`| head`) is no error. */
import { messageOf } from '../base/index.ts'
import type { CliIo } from './context.ts'
import { CliError } from './errors.ts'

function hasGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

export class ProcessIo implements CliIo {
  readonly stdin: NodeJS.ReadStream
  readonly isInteractive: boolean
  readonly columns: number | undefined
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #onReaderGone: () => void
  #isReaderGone = false
  #hasProgress = false

  /** `onReaderGone` ends work whose output nobody reads any more. */
  constructor(
    streams: {
      readonly stdin: NodeJS.ReadStream
      readonly stdout: NodeJS.WriteStream
      readonly stderr: NodeJS.WriteStream
    },
    onReaderGone: () => void
  ) {
    this.stdin = streams.stdin
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#onReaderGone = onReaderGone
    this.isInteractive = streams.stdin.isTTY === true && streams.stderr.isTTY === true
    this.columns = streams.stdout.isTTY === true ? streams.stdout.columns : undefined
    this.#stdout.on('error', (error) => this.#onOutputError(error))
    // Nobody is left to be told when standard error itself is closed.
    this.#stderr.on('error', () => undefined)
  }

  write(text: string | Uint8Array): Promise<void> {
    if (this.#isReaderGone) return Promise.resolve()
    // Both on one terminal: data begins on a line of its own.
    if (this.columns !== undefined) this.#clearProgress()
    return new Promise<void>((resolve, reject) => {
      this.#stdout.write(text, (error) => {
        if (error === null || error === undefined || hasGone(error)) resolve()
        else reject(error)
      })
    }).catch((cause: unknown) => {
      const message = `could not write to standard output: ${messageOf(cause)}`
      throw new CliError('CLI_OUTPUT_FAILED', message, { cause })
    })
  }

  talk(text: string): void {
    this.#clearProgress()
    this.#stderr.write(`${text}\n`)
  }

  progress(text: string): void {
    if (this.#stderr.isTTY !== true) return
    const width = Math.max(20, this.#stderr.columns || 80)
    this.#stderr.write(`\r\u001b[K${text.slice(0, width - 1)}`)
    this.#hasProgress = text !== ''
  }

  #clearProgress(): void {
    if (this.#hasProgress) this.progress('')
  }

  #onOutputError(error: unknown): void {
    if (!hasGone(error) || this.#isReaderGone) return
    this.#isReaderGone = true
    this.#onReaderGone()
  }
}
