/** How long boosting takes on one core, with XGBoost on the same table in between. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rowMajor, trainBoosting } from '../../../src/training/index.ts'
import { missingPackage, Partner, writeTable } from '../../compare/partner.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { connectionsTable, FEATURES } from '../trees/connections.ts'
import { cpuSeconds } from '../trees/cpu-seconds.ts'

const ROWS = 126_000
const RUNS = 5
const OPTIONS = { trees: 100, maxDepth: 6, learningRate: 0.2 }
const RATIO_MAX = 2

export const figure: BenchFigure = {
  name: 'train-boosting',
  goal: `≤ ${RATIO_MAX} × reference`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const table = connectionsTable(ROWS, context.seed)
    const missing = missingPackage('xgboost')
    const directory = mkdtempSync(join(tmpdir(), 'netminder-train-boosting-'))
    const partner = missing === undefined ? new Partner(directory) : undefined
    try {
      writeTable(directory, 'connections', {
        values: rowMajor(table),
        labels: table.labels,
        features: FEATURES,
        testRows: 1_000
      })
      const ours: number[] = []
      const theirs: number[] = []
      for (let run = 0; run < RUNS; run++) {
        ours.push(await cpuSeconds(() => trainBoosting(table, { ...OPTIONS, baseScore: 'even' })))
        const order = { name: 'connections', model: 'boosting', split: 0, repeats: 1, ...OPTIONS }
        if (partner !== undefined) theirs.push(await partner.fit(order))
        context.progress(`train-boosting run ${run + 1} of ${RUNS}: ${ours.at(-1)?.toFixed(2)} s`)
      }
      return [line(medianOf(ours), theirs.length > 0 ? medianOf(theirs) : null, missing)]
    } finally {
      partner?.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

function line(value: number, reference: number | null, missing: string | undefined): FigureLine {
  const ratio = reference === null ? null : value / reference
  return {
    figure: 'train-boosting',
    value: Math.round(value * 1_000) / 1_000,
    unit: 's CPU',
    reference: reference === null ? null : 'XGBoost, one thread, the same table and options',
    reference_value: reference === null ? null : Math.round(reference * 1_000) / 1_000,
    ratio: ratio === null ? null : Math.round(ratio * 1_000) / 1_000,
    goal: figure.goal,
    met: ratio === null ? null : ratio <= RATIO_MAX,
    samples: RUNS,
    note: `${ROWS} rows of ${FEATURES} features, ${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, finding the bins included${missing === undefined ? '' : `; ${missing} is not installed`}`
  }
}
