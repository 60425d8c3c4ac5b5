/** The adapters that defense needs, as it wants to see them; `daemon` hands the real ones in. */
import type { AddressText, PrefixText } from '../base/index.ts'
import type { Category, ModelEvidence } from '../detection/index.ts'
import type { Decision, DecisionType, Mode, Suppression } from './decision.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; undefined on the last page. */
  readonly nextCursor: string | undefined
}

export interface DecisionQuery {
  /** Exact value or a prefix that contains it. */
  readonly value?: string | undefined
  readonly type?: DecisionType | undefined
  readonly category?: Category | undefined
  readonly mode?: Mode | undefined
  /** Only those in force at this time. */
  readonly activeAtMs?: number | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

export interface DecisionStore {
  insert(decision: Decision): void
  /** Overwrites the decision with the same id. */
  update(decision: Decision): void
  find(id: string): Decision | undefined
  /** Newest first. */
  list(query: DecisionQuery): Page<Decision>
  /** All in force at `atMs`, at most 1 000 000. */
  active(atMs: number): readonly Decision[]
  insertSuppression(suppression: Suppression): void
  suppressions(query: { sinceMs: number; limit: number }): readonly Suppression[]
}

export interface EvidenceStore {
  /** Of a decision that is stored already; never changed afterwards. */
  insert(decisionId: string, evidence: ModelEvidence): void
  find(decisionId: string): ModelEvidence | undefined
}

export interface ListEntry {
  readonly prefix: PrefixText
  readonly note: string
  readonly addedBy: string
  readonly createdAtMs: number
  /** Undefined: until removed. */
  readonly untilMs: number | undefined
}

/** The operator's allowlist and the operator's own blocklist have this shape. */
export interface ListStore {
  all(): readonly ListEntry[]
  find(prefix: PrefixText): ListEntry | undefined
  /** Replaces an entry with the same prefix. */
  put(entry: ListEntry): void
  /** False if there was none. */
  remove(prefix: PrefixText): boolean
  /** Removes what ended at this time or before. */
  removeEnded(atMs: number): void
}

export interface ModeSettings {
  readonly overall: Mode
  readonly byCategory: Readonly<Partial<Record<Category, Mode>>>
  /** What stood before the last change: `mode undo` brings it back. */
  readonly previous: Omit<ModeSettings, 'previous'> | undefined
}

export interface ModeStore {
  get(): ModeSettings
  set(settings: ModeSettings): void
}

/** Who acts: `cli:<user>`, `token:<name>`, `detection`, `system`. */
export type Actor = string

export interface AuditInput {
  readonly actor: Actor
  /** `decision.create`, `decision.lift`, `allowlist.add`, `mode.set`, `token.create`, `config.change`, … */
  readonly action: string
  readonly target: string
  /** JSON-serialisable. */
  readonly before: unknown
  readonly after: unknown
  readonly reason: string
}

export interface AuditLog {
  append(entry: AuditInput): void
}

export interface UnitOfWork {
  /** Runs `work` in one transaction: all of it is stored, or none. */
  run<T>(work: () => T): T
}

/** Addresses that may never be acted on because of what this machine is connected to; refreshed by the daemon. */
export interface ProtectedFacts {
  readonly entries: readonly ProtectedEntry[]
}

export interface ProtectedEntry {
  readonly prefix: PrefixText
  /** `own-address`, `gateway`, `resolver`, `recon-partner`, `ssh-peer`, `monitoring`. */
  readonly kind: string
  readonly detail: string
}

export interface ActuatorStatus {
  readonly name: string
  readonly kind: string
  readonly state: 'ok' | 'retrying' | 'disabled'
  readonly desired: number
  readonly held: number | undefined
  readonly lastAppliedAtMs: number | undefined
  readonly lastError: string | undefined
  readonly nextRetryAtMs: number | undefined
  readonly mendedTotal: number
}

/** Explanation of everything known about one address. */
export interface Explanation {
  readonly address: AddressText
  readonly atMs: number
  readonly protectedBy: { readonly kind: string; readonly detail: string } | undefined
  readonly decisions: readonly ExplainedDecision[]
  readonly suppressions: readonly Suppression[]
  /** Counters of the live session, by name with unit in the name; empty if none is remembered. */
  readonly session: Readonly<Record<string, number | string>>
}

export interface ExplainedDecision {
  readonly decision: Decision
  readonly state: 'in-force' | 'shadow' | 'expired' | 'lifted'
  /** Who holds it and what was done there, one sentence each (`HAProxy st_info_crawler: 429 until …`). */
  readonly carriedOut: readonly string[]
  /** It is in force, and somebody carries it out now. */
  readonly isInEffect: boolean
  /** What the model went by when it was made; undefined: rules or a person alone. */
  readonly evidence: ModelEvidence | undefined
  /** How to end it by hand. */
  readonly undo: string
}
