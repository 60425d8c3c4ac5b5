/** What can be said of an event from its bytes and the clock alone, before its signature is checked. */
import {
  CLOCK_SKEW_MS_MAX,
  DecodeError,
  decodeEvent,
  type SignedNetworkEvent,
  type Topic,
  topicOf
} from '../../wire/index.ts'
import type { EventVia } from '../ports.ts'
import { type Refusal, reject } from './verdict.ts'

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
  | { readonly event: SignedNetworkEvent; readonly refusal?: undefined }
  | { readonly event?: undefined; readonly refusal: Refusal }

export function takeFirstLook(bytes: Uint8Array, origin: EventOrigin, nowMs: number): FirstLook {
  let event: SignedNetworkEvent
  try {
    event = decodeEvent(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { refusal: { verdict: error.verdict, reason: error.code } }
  }
  if (!isSame(event.network, origin.network)) return { refusal: reject('WRONG_NETWORK') }
  if (origin.topic !== undefined && topicOf(event.kind) !== origin.topic) {
    return { refusal: reject('WRONG_TOPIC') }
  }
  if (event.tsMs > nowMs + CLOCK_SKEW_MS_MAX) return { refusal: reject('FROM_THE_FUTURE') }
  return { event }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
