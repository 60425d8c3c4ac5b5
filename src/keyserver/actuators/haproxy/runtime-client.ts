/**
 * Client of HAProxy's Runtime API (management guide §9.3): text commands on a UNIX socket or a loopback TCP port. One
 * connection carries one batch; every answer ends with an empty line. Bounded in time and bytes.
 */
import { type NetConnectOpts, Socket } from 'node:net'
import { KeyserverError } from '../../errors.ts'
import { shown } from './answers.ts'

export interface RuntimeClientOptions {
  /** Path of the admin socket, or `tcp://host:port`. */
  readonly socket: string
  readonly timeoutMs: number
  /** @default 64 MiB: `show acl` of a million addresses */
  readonly answerBytesMax?: number
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024
/** HAProxy's default `tune.bufsize` is 16 KiB, and a batch of commands must fit into it. */
const BATCH_BYTES_MAX = 12_000

export function parseSocket(text: string): NetConnectOpts {
  const match = /^(?:tcp:\/\/|ipv[46]@)?(\[[0-9a-f:.]+\]|[^/:]+):(\d{1,5})$/i.exec(text)
  if (match === null) return { path: text.replace(/^unix(?::\/\/|@)/, '') }
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(match[2]) }
}

export class RuntimeClient {
  readonly #options: RuntimeClientOptions

  constructor(options: RuntimeClientOptions) {
    this.#options = options
  }

  /**
   * Runs one command and returns its answer without the final empty line.
   *
   * @throws {HAPROXY_UNREACHABLE | HAPROXY_TIMED_OUT | HAPROXY_ANSWER_INVALID}
   */
  async run(command: string, signal: AbortSignal): Promise<string> {
    return (await this.#exchange(command, signal)).slice(0, -1)
  }

  /**
   * Runs commands in one connection, in order and with nothing of ours in between, and returns the answer of each.
   *
   * @throws {HAPROXY_UNREACHABLE | HAPROXY_TIMED_OUT | HAPROXY_ANSWER_INVALID}
   */
  async runTogether(commands: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const lines = (await this.#exchange(commands.join(';'), signal)).split('\n').slice(0, -1)
    const answers: string[] = []
    let start = 0
    for (const [index, line] of lines.entries()) {
      if (line !== '') continue
      answers.push(lines.slice(start, index).join('\n'))
      start = index + 1
    }
    // A proxy that ends in the middle has carried out the first ones only.
    if (answers.length < commands.length) {
      throw invalid(
        this.#options.socket,
        `expected ${commands.length} answer(s), got ${answers.length}${
          answers.some((answer) => answer !== '') ? `: ${shown(answers.join(' '))}` : ''
        }`
      )
    }
    return answers
  }

  /**
   * Runs commands that answer nothing on success, many in one connection. All of them are sent; complaints that match `ignored`
   * are none.
   *
   * @throws {HAPROXY_REFUSED} with the first complaint, and what `runTogether` throws
   */
  async runQuietly(
    commands: readonly string[],
    signal: AbortSignal,
    ignored?: RegExp
  ): Promise<void> {
    for (const batch of batches(commands)) {
      const answers = await this.runTogether(batch, signal)
      const complaint = answers.find((answer) => answer !== '' && ignored?.test(answer) !== true)
      if (complaint !== undefined) {
        throw new KeyserverError(
          'HAPROXY_REFUSED',
          `expected HAProxy to accept ${batch.length} command(s), got: ${shown(complaint)}`,
          { context: { socket: this.#options.socket } }
        )
      }
    }
  }

  #exchange(command: string, signal: AbortSignal): Promise<string> {
    const { socket: address, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const socket: Socket = new Socket()
      const fail = (error: Error) => {
        finish()
        reject(error)
      }
      const onAbort = () => fail(signal.reason as Error)
      const timer = setTimeout(() => fail(timedOut(address, timeoutMs, bytes)), timeoutMs)
      const finish = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        socket.destroy()
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      socket.on('connect', () => socket.write(`${command}\n`))
      socket.on('data', (chunk) => {
        bytes += chunk.length
        chunks.push(chunk)
        const limit = this.#options.answerBytesMax ?? ANSWER_BYTES_MAX
        if (bytes > limit) fail(invalid(address, `expected at most ${limit} bytes, got more`))
      })
      socket.on('error', (cause) => fail(unreachable(address, cause)))
      socket.on('close', () => {
        finish()
        const answer = Buffer.concat(chunks).toString('utf8')
        // HAProxy closes after the answer; one that ends without its empty line was cut off.
        if (answer.endsWith('\n\n') || answer === '\n') resolve(answer)
        else {
          const expected = 'expected an answer that ends with an empty line'
          reject(invalid(address, `${expected}, got ${bytes} bytes without`))
        }
      })
      try {
        socket.connect(parseSocket(address))
      } catch (cause) {
        // A port or path that cannot be.
        fail(unreachable(address, cause as Error))
      }
    })
  }
}

function batches(commands: readonly string[]): string[][] {
  const found: string[][] = []
  let current: string[] = []
  let bytes = 0
  for (const command of commands) {
    if (bytes + command.length + 1 > BATCH_BYTES_MAX && current.length > 0) {
      found.push(current)
      current = []
      bytes = 0
    }
    current.push(command)
    bytes += command.length + 1
  }
  if (current.length > 0) found.push(current)
  return found
}

function timedOut(socket: string, timeoutMs: number, bytes: number): KeyserverError {
  return new KeyserverError(
    'HAPROXY_TIMED_OUT',
    `expected HAProxy at ${socket} to answer within ${timeoutMs} ms, got ${bytes} bytes and no end`,
    { context: { socket, timeoutMs } }
  )
}

function unreachable(socket: string, cause: Error): KeyserverError {
  const { code = '' } = cause as NodeJS.ErrnoException
  return new KeyserverError(
    'HAPROXY_UNREACHABLE',
    `expected HAProxy to listen at ${socket}, got: ${cause.message}`,
    { context: { socket, systemCode: code }, cause }
  )
}

/** True if nothing listens where HAProxy should: then it does not run, and nothing is in force but what its files say. */
export function isNobodyThere(error: unknown): boolean {
  return (
    error instanceof KeyserverError &&
    error.code === 'HAPROXY_UNREACHABLE' &&
    ['ENOENT', 'ECONNREFUSED'].includes(String(error.context['systemCode']))
  )
}

function invalid(socket: string, message: string): KeyserverError {
  return new KeyserverError('HAPROXY_ANSWER_INVALID', message, { context: { socket } })
}
