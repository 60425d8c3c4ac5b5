/**
 * How much one peer may say by gossip before anything of it is looked at: a signature costs a hundred times what it costs to send
 * one, a list has as much to hash and to copy as a hundred alerts, and even what is thrown away unread has to be read off the line.
 * Honest peers forward each event once, and only what its author's quota allows; whoever is faster than this floods.
 */
import { type Clock, LruMap } from '../base/index.ts'

/** What 60 000 authors may say in an hour, evenly; a node takes ten times as much on one core. */
export const MESSAGES_PER_SECOND = 500
/** At once: a thousand operators who are attacked in the same second. */
export const MESSAGES_BURST = 1_024
/** Beyond it a peer is not heard; what was honest of it comes from others, or by reconciliation. So much more of it is a flood. */
export const UNHEARD_BURST = 2_048
/** Twenty-five lists of four thousand entries; 500 alerts have a fifth of it. */
export const BYTES_PER_SECOND = 1_048_576
/** At once: all that two authors may say within an hour in lists of the largest kind. */
export const BYTES_BURST = 8 * BYTES_PER_SECOND
export const UNHEARD_BYTES_BURST = 2 * BYTES_BURST
const PEERS_MAX = 2_048
const SECOND_MS = 1_000

export type Hearing = 'heard' | 'unheard' | 'flood'

interface Limits {
  readonly perSecond: number
  readonly burst: number
  readonly unheardBurst: number
}

const MESSAGES: Limits = {
  perSecond: MESSAGES_PER_SECOND,
  burst: MESSAGES_BURST,
  unheardBurst: UNHEARD_BURST
}
const BYTES: Limits = {
  perSecond: BYTES_PER_SECOND,
  burst: BYTES_BURST,
  unheardBurst: UNHEARD_BYTES_BURST
}

interface Allowance {
  heard: number
  unheard: number
}

interface Peer {
  readonly messages: Allowance
  readonly bytes: Allowance
  atMs: number
}

export class PeerRates {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #peers = new LruMap<string, Peer>(PEERS_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  take(peer: string, messages: number, bytes = 0): Hearing {
    const allowances = this.#earn(peer)
    const isHeard = allowances.messages.heard >= messages && allowances.bytes.heard >= bytes
    const field = isHeard ? 'heard' : 'unheard'
    allowances.messages[field] -= messages
    allowances.bytes[field] -= bytes
    if (isHeard) return 'heard'
    const isFlood = allowances.messages.unheard < 0 || allowances.bytes.unheard < 0
    return isFlood ? 'flood' : 'unheard'
  }

  #earn(peer: string): Peer {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#peers.get(peer)
    if (known === undefined) {
      const fresh = { messages: full(MESSAGES), bytes: full(BYTES), atMs: nowMs }
      this.#peers.set(peer, fresh)
      return fresh
    }
    const seconds = (nowMs - known.atMs) / SECOND_MS
    earn(known.messages, MESSAGES, seconds)
    earn(known.bytes, BYTES, seconds)
    known.atMs = nowMs
    return known
  }
}

function full({ burst, unheardBurst }: Limits): Allowance {
  return { heard: burst, unheard: unheardBurst }
}

function earn(allowance: Allowance, limits: Limits, seconds: number): void {
  const earned = seconds * limits.perSecond
  allowance.heard = Math.min(limits.burst, allowance.heard + earned)
  allowance.unheard = Math.min(limits.unheardBurst, Math.max(0, allowance.unheard) + earned)
}
