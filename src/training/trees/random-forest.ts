/** Random forests: trees that depend on the seed and their number alone, so any number of threads gives the same bits. */
import { availableParallelism } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { assembleForest, type Forest, type Tree } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { type BinnedTable, binBytes, binTable, makeBinMaps } from './binned-table.ts'
import type { LabelledTable } from './column-table.ts'
import { type ForestOptions, type ForestSettings, forestSettings } from './forest-options.ts'
import type { ForestOrder, GrownTreeMessage } from './forest-worker.ts'
import { GiniTreeGrower } from './gini-tree.ts'
import type { Targets } from './gradients.ts'
import { checkColumns, weighRows } from './targets.ts'

/** Rows times trees below which threads cost more than they bring. */
const THREADS_WORTHWHILE = 200_000

export interface ForestInputs {
  /** Threads. @default as many as the machine has cores, 1 for little work */
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onTree?: ((done: number, trees: number) => void) | undefined
}

interface Work {
  readonly binned: BinnedTable
  readonly targets: Targets
  readonly classes: number
  readonly settings: ForestSettings
}

/** @throws {OPTION_INVALID} @throws {TABLE_INVALID} @throws {WORKER_FAILED} */
export async function trainRandomForest(
  table: LabelledTable,
  options: ForestOptions = {},
  inputs: ForestInputs = {}
): Promise<Forest> {
  const work = prepare(table, options)
  const { trees } = work.settings
  const worthwhile = table.rows * trees >= THREADS_WORTHWHILE ? availableParallelism() : 1
  const threads = Math.min(inputs.threads ?? worthwhile, trees)
  const grown = threads > 1 ? await growApart(work, threads, inputs) : await growHere(work, inputs)
  const scores = table.classes === 2 ? 1 : table.classes
  return assembleForest(
    {
      objective: scores === 1 ? 'binary' : 'multiclass',
      combination: 'mean',
      scores,
      features: table.features,
      baseScore: new Float64Array(scores),
      leafWidth: scores
    },
    grown
  )
}

function prepare(table: LabelledTable, options: ForestOptions): Work {
  const settings = forestSettings(options)
  checkColumns(table)
  const weighed = weighRows(table, settings.classWeights)
  const bins = new Uint8Array(new SharedArrayBuffer(binBytes(table)))
  const binned = binTable(table, makeBinMaps(table, settings.maxBins), bins)
  const targets = {
    labels: new Int32Array(new SharedArrayBuffer(table.rows * 4)),
    weights: new Float64Array(new SharedArrayBuffer(table.rows * 8))
  }
  targets.labels.set(weighed.labels)
  targets.weights.set(weighed.weights)
  return { binned, targets, classes: table.classes, settings }
}

async function growHere(
  { binned, targets, classes, settings }: Work,
  inputs: ForestInputs
): Promise<Tree[]> {
  const grower = new GiniTreeGrower(binned, targets, classes, settings)
  const grown: Tree[] = []
  for (let index = 0; index < settings.trees; index++) {
    grown.push(grower.grow(index))
    inputs.onTree?.(index + 1, settings.trees)
    // Whoever wants to stop it is heard between two trees.
    await turn()
    inputs.signal?.throwIfAborted()
  }
  return grown
}

/** Threads take the next number from a shared counter until none is left. */
async function growApart(work: Work, threads: number, inputs: ForestInputs): Promise<Tree[]> {
  const order: ForestOrder = { ...work, counter: new Int32Array(new SharedArrayBuffer(4)) }
  const grown: (Tree | undefined)[] = new Array(work.settings.trees).fill(undefined)
  let done = 0
  const onTree = ({ index, tree }: GrownTreeMessage) => {
    grown[index] = tree
    done++
    inputs.onTree?.(done, work.settings.trees)
  }
  const workers = Array.from({ length: threads }, () => startWorker(order))
  const stop = () => void Promise.all(workers.map((worker) => worker.terminate()))
  inputs.signal?.addEventListener('abort', stop)
  try {
    await Promise.all(workers.map((worker) => follow(worker, onTree)))
  } finally {
    inputs.signal?.removeEventListener('abort', stop)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  inputs.signal?.throwIfAborted()
  return grown.map((tree, index) => {
    if (tree === undefined) throw new TrainingError('WORKER_FAILED', `tree ${index} was not grown`)
    return tree
  })
}

function startWorker(order: ForestOrder): Worker {
  const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js'
  return new Worker(new URL(`./forest-worker.${extension}`, import.meta.url), { workerData: order })
}

/** Settles when the thread has ended. */
function follow(worker: Worker, onTree: (message: GrownTreeMessage) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', onTree)
    worker.on('error', (cause) =>
      reject(new TrainingError('WORKER_FAILED', 'a training thread failed', { cause }))
    )
    worker.on('exit', () => resolve())
  })
}
