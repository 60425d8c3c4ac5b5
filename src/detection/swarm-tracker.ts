/** Puts requests into cohorts, lets the swarm rules judge them, and names the members that fit. Pure; bounded in cohorts and members. */
import type { AddressText, OldestKey } from '../base/index.ts'
import {
  ageCohort,
  type Cohort,
  type CohortKind,
  type CohortMember,
  createCohort,
  isCommonAgent,
  joinCohort,
  noteAgent,
  usualPerMinute
} from './cohort.ts'
import { hash32, remember } from './hash-ring.ts'
import type { Observation } from './observation.ts'
import { pushTerm } from './order-track.ts'
import type { RuleHit } from './rules/rule.ts'
import { type CohortContext, judgeLookupCohort, judgeUploadCohort } from './rules/swarm-rules.ts'
import { isMostlyGpg, type SourceSession } from './session.ts'
import type { Verdict } from './verdict.ts'

const COHORTS_MAX = 4_096
const SEARCHES_REMEMBERED = 64
const LOOKUP_HALF_LIFE_MS = 600_000
/** Floods come at once: a short memory sees the step. */
const UPLOAD_HALF_LIFE_MS = 120_000
/** Members that were last seen longer ago are not named when a swarm is found. */
const MEMBER_RECENT_MS = 900_000
/** A member that goes on is named again once the first decision must have ended. */
const SAY_AGAIN_MS = 600_000
/** Width of a size class; every upload falls into two that overlap by half. */
const SIZE_CLASS_BYTES = 64

/** All uploads of one family of clients, whatever their size and name. */
const FAMILY_KEY = 'upload:family:'
const FAMILY_UPLOADS_MAX = 4

export interface SwarmState {
  watchedSinceMs: number
  cohorts: Map<string, Cohort>
}

export function createSwarmState(): SwarmState {
  return { watchedSinceMs: 0, cohorts: new Map() }
}

/** Looks up the session of an address; members without one are forgotten sources. */
export type FindSession = (source: AddressText) => SourceSession | undefined

function kindsOf(seen: Observation, session: SourceSession): CohortKind[] {
  const { event } = seen
  if (seen.action === 'upload') {
    const low = Math.floor(seen.uploadBytes / SIZE_CLASS_BYTES)
    const high = Math.floor((seen.uploadBytes + SIZE_CLASS_BYTES / 2) / SIZE_CLASS_BYTES)
    const family = uploaderFamily(seen)
    const kinds = [
      uploadKind(`upload:low:${low}:${family}`, low * SIZE_CLASS_BYTES),
      uploadKind(`upload:high:${high}:${family}`, high * SIZE_CLASS_BYTES - SIZE_CLASS_BYTES / 2)
    ]
    // A swarm may pad what it sends and take many names: what is left is how many such programs come at once.
    if (isFamilyMember(seen, session, family)) {
      kinds.push({
        key: `${FAMILY_KEY}${family}`,
        description: family === 'script' ? 'any program' : 'browsers that load no page',
        halfLifeMs: UPLOAD_HALF_LIFE_MS
      })
    }
    // GnuPG gives no name; whoever does is also compared with all who call themselves so.
    if (!seen.isGpgLike) {
      const agent = event.userAgent
      kinds.push({
        key: `upload:agent:${agent}`,
        description: agent.slice(0, 60) || 'no user agent',
        halfLifeMs: UPLOAD_HALF_LIFE_MS
      })
    }
    if (event.isRateLimited) {
      kinds.push({ key: 'upload:tor', description: 'Tor exits', halfLifeMs: UPLOAD_HALF_LIFE_MS })
    }
    return kinds
  }
  if (seen.action !== 'lookup' || seen.term === '' || seen.isGpgLike) return []
  const language = event.acceptLanguage === '' ? 'plain' : 'language'
  const exact = `lookup/${seen.shape}/|${event.httpVersion}|${language}|${event.userAgent}`
  const kinds = [lookupKind(exact, event.userAgent || 'no user agent')]
  const isBare = seen.agent === 'browser' && isBareRequest(seen, session)
  if (seen.agent !== 'browser' || isBare) {
    kinds.push(lookupKind(`lookup/${seen.shape}/|any|${seen.agent}|${isBare}`, seen.agent))
  }
  return kinds
}

/** GnuPG and browsers upload all day: a flood by scripts is measured against scripts, whatever they call themselves. */
function uploaderFamily(seen: Observation): 'gpg' | 'browser' | 'script' {
  if (seen.isGpgLike) return 'gpg'
  return seen.agent === 'browser' ? 'browser' : 'script'
}

/** Not those who upload all day without a page, and under their own name: mail programs and other keyservers. */
function isFamilyMember(
  seen: Observation,
  session: SourceSession,
  family: 'gpg' | 'browser' | 'script'
): boolean {
  if (family === 'script') return seen.agent !== 'hockeypuck'
  return (
    family === 'browser' &&
    isBareRequest(seen, session) &&
    !seen.event.userAgent.includes('Thunderbird/')
  )
}

function uploadKind(key: string, bytes: number): CohortKind {
  const description = `${bytes}–${bytes + SIZE_CLASS_BYTES - 1} bytes`
  return { key, description, halfLifeMs: UPLOAD_HALF_LIFE_MS }
}

function lookupKind(key: string, agent: string): CohortKind {
  return { key, description: agent.slice(0, 60), halfLifeMs: LOOKUP_HALF_LIFE_MS }
}

/** Mail programs and extensions call themselves browsers as well, but ask machine-readably. */
function isBareRequest(seen: Observation, session: SourceSession): boolean {
  if (seen.hkp.options.includes('mr')) return false
  return !seen.hasOwnReferer && !session.hasPageSigns
}

function cohortFor(
  state: SwarmState,
  kind: CohortKind,
  at: { readonly atMs: number; readonly oldest: OldestKey<string> }
): Cohort {
  let cohort = state.cohorts.get(kind.key)
  if (cohort === undefined) cohort = createCohort(kind, at.atMs)
  else state.cohorts.delete(kind.key)
  state.cohorts.set(kind.key, cohort)
  if (state.cohorts.size > COHORTS_MAX) {
    const oldest = at.oldest.find(state.cohorts)
    if (oldest !== undefined) state.cohorts.delete(oldest)
  }
  return cohort
}

function addToCohort(cohort: Cohort, seen: Observation, session: SourceSession): CohortMember {
  const agentHash = hash32(seen.event.userAgent)
  const from = { source: session.source, agentHash }
  const member = joinCohort(cohort, from, seen.event.loggedAtMs)
  noteAgent(cohort, agentHash)
  member.requests++
  cohort.requests++
  if (seen.isMiss) {
    cohort.misses++
    member.misses++
  }
  if (seen.agent === 'browser' && isBareRequest(seen, session)) cohort.bareBrowsers++
  if (seen.action !== 'lookup') return member
  if (!remember(cohort.searches, hash32(seen.term), SEARCHES_REMEMBERED)) {
    member.repeats++
    return member
  }
  cohort.distinctSearches++
  const before = cohort.order.comparisons
  const isUpwards = pushTerm(cohort.order, seen.term)
  if (cohort.order.comparisons !== before) {
    member.comparisons++
    if (isUpwards) member.ascents++
  }
  return member
}

/** Whether a member may be named: nothing about it speaks for a person, a keyring or a shared address. */
function fits(cohort: Cohort, member: CohortMember, session: SourceSession | undefined): boolean {
  if (session === undefined || isMostlyGpg(session) || session.hasPageSigns) return false
  if (session.requests > member.requests * 1.5 + 1) return false
  if (member.repeats > member.requests * 0.2) return false
  if (cohort.swarm?.rule === 'swarm-uploads') {
    // Whoever uploads by the dozen is judged for itself: an administrator's script meets a swarm's family.
    if (cohort.key.startsWith(FAMILY_KEY) && member.requests > FAMILY_UPLOADS_MAX) return false
    return isCommonAgent(cohort, member.agentHash)
  }
  if (cohort.swarm?.rule !== 'swarm-walk') return true
  const isAscending = cohort.order.ascents > cohort.order.comparisons / 2
  const steps = isAscending ? member.ascents : member.comparisons - member.ascents
  return steps >= member.comparisons * 0.6
}

function establish(
  cohort: Cohort,
  found: RuleHit,
  at: { readonly atMs: number; readonly usualPerMinute: number }
): string {
  const { atMs } = at
  cohort.swarm ??= {
    id: `swarm:${found.category}:${Math.round(atMs)}`,
    rule: found.reason.rule,
    sinceMs: atMs,
    usualPerMinute: at.usualPerMinute,
    lastSaidAtMs: atMs
  }
  cohort.swarm.lastSaidAtMs = atMs
  return cohort.swarm.id
}

function say(id: string, found: RuleHit, said: { atMs: number; members: AddressText[] }): Verdict {
  return {
    atMs: said.atMs,
    scope: 'swarm',
    value: id,
    members: said.members,
    // Members are known by likeness alone: they are slowed down, and banned only for what each does itself.
    level: 'throttle',
    category: found.category,
    score: found.score,
    reasons: [found.reason],
    lineHashes: []
  }
}

function nameMember(
  cohort: Cohort,
  member: CohortMember,
  at: { readonly session: SourceSession; readonly atMs: number }
): AddressText[] {
  const { session, atMs } = at
  if (atMs - session.swarmSaidAtMs < SAY_AGAIN_MS || !fits(cohort, member, session)) return []
  session.swarmSaidAtMs = atMs
  return [session.source]
}

function namedMembers(cohort: Cohort, atMs: number, findSession: FindSession): AddressText[] {
  const named: AddressText[] = []
  for (const [source, member] of cohort.members) {
    if (atMs - member.lastAtMs > MEMBER_RECENT_MS) continue
    const session = findSession(source)
    if (session !== undefined) named.push(...nameMember(cohort, member, { session, atMs }))
  }
  return named
}

export interface SwarmFindings {
  readonly verdicts: readonly Verdict[]
  /** The cohorts that the request belongs to, this request included. */
  readonly cohorts: readonly CohortContext[]
}

/** Adds one request to its cohorts and returns what can now be said of them. */
export function observeSwarm(
  state: SwarmState,
  seen: Observation,
  ports: {
    readonly session: SourceSession
    readonly findSession: FindSession
    readonly oldest: OldestKey<string>
  }
): SwarmFindings {
  const atMs = seen.event.loggedAtMs
  if (state.watchedSinceMs === 0) state.watchedSinceMs = atMs
  const verdicts: Verdict[] = []
  const cohorts: CohortContext[] = []
  for (const kind of kindsOf(seen, ports.session)) {
    const cohort = cohortFor(state, kind, { atMs, oldest: ports.oldest })
    ageCohort(cohort, atMs)
    const member = addToCohort(cohort, seen, ports.session)
    const context = { cohort, atMs, usualPerMinute: usualPerMinute(cohort, state.watchedSinceMs) }
    cohorts.push(context)
    const judged =
      seen.action === 'upload' ? judgeUploadCohort(context) : judgeLookupCohort(context)
    if (judged === undefined) {
      if (cohort.swarm !== undefined && atMs - cohort.swarm.lastSaidAtMs > MEMBER_RECENT_MS) {
        cohort.swarm = undefined
      }
      continue
    }
    const isKnown = cohort.swarm !== undefined
    const id = establish(cohort, judged, context)
    // Who only shares a name with a swarm, and came before it was one, is not part of it.
    const members =
      isKnown || cohort.key.startsWith('upload:agent:') || cohort.key.startsWith(FAMILY_KEY)
        ? nameMember(cohort, member, { session: ports.session, atMs })
        : namedMembers(cohort, atMs, ports.findSession)
    if (members.length > 0) verdicts.push(say(id, judged, { atMs, members }))
  }
  return { verdicts, cohorts }
}

/** What the keyserver's log later says of an upload: material nobody knew is what a flood is made of. */
export function noteNewCertificates(
  state: SwarmState,
  uploadBytes: number,
  inserted: number
): void {
  if (inserted === 0 || uploadBytes <= 0) return
  const low = Math.floor(uploadBytes / SIZE_CLASS_BYTES)
  const high = Math.floor((uploadBytes + SIZE_CLASS_BYTES / 2) / SIZE_CLASS_BYTES)
  for (const size of [`upload:low:${low}`, `upload:high:${high}`]) {
    for (const family of ['gpg', 'browser', 'script']) {
      const cohort = state.cohorts.get(`${size}:${family}`)
      if (cohort !== undefined) cohort.newCertificates++
    }
  }
}
