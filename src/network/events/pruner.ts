/**
 * Lets go for good of what ended long ago. A clock that is wrong for a moment must not cost what the node knows, so it has to have
 * held for a while; and where it was wrong for longer, what went is taken again (`SequenceRanges.endedUntilMs`).
 */
import type { Clock } from '../../base/index.ts'
import type { AuthorStore, EventStore } from '../ports.ts'
import type { AuthorBook } from './author-book.ts'

/** An event that has ended is known for this long when it comes again (design defense.md e.3). */
export const KEPT_AFTER_END_MS = 24 * 3_600_000
/** A proof goes round for thirty days; whoever was away hears of it for another one. */
const PROOF_KEPT_MS = 31 * 24 * 3_600_000
/** Wall and monotonic clock have to agree for so long. */
const CLOCK_HELD_MS = 3_600_000
/** Between two looks; a clock that is slewed does not move as much. */
const JUMP_MS = 15_000
/** Proofs are few and have no index of their own. */
const PROOFS_EVERY_MS = 3_600_000

export interface PrunerPorts {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly events: EventStore
  readonly authors: AuthorStore
  readonly book: AuthorBook
}

export class Pruner {
  readonly #ports: PrunerPorts
  readonly #proofsAtMs = new Map<string, number>()
  #offsetMs: number
  #heldSinceMs: number

  constructor(ports: PrunerPorts) {
    this.#ports = ports
    const { clock } = ports
    this.#heldSinceMs = clock.monotonicMs()
    this.#offsetMs = clock.nowMs() - this.#heldSinceMs
  }

  /** To be called every few seconds. @throws {StorageError} */
  prune(networks: readonly Uint8Array[]): void {
    const { clock } = this.#ports
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()]
    const offsetMs = nowMs - monotonicMs
    if (Math.abs(offsetMs - this.#offsetMs) > JUMP_MS) this.#heldSinceMs = monotonicMs
    this.#offsetMs = offsetMs
    if (monotonicMs - this.#heldSinceMs < CLOCK_HELD_MS) return
    for (const network of networks) {
      this.#pruneEvents(network, nowMs - KEPT_AFTER_END_MS)
      const name = Buffer.from(network).toString('hex')
      const lastMs = this.#proofsAtMs.get(name) ?? Number.NEGATIVE_INFINITY
      if (monotonicMs - lastMs < PROOFS_EVERY_MS) continue
      this.#proofsAtMs.set(name, monotonicMs)
      this.#pruneProofs(network, nowMs - PROOF_KEPT_MS)
    }
  }

  /** The numbers of events that go stay spent. */
  #pruneEvents(network: Uint8Array, beforeMs: number): void {
    const { events } = this.#ports
    const keys = events.authorsEndedBefore(network, beforeMs)
    if (keys.length === 0) return
    this.#letGo(network, keys, beforeMs, () => events.removeEndedBefore(network, beforeMs))
  }

  #pruneProofs(network: Uint8Array, beforeMs: number): void {
    const { events } = this.#ports
    const keys = events.authorsProvenBefore(network, beforeMs)
    if (keys.length === 0) return
    this.#letGo(network, keys, undefined, () => events.removeProvenBefore(network, beforeMs))
  }

  #letGo(
    network: Uint8Array,
    keys: readonly Uint8Array[],
    beforeMs: number | undefined,
    remove: () => void
  ): void {
    const { events, authors, book } = this.#ports
    events.transaction(() => {
      for (const key of keys) {
        const spent = book.find(network, key)?.spent
        if (spent === undefined) continue
        if (beforeMs !== undefined) spent.noteEnded(beforeMs)
        authors.saveSpent(network, key, spent.encode())
      }
      remove()
    })
    for (const key of keys) book.forget(network, key)
  }
}
