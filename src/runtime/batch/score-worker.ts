/** A thread of its own that scores blocks of rows as they come. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ModelParts } from '../model/model-parts.ts'
import { ModelScorer } from '../model/model-scorer.ts'
import { type BlockScores, scoreBlock, type Wanted } from './score-block.ts'

export interface BlockMessage {
  readonly id: number
  readonly wanted: Wanted
  readonly rows: Float32Array<ArrayBuffer>
  readonly count: number
  readonly firstRow: number
}

export interface ScoredMessage {
  readonly id: number
  readonly scored: BlockScores
}

const scorer = new ModelScorer(workerData as ModelParts)
parentPort?.on('message', ({ id, ...block }: BlockMessage) => {
  const scored = scoreBlock(scorer, block)
  const message: ScoredMessage = { id, scored }
  parentPort?.postMessage(message, [scored.buffer])
})
