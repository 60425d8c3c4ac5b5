/**
 * How much one peer may say by gossip before anything of it is looked at: a signature costs a hundred times what it costs to send
 * one, and even what is thrown away unread has to be read off the line. Honest peers forward each event once, and only what its
 * author's quota allows; whoever is faster than this floods.
 */
import { type Clock, LruMap } from '../base/index.ts'

/** What 60 000 authors may say in an hour, evenly; a node takes ten times as much on one core. */
export const MESSAGES_PER_SECOND = 500
/** At once: a thousand operators who are attacked in the same second. */
export const MESSAGES_BURST = 1_024
/** Beyond it a peer is not heard; what was honest of it comes from others, or by reconciliation. So much more of it is a flood. */
export const UNHEARD_BURST = 2_048
const PEERS_MAX = 1_024
const SECOND_MS = 1_000

export type Hearing = 'heard' | 'unheard' | 'flood'

interface Allowance {
  heard: number
  unheard: number
  atMs: number
}

export class PeerRates {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #allowances = new LruMap<string, Allowance>(PEERS_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  take(peer: string, messages: number): Hearing {
    const allowance = this.#earn(peer)
    if (allowance.heard >= messages) {
      allowance.heard -= messages
      return 'heard'
    }
    allowance.unheard -= messages
    return allowance.unheard >= 0 ? 'unheard' : 'flood'
  }

  #earn(peer: string): Allowance {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#allowances.get(peer)
    if (known === undefined) {
      const fresh = { heard: MESSAGES_BURST, unheard: UNHEARD_BURST, atMs: nowMs }
      this.#allowances.set(peer, fresh)
      return fresh
    }
    const earned = ((nowMs - known.atMs) / SECOND_MS) * MESSAGES_PER_SECOND
    known.heard = Math.min(MESSAGES_BURST, known.heard + earned)
    known.unheard = Math.min(UNHEARD_BURST, Math.max(0, known.unheard) + earned)
    known.atMs = nowMs
    return known
  }
}
