/** The side that is asked what it has: message in, message out, one session a peer. Knows no streams. */
import { type Clock, LruMap } from '../../base/index.ts'
import { encodeSyncFrame, type Refusal } from '../../wire/index.ts'
import type { Asker } from '../asker.ts'
import { PeerBudget } from '../peer-budget.ts'
import type { LiveSet } from '../sync/live-set.ts'
import { SyncResponder } from '../sync/sync-session.ts'
import {
  ITEMS_PER_MINUTE,
  ITEMS_PER_RANGE,
  LATE_PAUSE_MS,
  SESSIONS_MAX,
  SESSIONS_PER_MINUTE,
  STRANGER_SESSIONS_MAX
} from './constants.ts'

const LATE_PEERS_MAX = 4_096

interface Session {
  readonly responder: SyncResponder
  readonly isAuthor: boolean
}

export class SyncHandler {
  readonly #set: LiveSet
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly #sessions = new Map<string, Session>()
  readonly #counts: PeerBudget
  readonly #items: PeerBudget
  readonly #lateUntilMs = new LruMap<string, number>(LATE_PEERS_MAX)

  constructor(set: LiveSet, clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {
    this.#set = set
    this.#clock = clock
    this.#counts = new PeerBudget(clock)
    this.#items = new PeerBudget(clock)
  }

  /** To be called with the first whole message: who says nothing holds no place. @returns why there is no session */
  open({ peer, account, isAuthor }: Asker): Refusal | undefined {
    if (this.#sessions.has(peer) || this.#isLate(account)) return 'busy'
    if (!this.#hasPlace(isAuthor)) return 'busy'
    if (!this.#counts.hasRoom(account, SESSIONS_PER_MINUTE)) return 'limit'
    if (!this.#items.hasRoom(account, ITEMS_PER_MINUTE)) return 'limit'
    this.#counts.charge(account, 1, SESSIONS_PER_MINUTE)
    const responder = new SyncResponder(this.#set, () => this.#clock.nowMs())
    this.#sessions.set(peer, { responder, isAuthor })
    return undefined
  }

  /** Undefined: the peer has no session, or has cost as much as it may. @throws {SyncError} */
  handle({ peer, account }: Asker, message: Uint8Array): Uint8Array | undefined {
    const responder = this.#sessions.get(peer)?.responder
    if (responder === undefined || !this.#items.hasRoom(account, ITEMS_PER_MINUTE)) return undefined
    const { ids, ranges } = responder.effort
    const answer = responder.receive(message)
    const { effort } = responder
    const items = effort.ids - ids + (effort.ranges - ranges) * ITEMS_PER_RANGE
    this.#items.charge(account, items, ITEMS_PER_MINUTE)
    return answer
  }

  /** It let a session run out of time. */
  noteLate({ account }: Asker): void {
    this.#lateUntilMs.set(account, this.#clock.monotonicMs() + LATE_PAUSE_MS)
  }

  /** @returns whether the peer turned out to differ */
  close({ peer }: Asker): boolean {
    const hasDifference = this.#sessions.get(peer)?.responder.hasDifference ?? false
    this.#sessions.delete(peer)
    return hasDifference
  }

  #hasPlace(isAuthor: boolean): boolean {
    if (this.#sessions.size >= SESSIONS_MAX) return false
    if (isAuthor) return true
    const strangers = [...this.#sessions.values()].filter((session) => !session.isAuthor)
    return strangers.length < STRANGER_SESSIONS_MAX
  }

  #isLate(account: string): boolean {
    return (this.#lateUntilMs.peek(account) ?? 0) > this.#clock.monotonicMs()
  }
}

export function refusalFrame(refusal: Refusal): Uint8Array {
  return encodeSyncFrame({ kind: 'node-announce', round: 2, refusal, ranges: [] })
}
