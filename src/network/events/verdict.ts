/**
 * What becomes of an event that came, and why (design defense.md e.2). Reject is for what every honest forwarder must have seen;
 * it costs the peer that sent it. Everything that depends on what a node happens to know is Ignore, or an attacker could make
 * honest nodes punish each other.
 */
import type { DecodeErrorCode } from '../../wire/index.ts'

export const REJECT_REASONS = [
  /** Signed for another network than the one in which it came. */
  'WRONG_NETWORK',
  /** Of a kind that is spoken under another topic. */
  'WRONG_TOPIC',
  /** Further ahead than any forwarder whose clock is about right. */
  'FROM_THE_FUTURE',
  'SIGNATURE_INVALID',
  /** One of the two events in a proof does not verify. */
  'PROOF_SIGNATURE_INVALID'
] as const

export const IGNORE_REASONS = [
  /** Older than the live window; such an event comes by reconciliation only. */
  'TOO_OLD',
  'EXPIRED',
  /** Later than the tolerated skew of clocks; a forwarder's clock may say otherwise. */
  'AHEAD_OF_CLOCK',
  'DUPLICATE',
  /** The author never showed an admission to this network. */
  'UNKNOWN_AUTHOR',
  /** An announce whose admission does not hold. */
  'ADMISSION_INVALID',
  /** The invitation ended long ago, and its holder was never seen here. */
  'INVITATION_ENDED',
  /** There are as many authors as are let in, of this invitation or in all. */
  'AUTHORS_FULL',
  /** Lists, of this author or of all, take all the room that they may. */
  'LISTS_FULL',
  /** The author, or the invitation that let him in, was revoked. */
  'AUTHOR_REVOKED',
  /** Another event of the author has this number: both are void from now on, and kept as the proof. */
  'EQUIVOCATION',
  /** A proof of what is proven. */
  'PROVEN_ALREADY',
  /** The number was used by an event that is gone. */
  'SEQUENCE_SPENT',
  /** Neither a founder nor the key that is revoked. */
  'REVOKE_NOT_ENTITLED',
  /** Accuses nobody who could be accused. */
  'NOTHING_PUBLIC',
  'QUOTA_EXCEEDED',
  /** It was fetched not long ago, and was not taken. */
  'REFUSED_BEFORE',
  /** A newer one took its place in the queue. */
  'QUEUE_FULL',
  'NETWORK_NOT_JOINED',
  /** It could not be kept, so it must not count. */
  'STORE_FAILED',
  /** A mistake of our own, which must not cost the peer anything. */
  'INTERNAL'
] as const

export type RejectReason = (typeof REJECT_REASONS)[number]
export type IgnoreReason = (typeof IGNORE_REASONS)[number]
export type VerdictReason = RejectReason | IgnoreReason | DecodeErrorCode

export interface Refusal {
  readonly verdict: 'ignore' | 'reject'
  readonly reason: VerdictReason
}

export type Verdict = { readonly verdict: 'accept' } | Refusal

export const ACCEPT = { verdict: 'accept' } as const

export function ignore(reason: IgnoreReason): Refusal {
  return { verdict: 'ignore', reason }
}

export function reject(reason: RejectReason): Refusal {
  return { verdict: 'reject', reason }
}
