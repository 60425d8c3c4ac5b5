/**
 * What a source does, told from its features: one clause for each topic, which begins with a verb ("asked for 41 different keys
 * within an hour, none of which exists"). Features of one topic are told together, so that nothing is said twice.
 */
import { bytesText, durationText, numberText, percentText } from './value-text.ts'

/** The value of a feature by its name; NaN where it is not known. */
export type ReadFeature = (name: string) => number

export interface Topic {
  readonly features: readonly string[]
  /** Undefined where there is nothing to tell. */
  readonly tell: (read: ReadFeature) => string | undefined
  /** What is told instead where the topic speaks for the source. */
  readonly reassure?: (read: ReadFeature) => string | undefined
  /** Told after all others: the rules give their own reasons. @default false */
  readonly isLast?: boolean
}

const NEARLY_ALL = 0.995
/** Bytes; smaller answers say nothing about who asked. */
const LARGE_ANSWER = 65_536
const MOST = 0.6
/** Standard deviations from which on an order is none by chance. */
const ORDERED = 3

/** As a whole number; 0 where it is not known. */
function count(read: ReadFeature, name: string): number {
  const value = read(name)
  return Number.isNaN(value) ? 0 : Math.round(value)
}

function many(number: number, one: string, several: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : several}`
}

function times(number: number): string {
  if (number === 1) return 'once'
  return number === 2 ? 'twice' : `${number.toLocaleString('en')} times`
}

const SEARCHES = [
  ['hex_searches_1h', 'asked for', 'different key', 'different keys'],
  ['email_searches_1h', 'searched for', 'different mail address', 'different mail addresses'],
  ['domain_searches_1h', 'searched for', 'whole domain', 'whole domains'],
  ['word_searches_1h', 'searched for', 'different word', 'different words']
] as const

function tellLookups(read: ReadFeature): string | undefined {
  const lookups = count(read, 'lookups_1h')
  if (lookups === 0) return undefined
  const [first] = SEARCHES.map(([name, verb, one, several]) => ({
    ...{ number: count(read, name), verb, one, several }
  })).sort((a, b) => b.number - a.number)
  const isClear = first !== undefined && first.number >= lookups * MOST
  const asked = isClear
    ? `${first.verb} ${many(first.number, first.one, first.several)} within an hour`
    : `looked something up ${times(lookups)} within an hour`
  return `${asked}${pace(read, 'lookups_10m')}${tellMisses(read('miss_share'), lookups)}`
}

function tellMisses(share: number, lookups: number): string {
  if (share >= NEARLY_ALL) {
    return lookups === 1 ? ', and found nothing' : ', none of which exists'
  }
  if (share >= MOST) return `, ${percentText(share)} of which do not exist`
  return share < 0.05 && lookups >= 10 ? ', nearly all of which exist' : ''
}

/** How fast it goes of late, where that is a pace at all. */
function pace(read: ReadFeature, name: string): string {
  const perMinute = read(name) / 10
  return perMinute >= 1 ? ` (${numberText(perMinute)} a minute of late)` : ''
}

function tellUploads(read: ReadFeature): string | undefined {
  const uploads = count(read, 'uploads_1h')
  if (uploads === 0) return undefined
  const share = read('new_certificate_share')
  const brought =
    share >= NEARLY_ALL && uploads > 1
      ? ', all of it certificates that nobody knew'
      : share >= MOST && uploads > 1
        ? `, ${percentText(share)} of it certificates that nobody knew`
        : ''
  return `uploaded ${times(uploads)} within an hour${pace(read, 'uploads_10m')}${brought}`
}

function tellSizes(read: ReadFeature): string | undefined {
  const share = read('size_mode_share')
  if (share >= MOST && count(read, 'uploads_1h') >= 3) {
    return `sends uploads of one size (${percentText(share)} of its last within 64 bytes)`
  }
  const large = count(read, 'large_uploads_1h')
  return large === 0 ? undefined : `uploaded more than 16 KiB ${times(large)} within an hour`
}

function tellStrays(read: ReadFeature): string | undefined {
  const paths = count(read, 'foreign_paths_1h')
  const scanner = count(read, 'scanner_paths_1h')
  if (paths > 0) {
    const which = paths === 1 ? 'path' : 'different paths'
    const tried = scanner === 0 ? '' : `, ${scanner} of which only scanners try`
    return `asked for ${paths.toLocaleString('en')} ${which} that no keyserver has${tried}`
  }
  return undefined
}

function tellRhythm(read: ReadFeature): string | undefined {
  const mean = read('gap_mean')
  if (Number.isNaN(mean)) return undefined
  const variation = read('gap_variation')
  const how =
    variation < 0.1 ? ', regular as a clock' : variation > 2 ? ' in the mean, but in bursts' : ''
  return `sends a request every ${durationText(mean)}${how}`
}

function tellVolume(read: ReadFeature): string | undefined {
  const perMinute = read('requests_10m') / 10
  if (perMinute >= 1) return `sends ${numberText(perMinute)} requests a minute`
  const requests = count(read, 'session_requests')
  if (requests === 0) return undefined
  const age = read('session_age')
  if (requests === 1 || !(age >= 1)) return `has sent ${many(requests, 'request', 'requests')} only`
  return `has sent ${many(requests, 'request', 'requests')} in ${durationText(age)}`
}

const AGENT_NAMES = [
  'gives no name for itself',
  'calls itself a browser',
  'calls itself GnuPG',
  'calls itself a keyserver',
  'calls itself a program (the library of a language)',
  'calls itself a monitor',
  'calls itself a search engine',
  'calls itself a scanner',
  'calls itself by a name that no known client has'
]

function tellClient(read: ReadFeature): string | undefined {
  const changes = count(read, 'agent_changes')
  if (changes >= 3) return `changed the name that it gives for itself ${times(changes)}`
  const agent = AGENT_NAMES[read('agent')]
  if (read('agent') === 1) return `${agent} but loads nothing around a page`
  return agent
}

function tellPages(read: ReadFeature): string | undefined {
  const pages = count(read, 'machine_lists_1h')
  return pages === 0
    ? undefined
    : `fetched ${many(pages, 'result page', 'result pages')} made for people`
}

function tellOrder(read: ReadFeature): string | undefined {
  const score = read('order_score')
  if (!(score >= ORDERED)) return undefined
  return `searches in order, as one walks a list (${numberText(score)} standard deviations from chance)`
}

function tellNeighbours(read: ReadFeature): string | undefined {
  const members = count(read, 'prefix_members')
  const banned = count(read, 'prefix_banned')
  if (members === 0) return undefined
  const badly = 'badly enough for a ban'
  const worst = banned === 0 ? '' : members === 1 ? `, ${badly}` : `, ${banned} of them ${badly}`
  return `has ${many(members, 'neighbour', 'neighbours')} that uploaded or strayed within an hour${worst}`
}

function tellAlike(read: ReadFeature): string | undefined {
  const sources = count(read, 'alike_sources')
  if (sources < 2) return undefined
  const ratio = read('alike_ratio')
  const usual = ratio >= 2 ? `, ${numberText(ratio)} times as many as usual` : ''
  const misses = read('alike_miss_share') >= 0.8 ? ', and mostly find nothing' : ''
  const order = read('alike_order_score') >= ORDERED ? ', one after the other as in a list' : ''
  return `is one of ${sources.toLocaleString('en')} addresses that lately began to send the same kind of request${usual}${order}${misses}`
}

function tellKeyserver(read: ReadFeature): string | undefined {
  const errors = read('overall_error_share')
  if (errors >= 0.05) return `came while ${percentText(errors)} of all answers were errors`
  const uploads = read('overall_upload_pace')
  if (uploads >= 1.5) {
    return `came while everybody uploaded ${numberText(uploads)} times as much as in the hour's mean`
  }
  const lookups = read('overall_lookup_pace')
  if (lookups >= 1.5) {
    return `came while everybody looked up ${numberText(lookups)} times as much as in the hour's mean`
  }
  return undefined
}

function tellRules(read: ReadFeature): string | undefined {
  const rules = count(read, 'rule_count')
  return rules === 0 ? undefined : `breaks ${many(rules, 'rule', 'rules')}`
}

/** Counters of what most clients never do: the number stands between the first word and the noun. */
const COUNTED = [
  ['injections', 'sent', 'request', 'requests', ' with the syntax of an injection'],
  ['crash_probes', 'sent', 'request', 'requests', ' with control characters or broken text'],
  ['malformed_requests', 'sent', 'request', 'requests', ' that are no HTTP'],
  ['timeouts', 'left', 'request', 'requests', ' unfinished'],
  ['refused_submissions', 'made', 'submission', 'submissions', ' that were refused'],
  ['poisoning_notices', 'drew', 'warning', 'warnings', ' of the keyserver by its uploads'],
  ['synthetic_ids', 'searched for', 'made-up key id', 'made-up key ids', ''],
  ['hashqueries', 'made', 'hash query', 'hash queries', ''],
  ['large_hashqueries', 'made', 'hash query', 'hash queries', ' answered by more than 256 KiB'],
  ['large_answers', 'made', 'lookup', 'lookups', ' answered by more than 256 KiB'],
  ['recon_refusals', 'was refused', 'connection', 'connections', ' to the recon port'],
  ['recon_failures', 'failed at', 'reconciliation', 'reconciliations', ''],
  ['tls_failures', 'failed at', 'TLS handshake', 'TLS handshakes', '']
] as const

function countedTopic([name, verb, one, several, after]: (typeof COUNTED)[number]): Topic {
  return {
    features: [`${name}_1h`, `${name}_10m`],
    tell: (read) => {
      const number = count(read, `${name}_1h`)
      return number === 0 ? undefined : `${verb} ${many(number, one, several)}${after} in an hour`
    }
  }
}

/** What a single value tells; undefined where it tells nothing. */
function topicOf(name: string, tell: (value: number) => string | undefined): Topic {
  return { features: [name], tell: (read) => tell(read(name)) }
}

const SINGLE: readonly Topic[] = [
  topicOf('name_domains', (value) =>
    value >= 2 ? `tried one name at ${many(Math.round(value), 'domain', 'domains')}` : undefined
  ),
  topicOf('same_certificate_updates', (value) =>
    value >= 1 ? `changed one certificate ${times(Math.round(value))}` : undefined
  ),
  topicOf('marks', (value) => (value >= 1 ? 'sent suspicious content just now' : undefined)),
  topicOf('is_rate_limited', (value) =>
    value === 1 ? "was held back by the proxy's own limit for Tor" : undefined
  ),
  topicOf('has_language', (value) =>
    value === 1 ? 'names a language, as browsers do' : undefined
  ),
  topicOf('answer_bytes', (value) =>
    value >= LARGE_ANSWER ? `was answered with ${bytesText(value)} just now` : undefined
  ),
  topicOf('status_class', (value) =>
    value >= 4 ? `was answered with an error (${value}xx) just now` : undefined
  )
]

export const TOPICS: readonly Topic[] = [
  {
    features: [
      ...['lookups_1h', 'lookups_10m', 'miss_share', 'repeat_share', 'hex_share', 'search_kind'],
      ...SEARCHES.map(([name]) => name)
    ],
    tell: tellLookups
  },
  {
    features: [
      ...['uploads_1h', 'uploads_10m', 'upload_share', 'new_certificates_1h', 'action'],
      ...['known_certificates_1h', 'new_certificate_share', 'gpg_upload_share']
    ],
    tell: tellUploads
  },
  {
    features: ['size_mode_share', 'large_uploads_1h', 'upload_bytes', 'upload_bytes_last'],
    tell: tellSizes
  },
  {
    features: [
      ...['foreign_requests_1h', 'foreign_paths_1h', 'scanner_paths_1h'],
      ...['foreign_share', 'hkp_share']
    ],
    tell: tellStrays,
    reassure: (read) =>
      read('hkp_share') >= NEARLY_ALL ? 'asks for what keyserver clients ask for' : undefined
  },
  {
    features: ['gap_mean', 'gap_variation', 'gap_shortest', 'gap_autocorrelation'],
    tell: tellRhythm
  },
  {
    features: ['requests_1h', 'requests_10m', 'session_requests', 'session_age'],
    tell: tellVolume
  },
  {
    features: [
      ...['agent', 'agent_changes', 'is_gpg_like', 'has_browser_requests', 'has_page_signs'],
      'gpg_lookup_share'
    ],
    tell: tellClient,
    reassure: (read) =>
      read('has_page_signs') === 1
        ? 'loads pages with all that is around them, as people do'
        : read('is_gpg_like') === 1
          ? "sends requests in the form of GnuPG's"
          : undefined
  },
  { features: ['machine_lists_1h', 'page_share'], tell: tellPages },
  { features: ['order_score', 'order_comparisons'], tell: tellOrder },
  {
    features: [
      ...['prefix_members', 'prefix_uploads', 'prefix_strays', 'prefix_banned'],
      'prefix_clean_ago'
    ],
    tell: tellNeighbours,
    reassure: (read) =>
      read('prefix_members') === 0 ? 'has no neighbour that did anything unusual' : undefined
  },
  {
    features: [
      ...['alike_sources', 'alike_per_minute', 'alike_ratio', 'alike_deviations'],
      ...['alike_requests_each', 'alike_fresh_share', 'alike_miss_share', 'alike_bare_share'],
      ...['alike_new_certificate_share', 'alike_order_score', 'alike_agent_share'],
      'alike_is_swarm'
    ],
    tell: tellAlike,
    reassure: (read) => (read('alike_sources') < 2 ? 'comes without others of its kind' : undefined)
  },
  {
    features: [
      ...['overall_requests_1m', 'overall_error_share', 'overall_miss_share'],
      ...['overall_upload_share', 'overall_upload_pace', 'overall_lookup_pace']
    ],
    tell: tellKeyserver
  },
  {
    features: ['rule_level', 'rule_score', 'rule_count'],
    tell: tellRules,
    reassure: (read) => (read('rule_count') === 0 ? 'breaks no rule' : undefined),
    isLast: true
  },
  ...COUNTED.map(countedTopic),
  ...SINGLE
]
