/**
 * Tells the networks what the guard decides: at once while the others still listen to much, else gathered, so that a wave of a
 * thousand addresses ends in a few events and not in silence. What is to be told is what stands and was not said, by the store; so
 * a refusal or a crash delays a warning and loses none. What a person lifted, or the shadow mode put aside, is taken back, alert
 * and vote, until it has been said. A failure to tell never touches the guard.
 */
import { type Component, getPrefix, messageOf, type PrefixText, TaskGroup } from '../base/index.ts'
import type { NetworkService } from '../network/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import type { GuardApi } from './guard-api.ts'
import { gatherMsOf, refillMs } from './share-pace.ts'
import {
  type SharedDecision,
  type ShareFacts,
  type SharePolicy,
  shareDecision,
  sharedPrefixes
} from './sharing.ts'
import { planWithdrawals } from './taking-back.ts'
import { RETRY_MS, Teller, type TellerPorts, type Wait } from './teller.ts'
import { findUnsaid } from './unsaid.ts'

export interface ShareServiceOptions {
  readonly policy: SharePolicy
  readonly treatAsPublic: readonly string[]
  /** How long decisions that come together are gathered at least, in milliseconds. @default 50 */
  readonly gatherMs?: number
}

export interface ShareServicePorts extends TellerPorts {
  readonly guard: Pick<GuardApi, 'subscribe'>
  readonly network: Pick<NetworkService, 'list' | 'publish' | 'speakingRoom'>
  readonly isProtected: ShareFacts['isProtected']
  /** What the guard has decided, by the store. */
  readonly decisions: {
    find(id: string): Decision | undefined
    /** What was detected and restricts somebody, newest first, by the page. */
    detected(query: { readonly atMs: number; readonly before?: number | undefined }): {
      readonly items: readonly Decision[]
      readonly before: number | undefined
    }
  }
}

export interface SharingStatus {
  /** Decisions that stand here, and that not all networks have been told of. */
  readonly unsaid: number
  /** Why they wait; undefined: they are being gathered, or there are none. */
  readonly why: string | undefined
  /** Whether something that was wrong has not been taken back everywhere yet. */
  readonly isTakingBack: boolean
  /** Until when what is taken back now is said to the others. */
  readonly takenBackWithinMs: number
}

const MINUTE_MS = 60_000
/** What a longer wait, another clock or an error of ours has left unsaid is found by then. */
const LOOK_AGAIN_MS = 60 * MINUTE_MS
/** Held in memory; more than that waits in the store. */
const WANTED_MAX = 2_000

export class ShareService implements Component {
  readonly name = 'sharing'
  readonly #options: ShareServiceOptions
  readonly #ports: ShareServicePorts
  readonly #facts: ShareFacts
  readonly #tasks: TaskGroup
  readonly #teller: Teller
  /** What may not have been said everywhere yet, by decision. */
  readonly #wanted = new Map<string, SharedDecision>()
  /** There is more in the store. */
  #isCutOff = false
  /** To be taken back, by decision, in the order in which they ended: with prefixes of which also nothing older is true. */
  readonly #wrong = new Map<string, readonly PrefixText[]>()
  #isGathering = false
  #isTakingBack = false
  #retry = new AbortController()
  #wait: Wait | undefined
  #lookedAt = { atMs: 0, networks: '' }
  /** What is told and what is taken back never overtake each other. */
  #turn: Promise<void> = Promise.resolve()
  #stopped = new AbortController()

  constructor(options: ShareServiceOptions, ports: ShareServicePorts) {
    this.#options = options
    this.#ports = ports
    this.#teller = new Teller(ports)
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
    this.#findWrong()
    if (told.withdrawn(clock.nowMs()).length > 0) this.#takeBack(this.#gatherMs)
    this.#look()
    clock.every(MINUTE_MS, () => this.#look(), this.#stopped.signal)
    return Promise.resolve()
  }

  /** What is still gathered is told before the network stops. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  status(): SharingStatus {
    const { told, clock, network } = this.#ports
    const nowMs = clock.nowMs()
    const isUsedUp = network.list().some(({ id }) => {
      const rooms = network.speakingRoom(id)
      // A vote and a retract.
      return rooms !== undefined && Math.min(rooms.hour.own, rooms.day.own) < 2
    })
    return {
      unsaid: this.#wanted.size,
      why: this.#wanted.size === 0 ? undefined : this.#wait?.why,
      isTakingBack: told.withdrawn(nowMs).length > 0,
      takenBackWithinMs: isUsedUp ? refillMs(nowMs) : 1_000
    }
  }

  get #gatherMs(): number {
    return this.#options.gatherMs ?? 50
  }

  #hear(effect: GuardEffect): void {
    if (effect.kind === 'suppressed') return
    const { decision } = effect
    if (effect.kind === 'ended') {
      this.#forget(decision.id)
      if (effect.why === 'lifted') this.#withdraw(decision.id, this.#prefixesOf(decision))
      else this.#ports.told.end(decision.id)
      return
    }
    if (this.#ports.network.list().length === 0) return
    const shared = shareDecision(decision, this.#options.policy, this.#facts)
    if (typeof shared === 'string') {
      this.#ports.metrics.kept(shared)
      // It was put aside: what was said of it does not hold here any more. What was true before it was.
      if (shared === 'shadow' && effect.kind === 'extended') {
        this.#forget(decision.id)
        this.#withdraw(decision.id, [])
      }
      return
    }
    // Put aside and in force again before the others were told.
    if (this.#wrong.get(decision.id)?.length === 0) this.#wrong.delete(decision.id)
    this.#want(shared)
    this.#gather()
  }

  #want(shared: SharedDecision): void {
    if (this.#wanted.size >= WANTED_MAX && !this.#wanted.has(shared.decisionId)) {
      this.#isCutOff = true
      return
    }
    this.#wanted.set(shared.decisionId, shared)
    this.#ports.metrics.unsaid(this.#wanted.size)
  }

  #forget(decision: string): void {
    if (this.#wanted.delete(decision)) this.#ports.metrics.unsaid(this.#wanted.size)
  }

  /** At once, or when there is room again; of several networks the one with the most room says when. */
  #gather(): void {
    if (this.#isGathering) return
    const { network, clock } = this.#ports
    const budgets = network.list().map(({ id }) => this.#teller.budget(id))
    const waits = budgets.map(
      (budget) => (budget && gatherMsOf(budget)) ?? Number.POSITIVE_INFINITY
    )
    const waitMs = Math.min(...waits)
    if (waitMs === Number.POSITIVE_INFINITY) {
      const isAdmitted = budgets.some((budget) => budget !== undefined)
      this.#again(isAdmitted ? refillMs(clock.nowMs()) : RETRY_MS)
      return
    }
    this.#isGathering = true
    this.#after(Math.max(waitMs, this.#gatherMs), async () => {
      this.#isGathering = false
      await this.#tell()
    })
  }

  async #tell(): Promise<void> {
    const { network, clock, metrics } = this.#ports
    const nowMs = clock.nowMs()
    for (const [id, { untilMs }] of this.#wanted) if (untilMs <= nowMs) this.#wanted.delete(id)
    const waits: Wait[] = []
    for (const { id } of network.list()) {
      const wait = await this.#teller.tell(id, [...this.#wanted.values()])
      if (wait !== undefined) waits.push(wait)
    }
    for (const [id, shared] of this.#wanted) if (this.#isSaid(shared)) this.#wanted.delete(id)
    metrics.unsaid(this.#wanted.size)
    this.#noteWait(waits.toSorted((a, b) => a.waitMs - b.waitMs)[0])
    if (this.#wanted.size === 0 && this.#isCutOff) this.#reload()
  }

  #isSaid(shared: SharedDecision): boolean {
    const { network, told, clock } = this.#ports
    const nowMs = clock.nowMs()
    return network.list().every(({ id }) => {
      const { alerts, votes } = findUnsaid([shared], told, { network: id, nowMs })
      return alerts.length === 0 && votes.length === 0
    })
  }

  /** One line in the log when something has to wait, and one when nothing has to any more. */
  #noteWait(wait: Wait | undefined): void {
    const { logger } = this.#ports
    const count = this.#wanted.size
    const before = this.#wait
    this.#wait = count === 0 ? undefined : wait
    if (wait !== undefined && count > 0) {
      if (before === undefined) {
        const reason = wait.why
        logger.warn({ count, reason }, 'the other operators are told of these decisions later')
      }
      this.#again(wait.waitMs)
    } else if (before !== undefined && count === 0) {
      logger.info({}, 'the other operators have been told of all that stands')
    }
  }

  /** The last wait counts. */
  #again(waitMs: number): void {
    this.#retry.abort()
    const retry = new AbortController()
    this.#retry = retry
    const stopped = this.#stopped.signal
    this.#tasks.run(async () => {
      const signal = AbortSignal.any([stopped, retry.signal])
      await this.#ports.clock.sleep(waitMs, signal).catch(() => undefined)
      // What is unsaid when the service stops is found in the store when it starts.
      if (!signal.aborted) await this.#inTurn(() => this.#tell())
    })
  }

  /** Now and then, and when a network was joined: what stands and was not said. */
  #look(): void {
    const { network, clock } = this.#ports
    const networks = network
      .list()
      .map(({ id }) => id)
      .join()
    const atMs = clock.nowMs()
    const isDue = Math.abs(atMs - this.#lookedAt.atMs) >= LOOK_AGAIN_MS
    if (networks === '' || (networks === this.#lookedAt.networks && !isDue)) {
      if (networks === '') this.#lookedAt = { atMs: 0, networks }
      return
    }
    this.#lookedAt = { atMs, networks }
    this.#reload()
  }

  #reload(): void {
    const { decisions, clock, told } = this.#ports
    this.#isCutOff = false
    told.removeEnded(clock.nowMs())
    let before: number | undefined
    do {
      const page = decisions.detected({ atMs: clock.nowMs(), before })
      for (const decision of page.items) {
        const shared = shareDecision(decision, this.#options.policy, this.#facts)
        if (typeof shared === 'string' || this.#wanted.has(decision.id)) continue
        if (!this.#isSaid(shared)) this.#want(shared)
      }
      before = page.before
    } while (before !== undefined && !this.#isCutOff)
    if (this.#wanted.size > 0) this.#gather()
  }

  /** What a node that was killed had not noted yet: it was lifted, or put aside. */
  #findWrong(): void {
    const { told, decisions, clock } = this.#ports
    for (const id of told.standing(clock.nowMs())) {
      const decision = decisions.find(id)
      if (decision === undefined) continue
      const { liftedAtMs, liftedBy, mode } = decision
      if (liftedAtMs !== undefined) {
        // A stronger decision took its place.
        if (liftedBy === 'detection') told.end(id)
        else told.withdraw(id, this.#prefixesOf(decision))
      } else if (mode === 'shadow' && !this.#options.policy.includesShadow) told.withdraw(id, [])
    }
  }

  #withdraw(decision: string, prefixes: readonly PrefixText[]): void {
    // On the disk at once: a node that stops now takes it back when it is there again.
    this.#ports.told.withdraw(decision, prefixes)
    this.#wrong.set(decision, prefixes)
    this.#takeBack(this.#gatherMs)
  }

  #takeBack(waitMs: number): void {
    if (this.#isTakingBack) return
    this.#isTakingBack = true
    this.#after(waitMs, async () => {
      this.#isTakingBack = false
      const { told, clock } = this.#ports
      // Again: it may have been told since.
      for (const [decision, prefixes] of this.#wrong) told.withdraw(decision, prefixes)
      this.#wrong.clear()
      const nowMs = clock.nowMs()
      told.removeEnded(nowMs)
      let waitMs: number | undefined
      for (const withdrawal of planWithdrawals(told, nowMs)) {
        const wait = await this.#teller.takeBack(withdrawal)
        for (const { decisionId } of withdrawal.standing) this.#wantAgain(decisionId)
        if (wait !== undefined) waitMs = Math.min(wait.waitMs, waitMs ?? wait.waitMs)
      }
      if (this.#wanted.size > 0) this.#gather()
      if (this.#stopped.signal.aborted || told.withdrawn(clock.nowMs()).length === 0) return
      this.#takeBack(waitMs ?? this.#gatherMs)
    })
  }

  /** Said by an alert that is void now; it may not have been possible to say it again. */
  #wantAgain(id: string): void {
    const decision = this.#ports.decisions.find(id)
    if (decision === undefined || decision.liftedAtMs !== undefined) return
    const shared = shareDecision(decision, this.#options.policy, this.#facts)
    if (typeof shared !== 'string' && !this.#isSaid(shared)) this.#want(shared)
  }

  #prefixesOf(decision: Decision): readonly PrefixText[] {
    // Also of what has been protected since.
    const facts = { ...this.#facts, isProtected: () => false }
    return sharedPrefixes(decision.prefixes, this.#options.policy, facts)
  }

  /** After a while, or at once when the service stops. */
  #after(waitMs: number, work: () => Promise<void>): void {
    this.#tasks.run(async () => {
      await this.#ports.clock.sleep(waitMs, this.#stopped.signal).catch(() => undefined)
      await this.#inTurn(work)
    })
  }

  /** One after the other. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  #reportFailure(error: unknown): void {
    this.#ports.metrics.failed()
    this.#ports.logger.debug({ reason: messageOf(error) }, 'a decision was not told')
  }
}
