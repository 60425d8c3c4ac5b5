/** How an answer leaves: JSON, text with its tag, or a stream that waits for its reader. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import type { Endpoint } from '../contract/endpoint.ts'
import { apiError } from '../errors.ts'
import { LocatedAnswer, RevisedAnswer, StreamAnswer, TextAnswer } from '../routes/answer.ts'

export interface StreamBounds {
  /** How long a reader may take to make room. */
  readonly stallMs: number
  readonly signal: AbortSignal
}

export async function sendAnswer(
  ctx: Context,
  endpoint: Endpoint,
  answer: unknown,
  bounds: StreamBounds
): Promise<void> {
  if (answer instanceof StreamAnswer) {
    await sendStream(ctx, endpoint, answer, bounds)
    return
  }
  ctx.status = endpoint.status
  if (answer instanceof TextAnswer) {
    sendText(ctx, answer)
    return
  }
  if (answer === undefined) {
    ctx.body = null
    ctx.status = endpoint.status
    return
  }
  if (answer instanceof RevisedAnswer) ctx.set('ETag', `"${answer.revision}"`)
  if (answer instanceof LocatedAnswer) ctx.set('Location', answer.location)
  const isWrapped = answer instanceof RevisedAnswer || answer instanceof LocatedAnswer
  ctx.body = JSON.stringify(isWrapped ? answer.body : answer)
  ctx.type = 'application/json'
}

/** The first bytes are made before the header leaves, so that what fails at once is still a proper refusal. */
async function sendStream(
  ctx: Context,
  endpoint: Endpoint,
  answer: StreamAnswer,
  bounds: StreamBounds
): Promise<void> {
  const chunks = answer.chunks[Symbol.asyncIterator]()
  let next = await chunks.next()
  ctx.status = endpoint.status
  ctx.set('Content-Type', answer.contentType)
  ctx.respond = false
  const { res } = ctx
  try {
    for (; !next.done; next = await chunks.next()) {
      if (!res.write(next.value)) await drained(res, bounds)
    }
    res.end()
  } finally {
    await chunks.return?.()
  }
}

async function drained(res: ServerResponse, { stallMs, signal }: StreamBounds): Promise<void> {
  const late = AbortSignal.timeout(stallMs)
  try {
    await once(res, 'drain', { signal: AbortSignal.any([signal, late]) })
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error
    throw apiError('REQUEST_TIMED_OUT', `expected room for the answer within ${stallMs} ms`)
  }
}

function sendText(ctx: Context, answer: TextAnswer): void {
  if (answer.hasEtag) {
    const etag = `"${createHash('sha256').update(answer.text).digest('base64url')}"`
    ctx.set({ ETag: etag, Vary: 'Accept', 'Cache-Control': 'private, no-cache' })
    if (matchesEtag(ctx.get('If-None-Match'), etag)) {
      ctx.status = 304
      return
    }
  }
  ctx.body = answer.text
  ctx.set('Content-Type', answer.contentType)
}

/** Weak comparison (RFC 9110 §13.1.2). */
function matchesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true
  return header.split(',').some((part) => part.trim().replace(/^W\//, '') === etag)
}
