/**
 * The models that judge the node's own traffic: hands them to the policy whenever they change, and keeps what they said. Where none can
 * say anything, the rules judge alone; that is logged once, counted and shown, and the guard goes on.
 */
import { createHmac } from 'node:crypto'
import { type Clock, messageOf } from '../base/index.ts'
import type { Decision, GuardEffect } from '../defense/index.ts'
import {
  type BehaviourModel,
  createBehaviourModel,
  type ModelFailure,
  type ModelJudgement,
  type ModelSeat,
  type ModelSeats,
  type SeatedModels
} from '../detection/index.ts'
import {
  type LiveRecord,
  modelId,
  type PanelSeat,
  type PredictionLog,
  type SeatedPackage,
  type TaskPanel
} from '../registry/index.ts'
import type { Logger } from '../telemetry/index.ts'

export interface LiveModelsOptions {
  readonly task: string
  /** Share of the sources that a canary judges, 0..1. */
  readonly canaryShare: number
}

export interface LiveModelsPorts {
  readonly clock: Clock
  readonly log: Logger
  readonly predictions: PredictionLog
  readonly record: LiveRecord
  /** Secret that draws the lots; asked when the first canary takes its seat. */
  readonly lotKey: () => string
}

/** Whose word may count. */
export const JUDGES = ['champion', 'canary', 'rules'] as const

export interface LiveCounters {
  readonly judgements: Readonly<Record<(typeof JUDGES)[number], number>>
  readonly failures: Readonly<Record<ModelSeat, number>>
}

/** Of judgements that lead to nothing, every so many-th is remembered as it is; the others are counted. */
const SAMPLE_EVERY = 100
/** So many judgements without a failure, and a model counts as well again. */
const WELL_AFTER = 1_000
/** Who ends decisions without a person behind it. */
const GUARD_ITSELF = new Set(['system', 'detection'])
const VACANT: SeatedModels = { champion: undefined, canary: undefined, shadows: [] }

export class LiveModels implements ModelSeats, PanelSeat {
  readonly #options: LiveModelsOptions
  readonly #ports: LiveModelsPorts
  readonly #judgements = { champion: 0, canary: 0, rules: 0 }
  readonly #failures = { champion: 0, canary: 0, shadow: 0 }
  /** By model: why it fails, and how often it has not since. */
  readonly #failing = new Map<string, { readonly failure: ModelFailure; wellFor: number }>()
  #seated = VACANT
  #unusable = ''
  #lotKey = ''
  #quiet = 0
  #isAloneSaid = false

  constructor(options: LiveModelsOptions, ports: LiveModelsPorts) {
    this.#options = options
    this.#ports = ports
  }

  seated(): SeatedModels {
    return this.#seated
  }

  lotOf(source: string): number {
    return createHmac('sha256', this.#lotKey).update(source).digest().readUInt32BE(0) / 2 ** 32
  }

  seat(task: string, panel: TaskPanel): void {
    if (task !== this.#options.task) return
    this.#failing.clear()
    this.#unusable = ''
    this.#isAloneSaid = false
    const champion = this.#modelOf(panel.champion)
    const canary = this.#modelOf(panel.canary)
    if (canary !== undefined && this.#lotKey === '') this.#lotKey = this.#findLotKey()
    this.#seated = {
      champion,
      canary: canary && { model: canary, share: this.#options.canaryShare },
      shadows: panel.shadows.map((one) => this.#modelOf(one)).filter((one) => one !== undefined)
    }
  }

  failed(failure: ModelFailure): void {
    const { model, seat, reason } = failure
    this.#failures[seat]++
    this.#ports.record.failed(model)
    if (!this.#failing.has(model)) {
      this.#ports.log.error({ model, seat, reason }, 'a model failed on live traffic')
    }
    this.#failing.set(model, { failure, wellFor: 0 })
  }

  judged(judgement: ModelJudgement): void {
    const { by, word, shadows, source } = judgement
    const { record, log } = this.#ports
    this.#judgements[by]++
    if (word !== undefined) this.#noteWord(word.model)
    else if (!this.#isAloneSaid) {
      this.#isAloneSaid = true
      log.warn({ reason: this.problem ?? '' }, 'the rules judge alone')
    }
    for (const shadow of shadows) {
      this.#noteWord(shadow.model)
      if (word !== undefined) record.compare(source, shadow, word)
    }
    this.#remember(judgement)
  }

  /** What was decided by a model's word, and what an operator took back of it. */
  note(effect: GuardEffect): void {
    if (effect.kind !== 'decided' && effect.kind !== 'ended') return
    const { decision } = effect
    const { model } = decision
    if (model === undefined) return
    if (effect.kind === 'decided') this.#ports.record.decided(model, decision.type)
    else if (effect.why === 'lifted' && isByOperator(decision)) this.#ports.record.lifted(model)
  }

  /** Why the models do not all judge as they should; undefined: they do. */
  get problem(): string | undefined {
    if (this.#unusable !== '') return this.#unusable
    if (this.#seated.champion === undefined) return 'no model is champion'
    const [first] = this.#failing.values()
    if (first === undefined) return undefined
    const { model, seat, reason } = first.failure
    return `${model} (${seat}) fails: ${reason}`
  }

  /** One line for a person: who judges. */
  describe(): string {
    const { champion, canary, shadows } = this.#seated
    const parts = [champion === undefined ? 'the rules judge alone' : `${champion.name} judges`]
    if (canary !== undefined) {
      const share = Math.round(canary.share * 1_000) / 10
      parts.push(`${canary.model.name} as a canary for ${share} % of the sources`)
    }
    if (shadows.length > 0) parts.push(`in shadow ${shadows.map(({ name }) => name).join(', ')}`)
    return parts.join('; ')
  }

  counters(): LiveCounters {
    return { judgements: { ...this.#judgements }, failures: { ...this.#failures } }
  }

  #noteWord(model: string): void {
    this.#ports.record.judged(model)
    const failing = this.#failing.get(model)
    if (failing !== undefined && ++failing.wellFor >= WELL_AFTER) this.#failing.delete(model)
  }

  #remember({ word, source, level, isSaid }: ModelJudgement): void {
    const { predictions, clock } = this.#ports
    const entry = {
      ...{ atMs: clock.nowMs(), task: this.#options.task, model: word?.model, clientIp: source },
      ...({ score: word?.score, verdict: level, via: 'traffic' } as const),
      fallbackReason: word === undefined ? 'no-model' : undefined
    }
    const isTold = isSaid && level !== 'benign'
    if (isTold || ++this.#quiet % SAMPLE_EVERY === 0) predictions.add(entry)
    else predictions.count(entry, 1, word?.score ?? 0)
  }

  #modelOf(seated: SeatedPackage | undefined): BehaviourModel | undefined {
    if (seated === undefined) return undefined
    const { record, package: opened } = seated
    const { features, featureSetVersion } = opened.manifest
    const { clock, record: live, log } = this.#ports
    const name = modelId(record)
    try {
      const model = createBehaviourModel({
        ...{ name, digest: opened.sha256, features, parts: opened.parts },
        ...{ thresholds: record.thresholds, featureSetVersion: Number(featureSetVersion) }
      })
      return {
        ...model,
        score: (row) => {
          const startMs = clock.monotonicMs()
          const score = model.score(row)
          live.took(name, clock.monotonicMs() - startMs)
          return score
        }
      }
    } catch (error) {
      this.#unusable = messageOf(error)
      log.error({ model: name, reason: this.#unusable }, 'model cannot judge')
      return undefined
    }
  }

  /** Without the secret the lots are still even; only who may read the data directory could foresee them. */
  #findLotKey(): string {
    try {
      return this.#ports.lotKey()
    } catch (error) {
      this.#ports.log.warn(
        { reason: messageOf(error) },
        'lots of the canary are drawn without a key'
      )
      return 'netminder'
    }
  }
}

function isByOperator({ liftedBy }: Decision): boolean {
  return liftedBy !== undefined && !GUARD_ITSELF.has(liftedBy)
}
