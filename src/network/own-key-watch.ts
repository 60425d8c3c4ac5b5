/**
 * What it means that an event came under this node's own key which it does not know. One that was said before this node started it
 * may have forgotten: its database is of before, and takes it back. One that was said since, it did not say: another node has its
 * key, a clone of its machine or a backup that was put up twice. The two contradict each other sooner or later, and nobody can tell
 * which is meant.
 */
import type { Clock } from '../base/index.ts'
import { networkIdText, type SignedNetworkEvent } from '../wire/index.ts'
import type { NetworkLog } from './host/log.ts'

/** Each event of the other one would be a line of its own. */
const QUIET_MS = 10 * 60_000

export class OwnKeyWatch {
  readonly #clock: Clock
  readonly #log: NetworkLog
  #ownKey: Uint8Array = new Uint8Array()
  #startedAtMs = Number.POSITIVE_INFINITY
  #lastElsewhereAtMs: number | undefined
  #saidAtMs = Number.NEGATIVE_INFINITY

  constructor(ports: { readonly clock: Clock; readonly log: NetworkLog }) {
    this.#clock = ports.clock
    this.#log = ports.log
  }

  /** When another node was last seen to have the key. */
  get lastElsewhereAtMs(): number | undefined {
    return this.#lastElsewhereAtMs
  }

  start(ownKey: Uint8Array): void {
    this.#ownKey = ownKey
    this.#startedAtMs = this.#clock.nowMs()
    this.#lastElsewhereAtMs = undefined
    this.#saidAtMs = Number.NEGATIVE_INFINITY
  }

  /** Others found two things said under one number; where both are void, the proof is all that comes back. */
  noteProof({ network, body }: Pick<SignedNetworkEvent, 'network' | 'body'>): void {
    if (body.kind !== 'equivocation-proof') return
    const { first, second } = body
    if (Buffer.compare(first.author, this.#ownKey) !== 0) return
    this.note({ network, tsMs: Math.max(first.tsMs, second.tsMs) })
  }

  note({ network, tsMs }: Pick<SignedNetworkEvent, 'network' | 'tsMs'>): void {
    const isElsewhere = tsMs > this.#startedAtMs
    if (isElsewhere) this.#lastElsewhereAtMs = this.#clock.nowMs()
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#saidAtMs < QUIET_MS) return
    const fields = { network: networkIdText(network) }
    if (!isElsewhere) {
      this.#log.info(fields, 'what this node had forgotten comes back: its database is of before')
      return
    }
    this.#saidAtMs = nowMs
    this.#log.error(fields, "another node speaks under this node's key: stop one, and see doctor")
  }
}
