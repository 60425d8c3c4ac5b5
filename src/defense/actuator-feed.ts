/** Tells the actuators what should be held: at once where that is cheap, and never for more than a small share of the time. */
import type { ActuatorEntry } from '../keyserver/index.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'

/** With very many decisions the whole set takes long to put together; it may take this share of the time. */
const SHARE_OF_TIME = 0.05

export class ActuatorFeed {
  readonly #ports: Pick<GuardServicePorts, 'actuators' | 'clock'>
  readonly #desired: () => readonly ActuatorEntry[]
  #isStale = false
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(
    ports: Pick<GuardServicePorts, 'actuators' | 'clock'>,
    desired: () => readonly ActuatorEntry[]
  ) {
    this.#ports = ports
    this.#desired = desired
  }

  markStale(): void {
    this.#isStale = true
  }

  /** Tells them now, or with the next tick if the last time was a moment ago and took long. */
  tell(): void {
    this.#isStale = true
    const { clock, actuators } = this.#ports
    const beganAtMs = clock.monotonicMs()
    if (beganAtMs < this.#notBeforeMs) return
    this.#isStale = false
    actuators.setDesired(this.#desired())
    const endedAtMs = clock.monotonicMs()
    this.#notBeforeMs = endedAtMs + (endedAtMs - beganAtMs) / SHARE_OF_TIME
  }

  tellIfStale(): void {
    if (this.#isStale) this.tell()
  }
}
