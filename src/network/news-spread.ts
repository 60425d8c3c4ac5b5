/**
 * What came by reconciliation goes on to others in seconds, not with the next comparison a minute later: whoever caught up asks a
 * few peers, and whoever is asked and sees that the two differ asks back. Without it an event that gossip lost, or all that the
 * other half of a network said while the two were apart, takes minutes to reach everybody. Decides whom to ask, and when.
 */
import { type Clock, integerBelow, type Random } from '../base/index.ts'

/** More than two, so that it grows; each that lacks the news does the same. */
const PEERS = 4
/** What comes meanwhile goes with it. */
const WAIT_MS = 1_000
/** Between two questions to one peer: whoever keeps asking is not asked back each time. */
export const PAUSE_MS = 1_000
/** Two that differ for good, since one does not want what the other has or does not give it, would ask each other for ever. */
export const STUCK_MS = 60_000

export interface NewsSpreadPorts {
  readonly clock: Clock
  readonly random: Random
  /** Connected now, by their ids. */
  readonly peers: ReadonlyMap<string, unknown>
  ask(peer: string): void
}

export class NewsSpread {
  readonly #ports: NewsSpreadPorts
  readonly #askedAtMs = new Map<string, number>()
  readonly #stuckUntilMs = new Map<string, number>()
  /** To be asked back. */
  readonly #pending = new Set<string>()
  #isWaiting = false

  constructor(ports: NewsSpreadPorts) {
    this.#ports = ports
  }

  /** After a comparison: whether something that the peer has is still not here. */
  noteCompared(peer: string, lacksStill: boolean): void {
    const nowMs = this.#ports.clock.monotonicMs()
    this.#askedAtMs.set(peer, nowMs)
    if (lacksStill) this.#stuckUntilMs.set(peer, nowMs + STUCK_MS)
    else this.#stuckUntilMs.delete(peer)
  }

  forget(peer: string): void {
    this.#askedAtMs.delete(peer)
    this.#stuckUntilMs.delete(peer)
  }

  /** A peer that asked this node differs from it: is asked back, now or soon. Rejects when the signal aborts. */
  async askBack(peer: string, signal: AbortSignal): Promise<void> {
    const { clock, peers, ask } = this.#ports
    const nowMs = clock.monotonicMs()
    if (this.#pending.has(peer) || (this.#stuckUntilMs.get(peer) ?? 0) > nowMs) return
    const waitMs = (this.#askedAtMs.get(peer) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS - nowMs
    if (waitMs > 0) {
      this.#pending.add(peer)
      try {
        await clock.sleep(waitMs, signal)
      } finally {
        this.#pending.delete(peer)
      }
    }
    if (peers.has(peer)) ask(peer)
  }

  /** This node caught up. Rejects when the signal aborts. */
  async spread(signal: AbortSignal): Promise<void> {
    if (this.#isWaiting) return
    this.#isWaiting = true
    const { clock, random, peers, ask } = this.#ports
    try {
      await clock.sleep(WAIT_MS * (0.5 + random.next()), signal)
    } finally {
      this.#isWaiting = false
    }
    const left = [...peers.keys()]
    for (let i = 0; i < PEERS && left.length > 0; i++) {
      for (const peer of left.splice(integerBelow(random, left.length), 1)) ask(peer)
    }
  }
}
