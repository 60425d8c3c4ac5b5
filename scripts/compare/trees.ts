/**
 * Our trees beside XGBoost's and scikit-learn's, in one run, on one core, with the same rows and the same figures:
 *
 *   npm run compare:trees                       all data sets
 *   npm run compare:trees -- letter synthetic   some
 *   npm run compare:trees -- --splits 2         fewer splits into training and test
 *   npm run compare:trees -- --data DIR         keeps the exported data there, and uses what is there
 *   npm run compare:trees -- generator --days DIR   with generated days that are there, or are made there (minutes)
 *
 * A name that the folder holds already (NAME.json, .f32, .i32, .train0 and .test0, as `writeTable` of partner.ts makes them) is
 * compared as well: any table of one's own, split as one likes.
 *
 * One JSON line for each data set and model; with more than two classes the figures are one-vs-rest means. Needs Debian's
 * python3-xgboost, python3-sklearn, r-cran-mlbench and r-cran-kernlab.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/base/index.ts'
import { type Forest, predictRows } from '../../src/runtime/index.ts'
import {
  accuracy,
  auc,
  type LabelledTable,
  oneVsRest,
  tprAtFpr,
  trainBoosting,
  trainIsolationForest,
  trainRandomForest
} from '../../src/training/index.ts'
import { medianOf } from '../bench/median.ts'
import { exportGenerator } from './generator-set.ts'
import { exportSets, Partner, readBuffer } from './partner.ts'

const NAMES = ['letter', 'satellite', 'spam', 'digits', 'breast', 'synthetic', 'generator']
const GENERATOR = 'generator'
const BOOSTING = { trees: 100, maxDepth: 6, learningRate: 0.2 }
const REPEATS = 3
const SLOW_ROWS = 10_000

type Model = 'boosting' | 'forest' | 'isolation'

interface DataSet {
  readonly name: string
  readonly rows: number
  readonly features: number
  readonly classes: number
  readonly values: Float32Array
  readonly labels: Int32Array
}

interface Figures {
  readonly auc: number
  readonly tpr_at_fpr_01: number
  readonly accuracy: number
  readonly cpu_s: number
}

function readSet(directory: string, name: string): DataSet {
  const about = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) as {
    rows: number
    features: number
    classes: number
  }
  const values = new Float32Array(readBuffer(join(directory, `${name}.f32`)))
  const labels = new Int32Array(readBuffer(join(directory, `${name}.i32`)))
  return { name, ...about, values, labels }
}

function takeRows(data: DataSet, rows: Int32Array): LabelledTable {
  const columns = Array.from({ length: data.features }, (_, feature) =>
    Float32Array.from(rows, (row) => data.values[row * data.features + feature] ?? 0)
  )
  return {
    rows: rows.length,
    features: columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' as const })),
    columns,
    labels: Int32Array.from(rows, (row) => data.labels[row] ?? 0),
    classes: data.classes
  }
}

async function train(model: Model, table: LabelledTable, seed: number): Promise<Forest> {
  if (model === 'boosting') return trainBoosting(table, { ...BOOSTING, baseScore: 'even', seed })
  if (model === 'isolation') return trainIsolationForest(table, { seed })
  return await trainRandomForest(table, { trees: 100, seed }, { threads: 1 })
}

function figuresOf(scores: Float64Array, data: DataSet, labels: Int32Array, cpu: number): Figures {
  const single = scores.length === labels.length
  const over = (figure: (scores: Float64Array, labels: ArrayLike<number>) => number) =>
    single ? figure(scores, labels) : oneVsRest(scores, labels, data.classes, figure)
  return {
    auc: over(auc),
    tpr_at_fpr_01: over((own, truth) => tprAtFpr(own, truth, 0.01)),
    accuracy: accuracy(scores, labels),
    cpu_s: cpu
  }
}

async function compareOnce(
  data: DataSet,
  model: Model,
  split: number,
  { directory, partner }: { directory: string; partner: Partner }
): Promise<{ ours: Figures; theirs: Figures }> {
  const repeats = data.rows > SLOW_ROWS ? 1 : REPEATS
  const rowsOf = (part: string) =>
    new Int32Array(readBuffer(join(directory, `${data.name}.${part}${split}`)))
  const trainRows = rowsOf('train')
  const testRows = rowsOf('test')
  const table = takeRows(data, trainRows)
  const labels = Int32Array.from(testRows, (row) => data.labels[row] ?? 0)
  const test = new Float32Array(testRows.length * data.features)
  for (const [index, row] of testRows.entries()) {
    const at = row * data.features
    test.set(data.values.subarray(at, at + data.features), index * data.features)
  }
  const times: number[] = []
  let forest: Forest | undefined
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = process.cpuUsage()
    forest = await train(model, table, split)
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1e6)
  }
  if (forest === undefined) throw new Error('expected at least one repeat')
  const scores = predictRows(forest, test, testRows.length)
  const order = { name: data.name, model, split, repeats, ...BOOSTING }
  const seconds = await partner.fit(order)
  const others = new Float64Array(readBuffer(join(directory, 'scores.f64')))
  return {
    ours: figuresOf(scores, data, labels, medianOf(times)),
    theirs: figuresOf(others, data, labels, seconds)
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function summarise(data: DataSet, model: Model, pairs: { ours: Figures; theirs: Figures }[]) {
  const both = (key: keyof Figures) => ({
    ours: round(mean(pairs.map(({ ours }) => ours[key]))),
    theirs: round(mean(pairs.map(({ theirs }) => theirs[key])))
  })
  const ratio = both('cpu_s').ours / both('cpu_s').theirs
  const aucGap = both('auc').ours - both('auc').theirs
  const tprGap = both('tpr_at_fpr_01').ours - both('tpr_at_fpr_01').theirs
  return {
    data: data.name,
    rows: data.rows,
    model,
    beside: model === 'boosting' ? 'XGBoost' : 'scikit-learn',
    splits: pairs.length,
    auc: both('auc'),
    tpr_at_fpr_01: both('tpr_at_fpr_01'),
    accuracy: model === 'isolation' ? undefined : both('accuracy'),
    cpu_s: both('cpu_s'),
    ratio: round(ratio),
    // Falling behind counts; being ahead does not. What is strange need not be what the labels say, and two isolation forests
    // of other seeds differ by more than these margins: theirs are only reported.
    met:
      model === 'isolation'
        ? null
        : { auc: aucGap >= -0.002, tpr_at_fpr_01: tprGap >= -0.02, cpu: ratio <= 2 }
  }
}

function round(value: number): number {
  return Math.round(value * 1e5) / 1e5
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      ...{ data: { type: 'string' }, days: { type: 'string' } },
      ...{ splits: { type: 'string' }, model: { type: 'string' } }
    },
    allowPositionals: true
  })
  const names = positionals.length > 0 ? positionals : NAMES
  const splits = Math.min(5, Math.max(1, Number(values.splits ?? 5)))
  const directory = values.data ?? mkdtempSync(join(tmpdir(), 'netminder-compare-'))
  const missing = names.filter((name) => !existsSync(join(directory, `${name}.json`)))
  const unknown = missing.find((name) => !NAMES.includes(name))
  if (unknown !== undefined) {
    throw new Error(`expected the name of a data set (${NAMES.join(', ')}), got "${unknown}"`)
  }
  exportSets(
    directory,
    missing.filter((name) => name !== GENERATOR)
  )
  if (missing.includes(GENERATOR)) {
    await exportGenerator(directory, values.days ?? join(directory, 'days'))
  }
  const partner = new Partner(directory)
  try {
    for (const name of names) {
      const data = readSet(directory, name)
      const models: Model[] = ['boosting', 'forest']
      if (data.classes === 2) models.push('isolation')
      for (const model of models) {
        if (values.model !== undefined && values.model !== model) continue
        const pairs: { ours: Figures; theirs: Figures }[] = []
        const most = data.rows > SLOW_ROWS ? Math.min(splits, 2) : splits
        const hasSplit = (split: number) => existsSync(join(directory, `${name}.train${split}`))
        const count = Array.from({ length: most }, (_, split) => split).filter(hasSplit).length
        for (let split = 0; split < count; split++) {
          process.stderr.write(`${name}, ${model}: split ${split + 1} of ${count}\n`)
          pairs.push(await compareOnce(data, model, split, { directory, partner }))
        }
        process.stdout.write(`${JSON.stringify(summarise(data, model, pairs))}\n`)
      }
    }
  } finally {
    partner.close()
    if (values.data === undefined) rmSync(directory, { recursive: true, force: true })
  }
}

try {
  await run()
} catch (error) {
  process.stderr.write(`compare:trees: ${messageOf(error)}\n`)
  process.exitCode = 1
}
