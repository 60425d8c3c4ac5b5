/**
 * What was fetched, was well signed and was not taken: peers that took it name it in every comparison, and it need be neither fetched
 * nor verified again for a while.
 */
import { type Clock, LruMap } from '../../base/index.ts'
import type { IgnoreReason, VerdictReason } from './verdict.ts'

const REMEMBERED_MAX = 16_384
/** What is in the way may end. */
const REMEMBERED_MS = 10 * 60_000

/** What does not change with the next event that comes. */
const LASTING: ReadonlySet<VerdictReason> = new Set<IgnoreReason>([
  'EQUIVOCATION',
  'PROVEN_ALREADY',
  'SEQUENCE_SPENT',
  'INVITATION_ENDED',
  'REVOKE_NOT_ENTITLED',
  'NOTHING_PUBLIC',
  'QUOTA_EXCEEDED'
])

export class RefusedEvents {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #untilMs = new LruMap<string, number>(REMEMBERED_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  note(id: Uint8Array, reason: VerdictReason): void {
    if (LASTING.has(reason))
      this.#untilMs.set(latin1(id), this.#clock.monotonicMs() + REMEMBERED_MS)
  }

  has(id: Uint8Array): boolean {
    const untilMs = this.#untilMs.peek(latin1(id))
    return untilMs !== undefined && untilMs > this.#clock.monotonicMs()
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
