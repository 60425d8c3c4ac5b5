/** Scores of a block of rows, as numbers or as NDJSON lines. */
import type { ModelScorer } from '../model/model-scorer.ts'
import { scoreLines } from './score-lines.ts'

/** `lines` are the bytes of NDJSON, `scores` are `width` numbers a row. */
export type Wanted = 'lines' | 'scores'
export type BlockScores = Uint8Array<ArrayBuffer> | Float64Array<ArrayBuffer>

export interface Block {
  readonly wanted: Wanted
  readonly rows: Float32Array<ArrayBuffer>
  readonly count: number
  readonly firstRow: number
}

export function scoreBlock(scorer: ModelScorer, block: Block): BlockScores {
  if (block.wanted === 'lines')
    return new TextEncoder().encode(scoreLines(scorer, block.rows, block))
  const { width, parts } = scorer
  const stride = parts.members[0]?.forest.features.length ?? 0
  const scores = new Float64Array(block.count * width)
  const out = new Float64Array(width)
  for (let row = 0; row < block.count; row++) {
    scorer.score(block.rows, row * stride, out)
    scores.set(out, row * width)
  }
  return scores
}
