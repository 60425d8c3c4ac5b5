/**
 * Whoever takes a call and hangs up at once, as one who has banned this node does, or one that is full, is not called again
 * immediately, by whatever part of the node: each time twice as long. A dial that fails is the matter of who wanted it.
 */
import { type Clock, LruMap, type Random } from '../../base/index.ts'

/** What ends sooner was no use to anybody. */
export const SHORT_MS = 10_000
/** A node that is restarted is dialed again soon. */
export const PAUSE_FIRST_MS = 1_000
/** Below the length of a ban: it ends, and is not told. */
export const PAUSE_LAST_MS = 120_000
const PEERS_MAX = 1_024

interface Pause {
  readonly untilMs: number
  readonly pauseMs: number
}

export class DialBackoff {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #random: Random
  readonly #pauses = new LruMap<string, Pause>(PEERS_MAX)

  constructor(ports: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly random: Random }) {
    this.#clock = ports.clock
    this.#random = ports.random
  }

  /** The last connection with the peer, which this node had dialed. @param timeline Unix milliseconds, by one clock */
  noteEnded(
    peer: string,
    { open, close }: { readonly open: number; readonly close?: number | undefined }
  ): void {
    if (close === undefined || Math.abs(close - open) >= SHORT_MS) {
      this.#pauses.delete(peer)
      return
    }
    const nowMs = this.#clock.monotonicMs()
    const before = this.#pauses.peek(peer)?.pauseMs
    const pauseMs = before === undefined ? PAUSE_FIRST_MS : Math.min(PAUSE_LAST_MS, before * 2)
    this.#pauses.set(peer, { untilMs: nowMs + pauseMs * (0.5 + this.#random.next()), pauseMs })
  }

  isPaused(peer: string): boolean {
    return (this.#pauses.peek(peer)?.untilMs ?? 0) > this.#clock.monotonicMs()
  }

  forget(peer: string): void {
    this.#pauses.delete(peer)
  }
}
