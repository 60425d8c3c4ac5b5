/** What events mean beyond their form: buckets, the digest of a list, two events that contradict each other, and what is useless. */
import type { Prefix, PrefixText } from '../../base/index.ts'
import { isSameBytes, sha256 } from '../bytes.ts'
import { COUNT_BUCKET_MAX } from '../limits.ts'
import type { CountBucket, EquivocationProofBody, EventBody, SignedNetworkEvent } from './bodies.ts'
import { compareIndicators, indicatorKey, isPublicPrefix } from './indicator.ts'

/** Decimal digits: an exact count would tell an attacker where the thresholds lie. */
export function countBucket(count: number): CountBucket {
  let bucket = 0
  for (let rest = Math.floor(count); rest >= 1 && bucket < COUNT_BUCKET_MAX; rest /= 10) bucket++
  return bucket
}

/** A confidence for the wire from a score of 0 to 1: tens alone leave the node. */
export function confidenceOf(score: number): number {
  return Math.round(Math.min(1, Math.max(0, score)) * 10) * 10
}

/** SHA-256 over the entries in ascending order, each as family (4 or 6), address and length. */
export function listDigest(entries: readonly PrefixText[]): Uint8Array {
  return sha256(...[new Uint8Array(0), ...[...entries].sort(compareIndicators).map(indicatorKey)])
}

/** The proof that an author said two things under one number; undefined if the two do not contradict each other. */
export function proofOfEquivocation(
  a: SignedNetworkEvent,
  b: SignedNetworkEvent
): EquivocationProofBody | undefined {
  const order = Buffer.compare(a.id, b.id)
  if (order === 0 || a.seq !== b.seq || !isSameBytes(a.author, b.author)) return undefined
  if (!isSameBytes(a.network, b.network)) return undefined
  const [first, second] = order < 0 ? [a, b] : [b, a]
  return { kind: 'equivocation-proof', first, second }
}

export function prefixesOf(body: EventBody): readonly PrefixText[] {
  switch (body.kind) {
    case 'alert':
      return body.indicators.map(({ prefix }) => prefix)
    case 'vote':
      return body.votes.map(({ prefix }) => prefix)
    case 'list-delta':
      return [...body.adds, ...body.removes]
    default:
      return []
  }
}

/**
 * Why the event is no use to anybody, though nothing is wrong with its form: to be ignored, never to be held against the peer
 * that passed it on, since what counts as public may differ from node to node.
 */
export function findUselessness(
  body: EventBody,
  treatAsPublic: readonly Prefix[] = []
): 'ADDRESS_NOT_PUBLIC' | undefined {
  return prefixesOf(body).every((prefix) => isPublicPrefix(prefix, treatAsPublic))
    ? undefined
    : 'ADDRESS_NOT_PUBLIC'
}
