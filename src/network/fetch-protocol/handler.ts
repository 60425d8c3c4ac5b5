/** Gives out events by their ids: message in, message out. Knows no streams. */
import {
  decodeFetchRequest,
  encodeFetchResponse,
  FETCH_EVENTS_BYTES_MAX
} from '../../wire/index.ts'
import type { EventStore } from '../ports.ts'

export class FetchHandler {
  readonly #network: Uint8Array
  readonly #events: Pick<EventStore, 'get'>

  constructor(network: Uint8Array, events: Pick<EventStore, 'get'>) {
    this.#network = network
    this.#events = events
  }

  /** @throws {DecodeError} */
  handle(message: Uint8Array): Uint8Array {
    const { ids } = decodeFetchRequest(message)
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
    return encodeFetchResponse({
      refusal: undefined,
      events,
      hasMore: events.length < found.length
    })
  }
}
