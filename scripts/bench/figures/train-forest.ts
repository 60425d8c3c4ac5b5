/** How long a random forest takes on the letters of UCI, one core, beside the only random forest that npm has. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RandomForestClassifier } from 'ml-random-forest'
import { predictRows } from '../../../src/runtime/index.ts'
import {
  accuracy,
  type LabelledTable,
  rowMajor,
  trainRandomForest
} from '../../../src/training/index.ts'
import { exportSets, readBuffer } from '../../compare/partner.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { cpuSeconds } from '../trees/cpu-seconds.ts'

const TREES = 100
const RUNS = 5
const RATIO_MAX = 0.05
/** ml-random-forest's time grows with the square of the rows: with all of them, one tree takes minutes. */
const REFERENCE_ROWS = 2_000
const FEATURES = 16
const LETTERS = 26

export const figure: BenchFigure = {
  name: 'train-forest',
  goal: `≤ ${RATIO_MAX} × reference`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const directory = mkdtempSync(join(tmpdir(), 'netminder-train-forest-'))
    try {
      exportSets(directory, ['letter'])
      return [await measure(directory, context)]
    } catch (error) {
      return [
        { ...line(null, null, ''), skipped: `needs r-cran-mlbench and python3-sklearn: ${error}` }
      ]
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

async function measure(directory: string, context: BenchContext): Promise<FigureLine> {
  const train = letters(directory, 'train0')
  const test = letters(directory, 'test0')
  const ours: number[] = []
  const theirs: number[] = []
  let hits = 0
  for (let run = 0; run < RUNS; run++) {
    const options = { trees: TREES, seed: context.seed + run }
    ours.push(
      await cpuSeconds(async () => {
        const forest = await trainRandomForest(train, options, { threads: 1 })
        hits = accuracy(predictRows(forest, rowMajor(test), test.rows), test.labels)
      })
    )
    theirs.push((await cpuSeconds(() => growReference(train, run))) * TREES)
    context.progress(`train-forest run ${run + 1} of ${RUNS}: ${ours.at(-1)?.toFixed(2)} s`)
  }
  const note = `${train.rows} rows, ${TREES} trees, scoring ${test.rows} test rows included: accuracy ${hits.toFixed(4)}; the reference is one tree of ${REFERENCE_ROWS} of the rows times ${TREES}, so it is kinder than it would be with all rows`
  return line(medianOf(ours), medianOf(theirs), note)
}

function letters(directory: string, part: string): LabelledTable {
  const values = new Float32Array(readBuffer(join(directory, 'letter.f32')))
  const labels = new Int32Array(readBuffer(join(directory, 'letter.i32')))
  const rows = new Int32Array(readBuffer(join(directory, `letter.${part}`)))
  return {
    rows: rows.length,
    features: Array.from({ length: FEATURES }, (_, f) => ({ name: `f${f}`, kind: 'numeric' })),
    columns: Array.from({ length: FEATURES }, (_, feature) =>
      Float32Array.from(rows, (row) => values[row * FEATURES + feature] ?? 0)
    ),
    labels: Int32Array.from(rows, (row) => labels[row] ?? 0),
    classes: LETTERS
  }
}

function growReference(table: LabelledTable, seed: number): void {
  const rows = rowMajor(table)
  const some = Array.from({ length: REFERENCE_ROWS }, (_, row) =>
    Array.from(rows.subarray(row * FEATURES, (row + 1) * FEATURES))
  )
  const forest = new RandomForestClassifier({
    seed: seed + 1,
    maxFeatures: Math.sqrt(FEATURES),
    replacement: true,
    nEstimators: 1,
    noOOB: true
  })
  forest.train(some, Array.from(table.labels.subarray(0, REFERENCE_ROWS)))
}

function line(value: number | null, reference: number | null, note: string): FigureLine {
  const ratio = value === null || reference === null ? null : value / reference
  return {
    figure: 'train-forest',
    value: value === null ? null : Math.round(value * 100) / 100,
    unit: 's CPU',
    reference: 'ml-random-forest',
    reference_value: reference === null ? null : Math.round(reference * 10) / 10,
    ratio: ratio === null ? null : Math.round(ratio * 1e5) / 1e5,
    goal: figure.goal,
    met: ratio === null ? null : ratio <= RATIO_MAX,
    samples: RUNS,
    note
  }
}
