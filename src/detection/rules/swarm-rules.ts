/**
 * Judges a cohort: many addresses that behave as one program. Each rule names what people and ordinary clients would not
 * do together by chance; none of them needs an address to send more than one request.
 */
import { type Cohort, sourcesPerMinute } from '../cohort.ts'
import { orderScore } from '../order-track.ts'
import { hit, type RuleHit } from './rule.ts'

export interface CohortContext {
  readonly cohort: Cohort
  readonly atMs: number
  /** Usual arrivals a minute, with what is known before the cohort's long memory has formed. */
  readonly usualPerMinute: number
}

const THROTTLE = { level: 'throttle', score: 0.75 } as const

function arrivals({ cohort, usualPerMinute }: CohortContext): { perMinute: number; ratio: number } {
  const perMinute = sourcesPerMinute(cohort)
  return { perMinute, ratio: perMinute / Math.max(0.5, usualPerMinute) }
}

/** The searches of the cohort, one source after the other, are in order: a list or the key space is being walked together. */
function walkTogether({ cohort }: CohortContext): RuleHit | undefined {
  const score = Math.abs(orderScore(cohort.order))
  const comparisons = cohort.order.comparisons
  if (cohort.members.size < 3 || comparisons < 16 || score < 5) return undefined
  return hit(
    { level: score >= 6 ? 'ban' : 'throttle', score: score >= 6 ? 0.92 : 0.8 },
    {
      rule: 'swarm-walk',
      category: 'harvesting',
      text: `${cohort.members.size} addresses with one kind of client search in one common order (${score.toFixed(1)} standard deviations from chance)`,
      counters: { addresses: cohort.members.size, order_score: score, comparisons }
    }
  )
}

/** Whole domains or wildcards, shared out among addresses that look alike. */
function domainsTogether({ cohort }: CohortContext): RuleHit | undefined {
  if (!cohort.key.includes('/domain/') && !cohort.key.includes('/wildcard/')) return undefined
  if (cohort.members.size < 3 || cohort.distinctSearches < 8) return undefined
  return hit(THROTTLE, {
    rule: 'swarm-domains',
    category: 'harvesting',
    text: `${cohort.members.size} addresses with one kind of client search for ${Math.round(cohort.distinctSearches)} whole domains`,
    counters: { addresses: cohort.members.size, domains: cohort.distinctSearches }
  })
}

/** Ids of which nearly none exists, asked by many addresses that look alike. */
function missTogether(context: CohortContext): RuleHit | undefined {
  const { cohort } = context
  const misses = cohort.requests < 1 ? 0 : cohort.misses / cohort.requests
  const fresh = cohort.requests < 1 ? 0 : cohort.distinctSearches / cohort.requests
  const { ratio, perMinute } = arrivals(context)
  if (cohort.newSources < 8 || cohort.requests < 24 || misses < 0.8 || fresh < 0.9) return undefined
  if (ratio < 3) return undefined
  return hit(THROTTLE, {
    rule: 'swarm-misses',
    category: 'harvesting',
    text: `${Math.round(cohort.newSources)} addresses with one kind of client ask for what does not exist (${Math.round(misses * 100)} % unknown)`,
    counters: { addresses: cohort.newSources, miss_share: misses, per_minute: perMinute, ratio }
  })
}

/**
 * A list of known certificates, shared out: each of several addresses fetches its own dozens, none twice, and none that another
 * has fetched. Clients that need keys ask for the same popular ones again and again.
 */
function bulkTogether(context: CohortContext): RuleHit | undefined {
  const { cohort } = context
  if (!/\/(?:fingerprint40|fingerprint64|keyid16)\//.test(cohort.key)) return undefined
  const fresh = cohort.requests < 1 ? 0 : cohort.distinctSearches / cohort.requests
  // Few addresses are enough, so that no floor is put under what is usual.
  const ratio = sourcesPerMinute(cohort) / Math.max(1e-3, context.usualPerMinute)
  if (cohort.newSources < 4 || cohort.distinctSearches < 120 || fresh < 0.97) return undefined
  if (cohort.distinctSearches < cohort.newSources * 8 || ratio < 3) return undefined
  return hit(THROTTLE, {
    rule: 'swarm-bulk',
    category: 'harvesting',
    text: `${Math.round(cohort.newSources)} addresses with one kind of client fetch ${Math.round(cohort.distinctSearches)} different certificates, none of them twice`,
    counters: { addresses: cohort.newSources, certificates: cohort.distinctSearches, ratio }
  })
}

/** Browsers, as they say, of which not one loads a page around its search. */
function bareBrowsersTogether(context: CohortContext): RuleHit | undefined {
  const { cohort } = context
  const bare = cohort.requests < 1 ? 0 : cohort.bareBrowsers / cohort.requests
  const { ratio, perMinute } = arrivals(context)
  // A link to a certificate is opened without its page, too: links need more addresses before they look odd.
  const needed = /\/(?:fingerprint40|keyid16)\//.test(cohort.key) ? 30 : 10
  if (cohort.newSources < needed || bare < 0.9 || ratio < 4) return undefined
  return hit(THROTTLE, {
    rule: 'swarm-bare-browsers',
    category: 'harvesting',
    text: `${Math.round(cohort.newSources)} addresses with browsers that load no page send the same kind of search`,
    counters: { addresses: cohort.newSources, bare_share: bare, per_minute: perMinute, ratio }
  })
}

/** Many more addresses than usual with the same uncommon client, each with a few searches that nobody repeats. */
function crowd(context: CohortContext): RuleHit | undefined {
  const { cohort } = context
  const fresh = cohort.requests < 1 ? 0 : cohort.distinctSearches / cohort.requests
  const { ratio, perMinute } = arrivals(context)
  if (cohort.newSources < 40 || ratio < 8 || fresh < 0.95) return undefined
  return hit(THROTTLE, {
    rule: 'swarm-crowd',
    category: 'harvesting',
    text: `${Math.round(cohort.newSources)} addresses with one kind of client came at once, ${ratio.toFixed(0)} times as many as usual, and none repeats a search`,
    counters: { addresses: cohort.newSources, per_minute: perMinute, ratio, fresh_share: fresh }
  })
}

/** The strongest thing that can be said of a cohort of lookups. */
export function judgeLookupCohort(context: CohortContext): RuleHit | undefined {
  return (
    walkTogether(context) ??
    domainsTogether(context) ??
    missTogether(context) ??
    bulkTogether(context) ??
    bareBrowsersTogether(context) ??
    crowd(context)
  )
}

/**
 * Uploads of nearly one size from many addresses (March 2023: three million certificates in five days, most of 1232–1306
 * bytes, through Tor). A Poisson test against what is usual for this size, at eight standard deviations.
 */
export function judgeUploadCohort(context: CohortContext): RuleHit | undefined {
  const { cohort, usualPerMinute } = context
  const perMinute = sourcesPerMinute(cohort)
  const minutes = cohort.newSources / Math.max(perMinute, 1e-9)
  const expected = Math.max(1, usualPerMinute * minutes)
  const deviations = (cohort.newSources - expected) / Math.sqrt(expected)
  const isTor = cohort.key === 'upload:tor'
  const isAgent = cohort.key.startsWith('upload:agent:')
  const isFamily = cohort.key.startsWith('upload:family:')
  const enough = isTor ? 6 : isFamily ? 24 : 12
  const fresh = cohort.requests < 1 ? 0 : cohort.newCertificates / cohort.requests
  const isKnownMaterial = cohort.newCertificates > 0 && fresh < 0.3
  if (cohort.newSources < enough || isKnownMaterial) return undefined
  if (!isTor && (deviations < 8 || perMinute < 4 * usualPerMinute)) return undefined
  return hit(THROTTLE, {
    rule: isTor ? 'swarm-tor-uploads' : 'swarm-uploads',
    category: isTor ? 'tor-abuse' : 'upload-flood',
    text: isTor
      ? `${Math.round(cohort.newSources)} Tor exits were held back while uploading`
      : `${Math.round(cohort.newSources)} addresses upload certificates ${isAgent || isFamily ? 'with one kind of client' : 'of nearly one size'} (${cohort.description}), ${deviations.toFixed(0)} standard deviations above what is usual`,
    counters: {
      addresses: cohort.newSources,
      per_minute: perMinute,
      usual_per_minute: usualPerMinute,
      deviations
    }
  })
}
