/**
 * What the recorded HAProxy itself did, and nothing else: the requests that its stock limits denied or tarpitted (contract §2.1,
 * `50_*.cfg`, `60_*.cfg`). It has no memory: HAProxy's own tables made the lines.
 */
import type { RequestEvent, TrafficEvent } from '../../keyserver/index.ts'
import type { Policy, Verdict } from '../verdict.ts'
import { refuse } from './baseline.ts'

const TOO_MANY_REQUESTS = 429

export class HaproxyStock implements Policy {
  readonly name = 'haproxy-stock'

  observe(event: TrafficEvent): readonly Verdict[] {
    if (event.kind !== 'request') return []
    if (event.outcome !== 'denied' && event.outcome !== 'tarpitted') return []
    const verdict = refuse(event, {
      score: 1,
      category: event.isRateLimited ? 'tor-abuse' : 'other',
      holdMs: 0,
      reason: {
        rule: `haproxy-${event.outcome}`,
        text: `HAProxy ${event.outcome} the request with status ${event.status}`,
        counters: { status: event.status }
      }
    })
    return [{ ...verdict, level: isBanned(event) ? 'ban' : 'throttle' }]
  }

  snapshot(): unknown {
    return undefined
  }

  restore(): void {}
}

/** The stock rules answer 429 from their ban tables only (24 hours, 24 days); a tarpit and a 403 concern one request. */
function isBanned(event: RequestEvent): boolean {
  return event.outcome === 'denied' && event.status === TOO_MANY_REQUESTS
}
