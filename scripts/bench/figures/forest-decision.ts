/** How long one event takes from its features to a calibrated score. */
import { type Forest, ForestScorer } from '../../../src/runtime/index.ts'
import { applyIsotonic, fitIsotonic, rowMajor, trainBoosting } from '../../../src/training/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { connectionsTable, FEATURES } from '../trees/connections.ts'

const ROWS = 20_000
const RUNS = 5
const WARM_UPS = 2
const GOAL_P50 = 20
const OPTIONS = { trees: 300, maxDepth: 6 }

export const figure: BenchFigure = {
  name: 'forest-decision',
  goal: `p50 ≤ ${GOAL_P50} µs`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const table = connectionsTable(ROWS, context.seed)
    const forest = trainBoosting(table, OPTIONS)
    const scorer = new ForestScorer(forest)
    const rows = rowMajor(table)
    const out = new Float64Array(1)
    const scores = new Float64Array(ROWS)
    for (let row = 0; row < ROWS; row++) {
      scorer.predict(rows, row * FEATURES, out)
      scores[row] = out[0] ?? 0
    }
    const map = fitIsotonic(scores, table.labels)
    const decide = (row: number) => {
      scorer.predict(rows, row * FEATURES, out)
      return applyIsotonic(map, out[0] ?? 0)
    }
    const walkOnly = (row: number) => bareWalk(forest, rows, row * FEATURES)
    const ours: Quantiles[] = []
    const theirs: Quantiles[] = []
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const own = measure(decide)
      const bare = measure(walkOnly)
      if (run < 0) continue
      ours.push(own)
      theirs.push(bare)
      context.progress(`forest-decision run ${run + 1} of ${RUNS}: ${own.p50.toFixed(1)} µs`)
    }
    const shape = `${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, ${FEATURES} features, isotonic map of ${map.x.length} knots`
    return (['p50', 'p99'] as const).map((part) =>
      line(
        part,
        medianOf(ours.map((one) => one[part])),
        medianOf(theirs.map((one) => one[part])),
        shape
      )
    )
  }
}

interface Quantiles {
  readonly p50: number
  readonly p99: number
}

/** Every row on its own: a clock that is read twice a row costs about 0.1 µs of it. */
function measure(decide: (row: number) => number): Quantiles {
  const times = new Float64Array(ROWS)
  let sum = 0
  for (let row = 0; row < ROWS; row++) {
    const startMs = performance.now()
    sum += decide(row)
    times[row] = (performance.now() - startMs) * 1_000
  }
  if (!Number.isFinite(sum)) throw new Error('expected finite scores')
  times.sort()
  return { p50: times[ROWS / 2] ?? 0, p99: times[Math.floor(ROWS * 0.99)] ?? 0 }
}

/** What any walk must do: one comparison a node. Missing values all go right. */
function bareWalk(forest: Forest, rows: Float32Array, at: number): number {
  const { treeStart, feature, threshold, left, right, leafValue } = forest
  let sum = 0
  for (let tree = 0; tree < treeStart.length - 1; tree++) {
    let node = treeStart[tree] as number
    for (let f = feature[node] as number; f >= 0; f = feature[node] as number) {
      const isLeft = (rows[at + f] as number) <= (threshold[node] as number)
      node = (isLeft ? left[node] : right[node]) as number
    }
    sum += leafValue[left[node] as number] as number
  }
  return sum
}

function line(part: 'p50' | 'p99', value: number, reference: number, note: string): FigureLine {
  const round = (number: number) => Math.round(number * 100) / 100
  return {
    figure: `forest-decision.${part}`,
    value: round(value),
    unit: 'µs',
    reference: 'bare tree walk',
    reference_value: round(reference),
    ratio: Math.round((value / reference) * 1_000) / 1_000,
    goal: part === 'p50' ? `≤ ${GOAL_P50}` : 'reported',
    met: part === 'p50' ? value <= GOAL_P50 : null,
    samples: RUNS,
    note
  }
}
