/** Answers the endpoints of models and their stages. */
import type {
  LiveRecord,
  ModelRecord,
  ModelRegistry,
  PredictionLog,
  Thresholds
} from '../../registry/index.ts'
import { modelId } from '../../registry/index.ts'
import type { ModelRunner } from '../../runtime/index.ts'
import { wireLive, wireModel, wireModelEvent } from '../model-projection.ts'
import { type Handlers, RevisedAnswer, StreamAnswer } from './answer.ts'

export interface ModelPorts {
  readonly registry: ModelRegistry
  readonly runner: ModelRunner
  readonly predictions: PredictionLog
  /** What came of models on live traffic. */
  readonly live: LiveRecord
  /** What a feature of the task `behaviour` means, in words. */
  readonly meaningOf: (feature: string) => string | undefined
}

type ModelHandlers = Pick<
  Handlers,
  | 'listModels'
  | 'installModel'
  | 'rollbackModel'
  | 'showModel'
  | 'changeModel'
  | 'deleteModel'
  | 'exportModel'
  | 'showPerformance'
>

export function modelHandlers({ registry, predictions, live }: ModelPorts): ModelHandlers {
  const wire = (record: ModelRecord) => wireModel(record, registry.problem(modelId(record)))
  const revised = (record: ModelRecord) => new RevisedAnswer(wire(record), record.revision)
  return {
    listModels({ query: { task, stage } }) {
      const items = registry
        .list()
        .filter((record) => task === undefined || record.task === task)
        .filter((record) => stage === undefined || record.stage === stage)
      return { items: items.map(wire) }
    },
    async installModel({ query }, { upload, actor }) {
      const given = { actor, isVouchedFor: query.unsigned, reason: query.reason }
      return revised(await registry.install(upload, given))
    },
    async rollbackModel({ body }, { actor }) {
      return revised(await registry.rollback(body.task, actor, body.reason))
    },
    async showModel({ params }) {
      const record = registry.get(params.model_id)
      const events = registry
        .events(record.task)
        .filter((event) => modelId(event) === params.model_id)
      const manifest = await registry.package(params.model_id).then(
        (found) => ({ ...found.manifest }),
        () => null
      )
      const body = { model: wire(record), manifest, history: events.map(wireModelEvent) }
      return new RevisedAnswer(body, record.revision)
    },
    async changeModel({ params, body }, { actor, revision }) {
      const { stage, notes, reason, force: isForced } = body
      const thresholds = body.thresholds === undefined ? undefined : stepsOf(body.thresholds)
      const change = { stage, thresholds, notes, reason, isForced, revision }
      return revised(await registry.change(params.model_id, change, actor))
    },
    async deleteModel({ params }, { actor }) {
      await registry.delete(params.model_id, { revision: undefined, reason: '' }, actor)
      return undefined
    },
    async exportModel({ params }) {
      return new StreamAnswer('application/x-tar', await registry.export(params.model_id))
    },
    async showPerformance({ query: { model, task } }) {
      const records = model === undefined ? registry.list() : [registry.get(model)]
      const wanted = records.filter((record) => task === undefined || record.task === task)
      return { items: await Promise.all(wanted.slice(0, SHOWN_MAX).map(performanceOf)) }
    }
  }

  async function performanceOf(record: ModelRecord) {
    const id = modelId(record)
    const counts = predictions.countsOf(id)
    const manifest = await registry.package(id).then(
      (found) => found.manifest,
      () => undefined
    )
    const data = manifest?.data
    return {
      ...{ model: id, task: record.task, stage: record.stage },
      metrics: { ...manifest?.metrics },
      data: data ? { name: data.name, rows: data.rows, synthetic: data.synthetic } : null,
      predictions: counts.predictions,
      mean_score: counts.predictions === 0 ? null : counts.scoreSum / counts.predictions,
      by_verdict: { ...counts.byVerdict },
      live: wireLive(live.of(id))
    }
  }
}

/** Each has to be read from its package. */
const SHOWN_MAX = 50

function stepsOf(given: { readonly [Step in keyof Thresholds]?: number | undefined }): Thresholds {
  const { watch, throttle, ban } = given
  return {
    ...(watch === undefined ? {} : { watch }),
    ...(throttle === undefined ? {} : { throttle }),
    ...(ban === undefined ? {} : { ban })
  }
}
