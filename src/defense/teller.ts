/**
 * Says in one network what stands here and was not said there, and takes back what was wrong: within what the others still listen
 * to, and so that what was said is on the disk with what it was said of. Decides what is said first; when is decided elsewhere.
 */
import { type Clock, messageOf, NetminderError } from '../base/index.ts'
import type { NetworkService } from '../network/index.ts'
import { type EventBody, LIFETIME_MS_MAX, VOTE_TTL_S_MAX } from '../wire/index.ts'
import type { GuardLogger } from './guard-service-ports.ts'
import { type Budget, budgetOf, isEager, refillMs, VOTE_PAUSE_MS } from './share-pace.ts'
import {
  composeAlerts,
  composeRetractions,
  composeVotes,
  type SharedDecision,
  type ShareRefusal
} from './sharing.ts'
import { type ToldStore, toldIndicators, type Withdrawal } from './taking-back.ts'
import { findUnsaid, firstPrefixes } from './unsaid.ts'

export interface SharingMetrics {
  shared(kind: 'alert' | 'vote' | 'retract'): void
  kept(why: ShareRefusal): void
  failed(): void
  /** Decisions that stand here, and that others have not been told of yet. */
  unsaid(count: number): void
}

export interface TellerPorts {
  readonly network: Pick<NetworkService, 'publish' | 'speakingRoom'>
  readonly told: ToldStore
  readonly clock: Clock
  readonly logger: GuardLogger
  readonly metrics: SharingMetrics
}

/** Why something has to wait, and for how long. */
export interface Wait {
  readonly why: string
  readonly waitMs: number
}

/** What was refused for another reason than how much was said. */
export const RETRY_MS = 60_000
/** An event must outlive its journey. */
const TTL_MS_MIN = 60_000

export class Teller {
  readonly #ports: TellerPorts
  readonly #votedAtMs = new Map<string, number>()

  constructor(ports: TellerPorts) {
    this.#ports = ports
  }

  budget(network: string): Budget | undefined {
    const rooms = this.#ports.network.speakingRoom(network)
    return rooms && budgetOf(rooms, this.#ports.clock.nowMs())
  }

  /** Warnings first: a vote warns nobody sooner. @returns undefined: all of it has been said */
  async tell(network: string, wanted: readonly SharedDecision[]): Promise<Wait | undefined> {
    const budget = this.budget(network)
    if (budget === undefined) {
      const why = 'this node cannot speak there: it is not admitted, or its networks do not run'
      return { why, waitMs: RETRY_MS }
    }
    return (await this.#tellAlerts(network, wanted)) ?? (await this.#tellVotes(network, wanted))
  }

  async #tellAlerts(network: string, wanted: readonly SharedDecision[]): Promise<Wait | undefined> {
    const { told, clock } = this.#ports
    const { alerts } = findUnsaid(wanted, told, { network, nowMs: clock.nowMs() })
    let wait: Wait | undefined
    for (const body of composeAlerts(alerts)) {
      if ((this.budget(network)?.events ?? 0) < 1) return this.#usedUp()
      const about = alerts.filter(({ category }) => category === body.category)
      const refusal = await this.#alert(network, body, about)
      if (refusal !== undefined) wait = { why: refusal, waitMs: RETRY_MS }
    }
    return wait
  }

  /** An extension says nothing new about the incident, but the alert of it holds longer. @returns why it was refused */
  async #alert(
    network: string,
    body: ReturnType<typeof composeAlerts>[number],
    about: readonly SharedDecision[]
  ): Promise<string | undefined> {
    const { told, clock } = this.#ports
    const nowMs = clock.nowMs()
    const ttlMs = Math.max(TTL_MS_MIN, ...about.map(({ untilMs }) => untilMs - nowMs))
    const alert = await this.#publish(network, body, { ttlMs })
    if ('refusal' in alert) return alert.refusal
    const endsAtMs = nowMs + Math.min(ttlMs, LIFETIME_MS_MAX.alert)
    const named = body.indicators.map(({ prefix }) => prefix)
    const said = (decision: string) => told.said(network, decision, nowMs)
    told.save(
      toldIndicators({ network, alert: alert.id, endsAtMs }, named, { decisions: about, said })
    )
    return undefined
  }

  /** Nobody votes on what he has not told: it could not be taken back. */
  async #tellVotes(network: string, wanted: readonly SharedDecision[]): Promise<Wait | undefined> {
    const { told, clock } = this.#ports
    const nowMs = clock.nowMs()
    const { votes } = findUnsaid(wanted, told, { network, nowMs })
    if (votes.length === 0) return undefined
    const budget = this.budget(network) ?? { events: 0, accused: 0 }
    const waitMs = (this.#votedAtMs.get(network) ?? 0) + VOTE_PAUSE_MS - nowMs
    if (!isEager(budget) && waitMs > 0) return { why: 'votes are gathered', waitMs }
    const possible = firstPrefixes(votes, budget.accused)
    for (const body of composeVotes(possible, nowMs)) {
      if ((this.budget(network)?.events ?? 0) < 1) return this.#usedUp()
      const ttlMs = Math.max(TTL_MS_MIN, ...possible.map(({ untilMs }) => untilMs - nowMs))
      const sent = await this.#publish(network, body, { ttlMs })
      if ('refusal' in sent) return { why: sent.refusal, waitMs: RETRY_MS }
      this.#votedAtMs.set(network, nowMs)
      const named = new Set(body.votes.map(({ prefix }) => prefix))
      told.vote(network, votesSaid(possible, named, nowMs))
    }
    const rest = findUnsaid(wanted, told, { network, nowMs }).votes
    return rest.length === 0 ? undefined : this.#usedUp()
  }

  #usedUp(): Wait {
    return {
      why: 'all that the others listen to in this hour has been said',
      waitMs: refillMs(this.#ports.clock.nowMs())
    }
  }

  /**
   * What is still true is said again first, so that nobody goes unwarned in between; if that is refused, it counts as unsaid: to be
   * called an attacker by mistake is worse than not to hear of one for a while. @returns why it has to be tried again
   */
  async takeBack({ network, alerts, lifted, standing }: Withdrawal): Promise<Wait | undefined> {
    const { clock, told } = this.#ports
    for (const body of composeAlerts(standing)) {
      await this.#alert(
        network,
        body,
        standing.filter(({ category }) => category === body.category)
      )
    }
    // It outlives what it takes back.
    const endMs = Math.max(...alerts.map(({ endsAtMs }) => endsAtMs)) + TTL_MS_MIN
    for (const body of composeRetractions(lifted)) {
      const ttlMs = Math.max(TTL_MS_MIN, endMs - clock.nowMs())
      const sent = await this.#publish(network, body, { ttlMs, kind: 'retract' })
      if ('refusal' in sent) return this.#waitToTakeBack(network, sent.refusal)
    }
    for (const { id, endsAtMs } of alerts) {
      const eventId = new Uint8Array(Buffer.from(id, 'hex'))
      const ttlMs = Math.max(TTL_MS_MIN, endsAtMs + TTL_MS_MIN - clock.nowMs())
      const body = { kind: 'retract', eventId } as const
      const sent = await this.#publish(network, body, { ttlMs, kind: 'retract' })
      if ('refusal' in sent) return this.#waitToTakeBack(network, sent.refusal)
      told.remove(network, id)
    }
    return undefined
  }

  #waitToTakeBack(network: string, refusal: string): Wait {
    const rooms = this.#ports.network.speakingRoom(network)
    return rooms !== undefined && Math.min(rooms.hour.own, rooms.day.own) < 1
      ? this.#usedUp()
      : { why: refusal, waitMs: RETRY_MS }
  }

  async #publish(
    network: string,
    body: EventBody,
    how: { readonly ttlMs: number; readonly kind?: 'retract' }
  ): Promise<{ readonly id: string } | { readonly refusal: string }> {
    const { metrics, logger } = this.#ports
    try {
      const ttlMs = Math.min(how.ttlMs, LIFETIME_MS_MAX[body.kind])
      const { id } = await this.#ports.network.publish(network, body, { ttlMs })
      metrics.shared(how.kind ?? (body.kind === 'alert' ? 'alert' : 'vote'))
      return { id }
    } catch (error) {
      metrics.failed()
      logger.debug({ reason: messageOf(error) }, 'a decision was not told')
      return { refusal: refusalOf(error) }
    }
  }
}

function votesSaid(
  decisions: readonly SharedDecision[],
  named: ReadonlySet<string>,
  nowMs: number
): Parameters<ToldStore['vote']>[1] {
  return decisions.flatMap(({ decisionId: decision, prefixes, untilMs }) =>
    prefixes
      .filter((prefix) => named.has(prefix))
      .map((prefix) => ({
        ...{ decision, prefix },
        votedUntilMs: Math.min(untilMs, nowMs + VOTE_TTL_S_MAX * 1_000)
      }))
  )
}

function refusalOf(error: unknown): string {
  if (!(error instanceof NetminderError)) return 'it failed'
  const { reason } = error.context
  return typeof reason === 'string' ? reason : error.code
}
