/** Hands on what happened: to the metrics, to the log, and to everyone who listens. */
import { messageOf } from '../base/index.ts'
import type { GuardEffect } from './decision.ts'
import { BREAKER_RULE } from './decision-maker.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'

const LISTENERS_MAX = 256
/** The same trouble is not written down with every line. */
const REPORT_AGAIN_MS = 600_000

export class EffectHub {
  readonly #ports: Pick<GuardServicePorts, 'metrics' | 'logger' | 'clock'>
  readonly #listeners = new Set<(effect: GuardEffect) => void>()
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
    if (effect.kind === 'ended') metrics.ended(effect.why)
    else if (effect.kind === 'suppressed') metrics.suppressed(effect.suppression.protectedBy)
    if (effect.kind !== 'decided') return
    const { type, category, mode, value, reasons } = effect.decision
    metrics.decided(type, category, mode)
    logger.debug({ value, type, category, mode }, 'decided')
    if (reasons.some((reason) => reason.rule === BREAKER_RULE) && !this.#isSaid('breaker')) {
      logger.warn({ category }, 'far more bans than usual: further ones are throttles for now')
    }
  }

  #isSaid(what: 'breaker' | 'failure'): boolean {
    const nowMs = this.#ports.clock.monotonicMs()
    const isSaid = nowMs - (this.#reportedAtMs.get(what) ?? -REPORT_AGAIN_MS) < REPORT_AGAIN_MS
    if (!isSaid) this.#reportedAtMs.set(what, nowMs)
    return isSaid
  }
}
