/** Brings what a node missed: reconciles with one peer, fetches what that one has, and submits it like gossip (design defense.md e.5). */
import type { PeerId } from '@libp2p/interface'
import { type Clock, messageOf } from '../base/index.ts'
import { DecodeError, FETCH_IDS_MAX } from '../wire/index.ts'
import { SyncError } from './errors.ts'
import type { EventIntake } from './events/event-intake.ts'
import type { FetchProtocol } from './fetch-protocol/fetch-protocol.ts'
import { FrameError } from './host/framed-stream.ts'
import type { NetworkLog } from './host/log.ts'
import type { LastSync, SyncOutcome } from './network-api.ts'
import { SESSIONS_MAX } from './sync-protocol/constants.ts'
import type { ClockReading, SyncProtocol } from './sync-protocol/sync-protocol.ts'

/** A peer that is always out of room, or never gives what it names, is left after so many requests for a kind. */
const REQUESTS_MAX = 4_096

export interface CatchUpPorts {
  readonly clock: Clock
  readonly log: NetworkLog
  readonly sync: SyncProtocol
  readonly fetch: FetchProtocol
  readonly intake: EventIntake
  onReading(peer: PeerId, reading: ClockReading): void
  /** It broke the protocol. */
  onFault(peer: PeerId): Promise<void>
}

export class CatchUp {
  readonly #network: Uint8Array
  readonly #ports: CatchUpPorts
  readonly #running = new Set<string>()
  #last: LastSync | undefined

  constructor(network: Uint8Array, ports: CatchUpPorts) {
    this.#network = network
    this.#ports = ports
  }

  get last(): LastSync | undefined {
    return this.#last
  }

  /** Undefined: one with this peer is under way, or as many as may be. Never rejects. */
  async with(peer: PeerId, signal: AbortSignal): Promise<SyncOutcome | undefined> {
    const name = peer.toString()
    if (this.#running.has(name) || this.#running.size >= SESSIONS_MAX) return undefined
    this.#running.add(name)
    const { clock } = this.#ports
    const startedMs = clock.monotonicMs()
    let outcome: SyncOutcome = 'failed'
    const progress = { fetched: 0 }
    try {
      outcome = await this.#run(peer, signal, progress)
    } catch (error) {
      this.#ports.log.debug({ reason: messageOf(error) }, 'reconciliation failed')
      if (isFault(error) && !signal.aborted) await this.#ports.onFault(peer)
    } finally {
      this.#running.delete(name)
    }
    const durationMs = clock.monotonicMs() - startedMs
    this.#last = { atMs: clock.nowMs(), outcome, fetched: progress.fetched, durationMs }
    return outcome
  }

  async #run(
    peer: PeerId,
    signal: AbortSignal,
    progress: { fetched: number }
  ): Promise<SyncOutcome> {
    const { differences, error, reading } = await this.#ports.sync.reconcile(peer, signal)
    if (reading !== undefined) this.#ports.onReading(peer, reading)
    // In the order of kinds: who may speak comes before what they said.
    for (const { needs } of differences) await this.#fetchAll(peer, needs, { signal, progress })
    if (error?.code === 'PEER_BUSY' || error?.code === 'PEER_LIMIT') return 'busy'
    if (error !== undefined) throw error
    return progress.fetched > 0 ? 'caught-up' : 'same'
  }

  async #fetchAll(
    peer: PeerId,
    needs: readonly Uint8Array[],
    run: { readonly signal: AbortSignal; readonly progress: { fetched: number } }
  ): Promise<void> {
    const { fetch, intake } = this.#ports
    let left = needs
    for (let request = 0; left.length > 0 && request < REQUESTS_MAX; request++) {
      const asked = left.slice(0, FETCH_IDS_MAX)
      const answer = await fetch.fetch(peer, asked, run.signal)
      if (answer === undefined || answer.refusal !== undefined) return
      const origin = { network: this.#network, via: 'sync', peer: peer.toString() } as const
      const verdicts = await Promise.all(answer.events.map((bytes) => intake.submit(bytes, origin)))
      const rejected = verdicts.find(({ verdict }) => verdict === 'reject')
      if (rejected !== undefined) {
        throw new SyncError('FRAME_INVALID', 'expected events that verify, got others')
      }
      run.progress.fetched += verdicts.filter(({ verdict }) => verdict === 'accept').length
      // Answers keep the order of the request: without more, what was not given is not there.
      const given = answer.hasMore ? Math.max(1, answer.events.length) : asked.length
      left = left.slice(given)
    }
  }
}

function isFault(error: unknown): boolean {
  if (error instanceof SyncError) return error.isFault
  return error instanceof FrameError || error instanceof DecodeError
}
