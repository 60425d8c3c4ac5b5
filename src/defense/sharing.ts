/**
 * What this node tells the other operators of its own decisions, and what it never tells: no rule and no threshold, no exact score
 * or count (the network must not teach attackers where the limits lie), nothing that a client asked for, and no address that is
 * protected or private here. Pure; who sends it, when and to whom is decided elsewhere.
 */
import { createHash } from 'node:crypto'
import { findPrefix, getPrefix, type Prefix, type PrefixText } from '../base/index.ts'
import { CATEGORIES, type Category } from '../detection/index.ts'
import {
  ACCUSED_PREFIX_LENGTH_MIN,
  ALERT_INDICATORS_MAX,
  type AlertBody,
  confidenceOf,
  countBucket,
  INCIDENT_ID_BYTES,
  isPublicPrefix,
  VOTE_INDICATORS_MAX,
  VOTE_TTL_S_MAX,
  type Vote,
  type VoteBody
} from '../wire/index.ts'
import type { Decision } from './decision.ts'

export interface SharePolicy {
  readonly isEnabled: boolean
  readonly categories: readonly Category[]
  /** The least that is told. */
  readonly typeMin: 'throttle' | 'ban'
  /** `network`: the /24 or /64 around the address, so that no single client is named. */
  readonly precision: 'address' | 'network'
  /** Whether what is only computed and shown here is told to others. */
  readonly includesShadow: boolean
}

export interface ShareFacts {
  readonly treatAsPublic: readonly Prefix[]
  /** Whether it holds anything that may never be acted on here. */
  isProtected(prefix: PrefixText): boolean
}

/** Why a decision stays here. */
export const SHARE_REFUSALS = [
  'sharing-off',
  'not-own',
  'shadow',
  'type',
  'category',
  'no-indicator'
] as const
export type ShareRefusal = (typeof SHARE_REFUSALS)[number]

/** A decision as others may know it. */
export interface SharedDecision {
  readonly decisionId: string
  /** Number on the wire. */
  readonly category: number
  /** 2 medium (throttle), 3 high (ban), 4 critical. */
  readonly severity: number
  /** 0..100 in tens. */
  readonly confidence: number
  readonly prefixes: readonly PrefixText[]
  /** To the minute. */
  readonly seenAtMs: number
  readonly untilMs: number
  readonly counts: SharedCounts
}

export interface SharedCounts {
  readonly requests: number
  readonly errors: number
  readonly distinctPaths: number
}

const MINUTE_MS = 60_000
const NETWORK_LENGTH = { ipv4: 24, ipv6: 64 } as const
/** Clear to all in the network, not beyond it (FIRST TLP 2.0: green). */
const TLP_GREEN = 1
/** What one decision may name: a swarm of thousands would use up the hour's quota for all that comes after it. */
const PREFIXES_MAX = 60

/** Which counters count requests, refused ones, and different paths; a threshold or a share is none. */
const COUNTERS: Readonly<Record<keyof SharedCounts, readonly string[]>> = {
  requests: [
    'requests',
    'lookups',
    'pages',
    'ids',
    'synthetic_ids',
    'word_searches',
    'domain_searches',
    'uploads',
    'large_uploads',
    'large_hashqueries',
    'large_answers',
    'new_certificates',
    'malformed_requests',
    'refused_submissions',
    'recon_refusals',
    'scanner_paths',
    'foreign_paths',
    'injections',
    'crash_probes',
    'timeouts',
    'addresses'
  ],
  errors: ['malformed_requests', 'refused_submissions', 'recon_refusals', 'timeouts'],
  distinctPaths: ['scanner_paths', 'foreign_paths']
}

/** What may leave the node of a decision, or why nothing may. */
export function shareDecision(
  decision: Decision,
  policy: SharePolicy,
  facts: ShareFacts
): SharedDecision | ShareRefusal {
  const refusal = findRefusal(decision, policy)
  if (refusal !== undefined) return refusal
  const prefixes = sharedPrefixes(decision.prefixes, policy, facts)
  if (prefixes.length === 0) return 'no-indicator'
  return {
    decisionId: decision.id,
    category: CATEGORIES.indexOf(decision.category) + 1,
    severity: severityOf(decision),
    confidence: confidenceOf(decision.score),
    prefixes,
    seenAtMs: decision.createdAtMs - (decision.createdAtMs % MINUTE_MS),
    untilMs: decision.untilMs,
    counts: {
      requests: countOf(decision, 'requests'),
      errors: countOf(decision, 'errors'),
      distinctPaths: countOf(decision, 'distinctPaths')
    }
  }
}

function findRefusal(decision: Decision, policy: SharePolicy): ShareRefusal | undefined {
  if (!policy.isEnabled) return 'sharing-off'
  // What others said is not said again in our name; what the operator blocks by hand he may publish as a list.
  if (decision.origin !== 'detection') return 'not-own'
  if (decision.mode === 'shadow' && !policy.includesShadow) return 'shadow'
  if (decision.type === 'watch') return 'type'
  if (decision.type === 'throttle' && policy.typeMin === 'ban') return 'type'
  return policy.categories.includes(decision.category) ? undefined : 'category'
}

/** The indicators of the policy's precision, each once, less what may not be named. */
export function sharedPrefixes(
  prefixes: readonly PrefixText[],
  policy: Pick<SharePolicy, 'precision'>,
  facts: ShareFacts
): readonly PrefixText[] {
  const shared = new Set<PrefixText>()
  for (const text of prefixes) {
    const prefix = indicatorOf(text, policy.precision)
    if (prefix === undefined || shared.has(prefix)) continue
    if (!isPublicPrefix(prefix, facts.treatAsPublic) || facts.isProtected(prefix)) continue
    shared.add(prefix)
    if (shared.size === PREFIXES_MAX) break
  }
  return [...shared]
}

function indicatorOf(
  text: PrefixText,
  precision: SharePolicy['precision']
): PrefixText | undefined {
  const given = findPrefix(text)
  if (given === undefined) return undefined
  const family = given.bits.kind()
  if (given.length < ACCUSED_PREFIX_LENGTH_MIN[family]) return undefined
  if (precision === 'address' || given.length <= NETWORK_LENGTH[family]) return given.text
  return getPrefix(`${given.bits.toString()}/${NETWORK_LENGTH[family]}`).text
}

function severityOf(decision: Decision): number {
  if (decision.type === 'throttle') return 2
  return decision.scope === 'swarm' || decision.offence >= 2 ? 4 : 3
}

function countOf(decision: Decision, kind: keyof SharedCounts): number {
  let most = 0
  for (const { counters } of decision.reasons) {
    for (const name of COUNTERS[kind]) most = Math.max(most, counters[name] ?? 0)
  }
  return most
}

/** One alert for each category, more where one cannot hold all its indicators. */
export function composeAlerts(shared: readonly SharedDecision[]): readonly AlertBody[] {
  const byCategory = new Map<number, SharedDecision[]>()
  for (const one of shared) {
    const others = byCategory.get(one.category)
    if (others === undefined) byCategory.set(one.category, [one])
    else others.push(one)
  }
  return [...byCategory.values()].flatMap(alertsOf)
}

function alertsOf(shared: readonly SharedDecision[]): readonly AlertBody[] {
  const named = new Map<PrefixText, SharedDecision>()
  for (const one of shared) for (const prefix of one.prefixes) named.set(prefix, one)
  const alerts: AlertBody[] = []
  for (const part of chunks([...named], ALERT_INDICATORS_MAX)) {
    const about = [...new Set(part.map(([, one]) => one))]
    const [first] = about
    if (first !== undefined) alerts.push(alertOf(first, about, part))
  }
  return alerts
}

function alertOf(
  first: SharedDecision,
  about: readonly SharedDecision[],
  part: readonly (readonly [PrefixText, SharedDecision])[]
): AlertBody {
  const sum = (kind: keyof SharedCounts) =>
    countBucket(about.reduce((total, { counts }) => total + counts[kind], 0))
  return {
    kind: 'alert',
    incident: incidentOf(first.decisionId),
    category: first.category,
    severity: Math.max(...about.map(({ severity }) => severity)),
    confidence: Math.max(...about.map(({ confidence }) => confidence)),
    windowStartMs: Math.min(...about.map(({ seenAtMs }) => seenAtMs)),
    windowEndMs: Math.max(...about.map(({ seenAtMs }) => seenAtMs)),
    pathClass: 0,
    portClass: 0,
    indicators: part.map(([prefix, { counts, seenAtMs }]) => ({
      prefix,
      count: countBucket(counts.requests),
      firstMs: seenAtMs,
      lastMs: seenAtMs
    })),
    asn: undefined,
    evidence: {
      requests: sum('requests'),
      errors: sum('errors'),
      bytes: 0,
      distinctPaths: sum('distinctPaths')
    },
    tlp: TLP_GREEN
  }
}

/** Of the decision's id, which nobody else knows: later alerts of the incident can be told to belong to it, and nothing else. */
function incidentOf(decisionId: string): Uint8Array {
  const digest = createHash('sha256').update(`netminder-incident\0${decisionId}`).digest()
  return new Uint8Array(digest.subarray(0, INCIDENT_ID_BYTES))
}

/** This node's vote on every prefix that it accuses; the last decision about a prefix counts. */
export function composeVotes(
  shared: readonly SharedDecision[],
  nowMs: number
): readonly VoteBody[] {
  const votes = new Map<PrefixText, Vote>()
  for (const one of shared) {
    const ttlS = Math.min(VOTE_TTL_S_MAX, Math.floor((one.untilMs - nowMs) / 1_000))
    if (ttlS < 1) continue
    for (const prefix of one.prefixes) {
      votes.set(prefix, {
        prefix,
        stance: 'block',
        confidence: one.confidence,
        category: one.category,
        isFirstHand: true,
        firstMs: one.seenAtMs,
        lastMs: one.seenAtMs,
        count: countBucket(one.counts.requests),
        ttlS
      })
    }
  }
  return votesOf([...votes.values()])
}

/** Takes this node's votes on the decision's prefixes back. */
export function composeRetractions(shared: readonly SharedDecision[]): readonly VoteBody[] {
  const votes = new Map<PrefixText, Vote>()
  for (const one of shared) {
    for (const prefix of one.prefixes) {
      votes.set(prefix, {
        prefix,
        stance: 'retract',
        confidence: one.confidence,
        category: one.category,
        isFirstHand: true,
        firstMs: one.seenAtMs,
        lastMs: one.seenAtMs,
        count: 0,
        ttlS: 0
      })
    }
  }
  return votesOf([...votes.values()])
}

function votesOf(votes: readonly Vote[]): readonly VoteBody[] {
  return chunks(votes, VOTE_INDICATORS_MAX).map((part) => ({ kind: 'vote', votes: part }))
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: T[][] = []
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size))
  return parts
}
