/**
 * The event stream without its transport: numbers events, remembers the newest for clients that come back, and hands them to
 * whoever listens. Knows nothing of HTTP.
 */
import type { WireEvent } from '../projection.ts'

export interface StreamedEvent extends WireEvent {
  /** `<run>-<number>`: the run changes with every start, so that numbers of an earlier one are not mistaken. */
  readonly id: string
}

export type EventListener = (event: StreamedEvent) => void

export interface Replay {
  /** Events between the client's last one and now were lost to it. */
  readonly hasGap: boolean
  readonly events: readonly StreamedEvent[]
}

export class EventHub {
  readonly #run: string
  readonly #capacity: number
  readonly #listeners = new Set<EventListener>()
  #ring: StreamedEvent[] = []
  #next = 1

  /** `run` must differ from start to start; `capacity` events are remembered. */
  constructor(options: { readonly run: string; readonly capacity: number }) {
    this.#run = options.run
    this.#capacity = options.capacity
  }

  publish(event: WireEvent): void {
    const streamed = { ...event, id: `${this.#run}-${this.#next++}` }
    this.#ring.push(streamed)
    // Cut in halves instead of one by one: shifting a long array for every event costs its length.
    if (this.#ring.length > this.#capacity * 2) this.#ring = this.#ring.slice(-this.#capacity)
    for (const listener of this.#listeners) listener(streamed)
  }

  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** What came after the event of this id; nothing for a client that comes for the first time. */
  replayAfter(lastEventId: string | undefined): Replay {
    if (lastEventId === undefined || lastEventId === '') return { hasGap: false, events: [] }
    const remembered = this.#ring.slice(-this.#capacity)
    const number = this.#numberOf(lastEventId)
    const oldest = this.#next - remembered.length
    // An id of another run, or one that was never given out: everything remembered is new to this client.
    if (number === undefined || number >= this.#next) return { hasGap: true, events: remembered }
    if (number < oldest - 1) return { hasGap: true, events: remembered }
    return { hasGap: false, events: remembered.slice(number + 1 - oldest) }
  }

  #numberOf(id: string): number | undefined {
    const prefix = `${this.#run}-`
    const digits = id.startsWith(prefix) ? id.slice(prefix.length) : ''
    return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined
  }
}
