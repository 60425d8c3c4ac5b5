/** What a model says of every row of a table. */
import { type ModelParts, ModelScorer } from '../../runtime/index.ts'
import type { BehaviourTable } from '../behaviour-table.ts'

/** @returns calibrated probabilities of abuse, by what serves them in a live node */
export function scoreMoments(parts: ModelParts, table: BehaviourTable): Float64Array {
  const scorer = new ModelScorer(parts)
  const width = table.rows === 0 ? 0 : table.values.length / table.rows
  const one = new Float64Array(1)
  return Float64Array.from({ length: table.rows }, (_, row) => {
    scorer.score(table.values, row * width, one)
    return one[0] as number
  })
}
