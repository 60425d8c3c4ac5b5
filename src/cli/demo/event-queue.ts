/** The node's decisions and what it tells the network, as they happen, one after the other, for somebody who takes his time. */
import * as z from 'zod'
import { type ApiClient, CONTRACT, type ServerSentEvent } from '../../api/index.ts'
import { isAbortError } from '../../base/index.ts'
import type { WireAlert } from './network-wording.ts'
import { type AppliedDecision, isApplied } from './wording.ts'

export type ShownEvent =
  | { readonly kind: 'decided'; readonly decision: AppliedDecision }
  | { readonly kind: 'ended'; readonly decision: AppliedDecision; readonly why: string }
  | { readonly kind: 'warned'; readonly alert: WireAlert }

const eventData = z.object({
  decision: CONTRACT.liftDecision.response,
  why: z.string().default('')
})
const alertData = z.object({ alert: CONTRACT.listAlerts.response.shape.items.element })
/** So many events as the demo's traffic never makes. */
const QUEUE_MAX = 10_000

export class EventQueue {
  readonly #waiting: ShownEvent[] = []
  #failure: unknown

  /** Listens until the signal aborts. */
  async listen(client: ApiClient, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of client.events({ signal })) this.#take(event)
      if (!signal.aborted) this.#failure = new Error('expected events from the node, got their end')
    } catch (error) {
      if (!isAbortError(error) && !signal.aborted) this.#failure = error
    }
  }

  /** The next event, if there is one. @throws what ended the stream */
  take(): ShownEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure
    return this.#waiting.shift()
  }

  #take(event: ServerSentEvent): void {
    if (event.event === 'alert.sent') {
      this.#keep({ kind: 'warned', alert: alertData.parse(event.data).alert })
      return
    }
    if (event.event !== 'decision.created' && event.event !== 'decision.ended') return
    const { decision, why } = eventData.parse(event.data)
    if (!isApplied(decision)) return
    this.#keep(
      event.event === 'decision.created'
        ? { kind: 'decided', decision }
        : { kind: 'ended', decision, why }
    )
  }

  #keep(event: ShownEvent): void {
    if (this.#waiting.length < QUEUE_MAX) this.#waiting.push(event)
  }
}
