/** Brings what a node missed: reconciles with one peer, fetches what that one has, and submits it like gossip (design defense.md e.5). */
import type { PeerId } from '@libp2p/interface'
import { type Clock, hexOf, LruMap, messageOf } from '../base/index.ts'
import { DecodeError, decodeEventHead, FETCH_IDS_MAX, findEventId } from '../wire/index.ts'
import { SyncError } from './errors.ts'
import type { EventIntake } from './events/event-intake.ts'
import type { FetchProtocol } from './fetch-protocol/fetch-protocol.ts'
import type { Gap } from './gap-watch.ts'
import type { NetworkLog } from './host/log.ts'
import { isPeerFault } from './host/peer-fault.ts'
import type { LastSync, SyncOutcome } from './network-api.ts'
import type { EventStore } from './ports.ts'
import type { KindDifference } from './sync/sync-session.ts'
import { SESSIONS_MAX } from './sync-protocol/constants.ts'
import type { ClockReading, SyncProtocol } from './sync-protocol/sync-protocol.ts'

/** A peer that is always out of room, or never gives what it names, is left after so many requests for a kind. */
const REQUESTS_MAX = 4_096
/** A peer that gives one event in twenty seconds keeps to every other limit. What is left then comes with the next comparison. */
export const CATCH_UP_MS_MAX = 5 * 60_000
/** A peer that held a session until its deadline is not asked for so long, unless it shows itself: it may have been the line. */
export const SLOW_PAUSE_MS = 5 * 60_000
/** Whoever connects or asks is asked at once after one such session, after a second in a row so late, then twice as late, and so on. */
export const SLOW_AGAIN_MS = 15_000
const SLOW_PEERS_MAX = 1_024
/** What came a moment ago is still on its way to others. */
const SETTLED_MS = 30_000
/** Enough to see that there is a gap; a peer can name any number of ids. */
const GAP_IDS_MAX = 256

export interface CatchUpPorts {
  readonly clock: Clock
  readonly log: NetworkLog
  readonly sync: Pick<SyncProtocol, 'reconcile'>
  readonly fetch: Pick<FetchProtocol, 'fetch'>
  readonly intake: Pick<EventIntake, 'submit' | 'isRefused'>
  readonly events: Pick<EventStore, 'has' | 'get' | 'equivocations'>
  onReading(peer: PeerId, reading: ClockReading): void
  /** It broke the protocol. */
  onFault(peer: PeerId): Promise<void>
}

export interface CatchUpResult {
  readonly outcome: SyncOutcome
  /** Undefined: the two were not compared. */
  readonly gap: Gap | undefined
  /** The peer has something that is not here, since it was not given, or is not wanted. */
  readonly lacksStill: boolean
}

interface Run {
  readonly signal: AbortSignal
  readonly startedMs: number
  fetched: number
  /** Given by the peer and not wanted here; by their ids as text. */
  readonly unwanted: Set<string>
}

interface Slow {
  readonly atMs: number
  /** In a row. */
  readonly times: number
  readonly untilMs: number
}

export class CatchUp {
  readonly #network: Uint8Array
  readonly #ports: CatchUpPorts
  readonly #running = new Set<string>()
  readonly #slow = new LruMap<string, Slow>(SLOW_PEERS_MAX)
  #last: LastSync | undefined

  constructor(network: Uint8Array, ports: CatchUpPorts) {
    this.#network = network
    this.#ports = ports
  }

  get last(): LastSync | undefined {
    return this.#last
  }

  /** It held a session to the end of its time, not long ago. */
  isSlow(peer: PeerId): boolean {
    return (this.#slow.peek(peer.toString())?.untilMs ?? 0) > this.#ports.clock.monotonicMs()
  }

  /** It connected, or asked this node: the line is not dead, and was perhaps all that was slow. */
  noteAlive(peer: string): void {
    const slow = this.#slow.peek(peer)
    if (slow === undefined) return
    const pauseMs = slow.times === 1 ? 0 : SLOW_AGAIN_MS * 2 ** (slow.times - 2)
    this.#slow.set(peer, { ...slow, untilMs: Math.min(slow.untilMs, slow.atMs + pauseMs) })
  }

  #noteSlow(peer: string): void {
    const atMs = this.#ports.clock.monotonicMs()
    const times = (this.#slow.peek(peer)?.times ?? 0) + 1
    this.#slow.set(peer, { atMs, times, untilMs: atMs + SLOW_PAUSE_MS })
  }

  /** Undefined: one with this peer is under way, or as many as may be. Never rejects. */
  async with(peer: PeerId, signal: AbortSignal): Promise<CatchUpResult | undefined> {
    const name = peer.toString()
    if (this.#running.has(name) || this.#running.size >= SESSIONS_MAX) return undefined
    this.#running.add(name)
    const { clock } = this.#ports
    const startedMs = clock.monotonicMs()
    const run: Run = { signal, startedMs, fetched: 0, unwanted: new Set() }
    let result: CatchUpResult = { outcome: 'failed', gap: undefined, lacksStill: false }
    try {
      result = await this.#run(peer, run)
      if (result.outcome !== 'busy') this.#slow.delete(name)
    } catch (error) {
      this.#ports.log.debug({ reason: messageOf(error) }, 'reconciliation failed')
      if (isTimeout(error)) this.#noteSlow(name)
      if (isPeerFault(error) && !signal.aborted) await this.#ports.onFault(peer)
    } finally {
      this.#running.delete(name)
    }
    const durationMs = clock.monotonicMs() - startedMs
    const { outcome } = result
    this.#last = { atMs: clock.nowMs(), outcome, fetched: run.fetched, durationMs }
    return result
  }

  async #run(peer: PeerId, run: Run): Promise<CatchUpResult> {
    const { differences, error, reading } = await this.#ports.sync.reconcile(peer, run.signal)
    if (reading !== undefined) this.#ports.onReading(peer, reading)
    // In the order of kinds: who may speak comes before what they said.
    for (const { needs } of differences) await this.#fetchAll(peer, needs, run)
    if (error?.code === 'PEER_BUSY' || error?.code === 'PEER_LIMIT') {
      return { outcome: 'busy', gap: undefined, lacksStill: false }
    }
    if (error !== undefined) throw error
    const outcome = run.fetched > 0 ? 'caught-up' : 'same'
    const lacksStill = differences.some(({ needs }) => this.#lacksOf(needs))
    return { outcome, gap: this.#gapOf(differences, run), lacksStill }
  }

  #lacksOf(needs: readonly Uint8Array[]): boolean {
    return needs.slice(0, GAP_IDS_MAX).some((id) => !this.#ports.events.has(id))
  }

  #gapOf(differences: readonly KindDifference[], { unwanted }: Run): Gap {
    const { events, intake, clock } = this.#ports
    const lacking: string[] = []
    const unheard: string[] = []
    const settledMs = clock.nowMs() - SETTLED_MS
    for (const { needs, haves } of differences) {
      for (const id of needs.slice(0, GAP_IDS_MAX)) {
        const isRefused = unwanted.has(hexOf(id)) || intake.isRefused(id)
        if (!isRefused && !events.has(id)) lacking.push(hexOf(id))
      }
      for (const { id, author, receivedAtMs } of events.get(haves.slice(0, GAP_IDS_MAX))) {
        if (receivedAtMs > settledMs) continue
        // Who says one thing here and another there is heard with different things: no sign of anybody else's doing.
        if (events.equivocations(this.#network, author).length === 0) unheard.push(hexOf(id))
      }
    }
    return { lacking, unheard }
  }

  async #fetchAll(peer: PeerId, needs: readonly Uint8Array[], run: Run): Promise<void> {
    const { fetch, clock, events, intake } = this.#ports
    // Half of a proof is known, and what was not taken a moment ago need not be verified again.
    let left = needs.filter((id) => !events.has(id) && !intake.isRefused(id))
    for (let request = 0; left.length > 0 && request < REQUESTS_MAX; request++) {
      if (clock.monotonicMs() - run.startedMs > CATCH_UP_MS_MAX) return
      const asked = left.slice(0, FETCH_IDS_MAX)
      const answer = await fetch.fetch(peer, asked, run.signal)
      if (answer === undefined || answer.refusal !== undefined) return
      if (!isSubset(answer.events, asked)) {
        throw new SyncError('EVENT_UNASKED', 'expected events that were asked for, got others')
      }
      await this.#take(peer, answer.events, run)
      // Answers keep the order of the request: without more, what was not given is not there.
      const given = answer.hasMore ? Math.max(1, answer.events.length) : asked.length
      left = left.slice(given)
    }
  }

  async #take(peer: PeerId, events: readonly Uint8Array[], run: Run): Promise<void> {
    const origin = { network: this.#network, via: 'sync', peer: peer.toString() } as const
    const verdicts = await Promise.all(
      events.map((bytes) => this.#ports.intake.submit(bytes, origin))
    )
    verdicts.forEach((verdict, i) => {
      const bytes = events[i]
      if (verdict.verdict === 'accept') run.fetched++
      // A clock that is behind, this node's as well as the peer's, makes honest events come from the future.
      else if (verdict.verdict === 'reject' && verdict.reason !== 'FROM_THE_FUTURE') {
        throw new SyncError('FRAME_INVALID', 'expected events that verify, got others')
      } else if (bytes !== undefined) noteId(run.unwanted, bytes)
    })
  }
}

/** Each at most once. What cannot be read was not asked for either: its id is that of its bytes. */
function isSubset(events: readonly Uint8Array[], ids: readonly Uint8Array[]): boolean {
  const asked = new Set(ids.map(hexOf))
  return events.every((bytes) => {
    const id = findEventId(bytes)
    return id !== undefined && asked.delete(hexOf(id))
  })
}

function noteId(ids: Set<string>, bytes: Uint8Array): void {
  try {
    ids.add(hexOf(decodeEventHead(bytes).id))
  } catch (error) {
    // Of a version or kind that this node does not know: it has no id here.
    if (!(error instanceof DecodeError)) throw error
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
