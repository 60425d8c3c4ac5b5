/**
 * Tells the networks what the guard decides: at once while the hour's quota allows, else gathered, so that a wave of a thousand
 * addresses ends in a few events and not in silence. A decision that a person lifted is taken back. A failure to tell never
 * touches the guard.
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
  shareDecision
} from './sharing.ts'

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
/** Told decisions that are remembered, so that they can be taken back. */
const TOLD_MAX = 10_000
/** An event must outlive its journey. */
const TTL_MS_MIN = 60_000

export class ShareService implements Component {
  readonly name = 'sharing'
  readonly #options: ShareServiceOptions
  readonly #ports: ShareServicePorts
  readonly #facts: ShareFacts
  readonly #tasks: TaskGroup
  readonly #told = new Map<string, SharedDecision>()
  #pending: SharedDecision[] = []
  #sentAtMs: number[] = []
  #isGathering = false
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
    const unsubscribe = this.#ports.guard.subscribe((effect) => this.#hear(effect))
    this.#stopped.signal.addEventListener('abort', unsubscribe, { once: true })
    return Promise.resolve()
  }

  /** What is still gathered is told before the network stops. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  #hear(effect: GuardEffect): void {
    if (effect.kind === 'suppressed') return
    if (effect.kind === 'ended') {
      if (effect.why === 'lifted') this.#takeBack(effect.decision)
      else this.#told.delete(effect.decision.id)
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
    this.#tasks.run(async () => {
      const isBusy = this.#sentInLastHour() >= EVENTS_PER_HOUR
      const waitMs = isBusy ? GATHER_LONG_MS : (this.#options.gatherMs ?? 50)
      await this.#ports.clock.sleep(waitMs, this.#stopped.signal).catch(() => undefined)
      this.#isGathering = false
      const pending = this.#pending
      this.#pending = []
      await this.#tell(pending)
    })
  }

  async #tell(shared: readonly SharedDecision[]): Promise<void> {
    const nowMs = this.#ports.clock.nowMs()
    const standing = shared.filter(({ untilMs }) => untilMs > nowMs)
    for (const one of standing) this.#remember(one)
    const ttlMs = Math.max(TTL_MS_MIN, ...standing.map(({ untilMs }) => untilMs - nowMs))
    // An extension says nothing new about the incident, but the alert of it holds longer.
    for (const alert of composeAlerts(standing)) await this.#publish(alert, ttlMs)
    for (const vote of composeVotes(standing, nowMs)) await this.#publish(vote, ttlMs)
  }

  #remember(shared: SharedDecision): void {
    this.#told.delete(shared.decisionId)
    this.#told.set(shared.decisionId, shared)
    const [oldest] = this.#told.keys()
    if (this.#told.size > TOLD_MAX && oldest !== undefined) this.#told.delete(oldest)
  }

  #takeBack(decision: Decision): void {
    this.#pending = this.#pending.filter(({ decisionId }) => decisionId !== decision.id)
    // After a restart it is not known any more what was told: whatever could have been is taken back.
    const shared =
      this.#told.get(decision.id) ?? shareDecision(decision, this.#options.policy, this.#facts)
    this.#told.delete(decision.id)
    if (typeof shared === 'string') return
    this.#tasks.run(async () => {
      const ttlMs = Math.max(TTL_MS_MIN, shared.untilMs - this.#ports.clock.nowMs())
      for (const vote of composeRetractions([shared])) {
        await this.#publish(vote, ttlMs, 'retract')
      }
    })
  }

  async #publish(
    body: EventBody,
    ttlMs: number,
    kind: 'alert' | 'vote' | 'retract' = body.kind === 'alert' ? 'alert' : 'vote'
  ): Promise<void> {
    const lifetimeMs = Math.min(ttlMs, LIFETIME_MS_MAX[body.kind])
    for (const { id } of this.#ports.network.list()) {
      try {
        await this.#ports.network.publish(id, body, { ttlMs: lifetimeMs })
        this.#ports.metrics.shared(kind)
      } catch (error) {
        this.#reportFailure(error)
      }
    }
    this.#sentAtMs.push(this.#ports.clock.nowMs())
  }

  #sentInLastHour(): number {
    const sinceMs = this.#ports.clock.nowMs() - HOUR_MS
    this.#sentAtMs = this.#sentAtMs.filter((atMs) => atMs > sinceMs)
    return this.#sentAtMs.length
  }

  #reportFailure(error: unknown): void {
    this.#ports.metrics.failed()
    this.#ports.logger.debug({ reason: messageOf(error) }, 'a decision was not told')
  }
}
