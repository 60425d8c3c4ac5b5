/** What the source itself did, in the spans that its session keeps. */
import { orderScore } from '../order-track.ts'
import { sizeModeShare } from '../rules/upload-rules.ts'
import { COUNTERS, type CounterName } from '../session.ts'
import { type Feature, type FeatureContext, share } from './feature.ts'

const COUNT_MAX = 65_535

const MEANINGS: Partial<Readonly<Record<CounterName, string>>> = {
  requests: 'all requests',
  lookups: 'lookups',
  hexSearches: 'different searches for key ids and fingerprints',
  domainSearches: 'different searches for whole domains or wildcards',
  emailSearches: 'different searches for mail addresses',
  wordSearches: 'different searches for words',
  syntheticIds: 'searches for made-up key ids',
  machineLists: 'result pages for people that were asked for',
  uploads: 'uploads',
  largeUploads: 'uploads of more than 16 KiB',
  newCertificates: 'uploaded certificates that the keyserver had not known',
  knownCertificates: 'uploaded certificates that it had known',
  poisoningNotices: "the keyserver's warnings about its uploads",
  foreignRequests: 'requests for paths that no keyserver has',
  foreignPaths: 'different such paths',
  scannerPaths: 'different paths that only scanners ask for',
  injections: 'requests with the syntax of an injection',
  malformedRequests: 'requests that are no HTTP',
  timeouts: 'requests that were never finished',
  refusedSubmissions: 'submissions that were refused for their signature or form',
  crashProbes: 'requests with NUL, control characters or invalid UTF-8',
  hashqueries: 'hash queries',
  largeHashqueries: 'hash queries answered by more than 256 KiB',
  largeAnswers: 'lookups answered by more than 256 KiB',
  reconRefusals: 'refused connections to the recon port',
  reconFailures: 'failed reconciliations',
  tlsFailures: 'failed TLS handshakes'
}

const TEN_MINUTE_COUNTERS: readonly CounterName[] = [
  'requests',
  'lookups',
  'uploads',
  'hashqueries',
  'largeHashqueries',
  'largeAnswers'
]

function counterFeatures(): Feature[] {
  const features: Feature[] = []
  for (const counter of COUNTERS) {
    const meaning = MEANINGS[counter]
    if (meaning === undefined) continue
    const snake = counter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    features.push({
      name: `${snake}_1h`,
      group: 'source',
      unit: 'requests',
      range: [0, COUNT_MAX],
      meaning: `${meaning}, last hour`,
      read: ({ counts }) => counts.hour(counter)
    })
    if (!TEN_MINUTE_COUNTERS.includes(counter)) continue
    features.push({
      name: `${snake}_10m`,
      group: 'source',
      unit: 'requests',
      range: [0, COUNT_MAX],
      meaning: `${meaning}, last ten minutes`,
      read: ({ counts }) => counts.tenMinutes(counter)
    })
  }
  return features
}

interface ShareOptions {
  readonly name: string
  readonly part: CounterName
  readonly whole: readonly CounterName[]
  readonly meaning: string
}

function shareFeature({ name, part, whole, meaning }: ShareOptions): Feature {
  const sum = ({ counts }: FeatureContext) =>
    whole.reduce((total, counter) => total + counts.hour(counter), 0)
  return {
    name,
    group: 'source',
    unit: 'share',
    range: [0, 1],
    meaning: `${meaning}, last hour`,
    read: (context) => share(context.counts.hour(part), sum(context))
  }
}

const SHARES: readonly Feature[] = [
  shareFeature({
    name: 'miss_share',
    part: 'misses',
    whole: ['misses', 'hits'],
    meaning: 'answered searches that found nothing'
  }),
  shareFeature({
    name: 'repeat_share',
    part: 'repeatedSearches',
    whole: ['lookups'],
    meaning: 'searches that were among its last 48'
  }),
  shareFeature({
    name: 'page_share',
    part: 'machineLists',
    whole: ['lookups'],
    meaning: 'lookups for pages made for people'
  }),
  shareFeature({
    name: 'hex_share',
    part: 'hexSearches',
    whole: ['lookups'],
    meaning: 'lookups for key ids and fingerprints'
  }),
  shareFeature({
    name: 'upload_share',
    part: 'uploads',
    whole: ['requests'],
    meaning: 'requests that are uploads'
  }),
  shareFeature({
    name: 'gpg_upload_share',
    part: 'gpgUploads',
    whole: ['uploads'],
    meaning: "uploads that look like GnuPG's"
  }),
  shareFeature({
    name: 'new_certificate_share',
    part: 'newCertificates',
    whole: ['newCertificates', 'knownCertificates'],
    meaning: 'uploaded certificates that were new'
  }),
  shareFeature({
    name: 'foreign_share',
    part: 'foreignRequests',
    whole: ['requests'],
    meaning: 'requests for paths that no keyserver has'
  }),
  shareFeature({
    name: 'hkp_share',
    part: 'hkpRequests',
    whole: ['requests'],
    meaning: 'requests that a keyserver client would send'
  })
]

const SESSION: readonly Feature[] = [
  {
    name: 'session_requests',
    group: 'source',
    unit: 'requests',
    range: [0, 1e9],
    meaning: 'requests since it is remembered',
    read: ({ session }) => session.requests
  },
  {
    name: 'session_age',
    group: 'source',
    unit: 's',
    range: [0, 1e9],
    meaning: 'since its first request',
    read: ({ session, atMs }) => Math.max(0, (atMs - session.firstAtMs) / 1_000)
  },
  {
    name: 'agent_changes',
    group: 'source',
    unit: 'changes',
    range: [0, 1e9],
    meaning: 'times that the user agent was another than in the request before',
    read: ({ session }) => session.agentChanges
  },
  {
    name: 'gpg_lookup_share',
    group: 'source',
    unit: 'share',
    range: [0, 1],
    meaning: "lookups that look like GnuPG's, of all it ever made",
    read: ({ session }) => share(session.gpgLookups, session.lookups)
  },
  {
    name: 'has_browser_requests',
    group: 'source',
    unit: '0 or 1',
    range: [0, 1],
    meaning: 'called itself a browser at least once',
    read: ({ session }) => Number(session.hasBrowserRequests)
  },
  {
    name: 'has_page_signs',
    group: 'source',
    unit: '0 or 1',
    range: [0, 1],
    meaning: "loaded something around a page, or came from one of the keyserver's own pages",
    read: ({ session }) => Number(session.hasPageSigns)
  },
  {
    name: 'order_score',
    group: 'source',
    unit: 'standard deviations',
    range: [0, 30],
    meaning: 'how far its searches are from a random order, upwards or downwards',
    read: ({ detail }) => Math.abs(orderScore(detail.order))
  },
  {
    name: 'order_comparisons',
    group: 'source',
    unit: 'comparisons',
    range: [0, 200],
    meaning: 'searches that were compared for it',
    read: ({ detail }) => detail.order.comparisons
  },
  {
    name: 'name_domains',
    group: 'source',
    unit: 'domains',
    range: [0, 24],
    meaning: 'domains at which it tried its most frequent name',
    read: ({ detail }) => detail.namePart.domains.slots.length
  },
  {
    name: 'size_mode_share',
    group: 'source',
    unit: 'share',
    range: [0, 1],
    meaning: 'of its last 16 uploads, within 64 bytes of the most crowded size',
    read: ({ detail }) =>
      detail.uploadSizes.length === 0 ? Number.NaN : sizeModeShare(detail.uploadSizes, 64)
  },
  {
    name: 'upload_bytes_last',
    group: 'source',
    unit: 'bytes',
    range: [0, 1e12],
    meaning: 'size of its last upload',
    read: ({ detail }) => detail.uploadSizes.at(-1) ?? Number.NaN
  },
  {
    name: 'same_certificate_updates',
    group: 'source',
    unit: 'updates',
    range: [0, 1e9],
    meaning: 'times that it changed the certificate which it changed most',
    read: ({ detail }) => Math.max(0, ...detail.updates.values())
  }
]

export const SOURCE_FEATURES: readonly Feature[] = [...counterFeatures(), ...SHARES, ...SESSION]
