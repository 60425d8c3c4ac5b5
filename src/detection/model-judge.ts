/**
 * Lets a trained model judge a source, and puts its word into a sentence. Hard evidence stays with the rules; what rules only
 * suspect from numbers, the model may confirm or dismiss.
 */
import type { BehaviourModel } from './behaviour-model.ts'
import { DetectionError } from './errors.ts'
import type { FeatureContext } from './features/feature.ts'
import { FEATURE_SET_VERSION, FEATURES, readFeatures } from './features/index.ts'
import { isMostlyGpg, type SourceSession } from './session.ts'
import type { Category, Reason, VerdictLevel } from './verdict.ts'

export interface Opinion {
  readonly model: string
  /** Calibrated probability of abuse. */
  readonly score: number
  readonly level: VerdictLevel
  /** So unlikely that what rules merely suspect is dropped. */
  readonly isCleared: boolean
  /** In the order of `FEATURES`; another source's judgement overwrites it. */
  readonly features: Float32Array
  readonly findCategory: () => Category
  readonly explain: () => Reason
}

/** Every judgement up to here, then whenever a tenth more has come. */
const ALWAYS_SCORED = 16
const SCORE_AGAIN = 1.1
/** A ban by likeness needs more than a first impression. */
const BAN_REQUESTS_MIN = 6
const FEATURES_SHOWN = 4

export class ModelJudge {
  readonly #model: BehaviourModel
  readonly #values = new Float64Array(FEATURES.length)
  readonly #features = new Float32Array(FEATURES.length)

  /** @throws {MODEL_MISMATCH} if the model was trained on other features */
  constructor(model: BehaviourModel) {
    if (model.featureSetVersion !== FEATURE_SET_VERSION) {
      throw new DetectionError(
        'MODEL_MISMATCH',
        `expected a model for features of version ${FEATURE_SET_VERSION}, got ${model.name} for version ${model.featureSetVersion}`
      )
    }
    this.#model = model
  }

  get model(): string {
    return this.#model.name
  }

  /** Undefined where nothing has changed that would change the score. */
  judge(context: FeatureContext): Opinion | undefined {
    const { session, hits } = context
    if (hits.length === 0 && session.requests < session.scoreAgainAt) return undefined
    session.scoreAgainAt =
      session.requests < ALWAYS_SCORED
        ? session.requests + 1
        : Math.ceil(session.requests * SCORE_AGAIN)
    readFeatures(context, this.#values)
    this.#features.set(this.#values)
    const score = this.#model.score(this.#features)
    const { watch } = this.#model.thresholds
    return {
      model: this.#model.name,
      score,
      level: this.#levelOf(score, session),
      isCleared: score < watch,
      features: this.#features,
      findCategory: () => categoryOf(context),
      explain: () => this.#explain(score)
    }
  }

  #levelOf(score: number, session: SourceSession): VerdictLevel {
    const { watch, throttle, ban } = this.#model.thresholds
    if (score < watch) return 'benign'
    if (score < throttle) return 'watch'
    // Keyrings, shared addresses and people with a browser are slowed down at most: the model alone may be wrong about them.
    const isGuarded = isMostlyGpg(session) || session.hasPageSigns
    return score < ban || session.requests < BAN_REQUESTS_MIN || isGuarded ? 'throttle' : 'ban'
  }

  #explain(score: number): Reason {
    const contributions = this.#model.contributions(this.#features)
    const strongest = [...contributions.keys()]
      .sort((a, b) => (contributions[b] ?? 0) - (contributions[a] ?? 0))
      .slice(0, FEATURES_SHOWN)
      .filter((index) => (contributions[index] ?? 0) > 0)
    const counters: Record<string, number> = { probability: round(score) }
    const said: string[] = []
    for (const index of strongest) {
      const feature = FEATURES[index]
      const value = this.#features[index] ?? Number.NaN
      if (feature === undefined) continue
      if (!Number.isNaN(value)) counters[feature.name] = round(value)
      said.push(`${feature.meaning}: ${shown(feature.categories, value)}`)
    }
    const because = said.length === 0 ? '' : `, most of all by ${said.join('; ')}`
    return {
      rule: 'model',
      text: `behaves like abuse with a probability of ${(score * 100).toFixed(1)} %${because}`,
      counters
    }
  }
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

function shown(categories: readonly string[] | undefined, value: number): string {
  if (Number.isNaN(value)) return 'not known'
  return categories?.[value] ?? String(round(value))
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
