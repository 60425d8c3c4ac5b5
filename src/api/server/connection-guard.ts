/**
 * Bounds what one connection may cost: how many there are, how long a client may take to send a request or to read an answer,
 * and what happens to a body that nobody wants.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES
} from 'node:http'
import type { Socket } from 'node:net'
import { API_ERRORS, type ApiErrorCode } from '../errors.ts'
import type { ApiMetrics } from '../metrics.ts'
import type { Connections } from './pipeline.ts'

export interface ConnectionOptions {
  readonly maxConnections: number
  readonly requestTimeoutMs: number
  /** Slowest reader that is waited for beyond `requestTimeoutMs`. @default 1 000, which is 8 Mbit/s */
  readonly answerBytesPerMs?: number
}

const ANSWER_BYTES_PER_MS = 1_000
const HEADER_BYTES_MAX = 16_384
const HEADER_FIELDS_MAX = 64
const REQUESTS_PER_CONNECTION_MAX = 1_000
const KEEP_ALIVE_MS = 5_000
/**
 * How long a connection stays after an answer whose request was not read to its end. Closed at once, the unread bytes would
 * make the kernel send a reset that can overtake the answer (RFC 9112 §9.6).
 */
const LINGER_MS = 1_000

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export class ConnectionGuard implements Connections {
  readonly #options: ConnectionOptions
  readonly #metrics: ApiMetrics
  readonly #trusted = new WeakSet<Socket>()
  readonly #awaitingContinue = new WeakSet<IncomingMessage>()
  readonly #deadlines = new WeakMap<IncomingMessage, NodeJS.Timeout>()

  constructor(options: ConnectionOptions, metrics: ApiMetrics) {
    this.#options = options
    this.#metrics = metrics
  }

  /** A server that is not listening yet. Connections of a trusted one may read without a token. */
  createServer(listener: Listener, isTrusted: boolean): Server {
    const timeoutMs = this.#options.requestTimeoutMs
    const server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: timeoutMs,
      // Bodies are bounded one by one: a stream may take as long as it moves.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node looks for late requests only so often; its default of 30 s would be the real time-out.
      connectionsCheckingInterval: Math.min(1_000, Math.ceil(timeoutMs / 4)),
      requireHostHeader: false
    })
    server.maxConnections = this.#options.maxConnections
    server.maxHeadersCount = HEADER_FIELDS_MAX
    server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#boundRequest(request, response)
      this.#boundAnswer(response)
      void listener(request, response)
    }
    server.on('request', serve)
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#awaitingContinue.add(request)
      serve(request, response)
    })
    server.on('connection', (socket: Socket) => {
      if (isTrusted) this.#trusted.add(socket)
    })
    server.on('drop', () => this.#metrics.refusedConnections.add(1, { cause: 'too-many' }))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#refuse(error, socket as Socket)
    )
    return server
  }

  isTrusted(request: IncomingMessage): boolean {
    return this.#trusted.has(request.socket)
  }

  allowSlowBody(request: IncomingMessage): void {
    clearTimeout(this.#deadlines.get(request))
  }

  continueIfAwaited(request: IncomingMessage, response: ServerResponse): void {
    if (this.#awaitingContinue.has(request)) response.writeContinue()
  }

  closeAfter(request: IncomingMessage, response: ServerResponse): void {
    // Whatever came with the header is taken in the same breath and costs no connection.
    const declared = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    const isShort = declared <= HEADER_BYTES_MAX && !this.#awaitingContinue.has(request)
    const hasBody =
      request.headers['content-length'] !== undefined ||
      request.headers['transfer-encoding'] !== undefined
    if (!hasBody || isShort) return
    response.setHeader('Connection', 'close')
    const socket = request.socket
    // Node ends a connection through this method when its last answer is out.
    socket.destroySoon = () => {
      socket.pause()
      socket.end()
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
    }
  }

  /** Ends a connection whose client does not send its request to the end. */
  #boundRequest(request: IncomingMessage, response: ServerResponse): void {
    if (request.complete) return
    const timer = setTimeout(() => {
      if (request.complete || response.headersSent) return
      this.#refuse(Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), request.socket)
    }, this.#options.requestTimeoutMs)
    timer.unref()
    this.#deadlines.set(request, timer)
    request.once('end', () => clearTimeout(timer))
    response.once('close', () => clearTimeout(timer))
  }

  /** Ends a connection whose client does not take its answer. */
  #boundAnswer(response: ServerResponse): void {
    let timer: NodeJS.Timeout | undefined
    response.once('prefinish', () => {
      const bytesPerMs = this.#options.answerBytesPerMs ?? ANSWER_BYTES_PER_MS
      const waitMs = this.#options.requestTimeoutMs + response.writableLength / bytesPerMs
      timer = setTimeout(() => {
        this.#metrics.refusedConnections.add(1, { cause: 'slow' })
        response.destroy()
      }, waitMs)
      timer.unref()
    })
    response.once('close', () => clearTimeout(timer))
  }

  /** What the HTTP parser refused before there was a request. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    this.#metrics.refusedConnections.add(1, { cause: isSlow ? 'slow' : 'malformed' })
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code: ApiErrorCode = isSlow
      ? 'REQUEST_TIMED_OUT'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'HEADERS_TOO_LONG'
        : 'REQUEST_MALFORMED'
    socket.end(rawProblem(code))
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }
}

function rawProblem(code: ApiErrorCode): string {
  const { status, text } = API_ERRORS[code]
  const title = STATUS_CODES[status] ?? ''
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: text, code })
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body
  ].join('\r\n')
}
