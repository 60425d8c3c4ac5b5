/** The API as a component: builds the pipeline, listens, and stops drained. */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { type Clock, type Component, findAddress } from '../base/index.ts'
import type { GuardApi, NetworksApi } from '../defense/index.ts'
import type { LabelDesk } from '../feedback/index.ts'
import type { TrainingApi } from '../jobs/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { EventHub } from './events/event-hub.ts'
import { EventStream } from './events/event-stream.ts'
import type { ApiMetrics } from './metrics.ts'
import { wireAlertEvent, wireListEvent } from './network-projection.ts'
import type { TokenVerifier } from './ports.ts'
import { wireEffect } from './projection.ts'
import type { Handlers } from './routes/answer.ts'
import { defenseHandlers } from './routes/defense-routes.ts'
import { inferenceHandlers } from './routes/inference-routes.ts'
import { labelHandlers } from './routes/label-routes.ts'
import { type ModelPorts, modelHandlers } from './routes/model-routes.ts'
import { networkHandlers } from './routes/network-routes.ts'
import { type NodePorts, nodeHandlers } from './routes/node-routes.ts'
import { pluginHandlers } from './routes/plugin-routes.ts'
import { predictHandlers } from './routes/predict-routes.ts'
import { trainingEvent, trainingHandlers } from './routes/training-routes.ts'
import { ConnectionGuard } from './server/connection-guard.ts'
import { IdempotencyStore } from './server/idempotency.ts'
import { listenOnPort, listenOnSocket, removeFile, writeAddressFile } from './server/listening.ts'
import { OriginCheck } from './server/origin-check.ts'
import { Pipeline } from './server/pipeline.ts'
import { RateLimiter } from './server/rate-limiter.ts'

export interface ApiServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Empty: no UNIX socket. */
  readonly socketPath: string
  /** Where the addresses are written while the API listens; undefined: nowhere. */
  readonly addressFile?: string | undefined
  readonly allowedHosts: readonly string[]
  readonly bodyBytesMax: number
  readonly requestTimeoutMs: number
  readonly maxConnections: number
  readonly maxEventStreams: number
  readonly requestsPerMinute: number
  readonly isMetricsPublic: boolean
  /** @default 15 000 */
  readonly heartbeatMs?: number
  /** Events remembered for clients that come back. @default 1 000 */
  readonly eventsRemembered?: number
}

export interface ApiServerPorts extends NodePorts {
  readonly guard: GuardApi
  /** Undefined where networks are turned off. */
  readonly networks: NetworksApi | undefined
  readonly models: ModelPorts
  readonly trainings: TrainingApi
  readonly labels: LabelDesk
  readonly verifier: TokenVerifier
  readonly apiMetrics: ApiMetrics
  readonly clock: Clock
  readonly log: Logger
}

const HANDLER_TIMEOUT_MS = 60_000
/** Requests in progress get this long at a stop, then their connections are closed. */
const DRAIN_TIMEOUT_MS = 3_000
const STREAM_BACKLOG_BYTES_MAX = 1_048_576

export class ApiServer implements Component {
  readonly name = 'api'
  readonly #options: ApiServerOptions
  readonly #ports: ApiServerPorts
  readonly #hub: EventHub
  #servers: Server[] = []
  #stream: EventStream | undefined
  #stopping = new AbortController()
  #url = ''
  /** Undefined until it is ours: a start that fails must not take away the file of the node that runs. */
  #writtenAddressFile: string | undefined

  constructor(options: ApiServerOptions, ports: ApiServerPorts) {
    this.#options = options
    this.#ports = ports
    this.#hub = new EventHub({
      run: randomBytes(4).toString('hex'),
      capacity: options.eventsRemembered ?? 1_000
    })
  }

  /** `http://host:port` with the port in use; empty while it does not listen. */
  get url(): string {
    return this.#url
  }

  /** @throws {API_PORT_IN_USE | API_PORT_FORBIDDEN | API_HOST_UNAVAILABLE | API_SOCKET_IN_USE | API_SOCKET_UNUSABLE} */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#listen(signal)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Takes no more requests, lets those in progress end, and closes every connection. */
  async stop(): Promise<void> {
    const servers = this.#servers
    this.#servers = []
    this.#stopping.abort()
    this.#stream?.closeAll()
    this.#url = ''
    if (this.#writtenAddressFile !== undefined) removeFile(this.#writtenAddressFile)
    this.#writtenAddressFile = undefined
    const closed = Promise.all(servers.map(closeServer))
    for (const server of servers) server.closeIdleConnections()
    const timer = setTimeout(() => {
      for (const server of servers) server.closeAllConnections()
    }, DRAIN_TIMEOUT_MS)
    await closed
    clearTimeout(timer)
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { host, port, socketPath, addressFile } = this.#options
    this.#stopping = new AbortController()
    const active = AbortSignal.any([signal, this.#stopping.signal])
    const { guard, clock, apiMetrics, log } = this.#ports
    const stream = new EventStream(
      {
        maxClients: this.#options.maxEventStreams,
        heartbeatMs: this.#options.heartbeatMs ?? 15_000,
        backlogBytesMax: STREAM_BACKLOG_BYTES_MAX,
        stallTimeoutMs: this.#options.requestTimeoutMs
      },
      { hub: this.#hub, clock, metrics: apiMetrics }
    )
    const connections = new ConnectionGuard(this.#options, apiMetrics)
    const listener = this.#pipeline(stream, connections, active).listener()
    this.#stream = stream
    const tcp = connections.createServer(listener, false)
    const boundPort = await listenOnPort(tcp, { host, port })
    this.#servers.push(tcp)
    if (socketPath !== '') {
      const unix = connections.createServer(listener, true)
      await listenOnSocket(unix, socketPath)
      this.#servers.push(unix)
    }
    this.#url = urlOf(host, boundPort)
    if (addressFile !== undefined) {
      const address = { url: this.#url, socketPath: socketPath || null, pid: process.pid }
      writeAddressFile(addressFile, address)
      this.#writtenAddressFile = addressFile
    }
    stream.start(active)
    const unsubscribe = guard.subscribe((effect) => {
      this.#hub.publish(wireEffect(effect, clock.nowMs()))
    })
    this.#stopping.signal.addEventListener('abort', unsubscribe, { once: true })
    this.#followAlerts()
    const forget = this.#ports.trainings.subscribe((job) => this.#hub.publish(trainingEvent(job)))
    this.#stopping.signal.addEventListener('abort', forget, { once: true })
    log.info({ host, port: boundPort, socketPath }, 'API listening')
  }

  #followAlerts(): void {
    const unsubscribe = this.#ports.networks?.onEvent((event, via, heard) => {
      const news = wireAlertEvent(event, via, heard) ?? wireListEvent(event, via, heard)
      if (news !== undefined) this.#hub.publish(news)
    })
    if (unsubscribe === undefined) return
    this.#stopping.signal.addEventListener('abort', unsubscribe, { once: true })
  }

  #pipeline(stream: EventStream, connections: ConnectionGuard, signal: AbortSignal): Pipeline {
    const { guard, networks, models, labels, node, verifier, apiMetrics, clock, log } = this.#ports
    const handlers: Handlers = {
      ...defenseHandlers(guard, models),
      ...networkHandlers(networks),
      ...modelHandlers(models),
      ...predictHandlers(models),
      ...pluginHandlers({ ...models, guard, node }),
      ...inferenceHandlers({ ...models, node }),
      ...labelHandlers(labels),
      ...trainingHandlers(this.#ports.trainings),
      ...nodeHandlers(this.#ports)
    }
    return new Pipeline(
      {
        bodyBytesMax: this.#options.bodyBytesMax,
        handlerTimeoutMs: HANDLER_TIMEOUT_MS,
        stallMs: this.#options.requestTimeoutMs,
        isMetricsPublic: this.#options.isMetricsPublic
      },
      {
        handlers,
        stream,
        verifier,
        originCheck: new OriginCheck({
          listenHost: this.#options.host,
          allowedHosts: this.#options.allowedHosts
        }),
        limiter: new RateLimiter({ requestsPerMinute: this.#options.requestsPerMinute }, clock),
        idempotency: new IdempotencyStore(clock),
        connections,
        metrics: apiMetrics,
        clock,
        log,
        signal
      }
    )
  }
}

/** Where a program on this machine reaches what listens on the host. */
function urlOf(host: string, port: number): string {
  const address = findAddress(host) ?? host
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (address === '::') return `http://[::1]:${port}`
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
