/** What a replay keeps of one source. Plain data and the two ways in which a decision changes it. */
import type { Category, Reason, VerdictLevel } from '../../detection/index.ts'
import type { Decision } from '../decision.ts'
import { rankOf } from '../standing-table.ts'

export interface SourceRecord {
  /** Requests; other lines that name the source count as none. */
  requests: number
  /** Requests that came while a decision stood. */
  prevented: number
  firstSeenMs: number
  lastSeenMs: number
  /** The most severe that the source ever got; the rest belongs to it. */
  level: VerdictLevel
  score: number
  category: Category | undefined
  reasons: readonly Reason[]
  model: string | undefined
  /** First throttle or ban; a watch decides nothing. */
  firstDecisionAtMs: number | undefined
  requestsBeforeDecision: number | undefined
  /** When a decision stood that a more severe one has replaced. */
  replacedFromMs: number
  replacedUntilMs: number
}

export function createRecord(atMs: number): SourceRecord {
  return {
    requests: 0,
    prevented: 0,
    firstSeenMs: atMs,
    lastSeenMs: atMs,
    level: 'benign',
    score: 0,
    category: undefined,
    reasons: [],
    model: undefined,
    firstDecisionAtMs: undefined,
    requestsBeforeDecision: undefined,
    replacedFromMs: 0,
    replacedUntilMs: 0
  }
}

export function noteSeen(record: SourceRecord, atMs: number): void {
  if (atMs < record.firstSeenMs) record.firstSeenMs = atMs
  if (atMs > record.lastSeenMs) record.lastSeenMs = atMs
}

/** A decision that names the source or covers it. */
export function noteDecision(
  record: SourceRecord,
  decision: Decision,
  since: { readonly atMs: number; readonly requestsBefore: number }
): void {
  const isMore =
    record.level === 'benign' ||
    rankOf(decision.type) > rankOf(record.level) ||
    (decision.type === record.level && decision.score > record.score)
  if (isMore) {
    record.level = decision.type
    record.score = decision.score
    record.category = decision.category
    record.reasons = decision.reasons
    record.model = decision.model
  }
  if (decision.type === 'watch' || record.firstDecisionAtMs !== undefined) return
  record.firstDecisionAtMs = since.atMs
  record.requestsBeforeDecision = since.requestsBefore
}
