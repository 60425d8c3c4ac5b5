/**
 * What waits for its signature to be checked: bounded for each lane, served lane by lane and, within a lane, peer by peer. A peer
 * that floods fills its own share and pushes out its own oldest; what others send next is not behind it.
 */

/** Topics, and what was fetched. */
export const LANES = ['alert', 'vote', 'list', 'ctl', 'sync'] as const
export type Lane = (typeof LANES)[number]

/** Design defense.md e.2. */
export const LANE_LENGTH_MAX = 2_048
/** Of alerts the newest matters most. */
const NEWEST_FIRST: ReadonlySet<Lane> = new Set(['alert'])

interface LaneState<T> {
  size: number
  /** In the order in which they are served; a peer without anything waiting is not in it. */
  readonly byPeer: Map<string, T[]>
}

export class VerifyQueue<T> {
  readonly #lanes: ReadonlyMap<Lane, LaneState<T>>
  readonly #limit: number
  #nextLane = 0
  #size = 0

  constructor(limit: number = LANE_LENGTH_MAX) {
    this.#limit = limit
    this.#lanes = new Map(LANES.map((lane) => [lane, { size: 0, byPeer: new Map<string, T[]>() }]))
  }

  get size(): number {
    return this.#size
  }

  sizeOf(lane: Lane): number {
    return this.#laneOf(lane).size
  }

  /** @returns what had to go to make room */
  push(lane: Lane, peer: string, item: T): T | undefined {
    const state = this.#laneOf(lane)
    const waiting = state.byPeer.get(peer)
    if (waiting === undefined) state.byPeer.set(peer, [item])
    else waiting.push(item)
    state.size++
    this.#size++
    return state.size > this.#limit ? this.#dropOldest(state) : undefined
  }

  shift(): T | undefined {
    for (let tried = 0; tried < LANES.length; tried++) {
      const lane = LANES[this.#nextLane] ?? 'ctl'
      this.#nextLane = (this.#nextLane + 1) % LANES.length
      const item = this.#take(lane)
      if (item !== undefined) return item
    }
    return undefined
  }

  #take(lane: Lane): T | undefined {
    const state = this.#laneOf(lane)
    const [peer, waiting] = state.byPeer.entries().next().value ?? []
    if (peer === undefined || waiting === undefined) return undefined
    const item = NEWEST_FIRST.has(lane) ? waiting.pop() : waiting.shift()
    // To the end of the round.
    state.byPeer.delete(peer)
    if (waiting.length > 0) state.byPeer.set(peer, waiting)
    state.size--
    this.#size--
    return item
  }

  /** Of the peer that has most waiting. */
  #dropOldest(state: LaneState<T>): T | undefined {
    let busiest: string | undefined
    let most: T[] = []
    for (const [peer, waiting] of state.byPeer) {
      if (waiting.length <= most.length) continue
      busiest = peer
      most = waiting
    }
    const dropped = most.shift()
    if (most.length === 0 && busiest !== undefined) state.byPeer.delete(busiest)
    state.size--
    this.#size--
    return dropped
  }

  #laneOf(lane: Lane): LaneState<T> {
    const state = this.#lanes.get(lane)
    if (state === undefined) throw new RangeError(`expected a lane, got "${lane}"`)
    return state
  }
}
