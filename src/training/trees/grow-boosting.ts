/** Boosting as something that is waited for: tells how far it is, and stops between two rounds when it is asked to. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Forest } from '../../runtime/index.ts'
import { type BoostingInputs, BoostingTrainer } from './boosting.ts'
import type { BoostingOptions } from './boosting-options.ts'
import type { LabelledTable } from './column-table.ts'

export interface GrowPorts {
  readonly signal?: AbortSignal | undefined
  /** Share done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined
  /** Called between two rounds; what it is given goes on as `resumeFrom`. */
  readonly afterTree?: ((soFar: () => Forest) => Promise<void>) | undefined
}

/** @throws {OPTION_INVALID | TABLE_INVALID} @throws the reason of the signal */
export async function growBoosting(
  table: LabelledTable,
  options: BoostingOptions,
  { signal, onProgress, afterTree, ...inputs }: BoostingInputs & GrowPorts = {}
): Promise<Forest> {
  const trainer = new BoostingTrainer(table, options, inputs)
  try {
    while (!trainer.isDone) {
      const { round, rounds } = trainer.step()
      onProgress?.(round / rounds)
      if (!trainer.isDone) await afterTree?.(() => trainer.forest())
      await turn()
      signal?.throwIfAborted()
    }
    return trainer.forest()
  } finally {
    trainer.close()
  }
}
