/** The side that is asked what it has: message in, message out, one session a peer. Knows no streams. */
import type { Clock } from '../../base/index.ts'
import { encodeSyncFrame } from '../../wire/index.ts'
import type { LiveSet } from '../sync/live-set.ts'
import { SyncResponder } from '../sync/sync-session.ts'
import { SESSIONS_MAX } from './constants.ts'

export class SyncHandler {
  readonly #set: LiveSet
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #sessions = new Map<string, SyncResponder>()

  constructor(set: LiveSet, clock: Pick<Clock, 'nowMs'>) {
    this.#set = set
    this.#clock = clock
  }

  /** @returns false: too many sessions. */
  open(peer: string): boolean {
    if (this.#sessions.size >= SESSIONS_MAX || this.#sessions.has(peer)) return false
    this.#sessions.set(peer, new SyncResponder(this.#set, () => this.#clock.nowMs()))
    return true
  }

  /** Undefined: the peer has no session. @throws {SyncError} */
  handle(peer: string, message: Uint8Array): Uint8Array | undefined {
    return this.#sessions.get(peer)?.receive(message)
  }

  /** @returns whether the peer turned out to differ */
  close(peer: string): boolean {
    const hasDifference = this.#sessions.get(peer)?.hasDifference ?? false
    this.#sessions.delete(peer)
    return hasDifference
  }
}

export function busyFrame(): Uint8Array {
  return encodeSyncFrame({ kind: 'node-announce', round: 2, refusal: 'busy', ranges: [] })
}
