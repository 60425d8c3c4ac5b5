/**
 * The node's own first policy: rules over sessions, prefixes and cohorts. It judges what a client did, never what the proxy
 * answered on our word. Its state is plain data (`snapshot`), every event costs constant work, every table has a bound.
 */
import { hash } from 'node:crypto'
import { type AddressText, neighbourhoodOf, OldestKey, type PrefixText } from '../base/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import { shiftCohort } from './cohort.ts'
import { type CounterSlab, releaseSlot, shiftCounts, takeSlot } from './counter-slab.ts'
import { DetectionError } from './errors.ts'
import { readCohorts } from './features/cohort-evidence.ts'
import type { FeatureContext } from './features/feature.ts'
import { readPrefix } from './features/prefix-evidence.ts'
import { createGlobalWindow, type GlobalWindow, noteGlobally, readGlobal } from './global-window.ts'
import type { JudgementKeeper } from './judgement-keeper.ts'
import { type Hearing, ModelJudge } from './model-judge.ts'
import { fixedSeats, type ModelSeats } from './model-seats.ts'
import { type Observation, observe } from './observation.ts'
import { observePrefix, type PrefixState, shiftPrefix } from './prefix-tracker.ts'
import type { RuleHit } from './rules/rule.ts'
import { evaluateRules, type JudgedEvent } from './rules/rule-set.ts'
import {
  Counts,
  createSession,
  createSessionSlab,
  describeSession,
  detailOf,
  readDetail,
  type SourceSession,
  sessionKey,
  shiftSession
} from './session.ts'
import {
  updateFromNotice,
  updateFromRecon,
  updateFromRequest,
  updateFromSubmission
} from './session-update.ts'
import { concludeSource } from './source-verdict.ts'
import {
  createSwarmState,
  noteNewCertificates,
  observeSwarm,
  type SwarmFindings,
  type SwarmState
} from './swarm-tracker.ts'
import type { Policy, StandingDecisions, Verdict } from './verdict.ts'

export interface RulePolicyOptions {
  /** Sources remembered; the one seen longest ago goes first. @default 200000 */
  readonly sourcesMax?: number
  /** Judges beside the rules: may confirm or dismiss what they suspect, and sees what they do not. */
  readonly model?: BehaviourModel
  /** Models that come and go while it judges; instead of `model`. */
  readonly models?: ModelSeats
  /** Names of rules that say nothing: what the rest would see of an abuse that nobody wrote a rule for. @default none */
  readonly withoutRules?: ReadonlySet<string>
  /** Sees what is known of a source each time it is judged: how training gets the very features that a live node reads. */
  readonly onJudged?: (context: FeatureContext) => void
  /** Keeps some judgements of a live node. */
  readonly keeper?: JudgementKeeper | undefined
}

const STATE_VERSION = 4
const SOURCES_MAX = 200_000
const LINES_REMEMBERED = 8
/** Answers to others that say what is usual. */
const OTHERS_MIN = 50
const NO_FINDINGS: SwarmFindings = { verdicts: [], cohorts: [] }

interface RulePolicyState {
  readonly version: number
  slab: CounterSlab
  sessions: Map<AddressText, SourceSession>
  prefixes: PrefixState
  swarms: SwarmState
  overall: GlobalWindow
}

function createState(): RulePolicyState {
  return {
    version: STATE_VERSION,
    slab: createSessionSlab(),
    sessions: new Map(),
    prefixes: new Map(),
    swarms: createSwarmState(),
    overall: createGlobalWindow()
  }
}

interface Findings {
  readonly judged: JudgedEvent
  readonly hits: readonly RuleHit[]
  readonly swarm: SwarmFindings
}

export class RulePolicy implements Policy {
  readonly name: string
  readonly #sourcesMax: number
  readonly #onJudged: RulePolicyOptions['onJudged']
  readonly #keeper: JudgementKeeper | undefined
  readonly #withoutRules: ReadonlySet<string>
  readonly #judgeBy: ModelJudge | undefined
  readonly #oldestSession = new OldestKey<AddressText>()
  readonly #oldestPrefix = new OldestKey<PrefixText>()
  readonly #oldestCohort = new OldestKey<string>()
  #state = createState()

  constructor(options: RulePolicyOptions = {}) {
    this.#sourcesMax = options.sourcesMax ?? SOURCES_MAX
    this.#onJudged = options.onJudged
    this.#keeper = options.keeper
    this.#withoutRules = options.withoutRules ?? new Set()
    const seats = options.models ?? (options.model && fixedSeats(options.model))
    this.#judgeBy = seats && new ModelJudge(seats)
    this.name = seats === undefined ? 'rules' : 'default'
  }

  get sourcesTracked(): number {
    return this.#state.sessions.size
  }

  observe(event: TrafficEvent, standing: StandingDecisions): readonly Verdict[] {
    if (event.kind === 'request') noteGlobally(this.#state.overall, event)
    const source = subjectOf(event)
    if (source === undefined || standing.isProtected(source)) return []
    // What comes while our own decision stands was answered on our word: it is no evidence. Nor is a request that the keyserver
    // served all the same. A slower service is what some readers of our lists make of a throttle; a recording holds answers
    // that the decision would have prevented, and the core may not judge it otherwise than life; and a block that reaches nobody
    // is a fault of its actuator, which is told there, and no worse deed of the client. Shadow decisions do not stand here.
    const held = standing.findStanding(source)
    if (held !== undefined && held.level !== 'watch') return []
    const session = this.#sessionOf(source, event.atMs)
    const counts = new Counts(this.#state.slab, session.slot, event.loggedAtMs)
    if (event.kind === 'request') {
      const seen = observe(event)
      updateFromRequest(session, counts, seen)
      return this.#judge(session, counts, { event, seen })
    }
    if (!this.#noteLine(session, counts, event)) return []
    return this.#judge(session, counts, { event, seen: undefined })
  }

  /** Counters of one source for `explain`; undefined if it is not remembered. */
  describe(
    source: AddressText,
    atMs: number
  ): Readonly<Record<string, number | string>> | undefined {
    const session = this.#state.sessions.get(sessionKey(source))
    if (session === undefined) return undefined
    const { slab, overall } = this.#state
    const everybodys = (name: 'requests' | 'uploads') =>
      Math.round(readGlobal(overall, { name, span: 'hour' }, atMs))
    return {
      ...describeSession(session, new Counts(slab, session.slot, atMs)),
      everybodys_requests_per_hour: everybodys('requests'),
      everybodys_uploads_per_hour: everybodys('uploads')
    }
  }

  /** Starts afresh with one source: what it did until now counts no more. */
  forget(source: AddressText): void {
    const { sessions, slab } = this.#state
    const key = sessionKey(source)
    const session = sessions.get(key)
    if (session === undefined) return
    releaseSlot(slab, session.slot)
    sessions.delete(key)
  }

  shiftTime(byMs: number): void {
    const { slab, sessions, prefixes, swarms, overall } = this.#state
    shiftCounts(slab, byMs)
    shiftCounts(overall.slab, byMs)
    for (const session of sessions.values()) shiftSession(session, byMs)
    for (const prefix of prefixes.values()) shiftPrefix(prefix, byMs)
    for (const cohort of swarms.cohorts.values()) shiftCohort(cohort, byMs)
    if (swarms.watchedSinceMs !== 0) swarms.watchedSinceMs += byMs
  }

  snapshot(): unknown {
    return this.#state
  }

  restore(snapshot: unknown): void {
    const state = snapshot as RulePolicyState | undefined
    if (state?.version !== STATE_VERSION) {
      throw new DetectionError(
        'DETECTION_STATE_INVALID',
        `expected detection state of version ${STATE_VERSION}, got ${String(state?.version)}`
      )
    }
    this.#state = state
  }

  #sessionOf(source: AddressText, atMs: number): SourceSession {
    const { sessions, slab } = this.#state
    const key = sessionKey(source)
    const known = sessions.get(key)
    if (known !== undefined) {
      sessions.delete(key)
      sessions.set(key, known)
      return known
    }
    if (sessions.size >= this.#sourcesMax) {
      const oldest = this.#oldestSession.find(sessions) ?? ''
      const dropped = sessions.get(oldest)
      if (dropped !== undefined) releaseSlot(slab, dropped.slot)
      sessions.delete(oldest)
    }
    const session = createSession(source, takeSlot(slab), atMs)
    sessions.set(key, session)
    return session
  }

  #noteLine(session: SourceSession, counts: Counts, event: TrafficEvent): boolean {
    switch (event.kind) {
      case 'submission':
        updateFromSubmission(session, counts, event)
        noteNewCertificates(
          this.#state.swarms,
          session.detail?.uploadSizes.at(-1) ?? 0,
          event.inserted.length
        )
        return true
      case 'keyserver-notice':
        return updateFromNotice(counts, event)
      case 'recon':
        return updateFromRecon(counts, event)
      case 'proxy-notice':
        if (event.what === 'tls-handshake-failed') counts.add('tlsFailures')
        return false
      default:
        return false
    }
  }

  #judge(session: SourceSession, counts: Counts, judged: JudgedEvent): Verdict[] {
    const { event, seen } = judged
    const { sessions, swarms } = this.#state
    if (isNotable(session, seen)) rememberLine(session, event.line)
    const hits = evaluateRules({
      session,
      detail: readDetail(session),
      counts,
      observation: seen,
      findOthersMissShare: () => this.#othersMissShare(counts, event.loggedAtMs)
    }).filter(({ reason }) => !this.#withoutRules.has(reason.rule))
    const swarm =
      seen === undefined
        ? NO_FINDINGS
        : observeSwarm(swarms, seen, {
            session,
            oldest: this.#oldestCohort,
            findSession: (source) => sessions.get(sessionKey(source))
          })
    const found = { judged, hits, swarm }
    const isKept = this.#keeper?.wants(session, hits, seen !== undefined) === true
    if (isKept) this.#keeper?.take(this.#contextOf(session, counts, found))
    const hearing = this.#askModels(session, counts, found)
    const own = concludeSource(session, {
      ...{ atMs: event.loggedAtMs, hits, opinion: hearing?.opinion },
      isSkipped: this.#judgeBy !== undefined && hearing === undefined,
      rememberLine: () => rememberLine(session, event.line)
    })
    if (isKept) this.#keeper?.conclude(session.level, hearing?.opinion?.score)
    if (hearing !== undefined) {
      const concluded = { atMs: event.loggedAtMs, level: session.level, isSaid: own !== undefined }
      this.#judgeBy?.tell(session, hearing, concluded)
    }
    const near = seen === undefined ? undefined : this.#observePrefix(session, seen)
    const wide = [near, ...swarm.verdicts].filter((verdict) => verdict !== undefined)
    const said = own === undefined ? [] : [own]
    said.push(...this.#withEvidence(wide, hearing, { session, counts, found }))
    return this.#withoutRules.size === 0 ? said : said.filter((one) => !this.#isSilenced(one))
  }

  /** A prefix or a swarm keeps what the model knew of the member whose request led to it. */
  #withEvidence(
    verdicts: readonly Verdict[],
    hearing: Hearing | undefined,
    of: { readonly session: SourceSession; readonly counts: Counts; readonly found: Findings }
  ): readonly Verdict[] {
    if (verdicts.length === 0 || this.#judgeBy === undefined) return verdicts
    const { session, counts, found } = of
    const findContext = () => this.#contextOf(session, counts, found)
    const heard =
      hearing ?? this.#judgeBy.hear({ session, hits: found.hits, findContext, isUrgent: true })
    const evidence = heard?.opinion?.evidence
    return evidence === undefined ? verdicts : verdicts.map((one) => ({ ...one, evidence }))
  }

  /** A prefix or a swarm is judged by one rule; a source by those that were left. */
  #isSilenced({ reasons }: Verdict): boolean {
    return reasons.length > 0 && reasons.every(({ rule }) => this.#withoutRules.has(rule))
  }

  #observePrefix(session: SourceSession, seen: Observation): Verdict | undefined {
    return observePrefix(this.#state.prefixes, {
      prefix: neighbourhoodOf(session.source),
      source: session.source,
      atMs: seen.event.loggedAtMs,
      isUpload: seen.action === 'upload' && session.requests < 20,
      isStray: seen.action === 'foreign',
      isClean: seen.isHit && seen.action === 'lookup' && session.level === 'benign',
      level: session.level,
      oldest: this.#oldestPrefix
    })
  }

  #askModels(session: SourceSession, counts: Counts, found: Findings): Hearing | undefined {
    this.#onJudged?.(this.#contextOf(session, counts, found))
    return this.#judgeBy?.hear({
      ...{ session, hits: found.hits },
      findContext: () => this.#contextOf(session, counts, found)
    })
  }

  #contextOf(session: SourceSession, counts: Counts, found: Findings): FeatureContext {
    const { event, seen } = found.judged
    const atMs = event.loggedAtMs
    const { prefixes, overall } = this.#state
    return {
      ...{ atMs, session, counts, overall },
      detail: readDetail(session),
      observation: seen,
      prefix: readPrefix(prefixes.get(neighbourhoodOf(session.source)), atMs),
      cohorts: readCohorts(found.swarm.cohorts, this.#withoutRules),
      hits: found.hits
    }
  }

  #othersMissShare(counts: Counts, atMs: number): number | undefined {
    const { overall } = this.#state
    const all = (name: 'served' | 'misses') => readGlobal(overall, { name, span: 'hour' }, atMs)
    const misses = all('misses') - counts.hour('misses')
    const served = all('served') - counts.hour('misses') - counts.hour('hits')
    return served < OTHERS_MIN ? undefined : misses / served
  }
}

function subjectOf(event: TrafficEvent): AddressText | undefined {
  switch (event.kind) {
    case 'request':
    case 'submission':
    case 'keyserver-notice':
    case 'proxy-notice':
      return event.source
    case 'recon':
      return event.what === 'rejected' || event.what === 'failed' ? event.peer : undefined
    default:
      return undefined
  }
}

/** Plain first requests leave no hash behind: most sources never send another. */
function isNotable(session: SourceSession, seen: Observation | undefined): boolean {
  return (
    seen === undefined ||
    seen.action !== 'lookup' ||
    session.requests >= 3 ||
    seen.hkp.marks.length > 0
  )
}

function rememberLine(session: SourceSession, line: string): void {
  const { lineHashes } = detailOf(session)
  lineHashes.push(hash('sha256', line, 'hex').slice(0, 16))
  if (lineHashes.length > LINES_REMEMBERED) lineHashes.shift()
}
