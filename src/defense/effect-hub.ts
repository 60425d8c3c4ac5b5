/** Hands on what happened: to the metrics, to the log, and to everyone who listens. */
import { messageOf } from '../base/index.ts'
import type { GuardEffect } from './decision.ts'
import { BREAKER_RULE } from './decision-maker.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'

const LISTENERS_MAX = 256
/** The same trouble is not written down with every line. */
const REPORT_AGAIN_MS = 600_000
const TOLD_A_MINUTE = 60

export class EffectHub {
  readonly #ports: Pick<GuardServicePorts, 'metrics' | 'logger' | 'clock'>
  readonly #listeners = new Set<(effect: GuardEffect) => void>()
  #told = { minute: -1, count: 0, held: 0 }
  readonly #reportedAtMs = new Map<'breaker' | 'failure', number>()

  constructor(ports: Pick<GuardServicePorts, 'metrics' | 'logger' | 'clock'>) {
    this.#ports = ports
  }

  subscribe(listener: (effect: GuardEffect) => void): () => void {
    if (this.#listeners.size < LISTENERS_MAX) this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  clear(): void {
    this.#listeners.clear()
  }

  publish(effects: readonly GuardEffect[]): void {
    for (const effect of effects) {
      this.#count(effect)
      for (const listener of this.#listeners) {
        try {
          listener(effect)
        } catch (error) {
          this.#ports.logger.warn({ reason: messageOf(error) }, 'a listener failed')
        }
      }
    }
  }

  /** Something that should never fail did: what it was about is left out, and the guard goes on. */
  reportFailure(what: string, error: unknown): void {
    if (this.#isSaid('failure')) return
    this.#ports.logger.error({ what, reason: messageOf(error) }, 'could not judge')
  }

  #count(effect: GuardEffect): void {
    const { metrics, logger } = this.#ports
    if (effect.kind === 'ended') {
      metrics.ended(effect.why)
      if (effect.decision.type !== 'watch') this.#tell(effect)
    } else if (effect.kind === 'suppressed') metrics.suppressed(effect.suppression.protectedBy)
    if (effect.kind !== 'decided') return
    const { type, category, mode, value, reasons } = effect.decision
    metrics.decided(type, category, mode)
    if (type === 'watch') logger.debug({ value, type, category, mode }, 'decided')
    else this.#tell(effect)
    if (reasons.some((reason) => reason.rule === BREAKER_RULE) && !this.#isSaid('breaker')) {
      logger.warn({ category }, 'far more bans than usual: further ones are throttles for now')
    }
  }

  /** Bans and throttles, and their ends, as a person reads them in the journal; a flood of them is counted instead. */
  #tell(effect: GuardEffect & { readonly kind: 'decided' | 'ended' }): void {
    const { clock, logger } = this.#ports
    const minute = Math.floor(clock.monotonicMs() / 60_000)
    if (minute !== this.#told.minute) {
      if (this.#told.held > 0) {
        logger.info({ count: this.#told.held }, 'more was decided or ended than is told one by one')
      }
      this.#told = { minute, count: 0, held: 0 }
    }
    if (this.#told.count >= TOLD_A_MINUTE) {
      this.#told.held++
      return
    }
    this.#told.count++
    const { id, value, type, category, mode, prefixes, untilMs, reasons } = effect.decision
    const about = { decision: id, value, type, category, mode, addresses: prefixes.length }
    if (effect.kind === 'ended') {
      logger.info({ ...about, why: effect.why }, 'decision ended')
      return
    }
    const rules = reasons.map((reason) => reason.rule).join(', ')
    const until = new Date(untilMs).toISOString()
    logger.info({ ...about, until, rules }, mode === 'shadow' ? 'would block' : 'blocked')
  }

  #isSaid(what: 'breaker' | 'failure'): boolean {
    const nowMs = this.#ports.clock.monotonicMs()
    const isSaid = nowMs - (this.#reportedAtMs.get(what) ?? -REPORT_AGAIN_MS) < REPORT_AGAIN_MS
    if (!isSaid) this.#reportedAtMs.set(what, nowMs)
    return isSaid
  }
}
