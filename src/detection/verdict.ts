/** What detection says: how bad, who, why. Plain data. */
import type { AddressText, PrefixText } from '../base/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import type { ModelEvidence } from './model-evidence.ts'

/** In ascending severity. `watch` is shown and has no effect. */
export const VERDICT_LEVELS = ['benign', 'watch', 'throttle', 'ban'] as const
export type VerdictLevel = (typeof VERDICT_LEVELS)[number]

/** Categories of abuse; the order is that of the wire (design defense.md e.3, 1-based) and never changes. */
export const CATEGORIES = [
  'http-flood',
  'connection-flood',
  'upload-flood',
  'certificate-poisoning',
  'content-abuse',
  'harvesting',
  'recon-abuse',
  'endpoint-abuse',
  'tor-abuse',
  'brute-force',
  'scanner',
  'other'
] as const
export type Category = (typeof CATEGORIES)[number]

export type Scope = 'address' | 'prefix' | 'swarm'

/** One rule (later: one model) that spoke, with the counters that made it speak. */
export interface Reason {
  /** Stable id, kebab-case. */
  readonly rule: string
  /** One sentence for a person, figures included. */
  readonly text: string
  /** The counters behind it, with their thresholds where there is one. */
  readonly counters: Readonly<Record<string, number>>
}

export interface Verdict {
  /** Log time at which it was reached. */
  readonly atMs: number
  readonly scope: Scope
  /** Address, prefix, or a swarm's id (`swarm:<category>:<first-seen ms>`). */
  readonly value: AddressText | PrefixText | string
  /** The addresses meant, for a swarm; empty otherwise. A swarm's later members come as further verdicts with the same value. */
  readonly members: readonly AddressText[]
  readonly level: VerdictLevel
  readonly category: Category
  /** 0..1 */
  readonly score: number
  readonly reasons: readonly Reason[]
  /** First 16 hexadecimal digits of the SHA-256 of the lines that made it, newest last, at most 16. */
  readonly lineHashes: readonly string[]
  /** How long it stands, if the policy itself says so (the frozen baselines do); else the guard's ladder decides. 0: this request only. */
  readonly holdMs?: number
  /**
   * What the model went by that was asked, whether or not it had its way; undefined: none was. Costs as much as many scores, so that
   * only who makes a decision of the verdict asks, and before the next event: then the features are those of another source.
   */
  readonly evidence?: () => ModelEvidence
}

/**
 * A way of judging. One instance sees every event in log order. Its whole state is structured-cloneable (`snapshot`), so that
 * a node that was killed goes on where its last checkpoint stood.
 */
export interface Policy {
  readonly name: string
  /** Constant work per event; returns only what changed: a new verdict, or one that grew more severe or gained reasons. */
  observe(event: TrafficEvent, standing: StandingDecisions): readonly Verdict[]
  /** The clock was set by so much: what is remembered moves along, so that it neither vanishes nor lies in the future. */
  shiftTime?(byMs: number): void
  snapshot(): unknown
  /** @throws {DETECTION_STATE_INVALID} if the snapshot is of another version */
  restore(snapshot: unknown): void
}

/** What stands against an address at this moment: requests that the proxy answered on our word are no evidence. */
export interface StandingDecisions {
  /** Strongest decision in force and applied (not shadow) for the address, or undefined. */
  findStanding(
    address: AddressText
  ): { readonly level: VerdictLevel; readonly sinceMs: number } | undefined
  /** Whether the address may never be acted on (allowlist, recon partner, own address, …). */
  isProtected(address: AddressText): boolean
}
