/** Answers the endpoints that ask a model about rows. */
import type { PredictionLog, PredictionRecord } from '../../registry/index.ts'
import {
  type FallbackReason,
  type RowFault,
  type RowScores,
  readRuleScore,
  rowReaderOf,
  type ScoredBlock,
  type ServedModel
} from '../../runtime/index.ts'
import { apiError } from '../errors.ts'
import { wireExplanation, wirePrediction, wirePredictionRecord } from '../model-projection.ts'
import { type Handlers, StreamAnswer } from './answer.ts'
import { answerLines } from './batch-lines.ts'
import type { ModelPorts } from './model-routes.ts'

type PredictHandlers = Pick<
  Handlers,
  'predict' | 'batchPredict' | 'explainPrediction' | 'listPredictions'
>

export interface AskedTarget {
  readonly model?: string | undefined
  readonly task: string
}

/** Bodies of batches at work at once; each keeps a block of rows in memory. */
const BATCHES_MAX = 8

export function predictHandlers(ports: ModelPorts): PredictHandlers {
  const { runner, predictions } = ports
  return {
    async predict({ body }, { nowMs }) {
      const given = body.features === undefined ? (body.rows ?? []) : [body.features]
      const model = await findModel(ports, body)
      if (model === undefined)
        return fallBack(ports, given, { task: body.task, reason: 'no-model', nowMs })
      const rows = readRows(model, given, body.features === undefined ? '/rows' : '/features')
      const target = body.model === undefined ? body.task : model
      const scored = await runner.scoreRows(target, rows, given.length)
      if (scored.model === undefined) {
        return fallBack(ports, given, { task: body.task, reason: scored.reason, nowMs })
      }
      return answerRows(ports, scored, nowMs)
    },
    batchPredict: batchHandler(ports),
    async explainPrediction({ body }) {
      const model = await findModel(ports, body)
      if (model === undefined) {
        const message = `expected a champion of "${body.task}" or the id of a model, got none: the rules explain themselves in decisions`
        throw apiError('NOT_EXPLAINABLE', message)
      }
      const row = readRows(model, [body.features], '/features')
      const scored = runner.scoreRow(model, row)
      if (scored.model === undefined) throw apiError('NOT_EXPLAINABLE', 'the model has gone')
      const prediction = wirePrediction(model, scored.scores)
      const top = model.parts.classes.indexOf(prediction.label ?? '')
      const explained = runner.explain(model, row, scored.width === 1 ? 0 : top)
      if (explained === undefined) throw apiError('NOT_EXPLAINABLE', 'the model has gone')
      const { contributions } = explained
      const meaningOf = ports.meaningOf
      return wireExplanation(model, { row, prediction, contributions, meaningOf })
    },
    listPredictions({ query }) {
      const { model, client_ip: clientIp, verdict, limit, cursor } = query
      const found = predictions.list({
        limit: limit + 1,
        beforeSequence: cursor === undefined ? undefined : sequenceOf(cursor),
        matches: (record) =>
          (model === undefined || record.model === model) &&
          (clientIp === undefined || record.clientIp === clientIp) &&
          (verdict === undefined || record.verdict === verdict)
      })
      const items = found.slice(0, limit)
      const last = found.length > limit ? items.at(-1) : undefined
      return {
        items: items.map(wirePredictionRecord),
        next_cursor: last === undefined ? null : `p${last.sequence}`
      }
    }
  }
}

function batchHandler(ports: ModelPorts): PredictHandlers['batchPredict'] {
  let batches = 0
  return async ({ query }, { upload, signal, nowMs }) => {
    const { model, task } = query
    const target = model === undefined ? task : await ports.registry.model(model)
    if (batches >= BATCHES_MAX) {
      throw apiError('TOO_MANY_BATCHES', `expected at most ${BATCHES_MAX} batches at once`)
    }
    batches++
    const lines = answerLines(upload, {
      score: (block) => ports.runner.scoreLines(target, block),
      refuse: refusedLine,
      signal,
      onBlock: (scored) => countBlock(ports.predictions, scored, { task, nowMs }),
      onEnd: () => batches--
    })
    return new StreamAnswer('application/x-ndjson', lines)
  }
}

function refusedLine(row: number, detail: string): ScoredBlock {
  const bytes = Buffer.from(`${JSON.stringify({ row, error: detail })}\n`)
  const nobody = { model: undefined, reason: undefined }
  return { bytes: Uint8Array.from(bytes), rows: 1, faults: 1, scoreSum: 0, verdicts: {}, ...nobody }
}

function countBlock(
  predictions: PredictionLog,
  { rows, faults, scoreSum, verdicts, model, reason }: ScoredBlock,
  { task, nowMs }: { readonly task: string; readonly nowMs: number }
): void {
  const common: Omit<PredictionRecord, 'sequence' | 'verdict'> = {
    ...{ atMs: nowMs, task, model, score: undefined, via: 'api' },
    ...{ clientIp: undefined, fallbackReason: reason }
  }
  let judged = 0
  for (const [verdict, count] of Object.entries(verdicts)) {
    predictions.count({ ...common, verdict }, count, 0)
    judged += count
  }
  predictions.count({ ...common, verdict: undefined }, rows - faults - judged, scoreSum)
}

function answerRows(
  { predictions }: ModelPorts,
  { model, scores, width }: Extract<RowScores, { scores: Float64Array }>,
  nowMs: number
) {
  const { task } = model
  const answers = Array.from({ length: scores.length / width }, (_, row) =>
    wirePrediction(model, scores.subarray(row * width, (row + 1) * width))
  )
  for (const { score, verdict } of answers) {
    predictions.add({
      ...{ atMs: nowMs, task, model: model.id, clientIp: undefined, via: 'api' },
      ...{ score: score ?? undefined, verdict: verdict ?? undefined, fallbackReason: undefined }
    })
  }
  return { model: model.id, task, predictions: answers, fallback: false, reason: null }
}

interface Unanswered {
  readonly task: string
  readonly reason: FallbackReason
  readonly nowMs: number
}

/** What the rules said, where a row carries it. */
function fallBack(
  { runner, predictions }: ModelPorts,
  given: readonly unknown[],
  { task, reason, nowMs }: Unanswered
) {
  const rule = { name: runner.ruleFeature, index: -1 }
  const answers = given.map((row) => ({
    score: readRuleScore(row, rule) ?? null,
    label: null,
    verdict: null
  }))
  for (const { score } of answers) {
    predictions.add({
      ...{ atMs: nowMs, task, model: undefined, clientIp: undefined, via: 'api' },
      ...{ score: score ?? undefined, verdict: undefined, fallbackReason: reason }
    })
  }
  return { model: null, task, predictions: answers, fallback: true, reason }
}

/** The named model, or the champion; undefined where the task has none. @throws {MODEL_NOT_FOUND | ModelError} */
export async function findModel(
  { registry, runner }: Pick<ModelPorts, 'registry' | 'runner'>,
  { model, task }: AskedTarget
): Promise<ServedModel | undefined> {
  return model === undefined ? runner.champion(task) : await registry.model(model)
}

/** @throws {REQUEST_INVALID} with every fault by JSON pointer */
export function readRows(
  model: ServedModel,
  given: readonly unknown[],
  pointer: string
): Float32Array<ArrayBuffer> {
  const reader = rowReaderOf(model)
  const rows = new Float32Array(given.length * reader.width)
  for (const [index, row] of given.entries()) {
    const faults = reader.read(row, rows, index * reader.width)
    const at = pointer === '/features' ? pointer : `${pointer}/${index}`
    if (faults.length > 0) throw rowRefusal(faults, `/body${at}`)
  }
  return rows
}

function rowRefusal(faults: readonly RowFault[], at: string) {
  const errors = faults.map(({ pointer, detail }) => ({ pointer: at + pointer, detail }))
  const message = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')
  return apiError('REQUEST_INVALID', message, { extensions: { errors } })
}

/** @throws {CURSOR_INVALID} */
function sequenceOf(cursor: string): number {
  const [, sequence] = /^p(\d{1,15})$/.exec(cursor) ?? []
  if (sequence !== undefined) return Number(sequence)
  throw apiError('CURSOR_INVALID', 'expected a next_cursor that this node gave out, got another')
}
