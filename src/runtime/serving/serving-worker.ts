/** A thread of its own that scores rows and lines by the models that it was given. */
import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../base/index.ts'
import { type LineBlock, LineScorer, type ScoredLines } from './json-lines.ts'
import { RowScorer } from './row-scorer.ts'
import type { ServedModel } from './served-model.ts'

export interface RowBlock {
  readonly rows: Float32Array<ArrayBuffer>
  readonly count: number
}

export type ServingRequest =
  | { readonly kind: 'load'; readonly key: number; readonly model: ServedModel }
  | { readonly kind: 'drop'; readonly key: number }
  | { readonly kind: 'rows'; readonly job: number; readonly key: number; readonly block: RowBlock }
  | {
      readonly kind: 'lines'
      readonly job: number
      readonly key: number
      readonly block: LineBlock
    }

export type ServingAnswer =
  | { readonly job: number; readonly scored: Float64Array<ArrayBuffer> | ScoredLines }
  | { readonly job: number; readonly failure: string }

interface Loaded {
  readonly model: ServedModel
  rows?: RowScorer
  lines?: LineScorer
}

const models = new Map<number, Loaded>()

parentPort?.on('message', (request: ServingRequest) => {
  if (request.kind === 'load') models.set(request.key, { model: request.model })
  else if (request.kind === 'drop') models.delete(request.key)
  else answer(request)
})

function answer(request: Extract<ServingRequest, { kind: 'rows' | 'lines' }>): void {
  const { job } = request
  try {
    const loaded = models.get(request.key)
    if (loaded === undefined) throw new Error('expected a model that was loaded, got another')
    if (request.kind === 'rows') {
      loaded.rows ??= new RowScorer(loaded.model)
      const scored = loaded.rows.score(request.block.rows, request.block.count)
      const message: ServingAnswer = { job, scored }
      parentPort?.postMessage(message, [scored.buffer])
    } else {
      loaded.lines ??= new LineScorer(loaded.model)
      const scored = loaded.lines.score(request.block)
      const message: ServingAnswer = { job, scored }
      parentPort?.postMessage(message, [scored.bytes.buffer])
    }
  } catch (error) {
    const message: ServingAnswer = { job, failure: messageOf(error) }
    parentPort?.postMessage(message)
  }
}
