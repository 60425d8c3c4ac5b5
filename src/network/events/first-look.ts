/** What can be said of an event from its head and the clock alone, before its signature is checked. */
import {
  CLOCK_SKEW_MS_MAX,
  DecodeError,
  decodeEventBody,
  decodeEventHead,
  type EventHead,
  type SignedNetworkEvent,
  type Topic,
  topicOf
} from '../../wire/index.ts'
import type { EventVia } from '../ports.ts'
import { ignore, type Refusal, reject } from './verdict.ts'

/**
 * Of two honest nodes whose clocks are apart by milliseconds, one takes an event dated to the edge of the tolerance and passes it on
 * to the other: that must not cost it anything. What is further ahead nobody passes on whose clock is within ten minutes of this one.
 */
export const AHEAD_MS_MAX = 3 * CLOCK_SKEW_MS_MAX

export interface EventOrigin {
  /** The network in whose topic, or over whose protocol, it came. */
  readonly network: Uint8Array
  /** Only with gossip. */
  readonly topic?: Topic
  readonly via: EventVia
  /** The peer that handed it over, who is rarely its author. */
  readonly peer: string
}

export type FirstLook =
  | { readonly head: EventHead; readonly refusal?: undefined }
  | { readonly head?: undefined; readonly refusal: Refusal }

export type ReadBody =
  | { readonly event: SignedNetworkEvent; readonly refusal?: undefined }
  | { readonly event?: undefined; readonly refusal: Refusal }

/** What is longer, a list, takes longer to read than to find out whether it is signed by somebody who may speak. */
const READ_AT_ONCE_BYTES_MAX = 4_096

/** Announces and proofs bring what they are judged by, and are bounded by their kind. */
export function isReadLate({ kind, bytes }: EventHead): boolean {
  return bytes.length > READ_AT_ONCE_BYTES_MAX && kind === 'list-delta'
}

export function readBody(head: EventHead): ReadBody {
  try {
    return { event: decodeEventBody(head) }
  } catch (error) {
    return { refusal: refusalOf(error) }
  }
}

export function takeFirstLook(bytes: Uint8Array, origin: EventOrigin, nowMs: number): FirstLook {
  let head: EventHead
  try {
    head = decodeEventHead(bytes)
  } catch (error) {
    return { refusal: refusalOf(error) }
  }
  if (!isSame(head.network, origin.network)) return { refusal: reject('WRONG_NETWORK') }
  if (origin.topic !== undefined && topicOf(head.kind) !== origin.topic) {
    return { refusal: reject('WRONG_TOPIC') }
  }
  const aheadMs = head.tsMs - nowMs
  if (aheadMs > AHEAD_MS_MAX) return { refusal: reject('FROM_THE_FUTURE') }
  if (aheadMs > CLOCK_SKEW_MS_MAX) return { refusal: ignore('AHEAD_OF_CLOCK') }
  return { head }
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof DecodeError)) throw error
  return { verdict: error.verdict, reason: error.code }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
