/**
 * Lets the models that are seated judge a source, and says what they went by. Hard evidence stays with the rules; what rules
 * only suspect from numbers, a model may confirm or dismiss. A model that fails says nothing, and whoever is left judges.
 */
import { messageOf } from '../base/index.ts'
import type { Contributions } from '../runtime/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import type { FeatureContext } from './features/feature.ts'
import { FEATURES, readFeatures } from './features/index.ts'
import { gatherEvidence } from './gather-evidence.ts'
import type { ModelEvidence } from './model-evidence.ts'
import {
  checkFeatures,
  type ModelJudgement,
  type ModelSeat,
  type ModelSeats,
  type ModelWord,
  type SeatedModels
} from './model-seats.ts'
import type { RuleHit } from './rules/rule.ts'
import { isMostlyGpg, type SourceSession, sessionKey } from './session.ts'
import type { Category, VerdictLevel } from './verdict.ts'

export interface Opinion extends ModelWord {
  /** So unlikely that what rules merely suspect is dropped. */
  readonly isCleared: boolean
  readonly findCategory: () => Category
  /** What it went by; to be asked before another source is judged. */
  readonly evidence: () => ModelEvidence
}

export interface Hearing {
  readonly by: ModelJudgement['by']
  readonly opinion: Opinion | undefined
  readonly shadows: readonly ModelWord[]
}

export interface HeardCase {
  readonly session: SourceSession
  /** What rules say of it. */
  readonly hits: readonly RuleHit[]
  readonly findContext: () => FeatureContext
  /** Asked although nothing has changed: a swarm or a prefix is judged by this request. @default false */
  readonly isUrgent?: boolean
}

/** Every judgement up to here, then whenever a tenth more has come. */
const ALWAYS_SCORED = 16
const SCORE_AGAIN = 1.1
/** A ban by likeness needs more than a first impression. */
const BAN_REQUESTS_MIN = 6
/**
 * To explain takes a hundred times as long as to score: a wave of addresses must not keep the guard from its log. So many at once, and
 * then so many a second of log time, are explained; the others keep features and score, from which an audit makes the rest.
 */
const EXPLAINED_AT_ONCE = 100
const EXPLAINED_A_SECOND = 20
const NOBODY: Hearing = { by: 'rules', opinion: undefined, shadows: [] }

/** Moves nothing: what it stands for is not known. */
const UNEXPLAINED: Contributions = {
  values: new Float64Array(FEATURES.length),
  bias: 0,
  margin: 0
}

interface Judging {
  readonly model: BehaviourModel
  readonly seat: ModelSeat
}

export class ModelJudge {
  readonly #seats: ModelSeats
  readonly #values = new Float64Array(FEATURES.length)
  readonly #features = new Float32Array(FEATURES.length)
  readonly #stamps = new WeakMap<BehaviourModel, number>()
  #room = { explanations: EXPLAINED_AT_ONCE, atMs: 0 }

  constructor(seats: ModelSeats) {
    this.#seats = seats
  }

  /** Undefined where nothing has changed that would change an answer. */
  hear(given: HeardCase): Hearing | undefined {
    const { session, hits, isUrgent = false } = given
    // Read once: who is replaced meanwhile finishes the judgement that it began.
    const seated = this.#seats.seated()
    const judges = this.#judgesOf(seated, session)
    const [first] = judges
    if (first === undefined && seated.shadows.length === 0) return NOBODY
    const stamp = first === undefined ? 0 : this.#stampOf(first.model)
    const isSame = session.scoredBy === stamp && session.requests < session.scoreAgainAt
    if (hits.length === 0 && isSame && !isUrgent) return undefined
    session.scoredBy = stamp
    session.scoreAgainAt =
      session.requests < ALWAYS_SCORED
        ? session.requests + 1
        : Math.ceil(session.requests * SCORE_AGAIN)
    const context = given.findContext()
    readFeatures(context, this.#values)
    this.#features.set(this.#values)
    return { ...this.#askInTurn(judges, context), shadows: this.#askShadows(seated, session) }
  }

  /** Tells what came of it, once the policy has concluded. */
  tell(
    { source }: SourceSession,
    { by, opinion, shadows }: Hearing,
    concluded: Pick<ModelJudgement, 'atMs' | 'level' | 'isSaid'>
  ): void {
    const word = opinion && { model: opinion.model, score: opinion.score, level: opinion.level }
    this.#seats.judged({ source, by, word, shadows, ...concluded })
  }

  /** The champion stands in for a canary that fails; for him only the rules do. */
  #judgesOf({ champion, canary }: SeatedModels, { source }: SourceSession): readonly Judging[] {
    const judges: Judging[] = []
    if (canary !== undefined && this.#seats.lotOf(sessionKey(source)) < canary.share) {
      judges.push({ model: canary.model, seat: 'canary' })
    }
    if (champion !== undefined) judges.push({ model: champion, seat: 'champion' })
    return judges
  }

  #askInTurn(judges: readonly Judging[], context: FeatureContext): Omit<Hearing, 'shadows'> {
    for (const judging of judges) {
      const score = this.#score(judging)
      if (score === undefined) continue
      const { model, seat } = judging
      const opinion: Opinion = {
        ...wordOf(model, score, context.session),
        isCleared: score < model.thresholds.watch,
        findCategory: () => categoryOf(context),
        evidence: once(() => this.#evidence(judging, context, score))
      }
      return { by: seat === 'canary' ? 'canary' : 'champion', opinion }
    }
    return NOBODY
  }

  #askShadows({ shadows }: SeatedModels, session: SourceSession): readonly ModelWord[] {
    return shadows.flatMap((model) => {
      const score = this.#score({ model, seat: 'shadow' })
      return score === undefined ? [] : [wordOf(model, score, session)]
    })
  }

  /** Of the features that were read last; undefined where the model fails. */
  #score(judging: Judging): number | undefined {
    const { model } = judging
    try {
      checkFeatures(model)
      const score = model.score(this.#features)
      if (score >= 0 && score <= 1) return score
      this.#fail(judging, `expected a probability, got ${score}`)
    } catch (error) {
      this.#fail(judging, messageOf(error))
    }
    return undefined
  }

  #fail({ model, seat }: Judging, reason: string): void {
    this.#seats.failed({ model: model.name, seat, reason })
  }

  /** Other thresholds make another model of it. */
  #stampOf(model: BehaviourModel): number {
    let stamp = this.#stamps.get(model)
    if (stamp === undefined) {
      const { watch, throttle, ban } = model.thresholds
      stamp = smallHash(`${model.name} ${watch} ${throttle} ${ban}`)
      this.#stamps.set(model, stamp)
    }
    return stamp
  }

  #evidence(judging: Judging, context: FeatureContext, score: number): ModelEvidence {
    const { source } = context.session
    const explain = () => (this.#hasRoom(context.atMs) ? this.#contributions(judging) : UNEXPLAINED)
    const features = this.#features
    return gatherEvidence({ ...judging.model, explain }, { source, features, score })
  }

  #hasRoom(atMs: number): boolean {
    const since = this.#room
    const earned = (Math.max(0, atMs - since.atMs) / 1_000) * EXPLAINED_A_SECOND
    const explanations = Math.min(EXPLAINED_AT_ONCE, since.explanations + earned)
    const isGranted = explanations >= 1
    this.#room = { explanations: isGranted ? explanations - 1 : explanations, atMs }
    return isGranted
  }

  /** Nothing where it cannot say: its score counts all the same. */
  #contributions(judging: Judging): Contributions {
    try {
      return judging.model.explain(this.#features)
    } catch (error) {
      this.#fail(judging, `cannot be explained: ${messageOf(error)}`)
      return UNEXPLAINED
    }
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function wordOf(model: BehaviourModel, score: number, session: SourceSession): ModelWord {
  return { model: model.name, score, level: levelOf(model, score, session) }
}

function levelOf(model: BehaviourModel, score: number, session: SourceSession): VerdictLevel {
  const { watch, throttle, ban } = model.thresholds
  if (score < watch) return 'benign'
  if (score < throttle) return 'watch'
  // Keyrings, shared addresses, people with a browser and other keyservers are slowed down at most: the model alone may be wrong.
  const isGuarded =
    isMostlyGpg(session) || session.hasPageSigns || session.userAgent.startsWith('Hockeypuck/')
  return score < ban || session.requests < BAN_REQUESTS_MIN || isGuarded ? 'throttle' : 'ban'
}

/** FNV-1a, 31 bits: fits a small integer, of which a session has room for one. */
function smallHash(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return (hash >>> 1) + 1
}

/** What it does says what kind of abuse it would be; the model says only that it is one. */
function categoryOf({ observation, cohorts }: FeatureContext): Category {
  switch (observation?.action) {
    case 'lookup':
      return 'harvesting'
    case 'upload':
      return observation.event.isRateLimited && cohorts.newSources > 1
        ? 'tor-abuse'
        : 'upload-flood'
    case 'hashquery':
      return 'endpoint-abuse'
    case 'admin':
      return 'brute-force'
    case 'foreign':
    case 'malformed':
      return 'scanner'
    default:
      return 'other'
  }
}
