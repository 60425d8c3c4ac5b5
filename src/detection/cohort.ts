/**
 * Sources that look like one program: same agent, same protocol version, same shape of request. One address with one request
 * says nothing; five hundred of them that walk the key space in one order do. Plain data, bounded, constant work per request.
 */
import type { AddressText } from '../base/index.ts'
import { createHashRing, type HashRing } from './hash-ring.ts'
import { createOrderTrack, type OrderTrack } from './order-track.ts'

/** The long memory that says what is usual for this cohort. */
const USUAL_HALF_LIFE_MS = 6 * 3_600_000
/** Members remembered by address; the oldest goes first. */
export const COHORT_MEMBERS_MAX = 2_000
/** Share of the requests from which on a user agent is what the cohort calls itself. */
const AGENT_PREVAILS = 0.3
/** Below this share of the prevailing one, a user agent belongs to somebody else. */
const AGENT_STANDS_APART = 0.25

export interface CohortMember {
  firstAtMs: number
  lastAtMs: number
  requests: number
  /** Comparisons with the request of the cohort before, and how many of them went upwards. */
  comparisons: number
  ascents: number
  /** Searches that this member had made before. */
  repeats: number
  misses: number
  /** Hash of the user agent with which it came first. */
  agentHash: number
}

export interface Swarm {
  readonly id: string
  readonly rule: string
  sinceMs: number
  /** What was usual before it: a swarm must not become usual by going on. */
  readonly usualPerMinute: number
  lastSaidAtMs: number
}

export interface Cohort {
  key: string
  /** A cohort forgets by halves, with this half-life. */
  halfLifeMs: number
  /** `lookup:fingerprint`, `upload:1306`, … as shown to a person. */
  description: string
  firstAtMs: number
  lastAtMs: number
  /** Decayed counts. */
  requests: number
  misses: number
  newSources: number
  distinctSearches: number
  bareBrowsers: number
  newCertificates: number
  /** All new sources ever; the usual rate is what came before the recent ones. */
  sourcesTotal: number
  /** Arrivals of new sources a minute by the long memory. */
  usualPerMinute: number
  searches: HashRing
  /** User agents by hash, with decayed counts of requests: the most frequent ones (Misra–Gries). */
  agents: Map<number, number>
  order: OrderTrack
  members: Map<AddressText, CohortMember>
  /** Set once the cohort was found to be a swarm. */
  swarm: Swarm | undefined
}

export interface CohortKind {
  readonly key: string
  readonly description: string
  readonly halfLifeMs: number
}

export function createCohort(kind: CohortKind, atMs: number): Cohort {
  return {
    key: kind.key,
    halfLifeMs: kind.halfLifeMs,
    description: kind.description,
    firstAtMs: atMs,
    lastAtMs: atMs,
    requests: 0,
    misses: 0,
    newSources: 0,
    distinctSearches: 0,
    bareBrowsers: 0,
    newCertificates: 0,
    sourcesTotal: 0,
    usualPerMinute: 0,
    searches: createHashRing(),
    agents: new Map(),
    order: createOrderTrack(),
    members: new Map(),
    swarm: undefined
  }
}

/** Lets the counts of a cohort age to `atMs`. Call before anything is added or read. */
export function ageCohort(cohort: Cohort, atMs: number): void {
  const elapsedMs = atMs - cohort.lastAtMs
  if (elapsedMs <= 0) return
  const keep = 0.5 ** (elapsedMs / cohort.halfLifeMs)
  const keepUsual = 0.5 ** (elapsedMs / USUAL_HALF_LIFE_MS)
  if (cohort.swarm === undefined) {
    cohort.usualPerMinute =
      cohort.usualPerMinute * keepUsual + sourcesPerMinute(cohort) * (1 - keepUsual)
  }
  cohort.requests *= keep
  cohort.misses *= keep
  cohort.newSources *= keep
  cohort.distinctSearches *= keep
  cohort.bareBrowsers *= keep
  cohort.newCertificates *= keep
  for (const [agent, count] of cohort.agents) cohort.agents.set(agent, count * keep)
  cohort.lastAtMs = atMs
}

/** Arrivals of new sources a minute, from the decayed count: a steady rate r leaves r × half-life / ln 2. */
export function sourcesPerMinute(cohort: Cohort): number {
  return (cohort.newSources * Math.LN2 * 60_000) / cohort.halfLifeMs
}

/**
 * Arrivals a minute that are usual here: by the long memory once it has formed, before that by what came earlier than the
 * recent ones. `watchedSinceMs` is when this node began to watch.
 */
export function usualPerMinute(cohort: Cohort, watchedSinceMs: number): number {
  if (cohort.swarm !== undefined) return cohort.swarm.usualPerMinute
  const minutes = Math.max(0, cohort.lastAtMs - watchedSinceMs) / 60_000
  const older = Math.max(0, cohort.sourcesTotal - cohort.newSources)
  const early = (older + 1) / (minutes + 2)
  return minutes < 360 ? early : Math.max(cohort.usualPerMinute, Math.min(early, 1))
}

/** The member's record, made if it is new. */
export function joinCohort(
  cohort: Cohort,
  from: { readonly source: AddressText; readonly agentHash: number },
  atMs: number
): CohortMember {
  const { source, agentHash } = from
  const known = cohort.members.get(source)
  if (known !== undefined) {
    known.lastAtMs = atMs
    return known
  }
  if (cohort.members.size >= COHORT_MEMBERS_MAX) {
    const [oldest] = cohort.members.keys()
    if (oldest !== undefined) cohort.members.delete(oldest)
  }
  const member: CohortMember = {
    firstAtMs: atMs,
    lastAtMs: atMs,
    requests: 0,
    comparisons: 0,
    ascents: 0,
    repeats: 0,
    misses: 0,
    agentHash
  }
  cohort.members.set(source, member)
  cohort.newSources++
  if (cohort.swarm === undefined) cohort.sourcesTotal++
  return member
}

const AGENTS_REMEMBERED = 16

export function noteAgent(cohort: Cohort, agentHash: number): void {
  const { agents } = cohort
  const count = agents.get(agentHash)
  if (count !== undefined) agents.set(agentHash, count + 1)
  else if (agents.size < AGENTS_REMEMBERED) agents.set(agentHash, 1)
  else {
    for (const [agent, others] of agents) {
      if (others <= 1) agents.delete(agent)
      else agents.set(agent, others - 1)
    }
  }
}

/** A program that gives itself one name, or another each time: false for a name that stands apart from the common one. */
export function isCommonAgent(cohort: Cohort, agentHash: number): boolean {
  const counts = [...cohort.agents.values()]
  const most = Math.max(0, ...counts)
  if (most < cohort.requests * AGENT_PREVAILS) return true
  return (cohort.agents.get(agentHash) ?? 0) >= most * AGENT_STANDS_APART
}

export function shiftCohort(cohort: Cohort, byMs: number): void {
  cohort.firstAtMs += byMs
  cohort.lastAtMs += byMs
  for (const member of cohort.members.values()) {
    member.firstAtMs += byMs
    member.lastAtMs += byMs
  }
  if (cohort.swarm === undefined) return
  cohort.swarm.sinceMs += byMs
  cohort.swarm.lastSaidAtMs += byMs
}
