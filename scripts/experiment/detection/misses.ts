/** The campaigns of which sources were missed, and the harmless sources that were flagged: where to look for the cause. Pure. */
import { type Day, inOrder } from './figures.ts'
import { isFlagged, type SourceOutcome } from './outcomes.ts'
import { quantile } from './statistics.ts'

export interface Miss {
  readonly day: string
  readonly class: string
  readonly campaign: string
  readonly description: string
  readonly evasion: string
  /** Requests a second of the whole. */
  readonly pace: number | null
  readonly sources: number
  readonly missed: number
  /** Of those that were missed. */
  readonly watched: number
  readonly requests_p50: number | null
  readonly requests_max: number
}

export interface FalsePositive {
  readonly day: string
  readonly class: string
  readonly source: string
  readonly level: string
  readonly requests: number
  readonly score: number
  readonly rules: readonly string[]
}

export function missesOf(days: readonly Day[]): readonly Miss[] {
  return days
    .flatMap((day) => {
      const members = new Map<string, SourceOutcome[]>()
      for (const one of day.outcomes.abuse) {
        members.set(one.campaign, [...(members.get(one.campaign) ?? []), one])
      }
      return [...members].map(([campaign, own]) => missOf(day, campaign, own))
    })
    .filter(({ missed }) => missed > 0)
    .sort((a, b) => inOrder(a.class, b.class) || b.missed - a.missed)
}

function missOf(day: Day, campaign: string, own: readonly SourceOutcome[]): Miss {
  const facts = day.campaigns.get(campaign)
  const missed = own.filter((one) => !isFlagged(one))
  const requests = missed.map((one) => one.requests)
  return {
    day: day.name,
    class: own[0]?.classes[0] ?? '',
    campaign,
    description: facts?.description ?? '',
    evasion: facts?.evasion ?? '',
    pace: facts?.pace ?? null,
    sources: own.length,
    missed: missed.length,
    watched: missed.filter(({ level }) => level === 'watch').length,
    requests_p50: quantile(requests, 0.5),
    requests_max: Math.max(0, ...requests)
  }
}

export function falsePositivesOf(days: readonly Day[]): readonly FalsePositive[] {
  return days.flatMap((day) =>
    day.outcomes.touched.filter(isFlagged).map((one) => ({
      day: day.name,
      class: one.classes[0] ?? '',
      source: one.source,
      level: one.level,
      requests: one.requests,
      score: one.score,
      rules: one.rules
    }))
  )
}
