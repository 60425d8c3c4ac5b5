/** The figures of one seed under one policy: all its days together. Pure. */
import type { CampaignFacts } from './labels.ts'
import { type DayOutcomes, isFlagged, type SourceOutcome } from './outcomes.ts'
import { calibrationError, precisionAt, quantile, sumBins } from './statistics.ts'

/** One day's outcomes, and what its campaigns were. */
export interface Day {
  readonly name: string
  readonly outcomes: DayOutcomes
  readonly campaigns: ReadonlyMap<string, CampaignFacts>
}

export interface ClassFigures {
  readonly sources: number
  readonly detected: number
  readonly recall: number
  readonly secondsP50: number | null
  readonly secondsP95: number | null
  readonly requestsBeforeP50: number | null
}

export interface PolicyFigures {
  readonly abuseSources: number
  readonly benignSources: number
  readonly mixedSources: number
  readonly sourcesWithoutLines: number
  readonly recall: number | null
  readonly recallByClassMean: number | null
  readonly precision: number | null
  readonly precisionAt3Percent: number | null
  readonly falsePositives: number
  readonly falsePositiveRate: number | null
  /** Misses and false positives among all sources. */
  readonly error: number | null
  readonly benignBanned: number
  readonly abuseRequestsPrevented: number | null
  readonly benignRequestsPrevented: number | null
  readonly secondsP95Fast: number | null
  readonly secondsP95Slow: number | null
  readonly ece: number | null
  readonly byClass: Readonly<Record<string, ClassFigures>>
  readonly benignByClass: DayOutcomes['benignByClass']
}

/** An attack is fast if all its sources together send so many requests a second. */
export const FAST_PER_SECOND = 1
const PREVALENCE = 0.03

export function figuresOf(days: readonly Day[]): PolicyFigures {
  const abuse = days.flatMap(({ outcomes }) => outcomes.abuse)
  const touched = days.flatMap(({ outcomes }) => outcomes.touched)
  const benign = days.reduce((sum, { outcomes }) => sum + outcomes.benign.sources, 0)
  const benignRequests = days.reduce((sum, { outcomes }) => sum + outcomes.benign.requests, 0)
  const detected = abuse.filter(isFlagged).length
  const falsePositives = touched.filter(isFlagged).length
  const recall = share(detected, abuse.length)
  const falsePositiveRate = share(falsePositives, benign)
  const byClass = classFigures(abuse)
  const recalls = Object.values(byClass).map((one) => one.recall)
  const bins = days.map(({ outcomes }) => outcomes.calibration).filter((one) => one !== null)
  return {
    abuseSources: abuse.length,
    benignSources: benign,
    mixedSources: days.reduce((sum, { outcomes }) => sum + outcomes.mixed, 0),
    sourcesWithoutLines: days.reduce((sum, { outcomes }) => sum + outcomes.withoutLines, 0),
    recall,
    recallByClassMean: share(total(recalls), recalls.length),
    precision: share(detected, detected + falsePositives),
    precisionAt3Percent:
      recall === null || falsePositiveRate === null
        ? null
        : precisionAt(PREVALENCE, { recall, falsePositiveRate }),
    falsePositives,
    falsePositiveRate,
    error: share(abuse.length - detected + falsePositives, abuse.length + benign),
    benignBanned: touched.filter(({ level }) => level === 'ban').length,
    abuseRequestsPrevented: sharePrevented(abuse),
    benignRequestsPrevented: share(total(touched.map((one) => one.prevented)), benignRequests),
    secondsP95Fast: quantile(secondsOf(days, true), 0.95),
    secondsP95Slow: quantile(secondsOf(days, false), 0.95),
    ece: calibrationError(sumBins(bins)),
    byClass,
    benignByClass: benignCounts(days)
  }
}

/** Times to the first decision, seconds, of the detected sources of fast or of all other campaigns. */
export function secondsOf(days: readonly Day[], isFast: boolean): number[] {
  return days.flatMap(({ outcomes, campaigns }) =>
    outcomes.abuse
      .filter(({ campaign }) => (campaigns.get(campaign)?.pace ?? 0) >= FAST_PER_SECOND === isFast)
      .filter(isFlagged)
      .map(({ secondsToDecision }) => secondsToDecision ?? 0)
  )
}

function classFigures(abuse: readonly SourceOutcome[]): Record<string, ClassFigures> {
  const members = new Map<string, SourceOutcome[]>()
  for (const outcome of abuse) {
    for (const name of outcome.classes) {
      const known = members.get(name)
      if (known === undefined) members.set(name, [outcome])
      else known.push(outcome)
    }
  }
  return Object.fromEntries(
    [...members.keys()].sort(inOrder).map((name) => {
      const own = members.get(name) ?? []
      const found = own.filter(isFlagged)
      const seconds = found.map(({ secondsToDecision }) => secondsToDecision ?? 0)
      const before = found.map(({ requestsBefore }) => requestsBefore ?? 0)
      return [
        name,
        {
          sources: own.length,
          detected: found.length,
          recall: found.length / own.length,
          secondsP50: quantile(seconds, 0.5),
          secondsP95: quantile(seconds, 0.95),
          requestsBeforeP50: quantile(before, 0.5)
        }
      ]
    })
  )
}

function benignCounts(days: readonly Day[]): DayOutcomes['benignByClass'] {
  const sums: Record<string, { sources: number; flagged: number; banned: number }> = {}
  for (const { outcomes } of days) {
    for (const [name, { sources, flagged, banned }] of Object.entries(outcomes.benignByClass)) {
      const known = sums[name] ?? { sources: 0, flagged: 0, banned: 0 }
      sums[name] = {
        sources: known.sources + sources,
        flagged: known.flagged + flagged,
        banned: known.banned + banned
      }
    }
  }
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => inOrder(a, b)))
}

function sharePrevented(outcomes: readonly SourceOutcome[]): number | null {
  return share(
    total(outcomes.map(({ prevented }) => prevented)),
    total(outcomes.map(({ requests }) => requests))
  )
}

/** `A9` before `A10`. */
export const inOrder = new Intl.Collator('en', { numeric: true }).compare

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
