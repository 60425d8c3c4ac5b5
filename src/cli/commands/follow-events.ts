/** The event stream of a node for somebody who watches: goes on where it was when the node comes back. */
import { type ApiClient, ApiClientError, type ServerSentEvent } from '../../api/index.ts'
import type { Clock } from '../../base/index.ts'

const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 30_000

export interface FollowPorts {
  /** Anew each time: a node that comes back may listen elsewhere. */
  connect(): Pick<ApiClient, 'events'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal: AbortSignal
  /** Called once, when the stream ends for the first time. */
  onLost(): void
}

/** Ends when the signal aborts. @throws what the first connection failed with, and what a later one cannot mend by waiting */
export async function* followEvents(ports: FollowPorts): AsyncGenerator<ServerSentEvent> {
  const { signal } = ports
  let lastEventId: string | undefined
  let hasConnected = false
  let hasSaid = false
  let backoffMs = BACKOFF_MS_MIN
  while (!signal.aborted) {
    try {
      const from = lastEventId === undefined ? {} : { lastEventId }
      for await (const event of ports.connect().events({ signal, ...from })) {
        hasConnected = true
        backoffMs = BACKOFF_MS_MIN
        if (event.id !== '') lastEventId = event.id
        yield event
      }
      hasConnected = true
    } catch (error) {
      // The connection that Ctrl-C cuts may end in whatever error.
      if (signal.aborted) return
      if (!(hasConnected && isAway(error))) throw error
    }
    if (signal.aborted) return
    if (!hasSaid) ports.onLost()
    hasSaid = true
    // The clock's timers keep no process alive, and nothing else does meanwhile.
    const keepAlive = setTimeout(() => undefined, 2 * BACKOFF_MS_MAX)
    await ports.clock.sleep(backoffMs, signal).catch(() => undefined)
    clearTimeout(keepAlive)
    backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX)
  }
}

function isAway(error: unknown): boolean {
  if (!(error instanceof ApiClientError)) return false
  return error.code === 'API_UNREACHABLE' || error.code === 'API_TIMED_OUT'
}
