/**
 * Tells the others what proves a liar, unless somebody has: those who see it at once each wait for a while of their own. The number
 * of proofs of an author that are worth telling is small, so is that of those that wait.
 */
import type { Clock, Random } from '../base/index.ts'
import { decodeEvent, type EventBody, proofOfEquivocation } from '../wire/index.ts'
import type { EventIntake } from './events/event-intake.ts'
import { PROOFS_MAX } from './events/proof-book.ts'

/** Gossip goes round in a fraction of it. */
export const PROOF_WAIT_MS_MAX = 5_000
/** Of all authors together. What is not told now is found again when the next one compares. */
const WAITING_MAX = 256

export interface ProofTellerPorts {
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: Random
  readonly intake: Pick<EventIntake, 'isProven'>
  publish(network: Uint8Array, proof: EventBody): Promise<unknown>
}

export class ProofTeller {
  readonly #ports: ProofTellerPorts
  readonly #waiting = new Map<string, number>()
  #size = 0

  constructor(ports: ProofTellerPorts) {
    this.#ports = ports
  }

  /** Of two signed envelopes. Rejects when the signal aborts, and with what kept it from being published. */
  async tell(
    network: Uint8Array,
    envelopes: readonly [Uint8Array, Uint8Array],
    signal: AbortSignal
  ): Promise<void> {
    const { clock, random, intake, publish } = this.#ports
    const [first, second] = [decodeEvent(envelopes[0]), decodeEvent(envelopes[1])]
    const proof = proofOfEquivocation(first, second)
    if (proof === undefined) return
    const { author, seq } = first
    const accused = Buffer.concat([network, author]).toString('hex')
    const count = this.#waiting.get(accused) ?? 0
    if (count >= PROOFS_MAX || this.#size >= WAITING_MAX) return
    this.#waiting.set(accused, count + 1)
    this.#size++
    try {
      await clock.sleep(random.next() * PROOF_WAIT_MS_MAX, signal)
      if (!intake.isProven(network, author, seq)) await publish(network, proof)
    } finally {
      this.#size--
      const left = (this.#waiting.get(accused) ?? 1) - 1
      if (left > 0) this.#waiting.set(accused, left)
      else this.#waiting.delete(accused)
    }
  }
}
