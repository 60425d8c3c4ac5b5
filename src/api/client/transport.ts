/** One HTTP exchange over a port or a UNIX socket, bounded in time and length. Knows nothing of the contract. */
import { type IncomingMessage, request } from 'node:http'
import { messageOf } from '../../base/index.ts'
import { ApiClientError } from '../errors.ts'

export interface Target {
  /** `http://host:port`. */
  readonly url: string
  /** Used instead of host and port. */
  readonly socketPath?: string | undefined
}

export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** For the header of the answer; and for the whole of it where the body is read. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface TransportAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const ANSWER_BYTES_MAX = 64 * 1_048_576

/** @throws {API_UNREACHABLE | API_TIMED_OUT | API_ANSWER_INVALID} */
export async function exchange(target: Target, wanted: Exchange): Promise<TransportAnswer> {
  const deadline = AbortSignal.timeout(wanted.timeoutMs)
  const signal = wanted.signal === undefined ? deadline : AbortSignal.any([wanted.signal, deadline])
  try {
    const response = await open(target, wanted, signal)
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      body: await readText(response)
    }
  } catch (error) {
    throw translated(error, target, wanted, deadline)
  }
}

/** The answer as soon as its header is there; the caller reads and ends it. @throws {API_UNREACHABLE | API_TIMED_OUT} */
export async function openStream(target: Target, wanted: Exchange): Promise<IncomingMessage> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), wanted.timeoutMs)
  const signal =
    wanted.signal === undefined ? late.signal : AbortSignal.any([wanted.signal, late.signal])
  try {
    return await open(target, wanted, signal)
  } catch (error) {
    throw translated(error, target, wanted, late.signal)
  } finally {
    clearTimeout(timer)
  }
}

export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    length += (chunk as Buffer).length
    if (length > ANSWER_BYTES_MAX) {
      throw new ApiClientError(
        'API_ANSWER_INVALID',
        `expected an answer of at most ${ANSWER_BYTES_MAX} bytes, got more`
      )
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function open(target: Target, wanted: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target.url)
    const sent = request(
      {
        ...(target.socketPath === undefined
          ? { host: hostname.replace(/^\[(.*)\]$/, '$1'), port }
          : { socketPath: target.socketPath }),
        method: wanted.method,
        path: wanted.path,
        headers: { ...wanted.headers, Connection: 'close' },
        agent: false,
        signal
      },
      resolve
    )
    sent.on('error', reject)
    sent.end(wanted.body)
  })
}

function translated(
  error: unknown,
  target: Target,
  wanted: Exchange,
  deadline: AbortSignal
): unknown {
  if (error instanceof ApiClientError) return error
  const place = target.socketPath ?? target.url
  if (wanted.signal?.aborted) return wanted.signal.reason
  if (deadline.aborted) {
    const message = `expected an answer from ${place} within ${wanted.timeoutMs} ms, got none`
    return new ApiClientError('API_TIMED_OUT', message, { cause: error })
  }
  const message = `expected a running node at ${place}, got: ${messageOf(error)}; is it started (netminder start, systemctl status netminder)?`
  return new ApiClientError('API_UNREACHABLE', message, { cause: error })
}
