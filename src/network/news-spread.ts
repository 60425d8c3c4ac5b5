/**
 * What came by reconciliation goes on to others in seconds, not with the next comparison a minute later: whoever caught up asks a
 * few peers, and whoever is asked and sees that the two differ asks back. Without it an event that gossip lost, or all that the
 * other half of a network said while the two were apart, takes minutes to reach everybody. Decides whom to ask, and when.
 */
import { type Clock, integerBelow, type Random } from '../base/index.ts'

/** More than two, so that it grows; each that lacks the news does the same. */
const PEERS = 3
/** What comes meanwhile goes with it. */
const WAIT_MS = 1_000
/** Two that differ for good, since one does not want what the other has, would ask each other for ever. */
export const PAUSE_MS = 5_000

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
  #isWaiting = false

  constructor(ports: NewsSpreadPorts) {
    this.#ports = ports
  }

  /** A comparison begins, or ends. */
  noteAsked(peer: string): void {
    this.#askedAtMs.set(peer, this.#ports.clock.monotonicMs())
  }

  forget(peer: string): void {
    this.#askedAtMs.delete(peer)
  }

  /** A peer that asked this node differs from it. */
  onDifference(peer: string): void {
    const { clock, peers, ask } = this.#ports
    const sinceMs = clock.monotonicMs() - (this.#askedAtMs.get(peer) ?? Number.NEGATIVE_INFINITY)
    if (peers.has(peer) && sinceMs >= PAUSE_MS) ask(peer)
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
