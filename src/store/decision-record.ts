/**
 * A decision as it is stored. This room does not know which words a type, a mode or a category may be: the caller names its own
 * record type, and gets back what it put in.
 */
import { uuidText } from './uuid.ts'

export interface DecisionRecord {
  /** UUID. */
  readonly id: string
  readonly scope: string
  readonly value: string
  readonly prefixes: readonly string[]
  readonly type: string
  readonly category: string
  readonly origin: string
  readonly mode: string
  readonly score: number
  /** JSON-serialisable. */
  readonly reasons: readonly unknown[]
  readonly lineHashes: readonly string[]
  readonly model: string | undefined
  readonly offence: number
  readonly createdAtMs: number
  readonly untilMs: number
  readonly liftedAtMs: number | undefined
  readonly liftedBy: string | undefined
  readonly liftReason: string | undefined
}

export interface DecisionFilter {
  /** Exact value or a prefix that contains it. */
  readonly value?: string | undefined
  readonly type?: string | undefined
  readonly category?: string | undefined
  readonly mode?: string | undefined
  /** Only those created by this time and not ended at it. */
  readonly activeAtMs?: number | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

export interface DecisionRow {
  readonly sequence: number
  readonly id: Uint8Array
  readonly scope: string
  readonly value: string
  readonly type: string
  readonly category: string
  readonly origin: string
  readonly mode: string
  readonly score: number
  readonly reasons: string
  readonly line_hashes: string
  readonly model: string | null
  readonly offence: number
  readonly created_at_ms: number
  readonly until_at_ms: number
  readonly lifted_at_ms: number | null
  readonly lifted_by: string | null
  readonly lift_reason: string | null
  /** JSON array, in the order in which they were given. */
  readonly prefixes: string
}

/** Reads `d` as a `DecisionRow`. */
export const DECISION_COLUMNS = `d.sequence, d.id, d.scope, d.value, d.type, d.category, d.origin, d.mode, d.score, d.reasons,
  d.line_hashes, d.model, d.offence, d.created_at_ms, d.until_at_ms, d.lifted_at_ms, d.lifted_by, d.lift_reason,
  (SELECT json_group_array(p.prefix ORDER BY p.position) FROM decision_prefix p
    WHERE p.decision_sequence = d.sequence) AS prefixes`

export interface DecisionBindings {
  readonly [name: string]: string | number | Uint8Array | null
}

export function decisionBindings(id: Uint8Array, decision: DecisionRecord): DecisionBindings {
  return {
    id,
    scope: decision.scope,
    value: decision.value,
    type: decision.type,
    category: decision.category,
    origin: decision.origin,
    mode: decision.mode,
    score: decision.score,
    reasons: JSON.stringify(decision.reasons),
    lineHashes: JSON.stringify(decision.lineHashes),
    model: decision.model ?? null,
    offence: decision.offence,
    createdAtMs: decision.createdAtMs,
    untilMs: decision.untilMs,
    liftedAtMs: decision.liftedAtMs ?? null,
    liftedBy: decision.liftedBy ?? null,
    liftReason: decision.liftReason ?? null
  }
}

export function decisionOf(row: DecisionRow): DecisionRecord {
  return {
    id: uuidText(row.id),
    scope: row.scope,
    value: row.value,
    prefixes: JSON.parse(row.prefixes) as string[],
    type: row.type,
    category: row.category,
    origin: row.origin,
    mode: row.mode,
    score: row.score,
    reasons: JSON.parse(row.reasons) as unknown[],
    lineHashes: JSON.parse(row.line_hashes) as string[],
    model: row.model ?? undefined,
    offence: row.offence,
    createdAtMs: row.created_at_ms,
    untilMs: row.until_at_ms,
    liftedAtMs: row.lifted_at_ms ?? undefined,
    liftedBy: row.lifted_by ?? undefined,
    liftReason: row.lift_reason ?? undefined
  }
}
