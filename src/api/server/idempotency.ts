/**
 * Carries a repeated write out once: the answer to the first request of an Idempotency-Key is kept for a day and given
 * again. Kept in memory, of the newest thousand keys; a restart forgets them.
 */
import { type Clock, LruMap } from '../../base/index.ts'
import { apiError } from '../errors.ts'

const REMEMBERED_MS = 24 * 3_600_000
const KEYS_MAX = 1_000

export interface StoredAnswer {
  readonly status: number
  readonly body: unknown
}

interface Entry {
  readonly fingerprint: string
  readonly atMs: number
  /** Undefined while the first request is being carried out. */
  answer: StoredAnswer | undefined
}

export class IdempotencyStore {
  readonly #clock: Clock
  readonly #entries = new LruMap<string, Entry>(KEYS_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Claims the key, or returns the answer of the first request.
   * @throws {IDEMPOTENCY_KEY_REUSED | IDEMPOTENCY_KEY_IN_USE}
   */
  begin(key: string, fingerprint: string): StoredAnswer | undefined {
    const nowMs = this.#clock.monotonicMs()
    const entry = this.#entries.get(key)
    if (entry === undefined || nowMs - entry.atMs > REMEMBERED_MS) {
      this.#entries.set(key, { fingerprint, atMs: nowMs, answer: undefined })
      return undefined
    }
    if (entry.fingerprint !== fingerprint) {
      throw apiError(
        'IDEMPOTENCY_KEY_REUSED',
        'expected the same request as before with this Idempotency-Key, got another'
      )
    }
    if (entry.answer === undefined) {
      throw apiError('IDEMPOTENCY_KEY_IN_USE', 'the first request of this key has not ended', {
        headers: { 'Retry-After': '1' }
      })
    }
    return entry.answer
  }

  complete(key: string, answer: StoredAnswer): void {
    const entry = this.#entries.peek(key)
    if (entry !== undefined) entry.answer = answer
  }

  /** The request was not carried out: the key is free again. */
  abandon(key: string): void {
    this.#entries.delete(key)
  }
}
