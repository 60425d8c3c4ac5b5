/**
 * Whether it may be this node's clock that is wrong, when what others say seems to come from the future: then it costs nobody
 * anything. Such an event is not taken in any case.
 */
import { type Clock, LruMap } from '../base/index.ts'
import { CLOCK_SKEW_MS_MAX } from '../wire/index.ts'
import type { Host } from './host/host.ts'
import type { PeerClocks } from './peer-clocks.ts'

/** As long as it takes to ask the peers for their time after a jump, a few times. */
const AFTER_JUMP_MS = 60_000
/** Of one peer it may be his own clock; so many that do not agree by chance. */
const PEERS_MIN = 2
const REMEMBERED_MS = 10 * 60_000
const PEERS_MAX = 256

export interface ClockDoubtPorts {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly clocks: Pick<PeerClocks, 'estimate'>
  readonly host: Pick<Host, 'connections'>
}

export class ClockDoubt {
  readonly #ports: ClockDoubtPorts
  #blamedAtMs = new LruMap<string, number>(PEERS_MAX)
  #offsetMs: number
  #jumpedAtMs = Number.NEGATIVE_INFINITY

  constructor(ports: ClockDoubtPorts) {
    this.#ports = ports
    this.#offsetMs = this.#offset()
  }

  /** The clock was looked at. */
  tick(hasJumped: boolean): void {
    this.#offsetMs = this.#offset()
    if (!hasJumped) return
    this.#jumpedAtMs = this.#ports.clock.monotonicMs()
    this.#blamedAtMs = new LruMap(PEERS_MAX)
  }

  /** By a peer that may speak in the network came what seems to be of the future. Strangers' keys cost nothing, and prove nothing. */
  noteFuture(peer: string): void {
    this.#blamedAtMs.set(peer, this.#ports.clock.monotonicMs())
  }

  get isDoubted(): boolean {
    const { clock, clocks, host } = this.#ports
    const nowMs = clock.monotonicMs()
    // Nobody has seen this jump yet.
    if (Math.abs(this.#offset() - this.#offsetMs) > CLOCK_SKEW_MS_MAX) return true
    if (nowMs - this.#jumpedAtMs < AFTER_JUMP_MS) return true
    const { clockSkewMs = 0 } = clocks.estimate(host.connections)
    if (clockSkewMs < -CLOCK_SKEW_MS_MAX) return true
    const blamed = [...this.#blamedAtMs.entries()].filter(
      ([, atMs]) => nowMs - atMs < REMEMBERED_MS
    )
    return blamed.length >= PEERS_MIN
  }

  #offset(): number {
    const { clock } = this.#ports
    return clock.nowMs() - clock.monotonicMs()
  }
}
