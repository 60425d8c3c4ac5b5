/**
 * Where the policy finds the models that judge, and whom it tells what they said. Who sits where is decided elsewhere, and may change
 * between two judgements; never within one.
 */
import type { AddressText } from '../base/index.ts'
import type { BehaviourModel } from './behaviour-model.ts'
import { DetectionError } from './errors.ts'
import { FEATURE_SET_VERSION } from './features/index.ts'
import type { VerdictLevel } from './verdict.ts'

/** Champion and canary judge, each its own sources; a shadow only says what it would have said. */
export const MODEL_SEATS = ['champion', 'canary', 'shadow'] as const
export type ModelSeat = (typeof MODEL_SEATS)[number]

/** The models of one moment. */
export interface SeatedModels {
  readonly champion: BehaviourModel | undefined
  /** Judges in the champion's place whoever drew a lot below its share. */
  readonly canary: { readonly model: BehaviourModel; readonly share: number } | undefined
  readonly shadows: readonly BehaviourModel[]
}

export interface ModelWord {
  /** `name@version`. */
  readonly model: string
  /** Calibrated probability of abuse, 0..1. */
  readonly score: number
  readonly level: VerdictLevel
}

export interface ModelFailure {
  readonly model: string
  readonly seat: ModelSeat
  readonly reason: string
}

/** One time that models were asked about a source. */
export interface ModelJudgement {
  readonly source: AddressText
  readonly atMs: number
  /** Whose word counted; `rules`: no model could say anything. */
  readonly by: 'champion' | 'canary' | 'rules'
  readonly word: ModelWord | undefined
  /** What shadows would have said of the very same features. */
  readonly shadows: readonly ModelWord[]
  /** What the policy made of it, rules included. */
  readonly level: VerdictLevel
  /** A verdict was given, and not only an old one left standing. */
  readonly isSaid: boolean
}

export interface ModelSeats {
  /** Asked once at the beginning of each judgement. */
  seated(): SeatedModels
  /** 0..1, always the same for the same source. @param source an address, or the /64 that shares a session */
  lotOf(source: string): number
  failed(failure: ModelFailure): void
  judged(judgement: ModelJudgement): void
}

/**
 * One model that judges everybody and is never replaced. If it fails, so does whoever asks it.
 *
 * @throws {MODEL_MISMATCH} if it was trained on other features
 */
export function fixedSeats(model: BehaviourModel): ModelSeats {
  checkFeatures(model)
  const models: SeatedModels = { champion: model, canary: undefined, shadows: [] }
  return {
    seated: () => models,
    lotOf: () => 1,
    failed: ({ model: name, reason }) => {
      throw new DetectionError('MODEL_FAILED', `${name} cannot judge: ${reason}`)
    },
    judged: () => undefined
  }
}

/** @throws {MODEL_MISMATCH} */
export function checkFeatures(model: BehaviourModel): void {
  if (model.featureSetVersion === FEATURE_SET_VERSION) return
  throw new DetectionError(
    'MODEL_MISMATCH',
    `expected a model for features of version ${FEATURE_SET_VERSION}, got ${model.name} for version ${model.featureSetVersion}`
  )
}
