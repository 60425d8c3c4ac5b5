/** All seeds together: means with intervals, each beside what is asked for. Pure. */
import type { Interval } from '../../../src/training/index.ts'
import { bestOf, type Comparison, compare, YARDSTICK } from './comparison.ts'
import { type Day, figuresOf, inOrder, type PolicyFigures } from './figures.ts'
import { type FalsePositive, falsePositivesOf, type Miss, missesOf } from './misses.ts'
import { type Estimate, meanInterval, shareInterval, upperBound } from './statistics.ts'
import { HARD_NEGATIVES, isMet, NOT_IN_LOGS, TARGETS, type Target } from './targets.ts'

export interface Figure {
  readonly mean: number | null
  readonly low: number | null
  readonly high: number | null
  readonly target?: number
  readonly met?: boolean | null
}

export interface BanCount {
  readonly banned: number
  readonly flagged: number
  readonly n: number
  /** 95 % upper bound of the share that is banned. */
  readonly upper_bound: number
}

export interface ClassResult {
  readonly class: string
  readonly sources: number
  readonly campaigns: number
  readonly recall: Figure
  readonly recall_by_policy: Readonly<Record<string, number | null>>
  readonly seconds_p50: number | null
  readonly seconds_p95: number | null
  readonly requests_before_p50: number | null
  readonly misses_reduced: Interval | null
  /** Why the logs do not show it; absent if they do. */
  readonly not_in_logs?: string
}

export interface Results {
  readonly bySeed: readonly {
    readonly seed: number
    readonly policies: Readonly<Record<string, PolicyFigures>>
  }[]
  readonly summary: Readonly<Record<string, Figure>>
  readonly hardNegatives: Readonly<Record<string, BanCount>>
  readonly classes: readonly ClassResult[]
  readonly comparisons: readonly Comparison[]
  /** The best baseline that could run on a live node. */
  readonly best: string
  /** Of the default policy. */
  readonly misses: readonly Miss[]
  readonly falsePositives: readonly FalsePositive[]
}

type Read = (figures: PolicyFigures) => number | null
const SHARES: Readonly<Record<string, readonly [Read, Target?]>> = {
  recall: [(of) => of.recall, TARGETS.recall],
  recall_by_class_mean: [(of) => of.recallByClassMean],
  precision: [(of) => of.precision, TARGETS.precision],
  precision_at_3_percent: [(of) => of.precisionAt3Percent],
  false_positive_rate: [(of) => of.falsePositiveRate, TARGETS.falsePositiveRate],
  error: [(of) => of.error],
  abuse_requests_prevented: [(of) => of.abuseRequestsPrevented],
  benign_requests_prevented: [(of) => of.benignRequestsPrevented],
  ece: [(of) => of.ece, TARGETS.ece]
}
const NUMBERS: Readonly<Record<string, readonly [Read, Target?]>> = {
  benign_banned: [(of) => of.benignBanned],
  seconds_p95_fast: [(of) => of.secondsP95Fast, TARGETS.secondsP95Fast],
  seconds_p95_slow: [(of) => of.secondsP95Slow]
}

export function resultsOf(
  seeds: readonly {
    readonly seed: number
    readonly days: Readonly<Record<string, readonly Day[]>>
  }[]
): Results {
  const bySeed = seeds.map(({ seed, days }) => ({
    seed,
    policies: Object.fromEntries(
      Object.entries(days).map(([policy, own]) => [policy, figuresOf(own)])
    )
  }))
  const ours = bySeed.map(({ policies }) => policies['default']).filter((one) => one !== undefined)
  const names = Object.keys(seeds[0]?.days ?? {}).filter((name) => name !== 'default')
  const allDays = (policy: string) => seeds.flatMap(({ days }) => days[policy] ?? [])
  const comparisons = names.map((name) =>
    compare(name, allDays('default'), { theirs: allDays(name), seed: seeds[0]?.seed ?? 1 })
  )
  const best =
    bestOf(
      names
        .filter((name) => name !== YARDSTICK)
        .map((name) => ({ name, error: figuresOf(allDays(name)).error }))
    )?.name ?? ''
  const against = comparisons.find(({ baseline }) => baseline === best)
  const hardNegatives = banCounts(ours)
  const banned = HARD_NEGATIVES.reduce((sum, name) => sum + (hardNegatives[name]?.banned ?? 0), 0)
  return {
    bySeed,
    summary: {
      ...summaryOf(ours),
      hard_negatives_banned: judged(constant(banned), TARGETS.hardNegativesBanned),
      error_reduction: reduced(against?.error, TARGETS.errorReduction),
      false_positive_reduction: reduced(against?.falsePositives, TARGETS.falsePositiveReduction)
    },
    hardNegatives,
    classes: classResults(bySeed, allDays('default'), against),
    ...{ comparisons, best },
    misses: missesOf(allDays('default')),
    falsePositives: falsePositivesOf(allDays('default'))
  }
}

export function summaryOf(figures: readonly PolicyFigures[]): Record<string, Figure> {
  const estimated = (of: typeof SHARES, estimate: (values: readonly number[]) => Estimate | null) =>
    Object.entries(of).map(([name, [read, target]]) => {
      const values = figures.map(read).filter((value) => value !== null)
      return [name, judged(estimate(values), target)] as const
    })
  return Object.fromEntries([
    ...estimated(SHARES, shareInterval),
    ...estimated(NUMBERS, (values) => atLeastNone(meanInterval(values)))
  ])
}

function judged(estimate: Estimate | Interval | null, target?: Target): Figure {
  const { mean, low, high } = estimate ?? { mean: null, low: null, high: null }
  const figure = { mean, low: finite(low), high: finite(high) }
  return target === undefined
    ? figure
    : { ...figure, target: target.value, met: isMet(target, mean) }
}

/** No time and no count is below 0, however far the interval reaches. */
function atLeastNone(estimate: Estimate | null): Estimate | null {
  return estimate && { ...estimate, low: Math.max(0, estimate.low) }
}

/** A reduction counts only if its lower bound lies above 0. */
function reduced(interval: Interval | null | undefined, target: Target): Figure {
  const figure = judged(interval ?? null, target)
  return { ...figure, met: figure.met === true ? (figure.low ?? 0) > 0 : (figure.met ?? null) }
}

function constant(value: number): Estimate {
  return { mean: value, low: value, high: value, n: 1 }
}

function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value
}

function banCounts(figures: readonly PolicyFigures[]): Record<string, BanCount> {
  const names = [...new Set(figures.flatMap((one) => Object.keys(one.benignByClass)))].sort(inOrder)
  return Object.fromEntries(
    names.map((name) => {
      const own = figures.map((one) => one.benignByClass[name]).filter((one) => one !== undefined)
      const sum = (key: 'sources' | 'flagged' | 'banned') =>
        own.reduce((total, one) => total + one[key], 0)
      const banned = sum('banned')
      const n = sum('sources')
      return [name, { banned, flagged: sum('flagged'), n, upper_bound: upperBound(banned, n) }]
    })
  )
}

function classResults(
  bySeed: Results['bySeed'],
  days: readonly Day[],
  against: Comparison | undefined
): readonly ClassResult[] {
  const pooled = figuresOf(days).byClass
  const campaigns = new Map<string, Set<string>>()
  for (const day of days) {
    for (const { classes, campaign } of day.outcomes.abuse) {
      for (const name of classes) {
        const known = campaigns.get(name) ?? new Set()
        campaigns.set(name, known.add(`${day.name} ${campaign}`))
      }
    }
  }
  const policies = Object.keys(bySeed[0]?.policies ?? {})
  const recalls = (policy: string, name: string) =>
    bySeed
      .map((one) => one.policies[policy]?.byClass[name]?.recall)
      .filter((one) => one !== undefined)
  return Object.entries(pooled).map(([name, { sources, secondsP50, secondsP95, ...rest }]) => {
    const reason = NOT_IN_LOGS[name]
    return {
      class: name,
      sources,
      campaigns: campaigns.get(name)?.size ?? 0,
      recall: judged(
        shareInterval(recalls('default', name)),
        reason === undefined ? TARGETS.classRecall : undefined
      ),
      recall_by_policy: Object.fromEntries(
        policies.map((policy) => [policy, meanInterval(recalls(policy, name))?.mean ?? null])
      ),
      seconds_p50: secondsP50,
      seconds_p95: secondsP95,
      requests_before_p50: rest.requestsBeforeP50,
      misses_reduced: against?.byClass[name] ?? null,
      ...(reason === undefined ? {} : { not_in_logs: reason })
    }
  })
}
