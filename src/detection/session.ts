/**
 * What is remembered of one source: sliding counts over ten minutes and an hour, the order of its searches, and a few bounded
 * rings. Plain data, so that a checkpoint can hold it. Decides nothing.
 */
import { type AddressText, neighbourhoodOf } from '../base/index.ts'
import { addCount, type CounterSlab, createCounterSlab, readCount } from './counter-slab.ts'
import { createGapTrack, type GapTrack } from './gap-track.ts'
import { createHashRing, type HashRing } from './hash-ring.ts'
import { createOrderTrack, type OrderTrack } from './order-track.ts'
import type { SequenceTrack } from './sequence-track.ts'
import type { VerdictLevel } from './verdict.ts'

export const TEN_MINUTES_MS = 600_000
export const HOUR_MS = 3_600_000

/** Every counter of a session; the name says the unit, `requests` where it says none. */
export const COUNTERS = [
  'requests',
  'hkpRequests',
  'lookups',
  'misses',
  'hits',
  'hexSearches',
  'domainSearches',
  'emailSearches',
  'wordSearches',
  'repeatedSearches',
  'syntheticIds',
  'machineLists',
  'uploads',
  'gpgUploads',
  'largeUploads',
  'newCertificates',
  'knownCertificates',
  'poisoningNotices',
  'foreignRequests',
  'foreignPaths',
  'scannerPaths',
  'injections',
  'malformedRequests',
  'timeouts',
  'refusedSubmissions',
  'crashProbes',
  'hashqueries',
  'largeHashqueries',
  'largeAnswers',
  'reconRefusals',
  'reconFailures',
  'tlsFailures'
] as const
export type CounterName = (typeof COUNTERS)[number]

const INDEX = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Readonly<
  Record<CounterName, number>
>

/** What only a source that searches, uploads or strays needs: most have a single plain request. */
export interface SessionDetail {
  searches: HashRing
  paths: HashRing
  order: OrderTrack
  /** Sizes of the last uploads, bytes. */
  uploadSizes: number[]
  /** First word of the local part of searched addresses: the most frequent one (Misra–Gries with one counter). */
  namePart: { text: string; weight: number; domains: HashRing }
  /** Certificates this source changed: fingerprint → times, at most 16. */
  updates: Map<string, number>
  lineHashes: string[]
}

export interface SourceSession {
  source: AddressText
  /** Its counters in the slab. */
  slot: number
  firstAtMs: number
  lastAtMs: number
  requests: number
  /** User agent of the first request, at most 128 characters. */
  userAgent: string
  agentChanges: number
  lastAgentHash: number
  /** Searches, and how many of them look like GnuPG's: one such request proves nothing, the greater part does. */
  lookups: number
  gpgLookups: number
  hasBrowserRequests: boolean
  /** Kind and term of the first search, kept here until a second one makes a detail worth having. */
  firstSearch: string
  /** Loaded a style sheet, script, font or image, or came from one of our own pages. */
  hasPageSigns: boolean
  /** Times between its requests; made at the second one. */
  gaps: GapTrack | undefined
  /** Its last requests in order; made at the second one. */
  sequence: SequenceTrack | undefined
  /** Token of the first request, kept here until a second one makes a sequence worth having. */
  firstToken: number
  level: VerdictLevel
  /** Requests from which on a model looks again, and which model looked last (a hash of its name and thresholds; 0: none). */
  scoreAgainAt: number
  scoredBy: number
  /** When the level was last said, and by which rules. */
  saidAtMs: number
  saidRules: string[]
  /** How often it was found worth a throttle, with time for one to end in between; and when last. */
  strikes: number
  struckAtMs: number
  /** When a swarm last named it. */
  swarmSaidAtMs: number
  detail: SessionDetail | undefined
}

/** An IPv6 client holds a whole /64: its session is that of the /64. */
export function sessionKey(source: AddressText): string {
  return source.includes(':') ? neighbourhoodOf(source) : source
}

export function createSessionSlab(): CounterSlab {
  return createCounterSlab(COUNTERS.length, [TEN_MINUTES_MS, HOUR_MS])
}

export function createSession(source: AddressText, slot: number, atMs: number): SourceSession {
  return {
    source,
    slot,
    firstAtMs: atMs,
    lastAtMs: atMs,
    requests: 0,
    userAgent: '',
    agentChanges: 0,
    lastAgentHash: 0,
    lookups: 0,
    gpgLookups: 0,
    hasBrowserRequests: false,
    firstSearch: '',
    hasPageSigns: false,
    gaps: undefined,
    sequence: undefined,
    firstToken: 0,
    level: 'benign',
    scoreAgainAt: 0,
    scoredBy: 0,
    saidAtMs: 0,
    saidRules: [],
    strikes: 0,
    struckAtMs: Number.NEGATIVE_INFINITY,
    swarmSaidAtMs: Number.NEGATIVE_INFINITY,
    detail: undefined
  }
}

function createDetail(): SessionDetail {
  return {
    searches: createHashRing(),
    paths: createHashRing(),
    order: createOrderTrack(),
    uploadSizes: [],
    namePart: { text: '', weight: 0, domains: createHashRing() },
    updates: new Map(),
    lineHashes: []
  }
}

/** Whether GnuPG is what mostly searches from this address. */
export function isMostlyGpg(session: SourceSession): boolean {
  return session.gpgLookups > 0 && session.gpgLookups * 2 >= session.lookups
}

export function shiftSession(session: SourceSession, byMs: number): void {
  session.firstAtMs += byMs
  session.lastAtMs += byMs
  if (session.saidAtMs !== 0) session.saidAtMs += byMs
  session.struckAtMs += byMs
  session.swarmSaidAtMs += byMs
}

/** What rules read of a source that has no detail yet; never written to. */
const NO_DETAIL: SessionDetail = createDetail()

export function readDetail(session: SourceSession): Readonly<SessionDetail> {
  return session.detail ?? NO_DETAIL
}

const NO_GAPS: GapTrack = createGapTrack()

export function readGaps(session: SourceSession): Readonly<GapTrack> {
  return session.gaps ?? NO_GAPS
}

/** The detail to write to, made if it is not there. */
export function detailOf(session: SourceSession): SessionDetail {
  session.detail ??= createDetail()
  return session.detail
}

/** The counters of one source at one moment. */
export class Counts {
  readonly #slab: CounterSlab
  readonly #slot: number
  readonly #atMs: number

  constructor(slab: CounterSlab, slot: number, atMs: number) {
    this.#slab = slab
    this.#slot = slot
    this.#atMs = atMs
  }

  add(name: CounterName, amount = 1): void {
    addCount(this.#slab, { slot: this.#slot, counter: INDEX[name] }, this.#atMs, amount)
  }

  tenMinutes(name: CounterName): number {
    const at = { slot: this.#slot, counter: INDEX[name], span: 0 }
    return readCount(this.#slab, at, this.#atMs)
  }

  hour(name: CounterName): number {
    const at = { slot: this.#slot, counter: INDEX[name], span: 1 }
    return readCount(this.#slab, at, this.#atMs)
  }
}

/** Non-zero counters for `explain`, rounded, with the span in the name. */
export function describeSession(
  session: SourceSession,
  counts: Counts
): Readonly<Record<string, number | string>> {
  const described: Record<string, number | string> = {
    requests_total: session.requests,
    first_seen: new Date(session.firstAtMs).toISOString(),
    last_seen: new Date(session.lastAtMs).toISOString(),
    user_agent_changes: session.agentChanges,
    level: session.level
  }
  for (const name of COUNTERS) {
    const value = Math.round(counts.hour(name))
    if (value > 0) described[`${name}_per_hour`] = value
  }
  return described
}
