/** What this room needs: a place for rows, a place for labels, and who knows of alerts, decisions and protection. */
import type { PrefixText } from '../base/index.ts'
import type { VerdictLevel } from '../detection/index.ts'
import type { Label, LabelSource, LabelWord } from './label.ts'

export interface FeatureRow {
  readonly atMs: number
  /** As `sourceKeyOf` writes it. */
  readonly source: Uint8Array
  readonly requests: number
  readonly featureSetVersion: number
  readonly level: VerdictLevel
  readonly score: number | undefined
  readonly packed: Uint8Array
}

export interface StoredFeatureRow extends FeatureRow {
  /** Grows with every row. */
  readonly sequence: number
}

export interface FeatureRowStore {
  /** All of them in one transaction. */
  append(rows: readonly FeatureRow[]): void
  /** By sequence, above `after`, at most 1 000. */
  page(query: {
    readonly after: number
    readonly sinceMs: number
    readonly featureSetVersion: number
    readonly limit: number
  }): readonly StoredFeatureRow[]
  /** 0: none is there. */
  lastSequence(): number
}

export interface LabelQuery {
  /** Those about this prefix, about what holds it, and about parts of it. */
  readonly prefix?: PrefixText | undefined
  readonly label?: LabelWord | undefined
  readonly source?: LabelSource | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

export interface LabelStore {
  insert(label: Label): void
  /** Overwrites span, weight, note and time of the label with this id. */
  update(label: Label): void
  /** False if there is none. */
  remove(id: string): boolean
  find(id: string): Label | undefined
  /** Newest first. @throws {CURSOR_INVALID} */
  list(query: LabelQuery): {
    readonly items: readonly Label[]
    readonly nextCursor: string | undefined
  }
  /** Those whose prefix touches this one within the span, the one that was said last first, at most 100. */
  touching(span: {
    readonly prefix: PrefixText
    readonly fromMs: number
    readonly toMs: number
  }): readonly Label[]
  count(source?: LabelSource): number
  /** Deletes the one of this source that was said first; false if there is none. */
  removeOldest(source: LabelSource): boolean
}

export interface FeedbackAudit {
  append(entry: {
    readonly actor: string
    readonly action: string
    readonly target: string
    readonly before: unknown
    readonly after: unknown
    readonly reason: string
  }): void
}

export interface UnitOfWork {
  run<T>(work: () => T): T
}

/** An alert or a decision, as far as a label of it needs. */
export interface JudgedMatter {
  readonly id: string
  readonly prefixes: readonly PrefixText[]
  readonly fromMs: number
  readonly toMs: number
}

export interface JudgedMatters {
  /** Alerts that stand and whose id begins so, those of others included. */
  alerts(idStart: string): readonly JudgedMatter[]
  decision(id: string): JudgedMatter | undefined
}
