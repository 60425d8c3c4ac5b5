/** The networks of a node while it runs, by the text of their ids; and what is asked of one of them or of all. */
import { findNetworkId, networkIdText } from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import { pageOf } from './event-view.ts'
import type * as api from './network-api.ts'
import type { Member } from './network-state.ts'
import { type FoundThreats, noteListed, rankThreats, threatOf } from './threats.ts'

/** Four topics each: what a peer may subscribe to in one message. */
const NETWORKS_MAX = 16

export class Members extends Map<api.NetworkIdText, Member> {
  /** For one more. @throws {NETWORK_LIMIT_REACHED} */
  expectRoom(): void {
    if (this.size < NETWORKS_MAX) return
    const message = `expected at most ${NETWORKS_MAX} networks: leave one`
    throw new NetworkError('NETWORK_LIMIT_REACHED', message)
  }

  in(network: Uint8Array): Member | undefined {
    return this.get(networkIdText(network))
  }

  /** @throws {NETWORK_NOT_JOINED} */
  of(id: api.NetworkIdText): Member {
    const member = this.get(id.toLowerCase())
    if (member !== undefined) return member
    const got = findNetworkId(id) === undefined ? 'something else' : 'the id of another'
    throw new NetworkError('NETWORK_NOT_JOINED', `expected the id of a joined network, got ${got}`)
  }

  /** @throws {NETWORK_NOT_JOINED} */
  asked(id: api.NetworkIdText | undefined): readonly Member[] {
    return id === undefined ? [...this.values()] : [this.of(id)]
  }

  alerts(query: api.AlertQuery, nowMs: number): api.Page<api.ReceivedAlert> {
    const found = this.asked(query.network).flatMap(({ view }) => [...view.alerts(query, nowMs)])
    return pageOf(
      // As they were said: what was caught up with came all at once.
      found.sort((a, b) => b.atMs - a.atMs || b.receivedAtMs - a.receivedAtMs),
      query
    )
  }

  threats(query: api.ThreatQuery, nowMs: number): api.Page<api.Threat> {
    const found: FoundThreats = new Map()
    for (const { view, lists } of this.asked(query.network)) {
      view.collect(found, query, nowMs)
      for (const entry of lists.entries(query, nowMs)) noteListed(found, entry)
    }
    const { items, nextCursor } = pageOf(rankThreats(found, query.accusersMin ?? 1), query)
    return { items: items.map(threatOf), nextCursor }
  }

  lists(query: api.ListQuery, nowMs: number): api.Page<api.ListedPrefix> {
    const all = this.asked(query.network).flatMap(({ lists }) => [...lists.entries(query, nowMs)])
    return pageOf(all, query)
  }
}
