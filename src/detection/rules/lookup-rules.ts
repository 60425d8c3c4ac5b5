/**
 * Searches of one source: who harvests addresses or walks the key space searches in order, for whole domains, for made-up
 * names or ids. A refresh of a keyring, a mail gateway and a build farm do none of these, however many requests they send.
 */
import { orderScore } from '../order-track.ts'
import { isMostlyGpg } from '../session.ts'
import { atMostThrottle, hit, lasting, type Rule, type RuleContext, rungOf } from './rule.ts'

/**
 * Five standard deviations with at least twelve comparisons: a random order reaches that once in more than a million
 * sequences; four with ten, once in thirty thousand, is worth a throttle.
 */
const ORDER_SCORE_BAN = 5
const ORDER_SCORE_THROTTLE = 4.2
const ORDER_COMPARISONS_MIN = 10

/** Answered requests that found nothing, as a share; a keyserver that answers 500 under load says nothing about them. */
function missShare({ counts }: RuleContext): number {
  const misses = counts.hour('misses')
  const answered = misses + counts.hour('hits')
  return answered < 1 ? 0 : misses / answered
}

export const orderedSearches: Rule = (context) => {
  const { detail, session, counts } = context
  const score = Math.abs(orderScore(detail.order))
  const comparisons = detail.order.comparisons
  if (comparisons < ORDER_COMPARISONS_MIN) return undefined
  const isIds = counts.hour('hexSearches') > counts.hour('lookups') / 2
  // Somebody may keep a keyring in order and refresh it with GnuPG: it takes more, and is only slowed down.
  const isKeyring = isMostlyGpg(session) && isIds && missShare(context) < 0.6
  if (isKeyring && comparisons < 60) return undefined
  const rung = rungOf(score, { watch: 3.5, throttle: ORDER_SCORE_THROTTLE, ban: ORDER_SCORE_BAN })
  return hit(isKeyring ? atMostThrottle(rung) : rung, {
    rule: 'ordered-searches',
    category: 'harvesting',
    text: `searched in ${detail.order.ascents > comparisons / 2 ? 'ascending' : 'descending'} order: ${Math.round(detail.order.ascents)} of ${Math.round(comparisons)} steps upwards, ${score.toFixed(1)} standard deviations from chance`,
    counters: {
      order_score: score,
      comparisons,
      throttle_at: ORDER_SCORE_THROTTLE,
      ban_at: ORDER_SCORE_BAN
    }
  })
}

/** Whole domains and wildcards: nobody needs ten of them in an hour (Dec 2023, hockeypuck #286; theHarvester). */
export const domainSearches: Rule = ({ counts, observation }) => {
  const kind = observation?.hkp.search.kind
  if (kind !== 'domain' && kind !== 'wildcard') return undefined
  const domains = counts.hour('domainSearches')
  return hit(rungOf(domains, { watch: 3, throttle: 5, ban: 9 }), {
    rule: 'domain-searches',
    category: 'harvesting',
    text: `searched for ${Math.round(domains)} different whole domains within an hour`,
    counters: { domain_searches: domains, throttle_at: 5, ban_at: 9 }
  })
}

/** One name tried at many domains (`anna.smith@…`, `anna.jones@…`, or `info@` everywhere). Gateways ask for whom they have mail. */
export const nameWalk: Rule = ({ counts, detail }) => {
  const { weight, domains, text } = detail.namePart
  const searches = counts.hour('emailSearches')
  if (searches < 8 || weight < searches * 0.6) return undefined
  return hit(rungOf(domains.slots.length, { watch: 6, throttle: 8, ban: 15 }), {
    rule: 'name-walk',
    category: 'harvesting',
    text: `tried the name "${text.slice(0, 24)}" at ${domains.slots.length} or more domains`,
    counters: { domains: domains.slots.length, name_weight: weight, throttle_at: 8, ban_at: 15 }
  })
}

/** Free words, one after the other, from a program: a dictionary of names. People search for few, with a browser. */
export const wordSearches: Rule = ({ counts, session, observation }) => {
  if (observation?.hkp.search.kind !== 'words') return undefined
  const words = counts.hour('wordSearches')
  const factor = session.hasPageSigns ? 3 : 1
  return hit(rungOf(words, { watch: 8 * factor, throttle: 12 * factor, ban: 30 * factor }), {
    rule: 'word-searches',
    category: 'harvesting',
    text: `searched for ${Math.round(words)} different words or names within an hour`,
    counters: { word_searches: words, throttle_at: 12 * factor, ban_at: 30 * factor }
  })
}

/**
 * Pages for people (`op=index` without `mr`), read by a program that is no browser: dirmngr, gateways and scripts that need
 * keys ask machine-readably.
 */
export const scrapedPages: Rule = ({ counts, observation }) => {
  if (observation === undefined || observation.agent === 'browser') return undefined
  const pages = counts.hour('machineLists')
  return hit(lasting(rungOf(pages, { watch: 10, throttle: 15, ban: 40 })), {
    rule: 'scraped-pages',
    category: 'harvesting',
    text: `read ${Math.round(pages)} search pages made for people, with a program`,
    counters: { pages, throttle_at: 15, ban_at: 40 }
  })
}

/** Calls itself a browser, but never loads a style sheet, never comes from a page of ours, and searches on and on. */
export const bareBrowser: Rule = (context) => {
  const { counts, session } = context
  if (!session.hasBrowserRequests || session.hasPageSigns || isMostlyGpg(session)) return undefined
  // Mail programs and extensions call themselves browsers, too; they ask for no pages.
  const pages = counts.hour('machineLists')
  const misses = missShare(context)
  const rung = rungOf(pages, { watch: 5, throttle: 8, ban: 16 })
  return hit(misses >= 0.5 ? lasting(rung) : atMostThrottle(rung), {
    rule: 'bare-browser',
    category: 'harvesting',
    text: `calls itself a browser but loads nothing around the ${Math.round(pages)} result pages that it asked for`,
    counters: { pages, miss_share: misses, throttle_at: 8, ban_at: 16 }
  })
}

/** Ids that nobody's certificate has: round numbers, counted up (`a99b0500…00`). */
export const syntheticIds: Rule = ({ counts }) => {
  const ids = counts.hour('syntheticIds')
  return hit(rungOf(ids, { watch: 2, throttle: 3, ban: 6 }), {
    rule: 'synthetic-ids',
    category: 'harvesting',
    text: `asked for ${Math.round(ids)} made-up key ids`,
    counters: { synthetic_ids: ids, throttle_at: 3, ban_at: 6 }
  })
}

/**
 * Many different ids of which nearly none exists: a keyring's do, a random walk's do not (N3 against A9). Where nearly nobody
 * finds anything, as on a keyserver that begins anew, a miss says nothing.
 */
export const unknownIds: Rule = (context) => {
  const { counts, session } = context
  const ids = counts.hour('hexSearches')
  const misses = missShare(context)
  const repeated = counts.hour('repeatedSearches')
  if (misses < 0.85 || repeated > ids * 0.1 || counts.hour('hits') + counts.hour('misses') < 15) {
    return undefined
  }
  if ((context.findOthersMissShare() ?? 0) > 0.7) return undefined
  const factor = isMostlyGpg(session) ? 4 : 1
  const rung = rungOf(ids, { watch: 15 * factor, throttle: 25 * factor, ban: 60 * factor })
  return hit(factor > 1 ? atMostThrottle(rung) : rung, {
    rule: 'unknown-ids',
    category: 'harvesting',
    text: `asked for ${Math.round(ids)} different key ids; ${Math.round(misses * 100)} % of them are unknown here`,
    counters: { ids, miss_share: misses, throttle_at: 25 * factor, ban_at: 60 * factor }
  })
}

/** Very many different certificates, none twice: a copy of the key space in the making. No keyring fills an hour of GnuPG. */
export const bulkDownload: Rule = ({ counts, session }) => {
  const ids = counts.hour('hexSearches')
  if (counts.hour('repeatedSearches') > ids * 0.1) return undefined
  const isGpg = isMostlyGpg(session)
  const throttleAt = isGpg ? 5_000 : 240
  const rung = rungOf(ids, { watch: throttleAt / 2, throttle: throttleAt, ban: throttleAt * 10 })
  return hit(isGpg ? atMostThrottle(rung) : lasting(rung), {
    rule: 'bulk-download',
    category: 'harvesting',
    text: `fetched ${Math.round(ids)} different certificates within an hour, none of them twice`,
    counters: { ids, throttle_at: throttleAt, ban_at: throttleAt * 10 }
  })
}

/** Hash queries whose answers are all huge: the digests of the largest certificates, asked again and again (A12). */
export const hashqueryAmplification: Rule = ({ counts }) => {
  const large = counts.tenMinutes('largeHashqueries')
  if (large < counts.tenMinutes('hashqueries') * 0.6) return undefined
  return hit(rungOf(large, { watch: 6, throttle: 8, ban: 14 }), {
    rule: 'hashquery-amplification',
    isHard: true,
    category: 'endpoint-abuse',
    text: `drew ${Math.round(large)} hash-query answers of over 256 KiB within ten minutes`,
    counters: { large_hashqueries: large, throttle_at: 8, ban_at: 14 }
  })
}

/**
 * The fattest certificates, fetched over and over (A13). Build farms repeat theirs all day, and some of those are large:
 * only answers of a size that one certificate in thousands has (contract §4.3) count.
 */
export const largeAnswers: Rule = ({ counts, detail }) => {
  const answers = counts.tenMinutes('largeAnswers')
  if (detail.searches.slots.length > answers * 0.7) return undefined
  return hit(lasting(rungOf(answers, { watch: 60, throttle: 200, ban: 1_000 })), {
    rule: 'large-answers',
    category: 'endpoint-abuse',
    text: `fetched ${Math.round(answers)} answers of over 256 KiB within ten minutes, few of them different`,
    counters: { large_answers: answers, throttle_at: 200, ban_at: 1_000 }
  })
}
