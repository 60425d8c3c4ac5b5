/**
 * The event stream on HTTP (server-sent events, HTML Living Standard §9.2): heartbeats, resumption by Last-Event-ID, and an
 * end for clients that do not keep up.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../base/index.ts'
import { apiError } from '../errors.ts'
import type { ApiMetrics } from '../metrics.ts'
import type { EventHub, StreamedEvent } from './event-hub.ts'

export interface EventStreamOptions {
  readonly maxClients: number
  readonly heartbeatMs: number
  /** Bytes that may wait for one client before it is dropped. */
  readonly backlogBytesMax: number
  /** How long bytes may wait for one client before it is dropped. */
  readonly stallTimeoutMs: number
}

interface Client {
  readonly response: ServerResponse
  /** Since when bytes wait in our memory; undefined while the kernel takes them all. */
  stalledSinceMs: number | undefined
  leave(): void
}

/** Milliseconds after which a client that lost its connection should try again. */
const RETRY_MS = 3_000

export class EventStream {
  readonly #options: EventStreamOptions
  readonly #hub: EventHub
  readonly #clock: Clock
  readonly #metrics: ApiMetrics
  readonly #clients = new Set<Client>()

  constructor(
    options: EventStreamOptions,
    ports: { readonly hub: EventHub; readonly clock: Clock; readonly metrics: ApiMetrics }
  ) {
    this.#options = options
    this.#hub = ports.hub
    this.#clock = ports.clock
    this.#metrics = ports.metrics
  }

  get clientCount(): number {
    return this.#clients.size
  }

  /** Begins heartbeats and the watch over slow clients, until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#clock.every(this.#options.heartbeatMs, () => this.#beat(), signal)
  }

  /** Ends every stream. */
  closeAll(): void {
    for (const client of [...this.#clients]) {
      client.leave()
      client.response.end()
    }
  }

  /** Takes the connection over. @throws {TOO_MANY_STREAMS} before anything is written */
  open(request: IncomingMessage, response: ServerResponse): void {
    if (this.#clients.size >= this.#options.maxClients) {
      throw apiError(
        'TOO_MANY_STREAMS',
        `expected at most ${this.#options.maxClients} clients (api.maxEventStreams), got one more`,
        { headers: { 'Retry-After': '10' } }
      )
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      Connection: 'close'
    })
    const lastEventId = request.headers['last-event-id']
    const client = this.#add(response)
    const replay = this.#hub.replayAfter(Array.isArray(lastEventId) ? undefined : lastEventId)
    this.#write(client, `retry: ${RETRY_MS}\n\n`)
    if (replay.hasGap) {
      this.#write(client, 'event: gap\ndata: {"detail":"events were lost to this client"}\n\n')
    }
    for (const event of replay.events) this.#write(client, renderEvent(event))
  }

  #add(response: ServerResponse): Client {
    const stop = this.#hub.listen((event) => this.#write(client, renderEvent(event)))
    const client: Client = {
      response,
      stalledSinceMs: undefined,
      leave: () => {
        stop()
        this.#clients.delete(client)
        this.#metrics.streams.set(this.#clients.size)
      }
    }
    response.on('drain', () => {
      client.stalledSinceMs = undefined
    })
    response.on('close', () => client.leave())
    this.#clients.add(client)
    this.#metrics.streams.set(this.#clients.size)
    return client
  }

  #write(client: Client, text: string): void {
    if (client.response.destroyed || client.response.writableEnded) return
    if (!client.response.write(text)) client.stalledSinceMs ??= this.#clock.monotonicMs()
    if (client.response.writableLength > this.#options.backlogBytesMax) this.#drop(client)
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const client of [...this.#clients]) {
      const waitedMs = nowMs - (client.stalledSinceMs ?? nowMs)
      if (waitedMs >= this.#options.stallTimeoutMs) this.#drop(client)
      else this.#write(client, ': still here\n\n')
    }
  }

  #drop(client: Client): void {
    this.#metrics.droppedStreams.add(1)
    client.leave()
    client.response.destroy()
  }
}

/** JSON holds no line feed, so one `data` line carries it. */
function renderEvent(event: StreamedEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`
}
