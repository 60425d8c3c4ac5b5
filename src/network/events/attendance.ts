/**
 * Whether this node was there when an invitation ended. The time at which a newcomer says that he was let in is his own word, so whoever
 * comes with an invitation that has ended is believed by nobody who was there and did not see him. A node that was not there, since it
 * joined later or was away, has to believe those who were: for an hour after it hears them, and only what it fetches.
 */
import { networkIdText } from '../../wire/index.ts'
import type { AuthorStore, EventStore } from '../ports.ts'

/** An announce goes round in seconds; what a node missed that was away for less comes back to it with the first comparison. */
export const INVITATION_GRACE_MS = 24 * 3_600_000
/** Everybody around is compared with many times. */
export const BELIEF_MS = 3_600_000

interface Presence {
  lastHeardMs: number | undefined
  /** Of the last absence that was longer than the grace. */
  absentSinceMs: number
  backAtMs: number
}

export class Attendance {
  readonly #ports: {
    readonly events: Pick<EventStore, 'lastHeardMs'>
    readonly authors: Pick<AuthorStore, 'firstHeardMs'>
  }
  readonly #ownKey: Uint8Array | undefined
  readonly #networks = new Map<string, Presence>()

  constructor(
    options: { readonly ownKey?: Uint8Array },
    ports: {
      readonly events: Pick<EventStore, 'lastHeardMs'>
      readonly authors: Pick<AuthorStore, 'firstHeardMs'>
    }
  ) {
    this.#ownKey = options.ownKey
    this.#ports = ports
  }

  /** Somebody else was heard. */
  note(network: Uint8Array, nowMs: number): void {
    const presence = this.#in(network)
    const { lastHeardMs } = presence
    if (lastHeardMs === undefined || nowMs - lastHeardMs > INVITATION_GRACE_MS) {
      presence.absentSinceMs = lastHeardMs ?? Number.NEGATIVE_INFINITY
      presence.backAtMs = nowMs
    }
    presence.lastHeardMs = nowMs
  }

  /** Whether others have to be believed who say that somebody came before the invitation had ended. */
  wasAbsent(network: Uint8Array, notAfterMs: number, nowMs: number): boolean {
    const { lastHeardMs, absentSinceMs, backAtMs } = this.#in(network)
    const endMs = notAfterMs + INVITATION_GRACE_MS
    if (lastHeardMs === undefined) return true
    if (nowMs - lastHeardMs > INVITATION_GRACE_MS) return endMs > lastHeardMs
    return nowMs - backAtMs < BELIEF_MS && endMs > absentSinceMs
  }

  #in(network: Uint8Array): Presence {
    const name = networkIdText(network)
    const known = this.#networks.get(name)
    if (known !== undefined) return known
    const { events, authors } = this.#ports
    const presence = {
      lastHeardMs: events.lastHeardMs(network),
      absentSinceMs: Number.NEGATIVE_INFINITY,
      backAtMs: authors.firstHeardMs(network, this.#ownKey) ?? Number.NEGATIVE_INFINITY
    }
    this.#networks.set(name, presence)
    return presence
  }

  /** The network was left. */
  forget(network: Uint8Array): void {
    this.#networks.delete(networkIdText(network))
  }
}
