/** What an event costs its author. */
import type { SignedNetworkEvent } from '../../wire/index.ts'
import type { Charge } from './quota.ts'

export function chargeOf(event: SignedNetworkEvent): Charge {
  return { tsMs: event.tsMs, kind: event.kind, accused: accusedBy(event) }
}

/** Prefixes that its votes call for to be blocked. */
export function accusedBy({ body }: SignedNetworkEvent): number {
  return body.kind === 'vote' ? body.votes.filter(({ stance }) => stance === 'block').length : 0
}
