/** How far this node's clock is from those of its peers: what each said of its own, put together. Nobody's word is more than one. */
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../base/index.ts'
import type { ClockReading } from './sync-protocol/sync-protocol.ts'

/** The error of a reading is up to half of it; what is of interest are minutes. */
const ROUND_TRIP_MS_MAX = 5_000
/** Each peer is asked anew within a few minutes; an older reading is of a clock that may have been set since. */
const READING_AGE_MS_MAX = 30 * 60_000
/** As many as may be connected, twice. */
const READINGS_MAX = 256

interface Kept {
  readonly aheadMs: number
  readonly atMs: number
}

export class PeerClocks {
  readonly #clock: Clock
  readonly #byPeer = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(peer: string, { aheadMs, roundTripMs }: ClockReading): void {
    if (roundTripMs >= ROUND_TRIP_MS_MAX) return
    // Newest last, so that the first is the oldest.
    this.#byPeer.delete(peer)
    this.#byPeer.set(peer, { aheadMs, atMs: this.#clock.monotonicMs() })
    const [oldest] = this.#byPeer.keys()
    if (this.#byPeer.size > READINGS_MAX && oldest !== undefined) this.#byPeer.delete(oldest)
  }

  /** The own clock has been set: nothing that was read before holds. */
  forgetAll(): void {
    this.#byPeer.clear()
  }

  /**
   * Of the connected peers; with none of them there, of those that told their time last: a node whose clock is wrong may be alone
   * because of it. The median, so that no minority of the peers moves it; of the two in the middle the one that blames the own
   * clock less.
   */
  estimate(connections: readonly Pick<Connection, 'remotePeer'>[]): {
    readonly clockSkewMs: number | undefined
    readonly clockPeers: number
  } {
    const oldestMs = this.#clock.monotonicMs() - READING_AGE_MS_MAX
    const connected = new Set(connections.map(({ remotePeer }) => remotePeer.toString()))
    const fresh = [...this.#byPeer].filter(([, { atMs }]) => atMs >= oldestMs)
    const here = fresh.filter(([peer]) => connected.has(peer))
    const ahead = (here.length > 0 ? here : fresh)
      .map(([, { aheadMs }]) => aheadMs)
      .sort((a, b) => a - b)
    return { clockSkewMs: medianOf(ahead), clockPeers: ahead.length }
  }
}

function medianOf(ascending: readonly number[]): number | undefined {
  const middle = ascending.length / 2
  const lower = ascending[Math.ceil(middle) - 1]
  const upper = ascending[Math.floor(middle)]
  if (lower === undefined || upper === undefined) return undefined
  return Math.abs(lower) < Math.abs(upper) ? lower : upper
}
