/** Gives out events by their ids, to each peer as much as it may have: message in, message out. Knows no streams. */
import type { Clock } from '../../base/index.ts'
import {
  decodeFetchRequest,
  encodeFetchResponse,
  FETCH_EVENTS_BYTES_MAX
} from '../../wire/index.ts'
import type { Asker } from '../asker.ts'
import { PeerBudget } from '../peer-budget.ts'
import type { EventStore } from '../ports.ts'
import { AUTHOR_QUOTA, STRANGER_QUOTA } from './constants.ts'

export interface FetchPorts {
  readonly events: Pick<EventStore, 'get'>
  readonly clock: Pick<Clock, 'monotonicMs'>
}

export class FetchHandler {
  readonly #network: Uint8Array
  readonly #events: Pick<EventStore, 'get'>
  readonly #requests: PeerBudget
  readonly #bytes: PeerBudget

  constructor(network: Uint8Array, { events, clock }: FetchPorts) {
    this.#network = network
    this.#events = events
    this.#requests = new PeerBudget(clock)
    this.#bytes = new PeerBudget(clock)
  }

  /** @throws {DecodeError} */
  handle(
    { account, isAuthor }: Pick<Asker, 'account' | 'isAuthor'>,
    message: Uint8Array
  ): Uint8Array {
    const { requestsPerMinute, bytesPerMinute } = isAuthor ? AUTHOR_QUOTA : STRANGER_QUOTA
    const { ids } = decodeFetchRequest(message)
    const hasRoom =
      this.#requests.hasRoom(account, requestsPerMinute) &&
      this.#bytes.hasRoom(account, bytesPerMinute)
    if (!hasRoom) return encodeFetchResponse({ refusal: 'limit', events: [], hasMore: false })
    this.#requests.charge(account, 1, requestsPerMinute)
    const found = this.#events
      .get(ids)
      .filter(({ network }) => Buffer.compare(network, this.#network) === 0)
    const events: Uint8Array[] = []
    let bytes = 0
    for (const { envelope } of found) {
      if (bytes + envelope.length > FETCH_EVENTS_BYTES_MAX) break
      bytes += envelope.length
      events.push(envelope)
    }
    this.#bytes.charge(account, bytes, bytesPerMinute)
    return encodeFetchResponse({
      refusal: undefined,
      events,
      hasMore: events.length < found.length
    })
  }
}
