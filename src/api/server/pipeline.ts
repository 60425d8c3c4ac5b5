/**
 * What happens to a request between the socket and its handler, in this order: origin, route, token, rate, contract, handler;
 * and how the answer leaves. Every refusal comes before the body is read.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { type Clock, isAbortError } from '../../base/index.ts'
import type { Logger } from '../../telemetry/index.ts'
import { endpointOf, OPERATION_IDS, type OperationId } from '../contract/contract.ts'
import { type Endpoint, isWrite } from '../contract/endpoint.ts'
import { apiError } from '../errors.ts'
import type { EventStream } from '../events/event-stream.ts'
import type { ApiMetrics, StatusClass } from '../metrics.ts'
import type { TokenVerifier } from '../ports.ts'
import type { HandlerContext, Handlers } from '../routes/answer.ts'
import { authorize, identify, type Principal } from './authenticator.ts'
import type { IdempotencyStore, StoredAnswer } from './idempotency.ts'
import type { OriginCheck } from './origin-check.ts'
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.ts'
import { type RateLimiter, rateLimitHeaders } from './rate-limiter.ts'
import { checkDeclaredBody, readBody, readQuery, validateRequest } from './request-reader.ts'
import { sendAnswer } from './send-answer.ts'
import { checkDeclaredUpload, readUpload } from './upload-reader.ts'

export interface PipelineOptions {
  readonly bodyBytesMax: number
  /** How long a handler may work, in milliseconds. */
  readonly handlerTimeoutMs: number
  /** How long the next bytes of a stream may take, either way. */
  readonly stallMs: number
  readonly isMetricsPublic: boolean
}

/** What the pipeline must know of the connection that brought a request. */
export interface Connections {
  /** It came over the UNIX socket. */
  isTrusted(request: IncomingMessage): boolean
  /** Its body may take longer than others: whoever reads it bounds it. */
  allowSlowBody(request: IncomingMessage): void
  /** Sends `100 Continue` if the client waits for it before it sends its body. */
  continueIfAwaited(request: IncomingMessage, response: ServerResponse): void
  /** Part of the body was not read: the connection must end after this answer, without the rest being read. */
  closeAfter(request: IncomingMessage, response: ServerResponse): void
}

export interface PipelinePorts {
  readonly handlers: Handlers
  readonly stream: EventStream
  readonly verifier: TokenVerifier
  readonly originCheck: OriginCheck
  readonly limiter: RateLimiter
  readonly idempotency: IdempotencyStore
  readonly connections: Connections
  readonly metrics: ApiMetrics
  readonly clock: Clock
  readonly log: Logger
  /** Aborts when the API stops. */
  readonly signal: AbortSignal
}

interface RequestState {
  operationId?: OperationId
}

type ApiContext = Context & { state: RequestState }

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff'
}

/** What is refused before it comes to an endpoint is refused in the words of the protocol that was meant. */
const INFERENCE_PATH = /^\/v2(?:\/|$)/

/** Visible ASCII, as the draft of the Idempotency-Key header wants it. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/

export class Pipeline {
  readonly #options: PipelineOptions
  readonly #ports: PipelinePorts
  readonly #router = new Router({ sensitive: true, strict: true })

  constructor(options: PipelineOptions, ports: PipelinePorts) {
    this.#options = options
    this.#ports = ports
    for (const id of OPERATION_IDS) this.#route(id)
  }

  /** The listener of an HTTP server. */
  listener(): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
    const app = new Koa()
    app.on('error', (error: unknown) => {
      this.#ports.log.debug({ error }, 'connection failed while answering')
    })
    app.use((ctx, next) => this.#answer(ctx as ApiContext, next))
    app.use(this.#router.routes())
    app.use((ctx) => this.#refuseUnrouted(ctx as ApiContext))
    return app.callback()
  }

  async #answer(ctx: ApiContext, next: () => Promise<unknown>): Promise<void> {
    const startedMs = this.#ports.clock.monotonicMs()
    ctx.res.once('close', () => this.#count(ctx, startedMs))
    ctx.set({ ...SECURITY_HEADERS })
    try {
      this.#checkOrigin(ctx)
      await next()
    } catch (error) {
      this.#answerProblem(ctx, error)
    }
    if (!ctx.req.complete && !ctx.headerSent) this.#ports.connections.closeAfter(ctx.req, ctx.res)
  }

  #count(ctx: ApiContext, startedMs: number): void {
    const operation = ctx.state.operationId ?? 'none'
    const status = `${Math.floor(ctx.res.statusCode / 100)}xx` as StatusClass
    const seconds = (this.#ports.clock.monotonicMs() - startedMs) / 1_000
    this.#ports.metrics.requests.add(1, { operation, status })
    if (operation !== 'streamEvents') this.#ports.metrics.duration.observe(seconds)
  }

  #checkOrigin(ctx: ApiContext): void {
    const { host, origin } = ctx.req.headers
    const secFetchSite = ctx.get('Sec-Fetch-Site') || undefined
    const facts = { host, origin, secFetchSite }
    if (this.#ports.connections.isTrusted(ctx.req)) this.#ports.originCheck.checkPage(facts)
    else this.#ports.originCheck.check(facts)
  }

  #answerProblem(ctx: ApiContext, error: unknown): void {
    // The client has gone or the API stops: there is nobody to tell.
    const isGone = ctx.res.destroyed || ctx.req.destroyed
    const isOver = isAbortError(error) || (isGone && isConnectionLost(error))
    if (isOver && (isGone || this.#ports.signal.aborted)) {
      ctx.res.destroy()
      return
    }
    const problem = problemOf(error)
    if (problem.isFault) {
      this.#ports.log.error({ error, operation: ctx.state.operationId }, 'request failed')
    }
    if (ctx.headerSent) {
      ctx.res.destroy()
      return
    }
    ctx.status = problem.status
    ctx.set({ ...problem.headers })
    const { operationId } = ctx.state
    const isErrorText =
      operationId === undefined
        ? INFERENCE_PATH.test(ctx.path)
        : endpointOf(operationId).errorForm === 'error-text'
    const body = isErrorText ? { error: problem.body['detail'] } : problem.body
    ctx.body = JSON.stringify(body)
    ctx.type = isErrorText ? 'application/json' : PROBLEM_MEDIA_TYPE
  }

  #refuseUnrouted(ctx: ApiContext): void {
    const layers = (ctx['matched'] as readonly { readonly methods: readonly string[] }[]) ?? []
    const methods = new Set(layers.flatMap((layer) => layer.methods))
    if (methods.size === 0) {
      throw apiError('ROUTE_NOT_FOUND', 'expected a path of /openapi.json, got another')
    }
    const allow = [...methods, 'OPTIONS'].sort().join(', ')
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204
      ctx.set('Allow', allow)
      return
    }
    throw apiError('METHOD_NOT_ALLOWED', `expected one of ${allow}`, { headers: { Allow: allow } })
  }

  #route(id: OperationId): void {
    const endpoint = endpointOf(id)
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1')
    this.#router.register(path, [endpoint.method], (ctx) =>
      this.#serve(ctx as unknown as ApiContext, id, endpoint)
    )
  }

  async #serve(ctx: ApiContext, id: OperationId, endpoint: Endpoint): Promise<void> {
    ctx.state.operationId = id
    const principal = this.#admit(ctx, endpoint)
    const parts = validateRequest(endpoint, {
      params: ctx['params'] ?? {},
      query: readQuery(endpoint, ctx.querystring),
      body: endpoint.body === undefined ? undefined : await this.#readBody(ctx, endpoint)
    })
    if (endpoint.upload !== undefined) checkDeclaredUpload(ctx.req, endpoint.upload)
    if (id === 'streamEvents') {
      this.#openStream(ctx)
      return
    }
    const handler = this.#ports.handlers[id] as (
      request: unknown,
      context: HandlerContext
    ) => Promise<unknown>
    const context = this.#contextOf(ctx, endpoint, principal)
    const bounds = { stallMs: this.#options.stallMs, signal: context.signal }
    if (!isWrite(endpoint) || endpoint.upload !== undefined) {
      await sendAnswer(ctx, endpoint, await handler(parts, context), bounds)
      return
    }
    const fingerprint = fingerprintOf(id, parts)
    const answer = await this.#once(ctx, { principal, fingerprint }, async () => ({
      status: endpoint.status,
      body: await handler(parts, context)
    }))
    await sendAnswer(ctx, endpoint, answer.body, bounds)
  }

  #contextOf(ctx: ApiContext, endpoint: Endpoint, principal: Principal): HandlerContext {
    const { upload } = endpoint
    const gone = new AbortController()
    ctx.res.once('close', () => {
      // One whose answer is out has not gone away.
      if (!ctx.res.writableFinished) gone.abort()
    })
    // What is streamed is bounded by its next bytes, not as a whole.
    const isStream = upload !== undefined || endpoint.text?.isStream === true
    const late = isStream ? [] : [AbortSignal.timeout(this.#options.handlerTimeoutMs)]
    return {
      actor: principal.actor,
      nowMs: this.#ports.clock.nowMs(),
      signal: AbortSignal.any([gone.signal, this.#ports.signal, ...late]),
      upload: readUpload(ctx.req, {
        bytesMax: upload?.bytesMax,
        stallMs: this.#options.stallMs,
        onStart: () => {
          this.#ports.connections.allowSlowBody(ctx.req)
          this.#ports.connections.continueIfAwaited(ctx.req, ctx.res)
        }
      }),
      revision: endpoint.hasRevision === true ? readRevision(ctx, endpoint) : undefined,
      accepts: (offered) => ctx.accepts(...offered) || undefined
    }
  }

  /** Token, scope and rate, none of which needs the body. */
  #admit(ctx: ApiContext, endpoint: Endpoint): Principal {
    const peer = `peer:${ctx.req.socket.remoteAddress ?? 'socket'}`
    const limit = (caller: string) => {
      if (endpoint.isRateLimited ?? true) this.#limit(ctx, caller)
    }
    let principal: Principal | undefined
    try {
      principal = identify(ctx.get('Authorization') || undefined, this.#ports.verifier)
    } catch (error) {
      limit(peer)
      throw error
    }
    limit(principal?.tokenId === undefined ? peer : `token:${principal.tokenId}`)
    const isPublic = ctx.state.operationId === 'showMetrics' && this.#options.isMetricsPublic
    const isTrustedReader = isPublic || this.#ports.connections.isTrusted(ctx.req)
    return authorize(endpoint, principal, isTrustedReader)
  }

  #limit(ctx: ApiContext, caller: string): void {
    const limit = this.#ports.limiter.take(caller)
    const headers = rateLimitHeaders(limit, this.#ports.limiter.requestsPerMinute)
    ctx.set(headers)
    if (limit.isAllowed) return
    const quota = this.#ports.limiter.requestsPerMinute
    throw apiError('RATE_LIMITED', `expected at most ${quota} requests a minute, got more`)
  }

  #readBody(ctx: ApiContext, endpoint: Endpoint): Promise<unknown> {
    const bytesMax = Math.max(this.#options.bodyBytesMax, endpoint.bodyBytesMax ?? 0)
    checkDeclaredBody(ctx.req, bytesMax)
    this.#ports.connections.continueIfAwaited(ctx.req, ctx.res)
    return readBody(ctx.req, bytesMax)
  }

  async #once(
    ctx: ApiContext,
    claim: { readonly principal: Principal; readonly fingerprint: string },
    work: () => Promise<StoredAnswer>
  ): Promise<StoredAnswer> {
    const given = ctx.get('Idempotency-Key')
    if (given === '') return work()
    if (!IDEMPOTENCY_KEY.test(given)) {
      const detail = 'expected 1 to 200 visible ASCII characters'
      throw apiError('REQUEST_INVALID', `Idempotency-Key: ${detail}`)
    }
    const key = `${claim.principal.tokenId ?? ''} ${given}`
    const earlier = this.#ports.idempotency.begin(key, claim.fingerprint)
    if (earlier !== undefined) {
      ctx.set('Idempotency-Replayed', 'true')
      return earlier
    }
    try {
      const answer = await work()
      this.#ports.idempotency.complete(key, answer)
      return answer
    } catch (error) {
      this.#ports.idempotency.abandon(key)
      throw error
    }
  }

  #openStream(ctx: ApiContext): void {
    if (ctx.method === 'HEAD') {
      ctx.type = 'text/event-stream'
      ctx.body = ''
      return
    }
    this.#ports.stream.open(ctx.req, ctx.res)
    ctx.respond = false
  }
}

/** What Node says of a request whose connection ended before the request did. */
function isConnectionLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function fingerprintOf(id: OperationId, parts: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([id, parts]))
    .digest('base64')
}

/** @throws {REVISION_MISSING | REVISION_MISMATCH} */
function readRevision(ctx: ApiContext, endpoint: Endpoint): number | undefined {
  const given = ctx.get('If-Match').trim()
  if (given === '*' || !isWrite(endpoint)) return undefined
  if (given === '') {
    const message = 'expected If-Match with the ETag of what is changed, or *'
    throw apiError('REVISION_MISSING', message)
  }
  const [, revision] = /^"(\d{1,15})"$/.exec(given) ?? []
  if (revision !== undefined) return Number(revision)
  throw apiError('REVISION_MISMATCH', 'expected one ETag of this node in If-Match, got another')
}
