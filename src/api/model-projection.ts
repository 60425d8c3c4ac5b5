/** Models and predictions in the words of the contract. */
import { FEATURES, modelSentence } from '../detection/index.ts'
import {
  type LiveCounts,
  type ModelEvent,
  type ModelRecord,
  modelId,
  type PredictionRecord,
  type ShadowComparison
} from '../registry/index.ts'
import { type Contributions, featuresOf, type ServedModel, verdictOf } from '../runtime/index.ts'
import type { OperationResponse } from './contract/contract.ts'
import { wireTime } from './projection.ts'

type WireModel = OperationResponse<'listModels'>['items'][number]
type WirePrediction = OperationResponse<'predict'>['predictions'][number]
type WireExplanation = OperationResponse<'explainPrediction'>

export function wireModel(record: ModelRecord, problem: string | undefined): WireModel {
  const { name, version, task, kind, stage, origin, digest, thresholds, notes, revision } = record
  return {
    id: modelId(record),
    ...{ name, version, task, kind, stage, origin, sha256: digest },
    ...{ thresholds: { ...thresholds }, notes, revision, problem: problem ?? null },
    created_at: wireTime(record.createdAtMs),
    updated_at: wireTime(record.updatedAtMs)
  }
}

export function wireModelEvent(event: ModelEvent) {
  return {
    at: wireTime(event.atMs),
    model: modelId(event),
    action: event.action,
    stage_before: event.stageBefore ?? null,
    stage_after: event.stageAfter ?? null,
    actor: event.actor,
    reason: event.reason
  }
}

type WireLive = OperationResponse<'showPerformance'>['items'][number]['live']
type WireComparison = NonNullable<NonNullable<WireLive>['comparison']>

export function wireLive(live: LiveCounts | undefined): WireLive {
  if (live === undefined) return null
  const { judgements, failures, latencyUs, decisions, comparison } = live
  return {
    ...{ judgements, failures, decisions: { ...decisions } },
    latency_us: latencyUs === undefined ? null : { ...latencyUs },
    comparison: comparison === undefined ? null : wireComparison(comparison)
  }
}

function wireComparison(comparison: ShadowComparison): WireComparison {
  const { judgements, agreements, pairs, alone, spared } = comparison
  const differing = ({ sources, newest }: ShadowComparison['alone']) => ({
    sources,
    newest: newest.map(({ source, judge, shadow }) => ({ client_ip: source, judge, shadow }))
  })
  return {
    ...{ judgements, agreements, pairs: pairs.map((pair) => ({ ...pair })) },
    ...{ alone: differing(alone), spared: differing(spared) }
  }
}

/** @param scores of one row: one for two classes, else one a class */
export function wirePrediction(model: ServedModel, scores: Float64Array): WirePrediction {
  const { classes, threshold } = model.parts
  const [first = 0] = scores
  if (scores.length === 1) {
    const label = classes[first >= threshold ? 1 : 0] ?? null
    return { score: first, label, verdict: verdictOf(model, first) ?? null }
  }
  let top = 0
  for (let k = 1; k < scores.length; k++) {
    if ((scores[k] ?? 0) > (scores[top] ?? 0)) top = k
  }
  return {
    score: null,
    scores: Object.fromEntries(classes.map((name, k) => [name, scores[k] ?? 0])),
    label: classes[top] ?? null,
    verdict: null
  }
}

export function wirePredictionRecord(record: PredictionRecord) {
  return {
    sequence: record.sequence,
    at: wireTime(record.atMs),
    task: record.task,
    model: record.model ?? null,
    client_ip: record.clientIp ?? null,
    score: record.score ?? null,
    verdict: record.verdict ?? null,
    fallback: record.fallbackReason !== undefined,
    reason: record.fallbackReason ?? null,
    via: record.via
  }
}

export type MeaningOf = (feature: string) => string | undefined

const SAID_MAX = 3

export function wireExplanation(
  model: ServedModel,
  explained: {
    readonly row: Float32Array
    readonly prediction: WirePrediction
    readonly contributions: Contributions
    readonly meaningOf: MeaningOf
  }
): WireExplanation {
  const { row, prediction, contributions, meaningOf } = explained
  const entries = featuresOf(model).map((feature, index) => {
    const value = row[index] ?? Number.NaN
    const word = feature.kind === 'category' ? feature.categories[value] : undefined
    return {
      feature: feature.name,
      value: Number.isNaN(value) ? null : (word ?? value),
      contribution: contributions.values[index] ?? 0,
      meaning: meaningOf(feature.name) ?? null
    }
  })
  const label = prediction.label ?? ''
  const score = prediction.score ?? prediction.scores?.[label] ?? 0
  const strongest = entries.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
  return {
    model: model.id,
    ...{ score, label, verdict: prediction.verdict },
    ...{ bias: contributions.bias, margin: contributions.margin, contributions: strongest },
    text:
      behaviourSentence(model, { row, contributions, score }) ?? sentenceOf(model, score, strongest)
  }
}

interface Explained {
  readonly row: Float32Array
  readonly contributions: Contributions
  readonly score: number
}

const EVEN_ODDS = 0.5

/** The very words of a decision, where the model is one that judges traffic; undefined for others. */
function behaviourSentence(
  model: ServedModel,
  { row, contributions, score }: Explained
): string | undefined {
  const features = featuresOf(model)
  const isBehaviour =
    model.parts.classes.length === 2 &&
    features.length === FEATURES.length &&
    features.every(({ name }, index) => name === FEATURES[index]?.name)
  if (!isBehaviour) return undefined
  const from = (wanted: string) => model.verdicts.find(({ verdict }) => verdict === wanted)?.from
  const watch = from('watch') ?? EVEN_ODDS
  const thresholds = { watch, throttle: from('throttle') ?? watch }
  return modelSentence({ features: row, contributions: contributions.values, score, thresholds })
}

function sentenceOf(
  model: ServedModel,
  score: number,
  strongest: WireExplanation['contributions']
): string {
  const { classes } = model.parts
  const subject = classes.length === 2 ? (classes[1] ?? 'the second class') : 'this class'
  const sayAll = (entries: WireExplanation['contributions']) =>
    entries
      .slice(0, SAID_MAX)
      .map(({ feature, value, meaning }) => `${meaning ?? feature}: ${shown(value)}`)
      .join('; ')
  const towards = sayAll(strongest.filter(({ contribution }) => contribution > 0))
  const against = sayAll(strongest.filter(({ contribution }) => contribution < 0))
  const because = towards === '' ? '' : `, most of all for ${towards}`
  const although = against === '' ? '' : `; against it speaks ${against}`
  return `${model.id} gives ${subject} a probability of ${(score * 100).toFixed(1)} %${because}${although}.`
}

function shown(value: number | string | null): string {
  if (value === null) return 'not known'
  return typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : value
}
