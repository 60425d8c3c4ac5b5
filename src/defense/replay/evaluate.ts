/**
 * Truth against verdicts. Everything is counted over sources but what was prevented, which is counted over requests. Throttle and
 * ban are detections, a watch is none. Sources labelled mixed are counted apart and nowhere else. A share of nothing is null.
 */
import type { AddressText } from '../../base/index.ts'
import type { SourceRecord } from './source-record.ts'
import { groupTruth, type LabelledSource, type TruthRow } from './truth.ts'

export interface Quantiles {
  readonly p50: number | null
  readonly p95: number | null
}

export interface AbuseClassResult {
  readonly sources: number
  readonly detected: number
  readonly recall: number
  readonly time_to_detection_s: Quantiles
  readonly requests_before_decision: Quantiles
}

export interface HarmlessClassResult {
  readonly sources: number
  readonly flagged: number
  readonly banned: number
}

/** As it is printed; the names are those that scripts rely on. */
export interface Evaluation {
  readonly policy: string
  readonly sources: { readonly abuse: number; readonly benign: number }
  readonly recall: number | null
  readonly recall_by_class_mean: number | null
  readonly precision: number | null
  readonly false_positive_rate: number | null
  readonly abuse_requests_prevented: number | null
  readonly benign_requests_prevented: number | null
  readonly benign_banned: number
  readonly mixed: HarmlessClassResult
  /** Sources of the truth without a single line. */
  readonly sources_without_lines: number
  /** Sources of the log that the truth does not know. */
  readonly sources_without_truth: number
  readonly by_class: Readonly<Record<string, AbuseClassResult | HarmlessClassResult>>
}

export interface EvaluatedRun {
  readonly policy: string
  readonly sources: ReadonlyMap<AddressText, Readonly<SourceRecord>>
}

interface Judged extends LabelledSource {
  readonly record: Readonly<SourceRecord>
}

export function evaluate(truth: Iterable<TruthRow>, run: EvaluatedRun): Evaluation {
  const labelled = groupTruth(truth)
  const judged: Judged[] = []
  for (const [source, known] of labelled) {
    const record = run.sources.get(source)
    if (record !== undefined) judged.push({ ...known, record })
  }
  const abuse = judged.filter(({ label }) => label === 'abuse')
  const benign = judged.filter(({ label }) => label === 'benign')
  const detected = abuse.filter(isFlagged).length
  const flagged = benign.filter(isFlagged).length
  const abuseClasses = byClass(abuse, abuseResult)
  const benignClasses = byClass(benign, harmlessResult)
  const recalls = Object.values(abuseClasses).map(({ recall }) => recall)
  return {
    policy: run.policy,
    sources: { abuse: abuse.length, benign: benign.length },
    recall: share(detected, abuse.length),
    recall_by_class_mean: share(sum(recalls), recalls.length),
    precision: share(detected, detected + flagged),
    false_positive_rate: share(flagged, benign.length),
    abuse_requests_prevented: sharePrevented(abuse),
    benign_requests_prevented: sharePrevented(benign),
    benign_banned: benign.filter(isBanned).length,
    mixed: harmlessResult(judged.filter(({ label }) => label === 'mixed')),
    sources_without_lines: labelled.size - judged.length,
    sources_without_truth: run.sources.size - judged.length,
    by_class: { ...abuseClasses, ...benignClasses }
  }
}

function isFlagged({ record }: Judged): boolean {
  return record.level === 'throttle' || record.level === 'ban'
}

function isBanned({ record }: Judged): boolean {
  return record.level === 'ban'
}

/** In the order of the numbers in the names: A2 comes before A12. */
function byClass<Result>(
  judged: readonly Judged[],
  resultOf: (members: readonly Judged[], name: string) => Result
): Record<string, Result> {
  const members = new Map<string, Judged[]>()
  for (const one of judged) {
    for (const name of one.fromMsByClass.keys()) {
      const list = members.get(name)
      if (list === undefined) members.set(name, [one])
      else list.push(one)
    }
  }
  const inOrder = new Intl.Collator('en', { numeric: true }).compare
  const names = [...members.keys()].sort(inOrder)
  return Object.fromEntries(names.map((name) => [name, resultOf(members.get(name) ?? [], name)]))
}

function abuseResult(members: readonly Judged[], name: string): AbuseClassResult {
  const detected = members.filter(isFlagged)
  const seconds = detected.map(({ record, fromMsByClass }) => {
    const fromMs = fromMsByClass.get(name) ?? 0
    return Math.max(0, (record.firstDecisionAtMs ?? fromMs) - fromMs) / 1_000
  })
  return {
    sources: members.length,
    detected: detected.length,
    recall: members.length === 0 ? 0 : detected.length / members.length,
    time_to_detection_s: quantiles(seconds),
    requests_before_decision: quantiles(
      detected.map(({ record }) => record.requestsBeforeDecision ?? 0)
    )
  }
}

function harmlessResult(members: readonly Judged[]): HarmlessClassResult {
  return {
    sources: members.length,
    flagged: members.filter(isFlagged).length,
    banned: members.filter(isBanned).length
  }
}

function sharePrevented(judged: readonly Judged[]): number | null {
  return share(
    sum(judged.map(({ record }) => record.prevented)),
    sum(judged.map(({ record }) => record.requests))
  )
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Nearest rank: the smallest value that is not less than this share of all. */
function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? null
  return { p50: at(0.5), p95: at(0.95) }
}
