/** What the node does about a verdict, and why. Plain data, as stored, shown and explained. */
import type { AddressText, PrefixText } from '../base/index.ts'
import type { Category, ModelEvidence, Reason, Scope } from '../detection/index.ts'

export type DecisionType = 'ban' | 'throttle' | 'watch'
export type DecisionOrigin = 'detection' | 'operator' | 'network'
/** `shadow`: computed and shown, never applied. */
export type Mode = 'shadow' | 'enforce'

export interface Decision {
  /** UUID version 7 (RFC 9562): sorts by creation. */
  readonly id: string
  readonly scope: Scope
  readonly value: AddressText | PrefixText | string
  /** What actuators hold: one prefix for an address or prefix, one per member for a swarm. */
  readonly prefixes: readonly PrefixText[]
  readonly type: DecisionType
  readonly category: Category
  readonly origin: DecisionOrigin
  readonly mode: Mode
  readonly score: number
  readonly reasons: readonly Reason[]
  readonly lineHashes: readonly string[]
  readonly model: string | undefined
  /** Rung of the TTL ladder, 0-based: how often this value was decided against before within the memory of the ladder. */
  readonly offence: number
  readonly createdAtMs: number
  readonly untilMs: number
  /** Set when it ended early; the end of the TTL needs no mark. */
  readonly liftedAtMs: number | undefined
  readonly liftedBy: string | undefined
  readonly liftReason: string | undefined
}

/** A verdict that led to nothing, and the rule of precedence that held it back. */
export interface Suppression {
  readonly atMs: number
  readonly value: string
  readonly wanted: DecisionType
  readonly category: Category
  /** Which entry protected it: `allowlist`, `own-address`, `gateway`, `resolver`, `loopback`, `private-range`, `recon-partner`, `ssh-peer`, … */
  readonly protectedBy: string
  readonly detail: string
}

export type GuardEffect =
  | {
      readonly kind: 'decided'
      readonly decision: Decision
      /** What the model went by that was asked; kept with the decision, and not in memory. */
      readonly evidence?: ModelEvidence | undefined
    }
  | { readonly kind: 'extended'; readonly decision: Decision }
  | {
      readonly kind: 'ended'
      readonly decision: Decision
      readonly atMs: number
      readonly why: 'expired' | 'lifted' | 'superseded'
    }
  | { readonly kind: 'suppressed'; readonly suppression: Suppression }
