/**
 * Which features carry a model, how surely, and what each costs. Surely: the share of bootstraps, over the models of all folds, in
 * which a feature is among the first by its mean contribution (TreeSHAP). Cost: reading its cell, and its share of the steps
 * down the trees.
 */
import { type Clock, integerBelow, mixSeed, seededRandom } from '../../base/index.ts'
import { type Forest, ForestScorer, goesLeft, TreeShap } from '../../runtime/index.ts'
import { cellNumber } from '../table/cell-number.ts'
import { wordOf } from '../table/column.ts'
import { selectRows } from '../table/select.ts'
import { type ColumnValues, type LabelledTable, rowMajor } from '../trees/column-table.ts'

export interface FeatureReport {
  readonly feature: string
  /** Mean contribution to the margin or probability, without its sign. */
  readonly contribution: number
  /** Share of bootstraps in which it is among the first. */
  readonly stability: number
  /** Microseconds a row; null where nobody measured them. */
  readonly cost_us: number | null
}

const BOOTSTRAPS = 20
const TOP_MAX = 20
const ROWS_MAX = 200
/** Leaves times squared depth that TreeSHAP may visit for one model: a second or two. */
const WORK_MAX = 5e8
const COST_CELLS = 256
const COST_ROUNDS = 20

export interface FeatureInputs {
  readonly forests: readonly Forest[]
  readonly seed: number
  /** Without it costs are not measured. */
  readonly clock?: Pick<Clock, 'monotonicMs'> | undefined
}

/** In the order of their contribution, the greatest first. */
export function reportFeatures(
  table: LabelledTable,
  { forests, seed, clock }: FeatureInputs
): FeatureReport[] {
  const width = table.features.length
  const sums = new Float64Array(width)
  const hits = new Float64Array(width)
  const top = Math.min(TOP_MAX, Math.ceil(width / 2))
  let draws = 0
  for (const [index, forest] of forests.entries()) {
    const random = seededRandom(mixSeed(seed, 7, index))
    const own = contributionsOf(forest, table, () => random.next())
    const count = own.length / width
    for (let draw = 0; draw < BOOTSTRAPS; draw++) {
      const means = new Float64Array(width)
      for (let i = 0; i < count; i++) {
        const at = integerBelow(random, count) * width
        for (let f = 0; f < width; f++) means[f] = (means[f] as number) + (own[at + f] as number)
      }
      for (const f of firstOf(means, top)) hits[f] = (hits[f] as number) + 1
      draws++
    }
    for (let i = 0; i < own.length; i++) {
      const f = i % width
      sums[f] = (sums[f] as number) + (own[i] as number) / count / forests.length
    }
  }
  const costs = clock && costsOf(table, forests.at(-1), clock)
  return table.features
    .map(({ name }, f) => ({
      feature: name,
      contribution: rounded(sums[f] ?? 0),
      stability: rounded((hits[f] ?? 0) / Math.max(1, draws)),
      cost_us: costs === undefined ? null : rounded(costs[f] ?? 0)
    }))
    .sort((a, b) => b.contribution - a.contribution)
}

/** Features that contribute nothing are never among the first. */
function firstOf(means: Float64Array, top: number): number[] {
  return [...means.keys()]
    .filter((f) => (means[f] as number) > 0)
    .sort((a, b) => (means[b] as number) - (means[a] as number))
    .slice(0, top)
}

/** Contributions without sign, one row after the other: of as many rows, and trees, as the time allows. */
function contributionsOf(forest: Forest, table: LabelledTable, next: () => number): Float64Array {
  const { feature, scores } = forest
  const leaves = feature.reduce((count, own) => count + (own < 0 ? 1 : 0), 0)
  const trees = Math.max(1, forest.treeClass.length)
  const depth = 1 + Math.log2(Math.max(2, leaves / trees))
  const affordable = Math.floor(WORK_MAX / (leaves * depth * depth * scores))
  const count = Math.min(table.rows, ROWS_MAX, Math.max(8, affordable))
  const chosen = Int32Array.from({ length: count }, () => Math.floor(next() * table.rows))
  const rows = rowMajor(selectRows(table, chosen))
  const isFew = affordable < 8
  const explained = isFew
    ? firstTrees(forest, Math.max(1, Math.floor((trees * affordable) / 8)))
    : forest
  const shap = new TreeShap(explained)
  const out = new Float64Array(shap.width)
  const width = table.features.length
  const result = new Float64Array(count * width)
  for (let row = 0; row < count; row++) {
    shap.contributions(rows, row * width, out)
    for (let k = 0; k < scores; k++) {
      for (let f = 0; f < width; f++) {
        const at = row * width + f
        result[at] = (result[at] as number) + Math.abs(out[k * (width + 1) + f] as number) / scores
      }
    }
  }
  return result
}

function firstTrees(forest: Forest, count: number): Forest {
  return {
    ...forest,
    treeStart: forest.treeStart.slice(0, count + 1),
    treeClass: forest.treeClass.slice(0, count)
  }
}

function costsOf(
  table: LabelledTable,
  forest: Forest | undefined,
  clock: Pick<Clock, 'monotonicMs'>
): Float64Array {
  const count = Math.min(table.rows, COST_CELLS)
  const step = table.rows / count
  const sample = selectRows(
    table,
    Int32Array.from({ length: count }, (_, i) => Math.floor(i * step))
  )
  const costs = Float64Array.from(table.features, (spec, f) => {
    const values = sample.columns[f] ?? new Float64Array(0)
    return spec.kind === 'category'
      ? wordCost(spec.categories, values, clock)
      : numberCost(values, clock)
  })
  if (forest === undefined) return costs
  const rows = rowMajor(sample)
  const steps = stepsOf(forest, rows, count)
  const total = steps.reduce((sum, own) => sum + own, 0)
  const scorer = new ForestScorer(forest)
  const out = new Float64Array(forest.scores)
  const perRow = timed(clock, count, () => {
    for (let row = 0; row < count; row++) scorer.predict(rows, row * table.features.length, out)
  })
  return costs.map((cost, f) => cost + (total === 0 ? 0 : ((steps[f] ?? 0) / total) * perRow))
}

/** How often each feature is asked for. */
function stepsOf(forest: Forest, rows: Float32Array, count: number): Float64Array {
  const width = forest.features.length
  const steps = new Float64Array(width)
  for (let row = 0; row < count; row++) {
    for (let tree = 0; tree < forest.treeClass.length; tree++) {
      let node = forest.treeStart[tree] as number
      for (let f = forest.feature[node] as number; f >= 0; f = forest.feature[node] as number) {
        steps[f] = (steps[f] as number) + 1
        const isLeft = goesLeft(forest, node, rows[row * width + f] as number)
        node = (isLeft ? forest.left[node] : forest.right[node]) as number
      }
    }
  }
  return steps
}

function numberCost(values: ColumnValues, clock: Pick<Clock, 'monotonicMs'>): number {
  const cells = Array.from(values, (value) => Buffer.from(Number.isNaN(value) ? '' : String(value)))
  let sum = 0
  return timed(clock, cells.length, () => {
    for (const cell of cells) {
      sum += cellNumber(cell, 0, cell.length) ?? Number(cell.toString('utf8'))
    }
    return sum
  })
}

function wordCost(
  categories: readonly string[],
  values: ColumnValues,
  clock: Pick<Clock, 'monotonicMs'>
): number {
  const codes = new Map(categories.map((word, code) => [word, code]))
  const cells = Array.from(values, (code) => Buffer.from(categories[code] ?? ''))
  let sum = 0
  return timed(clock, cells.length, () => {
    for (const cell of cells) sum += codes.get(wordOf(cell.toString('utf8'))) ?? 0
    return sum
  })
}

/** Microseconds for each of `count` things that the work does at once; the least of several, since others use the machine too. */
function timed(clock: Pick<Clock, 'monotonicMs'>, count: number, work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < COST_ROUNDS; round++) {
    const start = clock.monotonicMs()
    work()
    least = Math.min(least, clock.monotonicMs() - start)
  }
  return (least * 1_000) / Math.max(1, count)
}

function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
