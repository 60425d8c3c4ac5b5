/**
 * Client of HAProxy's Runtime API (management guide §9.3): text commands on a UNIX socket or a loopback TCP port. One
 * connection carries one batch; every answer ends with an empty line. Bounded in time and bytes.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { KeyserverError } from '../../errors.ts'

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
  const match = /^(?:tcp:\/\/)?(\[[0-9a-f:.]+\]|[^/:]+):(\d{1,5})$/i.exec(text)
  if (match === null) return { path: text.replace(/^unix:\/\//, '') }
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
    return await this.#exchange(command, signal)
  }

  /** Runs commands that answer nothing on success, many in one connection. @throws {HAPROXY_REFUSED} with the first complaint */
  async runQuietly(commands: readonly string[], signal: AbortSignal): Promise<void> {
    for (const batch of batches(commands)) {
      const answer = (await this.#exchange(batch.join(';'), signal)).trim()
      if (answer !== '') {
        throw new KeyserverError(
          'HAPROXY_REFUSED',
          `expected HAProxy to accept ${batch.length} command(s), got: ${answer.split('\n', 1)[0]?.slice(0, 200)}`,
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
      const socket: Socket = connect(parseSocket(address))
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
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      socket.on('connect', () => socket.write(`${command}\n`))
      socket.on('data', (chunk) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > (this.#options.answerBytesMax ?? ANSWER_BYTES_MAX)) {
          fail(invalid(address, `expected at most ${ANSWER_BYTES_MAX} bytes, got more`))
        }
      })
      socket.on('error', (cause) => fail(unreachable(address, cause)))
      socket.on('close', () => {
        finish()
        const answer = Buffer.concat(chunks).toString('utf8')
        // HAProxy closes after the answer; one that ends without its empty line was cut off.
        if (answer.endsWith('\n\n') || answer === '\n') resolve(answer.slice(0, -1))
        else
          reject(
            invalid(
              address,
              `expected an answer that ends with an empty line, got ${bytes} bytes without`
            )
          )
      })
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
  return new KeyserverError(
    'HAPROXY_UNREACHABLE',
    `expected HAProxy to listen at ${socket}, got: ${cause.message}`,
    { context: { socket }, cause }
  )
}

function invalid(socket: string, message: string): KeyserverError {
  return new KeyserverError('HAPROXY_ANSWER_INVALID', message, { context: { socket } })
}
