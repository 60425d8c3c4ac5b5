/** The forests of a stack: how each is grown, kept between two runs, and asked about a row. */
import { setImmediate as turn } from 'node:timers/promises'
import { type Forest, ForestScorer, logOdds, type StackMember } from '../../runtime/index.ts'
import { type FitStart, keptFit, type PartStore } from '../run/kept-fit.ts'
import { rowsWhere, selectRows } from '../table/select.ts'
import type { BoostingOptions } from '../trees/boosting-options.ts'
import type { LabelledTable } from '../trees/column-table.ts'
import type { ForestOptions, IsolationOptions } from '../trees/forest-options.ts'
import { growBoosting } from '../trees/grow-boosting.ts'
import { trainIsolationForest } from '../trees/isolation-forest.ts'
import { trainRandomForest } from '../trees/random-forest.ts'

/** What each forest is grown with; the seed comes from the stack. */
export interface StackParams {
  readonly boosting: Omit<BoostingOptions, 'seed' | 'earlyStoppingRounds'>
  readonly forest: Omit<ForestOptions, 'seed'>
  readonly isolation: Omit<IsolationOptions, 'seed'>
}

export interface PartsOrder {
  /** Of this training and no other: table, params, seed and which of its rows. */
  readonly name: string
  readonly params: StackParams
  readonly seed: number
  readonly threads?: number | undefined
  readonly store?: PartStore | undefined
  readonly signal?: AbortSignal | undefined
  /** Share of these parts that is done, 0 to 1. */
  readonly onProgress: (share: number) => void
}

/** In the order in which the logistic regression reads them. */
const INPUTS = ['margin', 'log-odds', 'score'] as const
export const STACK_WIDTH = INPUTS.length

/** How much of the time each takes, roughly: for progress alone. */
const BOOSTING_SHARE = 0.6

/** @throws {OPTION_INVALID | TABLE_INVALID | WORKER_FAILED} @throws the reason of the signal */
export async function growParts(table: LabelledTable, order: PartsOrder): Promise<StackMember[]> {
  const { params, seed, threads, signal, onProgress } = order
  const boosting = await keptOr(order, 'boosting', (start) =>
    growBoosting(
      table,
      { ...params.boosting, seed },
      { ...start, signal, threads, onProgress: (share) => onProgress(share * BOOSTING_SHARE) }
    )
  )
  const forest = await keptOr(order, 'forest', () =>
    trainRandomForest(
      table,
      { ...params.forest, seed },
      {
        signal,
        threads,
        onTree: (done, trees) => onProgress(BOOSTING_SHARE + (1 - BOOSTING_SHARE) * (done / trees))
      }
    )
  )
  // What is strange is strange among ordinary rows.
  const isolation = await keptOr(order, 'isolation', async () =>
    trainIsolationForest(
      selectRows(
        table,
        rowsWhere(table.rows, (row) => table.labels[row] === 0)
      ),
      { ...params.isolation, seed }
    )
  )
  onProgress(1)
  return [boosting, forest, isolation].map((own, index) => ({
    forest: own,
    input: INPUTS[index] ?? 'score'
  }))
}

async function keptOr(
  { name, store, signal }: PartsOrder,
  part: string,
  grow: (start: FitStart) => Promise<Forest>
): Promise<Forest> {
  return await keptFit(store, `${name}-${part}`, async (start) => {
    await turn()
    signal?.throwIfAborted()
    return await grow(start)
  })
}

/** Asks the members of a stack about rows, one after the other. */
export class PartsReader {
  readonly #readers: readonly {
    readonly scorer: ForestScorer
    readonly input: StackMember['input']
  }[]
  readonly #one = new Float64Array(1)

  constructor(members: readonly StackMember[]) {
    this.#readers = members.map(({ forest, input }) => ({
      scorer: new ForestScorer(forest),
      input
    }))
  }

  /** Writes what the members say of the row that starts at `at` to `into`, from `to` on. */
  read(rows: Float32Array, at: number, into: Float64Array, to: number): void {
    for (const [k, { scorer, input }] of this.#readers.entries()) {
      if (input === 'margin') scorer.raw(rows, at, this.#one)
      else scorer.predict(rows, at, this.#one)
      const value = this.#one[0] as number
      into[to + k] = input === 'log-odds' ? logOdds(value) : value
    }
  }
}
