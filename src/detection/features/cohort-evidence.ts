/**
 * What the sources that look like one program with this one do together: the only evidence there is against a swarm of which
 * each address sends one request. A request belongs to several cohorts; the most crowded one speaks.
 */
import { type Cohort, sourcesPerMinute } from '../cohort.ts'
import { orderScore } from '../order-track.ts'
import type { CohortContext } from '../rules/swarm-rules.ts'

export interface CohortEvidence {
  /** Sources that came to it lately, decayed. */
  readonly newSources: number
  readonly perMinute: number
  /** Arrivals against what is usual. */
  readonly usualRatio: number
  /** Standard deviations above a Poisson process of the usual rate. */
  readonly deviations: number
  readonly requestsPerSource: number
  readonly freshShare: number
  readonly missShare: number
  readonly bareShare: number
  readonly newCertificateShare: number
  /** Of the searches one after the other, in absolute standard deviations. */
  readonly order: number
  /** Share of its requests under its most frequent user agent. */
  readonly agentShare: number
  readonly isSwarm: number
}

export const NO_COHORT_EVIDENCE: CohortEvidence = {
  newSources: 0,
  perMinute: 0,
  usualRatio: 0,
  deviations: 0,
  requestsPerSource: Number.NaN,
  freshShare: Number.NaN,
  missShare: Number.NaN,
  bareShare: Number.NaN,
  newCertificateShare: Number.NaN,
  order: 0,
  agentShare: Number.NaN,
  isSwarm: 0
}

/** @param silenced rules whose swarms are not told of */
export function readCohorts(
  contexts: readonly CohortContext[],
  silenced: ReadonlySet<string> = new Set()
): CohortEvidence {
  let speaker: CohortContext | undefined
  let order = 0
  let isSwarm = 0
  for (const context of contexts) {
    const { cohort } = context
    if (cohort.members.size >= 3) order = Math.max(order, Math.abs(orderScore(cohort.order)))
    if (cohort.swarm !== undefined && !silenced.has(cohort.swarm.rule)) isSwarm = 1
    if (speaker === undefined || deviationsOf(context) > deviationsOf(speaker)) speaker = context
  }
  if (speaker === undefined) return NO_COHORT_EVIDENCE
  const { cohort, usualPerMinute } = speaker
  const perMinute = sourcesPerMinute(cohort)
  const requests = Math.max(cohort.requests, 1e-9)
  return {
    newSources: cohort.newSources,
    perMinute,
    usualRatio: Math.min(1_000, perMinute / Math.max(0.01, usualPerMinute)),
    deviations: deviationsOf(speaker),
    requestsPerSource: Math.min(1_000, cohort.requests / Math.max(0.1, cohort.newSources)),
    freshShare: Math.min(1, cohort.distinctSearches / requests),
    missShare: Math.min(1, cohort.misses / requests),
    bareShare: Math.min(1, cohort.bareBrowsers / requests),
    newCertificateShare: Math.min(1, cohort.newCertificates / requests),
    order,
    agentShare: mostFrequentAgent(cohort) / requests,
    isSwarm
  }
}

function deviationsOf({ cohort, usualPerMinute }: CohortContext): number {
  const perMinute = sourcesPerMinute(cohort)
  const minutes = cohort.newSources / Math.max(perMinute, 1e-9)
  const expected = Math.max(1, usualPerMinute * minutes)
  return (cohort.newSources - expected) / Math.sqrt(expected)
}

function mostFrequentAgent(cohort: Cohort): number {
  let most = 0
  for (const count of cohort.agents.values()) most = Math.max(most, count)
  return Math.min(cohort.requests, most)
}
