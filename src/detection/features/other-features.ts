/** Timing, the request in hand, neighbourhood, look-alikes, the keyserver as a whole, and what the rules say. */
import { gapAutocorrelation, gapVariation, meanGapS } from '../gap-track.ts'
import { type GlobalCounter, type GlobalSpan, readGlobal } from '../global-window.ts'
import { readGaps } from '../session.ts'
import { VERDICT_LEVELS } from '../verdict.ts'
import type { CohortEvidence } from './cohort-evidence.ts'
import { type Feature, type FeatureContext, share } from './feature.ts'
import type { PrefixEvidence } from './prefix-evidence.ts'
import { ACTIONS, AGENTS, SEARCH_KINDS } from './vocabulary.ts'

const TIMING: readonly Feature[] = [
  {
    name: 'gap_mean',
    group: 'timing',
    unit: 's',
    range: [0, 3_600],
    meaning: 'mean time between its last requests',
    read: ({ session }) => meanGapS(readGaps(session))
  },
  {
    name: 'gap_variation',
    group: 'timing',
    unit: 'ratio',
    range: [0, 100],
    meaning: 'standard deviation of these times over their mean',
    read: ({ session }) => gapVariation(readGaps(session))
  },
  {
    name: 'gap_autocorrelation',
    group: 'timing',
    unit: 'correlation',
    range: [-1, 1],
    meaning: 'correlation of each of these times with the one before it',
    read: ({ session }) => gapAutocorrelation(readGaps(session))
  },
  {
    name: 'gap_shortest',
    group: 'timing',
    unit: 's',
    range: [0, 3_600],
    meaning: 'shortest of these times',
    read: ({ session }) => session.gaps?.shortestS ?? Number.NaN
  }
]

/** The code of a word, from 0; NaN for none. */
function code(words: readonly string[], word: string | undefined): number {
  return word === undefined ? Number.NaN : words.indexOf(word)
}

const REQUEST: readonly Feature[] = [
  {
    name: 'action',
    group: 'request',
    unit: 'code',
    range: [0, ACTIONS.length - 1],
    categories: ACTIONS,
    meaning: 'what the request does',
    read: ({ observation }) => code(ACTIONS, observation?.action)
  },
  {
    name: 'search_kind',
    group: 'request',
    unit: 'code',
    range: [0, SEARCH_KINDS.length - 1],
    categories: SEARCH_KINDS,
    meaning: 'what kind of search it makes',
    read: ({ observation }) => code(SEARCH_KINDS, observation?.hkp.search.kind)
  },
  {
    name: 'agent',
    group: 'request',
    unit: 'code',
    range: [0, AGENTS.length - 1],
    categories: AGENTS,
    meaning: 'what it calls itself',
    read: ({ observation }) => code(AGENTS, observation?.agent)
  },
  {
    name: 'is_gpg_like',
    group: 'request',
    unit: '0 or 1',
    range: [0, 1],
    meaning: "whether it has the form of GnuPG's requests",
    read: ({ observation }) => Number(observation?.isGpgLike ?? Number.NaN)
  },
  {
    name: 'has_language',
    group: 'request',
    unit: '0 or 1',
    range: [0, 1],
    meaning: 'whether it names a language, as browsers do',
    read: ({ observation }) =>
      observation === undefined ? Number.NaN : Number(observation.event.acceptLanguage !== '')
  },
  {
    name: 'is_rate_limited',
    group: 'request',
    unit: '0 or 1',
    range: [0, 1],
    meaning: "whether the proxy's own Tor limit marked it",
    read: ({ observation }) => Number(observation?.event.isRateLimited ?? Number.NaN)
  },
  {
    name: 'status_class',
    group: 'request',
    unit: 'hundreds',
    range: [-1, 9],
    meaning: 'hundreds of the status, -1 for none',
    read: ({ observation }) =>
      observation === undefined ? Number.NaN : Math.floor(observation.event.status / 100)
  },
  {
    name: 'upload_bytes',
    group: 'request',
    unit: 'bytes',
    range: [0, 1e12],
    meaning: 'size of the upload in hand',
    read: ({ observation }) =>
      observation?.action === 'upload' ? observation.uploadBytes : Number.NaN
  },
  {
    name: 'answer_bytes',
    group: 'request',
    unit: 'bytes',
    range: [-1, 1e12],
    meaning: 'size of the answer',
    read: ({ observation }) => observation?.event.bytesOut ?? Number.NaN
  },
  {
    name: 'marks',
    group: 'request',
    unit: 'marks',
    range: [0, 11],
    meaning: 'kinds of suspicious content in it',
    read: ({ observation }) => observation?.hkp.marks.length ?? Number.NaN
  }
]

interface EvidenceOptions {
  readonly name: string
  readonly unit: string
  readonly max: number
  readonly meaning: string
  readonly min?: number
}

function prefixFeature(key: keyof PrefixEvidence, options: EvidenceOptions): Feature {
  const { name, unit, max, meaning } = options
  return {
    ...{ name, unit, meaning, group: 'prefix', range: [options.min ?? 0, max] },
    read: ({ prefix }) => prefix[key]
  }
}

const PREFIX: readonly Feature[] = [
  prefixFeature('members', {
    name: 'prefix_members',
    unit: 'addresses',
    max: 32,
    meaning: 'neighbours (/24, /64) that uploaded, strayed or were banned within an hour'
  }),
  prefixFeature('uploads', {
    name: 'prefix_uploads',
    unit: 'uploads',
    max: 1e9,
    meaning: 'first uploads of neighbours within an hour'
  }),
  prefixFeature('strays', {
    name: 'prefix_strays',
    unit: 'requests',
    max: 1e9,
    meaning: 'requests of neighbours for paths that no keyserver has, within an hour'
  }),
  prefixFeature('banned', {
    name: 'prefix_banned',
    unit: 'addresses',
    max: 32,
    meaning: 'neighbours found worth a ban within an hour'
  }),
  prefixFeature('cleanAgoS', {
    name: 'prefix_clean_ago',
    unit: 's',
    max: 1e9,
    meaning: 'since a neighbour last behaved well'
  })
]

function cohortFeature(key: keyof CohortEvidence, options: EvidenceOptions): Feature {
  const { name, unit, max, meaning } = options
  return {
    ...{ name, unit, meaning, group: 'swarm', range: [options.min ?? 0, max] },
    read: ({ cohorts }) => cohorts[key]
  }
}

const SWARM: readonly Feature[] = [
  cohortFeature('newSources', {
    name: 'alike_sources',
    unit: 'addresses',
    max: 1e6,
    meaning: 'addresses that lately began to send what one program would send with this one'
  }),
  cohortFeature('perMinute', {
    name: 'alike_per_minute',
    unit: 'addresses/min',
    max: 1e6,
    meaning: 'how fast they come'
  }),
  cohortFeature('usualRatio', {
    name: 'alike_ratio',
    unit: 'ratio',
    max: 1_000,
    meaning: 'that against what is usual'
  }),
  cohortFeature('deviations', {
    name: 'alike_deviations',
    unit: 'standard deviations',
    min: -1_000,
    max: 1e6,
    meaning: 'how far above a Poisson process of the usual rate'
  }),
  cohortFeature('requestsPerSource', {
    name: 'alike_requests_each',
    unit: 'requests',
    max: 1_000,
    meaning: 'requests for each of them'
  }),
  cohortFeature('freshShare', {
    name: 'alike_fresh_share',
    unit: 'share',
    max: 1,
    meaning: 'of their searches, those that none of them had made before'
  }),
  cohortFeature('missShare', {
    name: 'alike_miss_share',
    unit: 'share',
    max: 1,
    meaning: 'of their requests, those that found nothing'
  }),
  cohortFeature('bareShare', {
    name: 'alike_bare_share',
    unit: 'share',
    max: 1,
    meaning: 'of their requests, those of browsers that load no page'
  }),
  cohortFeature('newCertificateShare', {
    name: 'alike_new_certificate_share',
    unit: 'share',
    max: 1,
    meaning: 'of their uploads, those that brought a certificate nobody knew'
  }),
  cohortFeature('order', {
    name: 'alike_order_score',
    unit: 'standard deviations',
    max: 30,
    meaning: 'how far their searches, one after the other, are from a random order'
  }),
  cohortFeature('agentShare', {
    name: 'alike_agent_share',
    unit: 'share',
    max: 1,
    meaning: 'of their requests, those under the most frequent name'
  }),
  cohortFeature('isSwarm', {
    name: 'alike_is_swarm',
    unit: '0 or 1',
    max: 1,
    meaning: 'whether a swarm rule holds for them now'
  })
]

interface OverallOptions {
  readonly name: string
  readonly part: GlobalCounter
  readonly whole: GlobalCounter
  readonly span: GlobalSpan
  readonly meaning: string
}

function overallShare({ name, part, whole, span, meaning }: OverallOptions): Feature {
  return {
    name,
    group: 'keyserver',
    unit: 'share',
    range: [0, 1],
    meaning,
    read: ({ overall, atMs }) =>
      share(
        readGlobal(overall, { name: part, span }, atMs),
        readGlobal(overall, { name: whole, span }, atMs)
      )
  }
}

function pace(counter: GlobalCounter): (context: FeatureContext) => number {
  return ({ overall, atMs }) => {
    const now = readGlobal(overall, { name: counter, span: 'tenMinutes' }, atMs)
    const hour = readGlobal(overall, { name: counter, span: 'hour' }, atMs)
    return hour < 1e-9 ? Number.NaN : Math.min(6, (now * 6) / hour)
  }
}

const KEYSERVER: readonly Feature[] = [
  {
    name: 'overall_requests_1m',
    group: 'keyserver',
    unit: 'requests',
    range: [0, 1e9],
    meaning: 'requests of everybody within a minute',
    read: ({ overall, atMs }) => readGlobal(overall, { name: 'requests', span: 'minute' }, atMs)
  },
  overallShare({
    name: 'overall_error_share',
    part: 'errors',
    whole: 'served',
    span: 'tenMinutes',
    meaning: 'answers to everybody that were errors of the keyserver, last ten minutes'
  }),
  overallShare({
    name: 'overall_miss_share',
    part: 'misses',
    whole: 'served',
    span: 'hour',
    meaning: 'answers to everybody that found nothing, last hour'
  }),
  overallShare({
    name: 'overall_upload_share',
    part: 'uploads',
    whole: 'requests',
    span: 'tenMinutes',
    meaning: 'requests of everybody that are uploads, last ten minutes'
  }),
  {
    name: 'overall_upload_pace',
    group: 'keyserver',
    unit: 'ratio',
    range: [0, 6],
    meaning: 'uploads of everybody in the last ten minutes against the mean of the last hour',
    read: pace('uploads')
  },
  {
    name: 'overall_lookup_pace',
    group: 'keyserver',
    unit: 'ratio',
    range: [0, 6],
    meaning: 'lookups of everybody in the last ten minutes against the mean of the last hour',
    read: pace('lookups')
  }
]

const RULES: readonly Feature[] = [
  {
    name: 'rule_level',
    group: 'rules',
    unit: 'level',
    range: [0, VERDICT_LEVELS.length - 1],
    meaning: 'most severe level that a rule asks for: 0 none, 1 watch, 2 throttle, 3 ban',
    read: ({ hits }) => (hits[0] === undefined ? 0 : VERDICT_LEVELS.indexOf(hits[0].level))
  },
  {
    name: 'rule_score',
    group: 'rules',
    unit: 'score',
    range: [0, 1],
    meaning: 'scores of all rules that speak, taken as independent',
    read: ({ hits }) => 1 - hits.reduce((rest, { score }) => rest * (1 - score), 1)
  },
  {
    name: 'rule_count',
    group: 'rules',
    unit: 'rules',
    range: [0, 40],
    meaning: 'rules that speak',
    read: ({ hits }) => hits.length
  }
]

export const OTHER_FEATURES: readonly Feature[] = [
  ...TIMING,
  ...REQUEST,
  ...PREFIX,
  ...SWARM,
  ...KEYSERVER,
  ...RULES
]
