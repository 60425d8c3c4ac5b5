/**
 * Tells the networks what the guard decides: at once while the hour's quota allows, else gathered, so that a wave of a thousand
 * addresses ends in a few events and not in silence. What a person lifted is taken back, alert and vote, also after a restart and
 * until it has been said. A failure to tell never touches the guard.
 */
import { type Clock, type Component, getPrefix, messageOf, TaskGroup } from '../base/index.ts'
import type { NetworkService } from '../network/index.ts'
import { type EventBody, LIFETIME_MS_MAX } from '../wire/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import type { GuardApi } from './guard-api.ts'
import type { GuardLogger } from './guard-service-ports.ts'
import {
  composeAlerts,
  composeRetractions,
  composeVotes,
  type SharedDecision,
  type ShareFacts,
  type SharePolicy,
  type ShareRefusal,
  shareDecision,
  sharedPrefixes
} from './sharing.ts'
import { planWithdrawals, type ToldStore, toldIndicators, type Withdrawal } from './taking-back.ts'

export interface ShareServiceOptions {
  readonly policy: SharePolicy
  readonly treatAsPublic: readonly string[]
  /** How long decisions that come together are gathered, in milliseconds. @default 50 */
  readonly gatherMs?: number
}

export interface SharingMetrics {
  shared(kind: 'alert' | 'vote' | 'retract'): void
  kept(why: ShareRefusal): void
  failed(): void
}

export interface ShareServicePorts {
  readonly guard: Pick<GuardApi, 'subscribe'>
  readonly network: Pick<NetworkService, 'list' | 'publish'>
  readonly isProtected: ShareFacts['isProtected']
  readonly told: ToldStore
  readonly clock: Clock
  readonly logger: GuardLogger
  readonly metrics: SharingMetrics
}

const HOUR_MS = 3_600_000
/** Two thirds of what an author may say in an hour (network/events/quota.ts, L1): the rest is for people and for taking back. */
const EVENTS_PER_HOUR = 20
/** Above that, decisions are gathered for so long. */
const GATHER_LONG_MS = 4 * 60_000
const PENDING_MAX = 1_000
/** What was lifted and could not be told is tried again after so long. */
const RETRY_MS = 4 * 60_000
/** An event must outlive its journey. */
const TTL_MS_MIN = 60_000

export class ShareService implements Component {
  readonly name = 'sharing'
  readonly #options: ShareServiceOptions
  readonly #ports: ShareServicePorts
  readonly #facts: ShareFacts
  readonly #tasks: TaskGroup
  #pending: SharedDecision[] = []
  /** In the order in which they were lifted. */
  #lifted: Decision[] = []
  /** In the last hour, by network. */
  readonly #sentAtMs = new Map<string, number[]>()
  #isGathering = false
  #isTakingBack = false
  /** What is told and what is taken back never overtake each other. */
  #turn: Promise<void> = Promise.resolve()
  #stopped = new AbortController()

  constructor(options: ShareServiceOptions, ports: ShareServicePorts) {
    this.#options = options
    this.#ports = ports
    this.#facts = {
      treatAsPublic: options.treatAsPublic.map(getPrefix),
      isProtected: ports.isProtected
    }
    this.#tasks = new TaskGroup((error) => this.#reportFailure(error))
  }

  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#stopped = new AbortController()
    const unsubscribe = this.#ports.guard.subscribe((effect) => {
      try {
        this.#hear(effect)
      } catch (error) {
        this.#reportFailure(error)
      }
    })
    this.#stopped.signal.addEventListener('abort', unsubscribe, { once: true })
    const { told, clock } = this.#ports
    told.removeEnded(clock.nowMs())
    if (told.withdrawn(clock.nowMs()).length > 0) this.#takeBack(this.#gatherMs)
    return Promise.resolve()
  }

  /** What is still gathered is told before the network stops. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  get #gatherMs(): number {
    return this.#options.gatherMs ?? 50
  }

  #hear(effect: GuardEffect): void {
    if (effect.kind === 'suppressed') return
    if (effect.kind === 'ended') {
      if (effect.why === 'lifted') this.#withdraw(effect.decision)
      else this.#ports.told.end(effect.decision.id)
      return
    }
    if (this.#ports.network.list().length === 0) return
    const shared = shareDecision(effect.decision, this.#options.policy, this.#facts)
    if (typeof shared === 'string') {
      this.#ports.metrics.kept(shared)
      return
    }
    if (this.#pending.length >= PENDING_MAX) this.#pending.shift()
    this.#pending.push(shared)
    this.#gather()
  }

  #gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    this.#after(this.#isBusy() ? GATHER_LONG_MS : this.#gatherMs, async () => {
      this.#isGathering = false
      const pending = this.#pending
      this.#pending = []
      await this.#tell(pending)
    })
  }

  async #tell(shared: readonly SharedDecision[]): Promise<void> {
    const nowMs = this.#ports.clock.nowMs()
    const standing = shared.filter(({ untilMs }) => untilMs > nowMs)
    for (const { id } of this.#ports.network.list()) await this.#tellIn(id, standing)
  }

  /** An extension says nothing new about the incident, but the alert of it holds longer. */
  async #tellIn(network: string, standing: readonly SharedDecision[]): Promise<boolean> {
    const { clock, told } = this.#ports
    const nowMs = clock.nowMs()
    const ttlMs = Math.max(TTL_MS_MIN, ...standing.map(({ untilMs }) => untilMs - nowMs))
    const refused = new Set<number>()
    for (const body of composeAlerts(standing)) {
      const { category, indicators } = body
      const alert = await this.#publish(network, body, ttlMs)
      if (alert === undefined) {
        refused.add(category)
        continue
      }
      const named = indicators.map(({ prefix }) => prefix)
      const about = standing.filter((one) => one.category === category)
      told.save(toldIndicators({ network, alert, endsAtMs: nowMs + ttlMs }, named, about))
    }
    // Nobody votes on what he has not told: it could not be taken back.
    const known = standing.filter(({ category }) => !refused.has(category))
    let isTold = refused.size === 0
    for (const body of composeVotes(known, nowMs)) {
      if ((await this.#publish(network, body, ttlMs)) === undefined) isTold = false
    }
    return isTold
  }

  #withdraw(decision: Decision): void {
    this.#pending = this.#pending.filter(({ decisionId }) => decisionId !== decision.id)
    // On the disk at once: a node that stops now takes it back when it is there again.
    this.#ports.told.withdraw(decision.id, this.#prefixesOf(decision))
    this.#lifted.push(decision)
    this.#takeBack(this.#gatherMs)
  }

  #takeBack(waitMs: number): void {
    if (this.#isTakingBack) return
    this.#isTakingBack = true
    this.#after(waitMs, async () => {
      this.#isTakingBack = false
      const { told, clock } = this.#ports
      const lifted = this.#lifted
      this.#lifted = []
      // Again: it may have been told since.
      for (const decision of lifted) told.withdraw(decision.id, this.#prefixesOf(decision))
      const nowMs = clock.nowMs()
      told.removeEnded(nowMs)
      let isDone = true
      for (const withdrawal of planWithdrawals(told, nowMs)) {
        if (!(await this.#takeBackIn(withdrawal))) isDone = false
      }
      if (this.#stopped.signal.aborted || told.withdrawn(clock.nowMs()).length === 0) return
      this.#takeBack(isDone ? this.#gatherMs : RETRY_MS)
    })
  }

  /** What is still true first: nobody goes unwarned in between. @returns false: it has to be tried again */
  async #takeBackIn({ network, alerts, lifted, standing }: Withdrawal): Promise<boolean> {
    const { clock, told } = this.#ports
    if (standing.length > 0 && !(await this.#tellIn(network, standing))) return false
    // It outlives what it takes back.
    const endMs = Math.max(...alerts.map(({ endsAtMs }) => endsAtMs)) + TTL_MS_MIN
    for (const body of composeRetractions(lifted)) {
      const ttlMs = Math.max(TTL_MS_MIN, endMs - clock.nowMs())
      if ((await this.#publish(network, body, ttlMs, 'retract')) === undefined) return false
    }
    for (const { id, endsAtMs } of alerts) {
      const eventId = new Uint8Array(Buffer.from(id, 'hex'))
      const ttlMs = Math.max(TTL_MS_MIN, endsAtMs + TTL_MS_MIN - clock.nowMs())
      const sent = await this.#publish(network, { kind: 'retract', eventId }, ttlMs, 'retract')
      if (sent === undefined) return false
      told.remove(network, id)
    }
    return true
  }

  #prefixesOf(decision: Decision): readonly string[] {
    // Also of what has been protected since.
    const facts = { ...this.#facts, isProtected: () => false }
    return sharedPrefixes(decision.prefixes, this.#options.policy, facts)
  }

  /** After a while, or at once when the service stops; one after the other. */
  #after(waitMs: number, work: () => Promise<void>): void {
    this.#tasks.run(async () => {
      await this.#ports.clock.sleep(waitMs, this.#stopped.signal).catch(() => undefined)
      const turn = this.#turn.then(work)
      this.#turn = turn.catch(() => undefined)
      await turn
    })
  }

  /** @returns the id of the event; undefined: it was refused */
  async #publish(
    network: string,
    body: EventBody,
    ttlMs: number,
    kind: 'alert' | 'vote' | 'retract' = body.kind === 'alert' ? 'alert' : 'vote'
  ): Promise<string | undefined> {
    try {
      const { id } = await this.#ports.network.publish(network, body, {
        ttlMs: Math.min(ttlMs, LIFETIME_MS_MAX[body.kind])
      })
      this.#sentAtMs.set(network, [...this.#sentLately(network), this.#ports.clock.nowMs()])
      this.#ports.metrics.shared(kind)
      return id
    } catch (error) {
      this.#reportFailure(error)
      return undefined
    }
  }

  #sentLately(network: string): number[] {
    const sinceMs = this.#ports.clock.nowMs() - HOUR_MS
    return (this.#sentAtMs.get(network) ?? []).filter((atMs) => atMs > sinceMs)
  }

  #isBusy(): boolean {
    const networks = this.#ports.network.list().map(({ id }) => id)
    for (const id of this.#sentAtMs.keys()) if (!networks.includes(id)) this.#sentAtMs.delete(id)
    return networks.some((id) => this.#sentLately(id).length >= EVENTS_PER_HOUR)
  }

  #reportFailure(error: unknown): void {
    this.#ports.metrics.failed()
    this.#ports.logger.debug({ reason: messageOf(error) }, 'a decision was not told')
  }
}
