/** Answers the endpoints of trainings. */
import type { z } from 'zod'
import type { JobData, JobRecord, TrainingApi } from '../../jobs/index.ts'
import type { OperationResponse } from '../contract/contract.ts'
import type { TRAINING_ENDPOINTS } from '../contract/training.ts'
import { type WireEvent, wireTime } from '../projection.ts'
import { type Handlers, LocatedAnswer } from './answer.ts'

type TrainingHandlers = Pick<Handlers, keyof typeof TRAINING_ENDPOINTS>
type TrainBody = z.output<typeof TRAINING_ENDPOINTS.train.body>
type WireTraining = OperationResponse<'showTraining'>

export function trainingHandlers(trainings: TrainingApi): TrainingHandlers {
  return {
    async train({ body }, { actor }) {
      const { name, params, folds, search, seed, reason } = body
      const isTable = body.data.kind === 'table'
      const job = await trainings.create(
        {
          ...{ name, params, folds, search, seed },
          data: dataOf(body.data),
          model: body.model ?? (isTable ? 'gradient-boosting' : 'stack'),
          calibration: body.calibration ?? (isTable ? 'none' : 'isotonic'),
          falsePositiveRateMax: body.false_positives
        },
        { actor, reason }
      )
      return new LocatedAnswer(wireTraining(job), `/api/ml/training/${job.id}`)
    },
    listTrainings({ query: { state, limit, cursor } }) {
      const page = trainings.page({ state, limit, cursor })
      return { items: page.items.map(wireTraining), next_cursor: page.nextCursor ?? null }
    },
    showTraining({ params }) {
      return wireTraining(trainings.get(params.id))
    },
    async cancelTraining({ params, query }, { actor }) {
      return wireTraining(await trainings.cancel(params.id, { actor, reason: query.reason }))
    }
  }
}

function dataOf(data: TrainBody['data']): JobData {
  switch (data.kind) {
    case 'labels':
      return { kind: 'labels', sinceMs: data.since === undefined ? 0 : Date.parse(data.since) }
    case 'table': {
      const { synthetic, ...table } = data
      return { ...table, isSynthetic: synthetic }
    }
    case 'logs': {
      const { time_zone, behind_proxy, synthetic, ...logs } = data
      return { ...logs, timeZone: time_zone, behindProxy: behind_proxy, isSynthetic: synthetic }
    }
  }
}

const wireTimeOrNull = (atMs: number | undefined) => (atMs === undefined ? null : wireTime(atMs))

export function wireTraining(job: JobRecord): WireTraining {
  const { order, progress, failure, report } = job
  const { name, version, ...asked } = order
  return {
    ...{ id: job.id, state: job.state, name, version, kind: order.model, order: { ...asked } },
    progress: progress.share,
    step: progress.step,
    eta_seconds: progress.leftMs === undefined ? null : Math.round(progress.leftMs / 1_000),
    ...{ created_at: wireTime(job.createdAtMs), created_by: job.actor },
    ...{ started_at: wireTimeOrNull(job.startedAtMs), ended_at: wireTimeOrNull(job.endedAtMs) },
    ...{ checkpoints: progress.checkpoints, resumes: job.resumes },
    ...{ memory_bytes: progress.memoryBytes, memory_bytes_max: progress.memoryBytesMax },
    cpu_seconds: Math.round(progress.cpuSeconds * 10) / 10,
    ...{ parent: job.parent ?? null, notes: [...job.notes] },
    failure: failure === undefined ? null : { ...failure },
    report: report === undefined ? null : (report as Record<string, unknown>),
    model: job.model ?? null
  }
}

/** A training as an event of `/api/events`; its report is asked for apart. */
export function trainingEvent(job: JobRecord): WireEvent {
  return { event: 'training.changed', data: { training: { ...wireTraining(job), report: null } } }
}
