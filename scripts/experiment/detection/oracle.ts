/**
 * What could be known at best: boosting on everything that the logs show of a source over its whole recording, the future and the
 * evidence of its swarm included, trained on the other seeds of the very test region, with a threshold that is set on the tested
 * seed itself. No live system can have any of this. Of what it misses at 0.1 % false positives, the logs do not tell enough; where
 * it misses as much as the default policy, the policy is not to blame.
 */
import { type BehaviourTable, loadTable, wordAt } from '../../../src/datasets/index.ts'
import { FEATURES } from '../../../src/detection/index.ts'
import { type FeatureSpec, predictRow } from '../../../src/runtime/index.ts'
import { operatingPoint, trainBoosting } from '../../../src/training/index.ts'
import { inOrder } from './figures.ts'
import type { Figure } from './results.ts'
import { loadSessions, type SessionRows } from './session-rows.ts'
import { shareInterval } from './statistics.ts'
import { SESSION_FEATURES } from './whole-session.ts'

export interface OracleClass {
  readonly class: string
  readonly sources: number
  readonly recall: Figure
}

export interface OracleResult {
  readonly classes: readonly OracleClass[]
  readonly summary: Readonly<Record<string, Figure | number>>
}

export interface OracleDay {
  /** Folder of rows, and file of whole sessions without its ending. */
  readonly rows: string
  readonly sessions: string
}

interface OracleTable {
  readonly rows: number
  readonly values: Float32Array
  readonly classes: readonly string[]
  readonly labels: Int32Array
}

const FALSE_POSITIVES = 1e-3
const TREES = 80
/** Harmless sources beyond so many times the abusive ones add time and nothing else. */
const BENIGN_PER_SEED = 20_000

const LOOKED_AT: readonly FeatureSpec[] = FEATURES.map(({ name, categories }) =>
  categories === undefined ? { name, kind: 'numeric' } : { name, kind: 'category', categories }
)

/** Whole session, then each feature at the last look and its greatest value at any. */
const ORACLE_FEATURES: readonly FeatureSpec[] = [
  ...SESSION_FEATURES,
  ...LOOKED_AT,
  ...LOOKED_AT.map(({ name }) => ({ name: `most ${name}`, kind: 'numeric' as const }))
]

/** @param seeds the test days of each; at least two seeds @throws {RangeError} with fewer */
export async function runOracle(
  seeds: readonly (readonly OracleDay[])[],
  say: (text: string) => void
): Promise<OracleResult> {
  if (seeds.length < 2) throw new RangeError('expected two seeds or more for the oracle, got one')
  const tables: OracleTable[] = []
  for (const days of seeds) tables.push(concat(await Promise.all(days.map(loadOracleDay))))
  const recalls = new Map<string, number[]>()
  const counts = new Map<string, number>()
  const overall: number[] = []
  for (const [index, tested] of tables.entries()) {
    const others = concat(tables.filter((_, other) => other !== index).map(thinned))
    const scores = scoresOf(others, tested)
    const { threshold, truePositiveRate } = operatingPoint(scores, tested.labels, FALSE_POSITIVES)
    overall.push(truePositiveRate)
    for (const [name, { found, sources }] of tally(tested, scores, threshold)) {
      recalls.set(name, [...(recalls.get(name) ?? []), found / sources])
      counts.set(name, (counts.get(name) ?? 0) + sources)
    }
    say(`oracle: ${index + 1} of ${tables.length} seeds`)
  }
  return {
    classes: [...recalls.keys()].sort(inOrder).map((name) => ({
      class: name,
      sources: counts.get(name) ?? 0,
      recall: figure(recalls.get(name) ?? [])
    })),
    summary: { recall: figure(overall), false_positive_rate: FALSE_POSITIVES }
  }
}

function figure(values: readonly number[]): Figure {
  const { mean, low, high } = shareInterval(values) ?? { mean: null, low: null, high: null }
  return { mean, low, high }
}

async function loadOracleDay({ rows, sessions }: OracleDay): Promise<OracleTable> {
  const whole = await loadSessions(sessions)
  const looks = looksOf(await loadTable(rows))
  const width = ORACLE_FEATURES.length
  const count = whole.source.length
  const values = new Float32Array(count * width).fill(Number.NaN)
  for (const [row, source] of whole.source.entries()) {
    const at = row * width
    values.set(whole.values.subarray(row * whole.width, (row + 1) * whole.width), at)
    const known = looks.get(source)
    if (known === undefined) continue
    values.set(known.last, at + whole.width)
    values.set(known.most, at + whole.width + known.last.length)
  }
  return { rows: count, values, classes: whole.class, labels: labelsOf(whole) }
}

function labelsOf({ isAbuse }: SessionRows): Int32Array {
  return Int32Array.from(isAbuse, (abuse) => (abuse ? 1 : 0))
}

function looksOf(
  table: BehaviourTable
): ReadonlyMap<string, { readonly last: Float32Array; readonly most: Float32Array }> {
  const width = LOOKED_AT.length
  const looks = new Map<string, { last: Float32Array; most: Float32Array }>()
  for (let row = 0; row < table.rows; row++) {
    const values = table.values.subarray(row * width, (row + 1) * width)
    const source = wordAt(table.sources, row)
    const known = looks.get(source)
    if (known === undefined) {
      looks.set(source, { last: values, most: values.slice() })
      continue
    }
    known.last = values
    for (let i = 0; i < width; i++) {
      const value = values[i] ?? Number.NaN
      const most = known.most[i] ?? Number.NaN
      if (Number.isNaN(most) || value > most) known.most[i] = value
    }
  }
  return looks
}

/** All abuse, and as many of the harmless as the limit allows, evenly spread. */
function thinned(table: OracleTable): OracleTable {
  const benign = table.labels.reduce((sum, label) => sum + (label === 0 ? 1 : 0), 0)
  const step = Math.max(1, benign / BENIGN_PER_SEED)
  const kept: number[] = []
  let seen = 0
  let due = 0
  for (let row = 0; row < table.rows; row++) {
    if (table.labels[row] === 1) kept.push(row)
    else if (seen++ >= due) {
      kept.push(row)
      due += step
    }
  }
  const width = ORACLE_FEATURES.length
  const values = new Float32Array(kept.length * width)
  for (const [to, from] of kept.entries()) {
    values.set(table.values.subarray(from * width, (from + 1) * width), to * width)
  }
  return {
    rows: kept.length,
    values,
    classes: kept.map((row) => table.classes[row] ?? ''),
    labels: Int32Array.from(kept, (row) => table.labels[row] ?? 0)
  }
}

function concat(tables: readonly OracleTable[]): OracleTable {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const width = ORACLE_FEATURES.length
  const values = new Float32Array(rows * width)
  const labels = new Int32Array(rows)
  let at = 0
  for (const table of tables) {
    values.set(table.values, at * width)
    labels.set(table.labels, at)
    at += table.rows
  }
  return { rows, values, labels, classes: tables.flatMap(({ classes }) => classes) }
}

function scoresOf(train: OracleTable, tested: OracleTable): Float64Array {
  const width = ORACLE_FEATURES.length
  const forest = trainBoosting(
    {
      rows: train.rows,
      features: ORACLE_FEATURES,
      columns: ORACLE_FEATURES.map((_, feature) =>
        Float32Array.from(
          { length: train.rows },
          (_, row) => train.values[row * width + feature] ?? 0
        )
      ),
      labels: train.labels,
      classes: 2
    },
    { trees: TREES, maxDepth: 6, learningRate: 0.15, subsample: 0.8, columnSample: 0.4, seed: 1 }
  )
  const one = new Float64Array(1)
  return Float64Array.from({ length: tested.rows }, (_, row) => {
    predictRow(forest, tested.values, row * width, one)
    return one[0] ?? 0
  })
}

function tally(table: OracleTable, scores: Float64Array, threshold: number) {
  const counts = new Map<string, { found: number; sources: number }>()
  for (let row = 0; row < table.rows; row++) {
    if (table.labels[row] !== 1) continue
    const name = table.classes[row] ?? ''
    const count = counts.get(name) ?? { found: 0, sources: 0 }
    count.sources++
    if ((scores[row] ?? 0) >= threshold) count.found++
    counts.set(name, count)
  }
  return counts
}
