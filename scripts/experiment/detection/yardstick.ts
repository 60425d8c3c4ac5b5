/**
 * The yardstick: plain boosting on whole sessions of training days, asked about whole sessions of test days. Its threshold keeps
 * the false positives of the training days' own harmless sources, by models that had not seen them, within the budget.
 */
import { seededRandom } from '../../../src/base/index.ts'
import { type Forest, predictRow } from '../../../src/runtime/index.ts'
import { groupedFolds, operatingPoint, trainBoosting } from '../../../src/training/index.ts'
import { YARDSTICK } from './comparison.ts'
import type { DayOutcomes, SourceOutcome } from './outcomes.ts'
import type { SessionRows } from './session-rows.ts'
import { SESSION_FEATURES } from './whole-session.ts'

export interface Yardstick {
  readonly forest: Forest
  readonly threshold: number
}

export interface YardstickOptions {
  readonly seed: number
  /** @default 0.001 */
  readonly falsePositives?: number
  /** @default 100 */
  readonly trees?: number
}

const FOLDS = 3
const FALSE_POSITIVES = 1e-3
const TREES = 100
/** A swarm of a thousand addresses says no more than one of so many. */
const CAMPAIGN_SOURCES_MAX = 50

interface Table {
  readonly rows: number
  readonly labels: Int32Array
  readonly weights: Float64Array
  readonly groups: readonly string[]
  readonly values: Float32Array
}

export function trainYardstick(
  days: readonly SessionRows[],
  { seed, falsePositives = FALSE_POSITIVES, trees = TREES }: YardstickOptions
): Yardstick {
  const table = gather(days, seed)
  const all = Array.from({ length: table.rows }, (_, row) => row)
  const foldOf = groupedFolds({ ...table, classes: 2 }, FOLDS, seed)
  const scores = new Float64Array(table.rows)
  for (let fold = 0; fold < FOLDS; fold++) {
    const seen = all.filter((row) => foldOf[row] !== fold)
    const forest = train(table, seen, { seed, trees })
    for (const row of all) {
      if (foldOf[row] === fold) scores[row] = scoreOf(forest, table.values, row)
    }
  }
  const { threshold } = operatingPoint(scores, table.labels, falsePositives)
  return { forest: train(table, all, { seed, trees }), threshold }
}

function gather(days: readonly SessionRows[], seed: number): Table {
  const width = SESSION_FEATURES.length
  const random = seededRandom(seed)
  const rows = days.reduce((sum, { source }) => sum + source.length, 0)
  const values = new Float32Array(rows * width)
  const groups: string[] = []
  const labels: number[] = []
  const sizes = new Map<string, number>()
  let at = 0
  for (const [index, day] of days.entries()) {
    values.set(day.values, at * width)
    for (const [row, campaign] of day.campaign.entries()) {
      // Harmless sources are dealt into blocks at random: folds need groups, not one for each of a hundred thousand.
      const group =
        campaign === '' ? `harmless ${Math.floor(random.next() * 200)}` : `${index} ${campaign}`
      groups.push(group)
      labels.push(day.isAbuse[row] === true ? 1 : 0)
      if (campaign !== '') sizes.set(group, (sizes.get(group) ?? 0) + 1)
    }
    at += day.source.length
  }
  const weights = Float64Array.from(groups, (group) =>
    Math.min(1, CAMPAIGN_SOURCES_MAX / (sizes.get(group) ?? 1))
  )
  return { rows, values, groups, labels: Int32Array.from(labels), weights }
}

function train(
  table: Table,
  rows: readonly number[],
  { seed, trees }: { readonly seed: number; readonly trees: number }
): Forest {
  const width = SESSION_FEATURES.length
  return trainBoosting(
    {
      rows: rows.length,
      features: SESSION_FEATURES,
      columns: SESSION_FEATURES.map((_, feature) =>
        Float32Array.from(rows, (row) => table.values[row * width + feature] ?? Number.NaN)
      ),
      labels: Int32Array.from(rows, (row) => table.labels[row] ?? 0),
      classes: 2,
      weights: Float64Array.from(rows, (row) => table.weights[row] ?? 0)
    },
    { trees, maxDepth: 6, learningRate: 0.1, subsample: 0.8, columnSample: 0.8, seed }
  )
}

const one = new Float64Array(1)

function scoreOf(forest: Forest, values: Float32Array, row: number): number {
  predictRow(forest, values, row * SESSION_FEATURES.length, one)
  return one[0] ?? 0
}

/**
 * The same day as another policy has judged, judged by whole sessions: what it flags is flagged from the first moment (it sees the
 * future), and nothing is prevented (it cannot run).
 */
export function judgeByYardstick(
  { forest, threshold }: Yardstick,
  sessions: SessionRows,
  like: DayOutcomes
): DayOutcomes {
  const abuse = new Map(like.abuse.map((outcome) => [outcome.source, outcome]))
  const found = new Map<string, SourceOutcome>()
  const touched: SourceOutcome[] = []
  const flaggedByClass = new Map<string, number>()
  for (const [row, source] of sessions.source.entries()) {
    const score = scoreOf(forest, sessions.values, row)
    const isFlagged = score >= threshold
    const outcome: SourceOutcome = {
      ...{ source, score, prevented: 0, requests: abuse.get(source)?.requests ?? 0 },
      classes: abuse.get(source)?.classes ?? [sessions.class[row] ?? ''],
      campaign: sessions.campaign[row] ?? '',
      level: isFlagged ? 'throttle' : 'benign',
      ...{ secondsToDecision: null, requestsBefore: null, rules: [] }
    }
    if (sessions.isAbuse[row] === true) found.set(source, outcome)
    else if (isFlagged) {
      touched.push(outcome)
      const name = outcome.classes[0] ?? ''
      flaggedByClass.set(name, (flaggedByClass.get(name) ?? 0) + 1)
    }
  }
  return {
    ...like,
    policy: YARDSTICK,
    abuse: like.abuse.map(
      (outcome) => found.get(outcome.source) ?? { ...outcome, level: 'benign' }
    ),
    touched,
    benignByClass: Object.fromEntries(
      Object.entries(like.benignByClass).map(([name, { sources }]) => [
        name,
        { sources, flagged: flaggedByClass.get(name) ?? 0, banned: 0 }
      ])
    ),
    calibration: null
  }
}
