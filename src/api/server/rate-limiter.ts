/** A fixed number of requests a minute for each caller, as a token bucket that fills evenly. Memory is bounded. */
import { type Clock, LruMap } from '../../base/index.ts'

const WINDOW_MS = 60_000
/** Callers remembered: tokens are few, and peers are as many as may connect. */
const CALLERS_MAX = 4_096

export interface RateLimit {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Until one more request is allowed, in milliseconds; 0 if one is. */
  readonly waitMs: number
  /** Until the bucket is full again, in milliseconds. */
  readonly resetMs: number
}

interface Bucket {
  tokens: number
  atMs: number
}

export class RateLimiter {
  readonly requestsPerMinute: number
  readonly #clock: Clock
  readonly #buckets = new LruMap<string, Bucket>(CALLERS_MAX)

  constructor(options: { readonly requestsPerMinute: number }, clock: Clock) {
    this.requestsPerMinute = options.requestsPerMinute
    this.#clock = clock
  }

  take(caller: string): RateLimit {
    const nowMs = this.#clock.monotonicMs()
    const perMs = this.requestsPerMinute / WINDOW_MS
    const bucket = this.#buckets.get(caller) ?? { tokens: this.requestsPerMinute, atMs: nowMs }
    bucket.tokens = Math.min(this.requestsPerMinute, bucket.tokens + (nowMs - bucket.atMs) * perMs)
    bucket.atMs = nowMs
    const isAllowed = bucket.tokens >= 1
    if (isAllowed) bucket.tokens--
    this.#buckets.set(caller, bucket)
    return {
      isAllowed,
      remaining: Math.floor(bucket.tokens),
      waitMs: bucket.tokens >= 1 ? 0 : Math.ceil((1 - bucket.tokens) / perMs),
      resetMs: Math.ceil((this.requestsPerMinute - bucket.tokens) / perMs)
    }
  }
}

/** Fields of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After where the answer is no. */
export function rateLimitHeaders(
  limit: RateLimit,
  requestsPerMinute: number
): Record<string, string> {
  const resetSeconds = Math.ceil(limit.resetMs / 1_000)
  return {
    'RateLimit-Policy': `"default";q=${requestsPerMinute};w=${WINDOW_MS / 1_000}`,
    RateLimit: `"default";r=${limit.remaining};t=${resetSeconds}`,
    ...(limit.isAllowed
      ? {}
      : { 'Retry-After': String(Math.max(1, Math.ceil(limit.waitMs / 1_000))) })
  }
}
