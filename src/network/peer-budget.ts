/** What each peer may cost this node within a minute, in whatever it is that is counted; a quiet minute earns all of it again. */
import { type Clock, LruMap } from '../base/index.ts'

const PEERS_MAX = 4_096
const MINUTE_MS = 60_000

interface Account {
  left: number
  atMs: number
}

export class PeerBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #accounts = new LruMap<string, Account>(PEERS_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** @returns false: of what it may have within a minute there is nothing left */
  hasRoom(peer: string, perMinute: number): boolean {
    return this.#earn(peer, perMinute).left > 0
  }

  /** Also what was known only afterwards: a debt has to be earned first. */
  charge(peer: string, amount: number, perMinute: number): void {
    this.#earn(peer, perMinute).left -= amount
  }

  #earn(peer: string, perMinute: number): Account {
    const atMs = this.#clock.monotonicMs()
    const known = this.#accounts.get(peer)
    if (known === undefined) {
      const fresh = { left: perMinute, atMs }
      this.#accounts.set(peer, fresh)
      return fresh
    }
    known.left = Math.min(perMinute, known.left + ((atMs - known.atMs) / MINUTE_MS) * perMinute)
    known.atMs = atMs
    return known
  }
}
