/** What a replay prints, one JSON object a line; the names are those that scripts rely on. Pure. */
import type { AddressText } from '../../base/index.ts'
import type { Decision, Evaluation, SourceRecord } from '../../defense/index.ts'
import type { PolicyName, Reason } from '../../detection/index.ts'
import type { ReplayReport } from '../../keyserver/index.ts'

const TIME_MS_MAX = 8_640_000_000_000_000

export function decisionLine(decision: Decision): string {
  return line({
    type: 'decision',
    at: time(decision.createdAtMs),
    scope: decision.scope,
    value: decision.value,
    verdict: decision.type,
    category: decision.category,
    score: rounded(decision.score),
    reasons: decision.reasons.map(reason)
  })
}

export function sourceLine(source: AddressText, record: Readonly<SourceRecord>): string {
  const { firstDecisionAtMs } = record
  return line({
    type: 'source',
    source,
    requests: record.requests,
    first_seen: time(record.firstSeenMs),
    last_seen: time(record.lastSeenMs),
    verdict: record.level,
    score: rounded(record.score),
    category: record.category ?? null,
    first_decision_at: firstDecisionAtMs === undefined ? null : time(firstDecisionAtMs),
    requests_before_decision: record.requestsBeforeDecision ?? null,
    requests_prevented: record.prevented,
    reasons: record.reasons.map(reason),
    model: record.model ?? null
  })
}

export function summaryLine(summary: {
  readonly report: ReplayReport
  readonly policy: PolicyName
  readonly model: string | undefined
  readonly sources: number
  readonly seconds: number
}): string {
  const { report, policy, model, sources, seconds } = summary
  return line({
    type: 'summary',
    lines: report.lines,
    parsed: report.parsed,
    unparsed_by_cause: report.unparsedByCause,
    events: report.events,
    requests_without_client: report.withoutClient,
    sources,
    seconds: Math.round(seconds * 1_000) / 1_000,
    lines_per_second: Math.round(report.lines / Math.max(seconds, 0.001)),
    time_zone: report.timeZone === undefined ? null : report.timeZone || 'local',
    policy,
    model: model ?? null
  })
}

export function evaluationLine(evaluation: Evaluation): string {
  return line({ type: 'evaluation', ...evaluation })
}

function line(value: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(value)}\n`
}

function reason({ rule, text, counters }: Reason) {
  return { rule, text, counters }
}

function time(atMs: number): string {
  return new Date(Math.min(Math.max(atMs, -TIME_MS_MAX), TIME_MS_MAX)).toISOString()
}

function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000
}
