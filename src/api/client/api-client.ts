/** The contract as functions: what the CLI talks to the running node with. */
import type { IncomingMessage } from 'node:http'
import {
  endpointOf,
  type OperationId,
  type OperationInput,
  type OperationResponse
} from '../contract/contract.ts'
import { ApiClientError, ApiError } from '../errors.ts'
import { exchange, openStream, readText, type Target, type TransportAnswer } from './transport.ts'

export interface ApiClientOptions extends Target {
  readonly token?: string | undefined
  /** For one answer, in milliseconds. @default 65 000, a little more than the server allows a handler */
  readonly timeoutMs?: number
  /** Why nobody is asked: every call fails with API_UNREACHABLE and this message, and nothing is sent. */
  readonly refusal?: string | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Makes the write count once, however often it is sent. */
  readonly idempotencyKey?: string
  /** Changes only this revision (an ETag); `*` changes whichever there is. */
  readonly ifMatch?: string
  /** The body of an operation that takes no JSON. */
  readonly upload?: Uint8Array
}

export interface ServerSentEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

interface GivenParts {
  readonly params?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly body?: unknown
}

/** Characters of one event; the server's are far shorter. */
const EVENT_CHARACTERS_MAX = 4 * 1_048_576

export class ApiClient {
  readonly #target: Target
  readonly #token: string | undefined
  readonly #timeoutMs: number
  readonly #refusal: string | undefined

  constructor(options: ApiClientOptions) {
    this.#target = { url: options.url, socketPath: options.socketPath }
    this.#token = options.token
    this.#timeoutMs = options.timeoutMs ?? 65_000
    this.#refusal = options.refusal
  }

  /**
   * Carries an operation out and returns the JSON of its answer.
   * @throws {API_UNREACHABLE | API_TIMED_OUT | API_ANSWER_INVALID} and, as ApiError, every code of the contract
   */
  async call<Id extends OperationId>(
    id: Id,
    input: OperationInput<Id>,
    options: CallOptions = {}
  ): Promise<OperationResponse<Id>> {
    const answer = await this.#send(
      id,
      { given: input as GivenParts, accept: 'application/json' },
      options
    )
    const { response } = endpointOf(id)
    if (response === undefined) return undefined as OperationResponse<Id>
    const result = response.safeParse(parseJson(answer))
    if (!result.success) {
      throw new ApiClientError(
        'API_ANSWER_INVALID',
        `expected the answer of ${id} that the contract describes; is the node of another version?`,
        { cause: result.error }
      )
    }
    return result.data as OperationResponse<Id>
  }

  /** The plain text of an operation that offers one. @throws as `call` */
  async text(
    id: 'listBlocklist' | 'showMetrics',
    input: { readonly query?: Readonly<Record<string, unknown>> },
    options: CallOptions = {}
  ): Promise<string> {
    return (await this.#send(id, { given: input, accept: 'text/plain' }, options)).body
  }

  /** The bytes of an operation that answers with a stream, as they come. @throws as `call` */
  async *download(
    id: 'exportModel',
    params: Readonly<Record<string, string>>,
    options: CallOptions = {}
  ): AsyncGenerator<Uint8Array> {
    this.#requireTarget()
    const { method, path } = endpointOf(id)
    const response = await openStream(this.#target, {
      ...{ method, path: pathOf(path, params), headers: this.#headers('*/*') },
      ...{ timeoutMs: this.#timeoutMs, signal: options.signal }
    })
    if (response.statusCode !== 200) {
      throw problemError(response.statusCode ?? 0, await readText(response))
    }
    for await (const chunk of response) yield chunk as Uint8Array
  }

  /** Events from now on, or after `lastEventId`, until the signal aborts or the node ends the stream. @throws as `call` */
  async *events(options: {
    readonly signal: AbortSignal
    readonly lastEventId?: string
  }): AsyncGenerator<ServerSentEvent> {
    this.#requireTarget()
    const { method, path } = endpointOf('streamEvents')
    const response = await openStream(this.#target, {
      method,
      path,
      headers: {
        ...this.#headers('text/event-stream'),
        ...(options.lastEventId === undefined ? {} : { 'Last-Event-ID': options.lastEventId })
      },
      timeoutMs: this.#timeoutMs,
      signal: options.signal
    })
    if (response.statusCode !== 200) {
      const body = await readText(response)
      throw problemError(response.statusCode ?? 0, body)
    }
    try {
      yield* eventsOf(response)
    } catch (error) {
      // A node that is killed cuts the stream in the middle: an end like any other.
      if (options.signal.aborted || error instanceof ApiClientError) throw error
    }
  }

  async #send(
    id: OperationId,
    wanted: { readonly given: GivenParts; readonly accept: string },
    options: CallOptions
  ): Promise<TransportAnswer> {
    this.#requireTarget()
    const endpoint = endpointOf(id)
    const { params, query, body } = wanted.given
    const json = endpoint.body === undefined ? undefined : JSON.stringify(body)
    const sent = options.upload ?? json
    const mediaType = endpoint.upload?.mediaType ?? 'application/json'
    const answer = await exchange(this.#target, {
      method: endpoint.method,
      path: pathOf(endpoint.path, params) + queryOf(query),
      headers: {
        ...this.#headers(wanted.accept),
        ...(sent === undefined ? {} : { 'Content-Type': mediaType }),
        'Content-Length': String(Buffer.byteLength(sent ?? '')),
        ...(options.ifMatch === undefined ? {} : { 'If-Match': options.ifMatch }),
        ...(options.idempotencyKey === undefined
          ? {}
          : { 'Idempotency-Key': options.idempotencyKey })
      },
      body: sent,
      timeoutMs: this.#timeoutMs,
      signal: options.signal
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw problemError(answer.status, answer.body)
  }

  #requireTarget(): void {
    if (this.#refusal !== undefined) throw new ApiClientError('API_UNREACHABLE', this.#refusal)
  }

  #headers(accept: string): Record<string, string> {
    const token = this.#token
    return {
      Accept: accept,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` })
    }
  }
}

function pathOf(template: string, params: GivenParts['params']): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params?.[name] ?? ''))
  )
}

function queryOf(query: GivenParts['query']): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) search.append(name, String(value))
  }
  return search.size === 0 ? '' : `?${search}`
}

function parseJson(answer: TransportAnswer): unknown {
  try {
    return JSON.parse(answer.body)
  } catch (cause) {
    const message = `expected JSON, got ${answer.contentType || 'a body without a type'}`
    throw new ApiClientError('API_ANSWER_INVALID', message, { cause })
  }
}

function problemError(status: number, body: string): ApiError | ApiClientError {
  try {
    const { code, detail, ...extensions } = JSON.parse(body) as Record<string, unknown>
    if (typeof code === 'string' && typeof detail === 'string') {
      return new ApiError(code, detail, { status, expose: true, extensions })
    }
  } catch {
    // No JSON: something else than a node of netminder answered.
  }
  return new ApiClientError(
    'API_ANSWER_INVALID',
    `expected a problem document with status ${status}, got something else; does another program listen there?`
  )
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<ServerSentEvent> {
  response.setEncoding('utf8')
  let buffered = ''
  for await (const chunk of response) {
    buffered += chunk
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() ?? ''
    if (buffered.length > EVENT_CHARACTERS_MAX) {
      response.destroy()
      throw new ApiClientError('API_ANSWER_INVALID', 'expected shorter events')
    }
    for (const block of blocks) {
      const event = parseEvent(block)
      if (event !== undefined) yield event
    }
  }
}

function parseEvent(block: string): ServerSentEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart())
  }
  const data = fields.get('data')
  if (data === undefined) return undefined
  try {
    return {
      id: fields.get('id') ?? '',
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data)
    }
  } catch (cause) {
    throw new ApiClientError('API_ANSWER_INVALID', 'expected JSON in an event', { cause })
  }
}
