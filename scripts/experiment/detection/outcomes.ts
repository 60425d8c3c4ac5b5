/**
 * What came of every source of one recorded day under one policy, as far as the figures need it: abusive sources one by one,
 * harmless ones one by one where something was done to them and as counts otherwise. Counted as `netminder replay` counts.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { AddressText } from '../../../src/base/index.ts'
import type { SourceRecord } from '../../../src/defense/index.ts'
import type { VerdictLevel } from '../../../src/detection/index.ts'
import type { SourceLabel, SourceLabels } from './labels.ts'
import { addToBins, type CalibrationBins, createBins } from './statistics.ts'

export interface SourceOutcome {
  readonly source: AddressText
  readonly classes: readonly string[]
  /** Empty for harmless traffic. */
  readonly campaign: string
  readonly requests: number
  readonly prevented: number
  readonly level: VerdictLevel
  readonly score: number
  /** From the first activity of its class to the first throttle or ban, seconds; null without one. */
  readonly secondsToDecision: number | null
  readonly requestsBefore: number | null
  readonly rules: readonly string[]
}

export interface BenignCount {
  sources: number
  flagged: number
  banned: number
}

export interface DayOutcomes {
  readonly policy: string
  readonly abuse: readonly SourceOutcome[]
  /** Harmless sources that were throttled, banned or refused a request. */
  readonly touched: readonly SourceOutcome[]
  readonly benign: { readonly sources: number; readonly requests: number }
  readonly benignByClass: Readonly<Record<string, BenignCount>>
  readonly mixed: number
  readonly withoutLines: number
  /** Of the model's probabilities at each judgement, each source weighing 1. Null without a model. */
  readonly calibration: CalibrationBins | null
}

export function isFlagged({ level }: { readonly level: VerdictLevel }): boolean {
  return level === 'throttle' || level === 'ban'
}

/** @param scores probabilities that the model gave each source, in order; empty without a model */
export function outcomesOf(
  policy: string,
  day: {
    readonly labels: SourceLabels
    readonly records: ReadonlyMap<AddressText, Readonly<SourceRecord>>
    readonly scores: ReadonlyMap<AddressText, readonly number[]>
  }
): DayOutcomes {
  const abuse: SourceOutcome[] = []
  const touched: SourceOutcome[] = []
  const benign = { sources: 0, requests: 0 }
  const benignByClass: Record<string, BenignCount> = {}
  const bins = createBins()
  let mixed = 0
  let withoutLines = 0
  for (const [source, label] of day.labels) {
    const record = day.records.get(source)
    if (record === undefined) withoutLines++
    else if (label.label === 'mixed') mixed++
    else {
      const outcome = outcomeOf(source, label, record)
      noteScores(bins, day.scores.get(source), label.label === 'abuse')
      if (label.label === 'abuse') abuse.push(outcome)
      else {
        benign.sources++
        benign.requests += record.requests
        countBenign(benignByClass, outcome)
        if (isFlagged(outcome) || outcome.prevented > 0) touched.push(outcome)
      }
    }
  }
  const calibration = day.scores.size === 0 ? null : bins
  return { policy, abuse, touched, benign, benignByClass, mixed, withoutLines, calibration }
}

function outcomeOf(
  source: AddressText,
  label: SourceLabel,
  record: Readonly<SourceRecord>
): SourceOutcome {
  const classes = Object.keys(label.fromMsByClass)
  const fromMs = Math.min(...Object.values(label.fromMsByClass))
  const { firstDecisionAtMs, requestsBeforeDecision } = record
  return {
    ...{ source, classes, campaign: label.campaign },
    requests: record.requests,
    prevented: record.prevented,
    level: record.level,
    score: record.score,
    secondsToDecision:
      firstDecisionAtMs === undefined ? null : Math.max(0, firstDecisionAtMs - fromMs) / 1_000,
    requestsBefore: requestsBeforeDecision ?? null,
    rules: [...new Set(record.reasons.map(({ rule }) => rule))]
  }
}

function countBenign(counts: Record<string, BenignCount>, outcome: SourceOutcome): void {
  for (const name of outcome.classes) {
    const count = counts[name] ?? { sources: 0, flagged: 0, banned: 0 }
    count.sources++
    if (isFlagged(outcome)) count.flagged++
    if (outcome.level === 'ban') count.banned++
    counts[name] = count
  }
}

function noteScores(
  bins: CalibrationBins,
  scores: readonly number[] | undefined,
  isAbuse: boolean
): void {
  if (scores === undefined) return
  for (const score of scores) addToBins(bins, { score, isAbuse, weight: 1 / scores.length })
}

/** Whole or not there. */
export async function saveJson(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.part`, JSON.stringify(value))
  await rename(`${file}.part`, file)
}

export async function loadOutcomes(file: string): Promise<DayOutcomes> {
  return JSON.parse(await readFile(file, 'utf8'))
}
