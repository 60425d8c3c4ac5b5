/** What tells one training from every other: the rows, what is made of them, and by which version of the program. */
import { createHash } from 'node:crypto'
import type { StackParams } from '../../training/index.ts'
import type { BehaviourTable } from '../behaviour-table.ts'

const SHOWN = 16

export interface TrainingFacts {
  readonly groups: readonly string[]
  readonly folds: number
  readonly params: StackParams
  readonly seed: number
  readonly codeVersion: string
}

/** @returns hexadecimal digits, fit for the name of a file */
export function fingerprintOf(table: BehaviourTable, facts: TrainingFacts): string {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of [
    table.values,
    table.labels,
    table.weights,
    table.classes.codes
  ]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  // Which sources and campaigns, class names and weights follow from these.
  hash.update(JSON.stringify([facts, table.classes.names, table.sources.names]))
  return hash.digest('hex').slice(0, SHOWN)
}
