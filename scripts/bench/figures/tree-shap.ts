/** How long the explanation of one row takes, with XGBoost's of the same trees in between. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Forest, TreeShap } from '../../../src/runtime/index.ts'
import { type LabelledTable, rowMajor, trainBoosting } from '../../../src/training/index.ts'
import { missingPackage, Partner, writeTable } from '../../compare/partner.ts'
import { readXgboostJson } from '../../compare/xgboost-json.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { connectionsTable, FEATURES } from '../trees/connections.ts'
import { cpuSeconds } from '../trees/cpu-seconds.ts'

const ROWS = 126_000
const EXPLAINED = 1_000
const RUNS = 5
const WARM_UPS = 1
const OPTIONS = { trees: 100, maxDepth: 6, learningRate: 0.2 }
const RATIO_MAX = 2

export const figure: BenchFigure = {
  name: 'tree-shap',
  goal: `≤ ${RATIO_MAX} × reference`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const table = connectionsTable(ROWS, context.seed)
    const missing = missingPackage('xgboost')
    return [
      missing === undefined ? await besideXgboost(table, context) : await alone(table, missing)
    ]
  }
}

async function besideXgboost(table: LabelledTable, context: BenchContext): Promise<FigureLine> {
  const directory = mkdtempSync(join(tmpdir(), 'netminder-tree-shap-'))
  const partner = new Partner(directory)
  try {
    const rows = rowMajor(table)
    const { labels } = table
    const exchanged = { values: rows, labels, features: FEATURES, testRows: EXPLAINED }
    writeTable(directory, 'connections', exchanged)
    const ours: number[] = []
    const theirs: number[] = []
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const order = { name: 'connections', model: 'contributions', split: 0, repeats: 1, directory }
      const other = await partner.fit({ ...order, ...OPTIONS })
      const forest = readXgboostJson(readFileSync(join(directory, 'model.json'), 'utf8'))
      const own = await explain(forest, rows)
      if (run < 0) continue
      ours.push(own)
      theirs.push((other / EXPLAINED) * 1e6)
      context.progress(`tree-shap run ${run + 1} of ${RUNS}: ${own.toFixed(0)} µs a row`)
    }
    return line(medianOf(ours), medianOf(theirs))
  } finally {
    partner.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function alone(table: LabelledTable, missing: string): Promise<FigureLine> {
  const forest = trainBoosting(table, OPTIONS)
  const rows = rowMajor(table)
  const ours: number[] = []
  for (let run = -WARM_UPS; run < RUNS; run++) {
    const own = await explain(forest, rows)
    if (run >= 0) ours.push(own)
  }
  return { ...line(medianOf(ours), null), note: `${missing} is not installed` }
}

/** @returns µs a row */
async function explain(forest: Forest, rows: Float32Array): Promise<number> {
  const shap = new TreeShap(forest)
  const out = new Float64Array(shap.width)
  const seconds = await cpuSeconds(() => {
    for (let row = 0; row < EXPLAINED; row++) shap.contributions(rows, row * FEATURES, out)
  })
  return (seconds / EXPLAINED) * 1e6
}

function line(value: number, reference: number | null): FigureLine {
  const ratio = reference === null ? null : value / reference
  return {
    figure: 'tree-shap',
    value: Math.round(value),
    unit: 'µs a row',
    reference:
      reference === null ? null : 'XGBoost pred_contribs, one thread, the same trees and rows',
    reference_value: reference === null ? null : Math.round(reference),
    ratio: ratio === null ? null : Math.round(ratio * 1_000) / 1_000,
    goal: figure.goal,
    met: ratio === null ? null : ratio <= RATIO_MAX,
    samples: RUNS,
    note: `${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, ${FEATURES} features, ${EXPLAINED} rows a run`
  }
}
