/**
 * From a table to a model that knows how good it is: checks, folds that keep groups and twins together, search, selection of
 * features, calibration, and at last a fit to all rows. Knows neither files nor packages.
 */
import { type Clock, mixSeed, seededRandom } from '../../base/index.ts'
import { applyIsotonic, type ModelParts, THRESHOLD_DEFAULT } from '../../runtime/index.ts'
import type { CheckReport } from '../checks/check-report.ts'
import { checkTable, type TableChecks } from '../checks/check-table.ts'
import { TrainingError } from '../errors.ts'
import type { Figures } from '../metrics/figures.ts'
import { expectedCalibrationError } from '../metrics/probability.ts'
import { operatingPoint } from '../metrics/ranking.ts'
import type { FeatureRange } from '../table/row-sink.ts'
import { selectColumns, selectRows } from '../table/select.ts'
import type { Words } from '../table/word-column.ts'
import { type LabelledTable, rowMajor } from '../trees/column-table.ts'
import { groupNames } from '../validation/group-names.ts'
import { groupedFolds } from '../validation/grouped-folds.ts'
import { type Calibration, calibrationError, fitCalibration } from './calibrate.ts'
import { type FeatureReport, reportFeatures } from './feature-report.ts'
import { type FitOptions, fitModel } from './fit-model.ts'
import { type Folds, type FoldsOutcome, judgeFolds } from './judge-folds.ts'
import type { PartStore } from './kept-fit.ts'
import { checkParams, type ModelKind, type ModelParams } from './model-options.ts'
import { drawParams } from './search-space.ts'

export interface TrainRequest {
  readonly table: LabelledTable
  readonly classNames: readonly string[]
  readonly groups?: Words | undefined
  readonly kind: ModelKind
  readonly params: ModelParams
  readonly seed: number
  /** Folds of the cross-validation; without it one fifth is held out once. */
  readonly folds?: number | undefined
  /** Random draws of hyper-parameters, beside what was given. @default 0 */
  readonly search?: number | undefined
  readonly calibration?: Calibration | undefined
  /** Budget of false positives that the threshold of class 1 keeps, on rows that were held out. */
  readonly falsePositiveRateMax?: number | undefined
  /** Features that are less often among the first are left out. */
  readonly stabilityMin?: number | undefined
  readonly ranges?: ReadonlyMap<string, FeatureRange> | undefined
  /** The bits do not depend on it. @default 1 for boosting, all cores for a random forest */
  readonly threads?: number | undefined
}

export type TrainEvent =
  | ({ readonly type: 'check' } & CheckReport)
  | {
      readonly type: 'trial'
      readonly trial: number
      readonly params: ModelParams
      readonly log_loss: number
      readonly auc: number | null
      readonly is_best: boolean
    }
  | {
      readonly type: 'fold'
      readonly fold: number
      readonly rows: number
      readonly validation: Figures
      readonly training: Figures
    }
  | ({ readonly type: 'feature' } & FeatureReport)

export interface TrainPorts {
  /** Without it the cost of features is not measured, and the same request gives the same report to the last bit. */
  readonly clock?: Pick<Clock, 'monotonicMs'> | undefined
  readonly signal: AbortSignal
  readonly onEvent: (event: TrainEvent) => void
  /** @param share of the stage @param whole of the training, both 0 to 1 */
  readonly onProgress: (stage: string, share: number, whole: number) => void
  /** Keeps fits: a training that was ended goes on from there, to the same bits. */
  readonly parts?: PartStore | undefined
}

export interface TrainReport {
  readonly model: ModelKind
  readonly params: ModelParams
  readonly rows: number
  readonly method: {
    readonly kind: 'hold-out' | 'grouped'
    readonly folds: number
    readonly groups: string
  }
  readonly validation: Figures
  readonly training: Figures
  /** Training minus validation: how much of what a model says of its own rows does not hold elsewhere. */
  readonly gap: Readonly<Record<'accuracy' | 'auc' | 'log_loss', number | null>>
  /** Of all held-out rows: as they were, and with calibration learned on the other half of them. */
  readonly calibration: {
    readonly kind: Calibration
    readonly ece_before: number
    readonly ece: number | null
  }
  readonly threshold: number
  readonly checks: readonly CheckReport[]
  readonly trials: readonly Extract<TrainEvent, { type: 'trial' }>[]
  readonly features: readonly FeatureReport[]
  readonly dropped: readonly string[]
  readonly passed_over: readonly string[]
}

export interface TrainOutcome {
  readonly parts: ModelParts
  readonly report: TrainReport
  /** By feature of the model. */
  readonly ranges: readonly (FeatureRange | undefined)[]
  readonly goldenRows: Float32Array
}

const HOLD_OUT = 5
const GOLDEN_ROWS = 32

/** @throws {TABLE_REFUSED | OPTION_INVALID | TABLE_INVALID | WORKER_FAILED} */
export async function trainModel(request: TrainRequest, ports: TrainPorts): Promise<TrainOutcome> {
  const { kind, classNames, seed, params } = request
  const names = request.table.features.map(({ name }) => name)
  const passedOver = checkParams(kind, params, classNames, names)
  const isIsolation = kind === 'isolation-forest'
  if (isIsolation && classNames.length !== 2) {
    throw new TrainingError(
      'LABEL_INVALID',
      `expected two classes for an isolation forest, the ordinary and the odd, got ${classNames.length}`
    )
  }
  ports.onProgress('checking', 0, 0)
  const checks = checkAll(request, ports)
  const folds = makeFolds(request, checks)
  const { signal, parts: store } = ports
  let fits = 0
  const part = () => `fit-${fits++}`
  const { threads } = request
  const fit: FitOptions = { kind, params, classes: classNames, seed, signal, threads, store, part }
  const steps = stepsOf(request, folds)
  const found = await searchParams(request.table, folds, request, ports, { fit, steps })
  const stable = await leaveOutUnstable(found, folds, request, ports, { fit, steps })
  const { table, outcome, features } = stable
  for (const { fold, rows, validation, training } of outcome.folds) {
    ports.onEvent({ type: 'fold', fold, rows, validation, training })
  }
  for (const feature of features) ports.onEvent({ type: 'feature', ...feature })
  const { fitting, total } = steps
  const forest = await fitModel(table, {
    ...fit,
    params: finalParams(found.params, outcome),
    onProgress: (share) =>
      ports.onProgress('fitting to all rows', share, 1 - ((1 - share) * fitting) / total)
  })
  const end = finish(request, outcome)
  return {
    parts: {
      classes: classNames,
      members: [{ forest, input: 'score' }],
      calibration: end.steps,
      threshold: end.threshold
    },
    report: {
      ...reportOf(request, outcome, end),
      ...{ params: found.params, checks: checks.reports, trials: found.trials },
      ...{ features, dropped: stable.dropped, passed_over: passedOver }
    },
    ranges: table.features.map(({ name }) => checks.ranges[names.indexOf(name)]),
    goldenRows: goldenRowsOf(table, seed)
  }
}

/** Features that are too seldom among the first go, and what is left is judged again. */
async function leaveOutUnstable(
  found: { readonly params: ModelParams; readonly outcome: FoldsOutcome },
  folds: Folds,
  { table, stabilityMin = 0, seed }: TrainRequest,
  ports: TrainPorts,
  { fit, steps }: { readonly fit: FitOptions; readonly steps: Steps }
) {
  const features = reportFeatures(table, featureInputs(found.outcome, seed, ports))
  const unstable = features.filter(({ stability }) => stability < stabilityMin)
  const dropped = unstable.map(({ feature }) => feature)
  if (dropped.length === 0) return { table, outcome: found.outcome, features, dropped }
  if (dropped.length === features.length) {
    throw new TrainingError(
      'OPTION_INVALID',
      `expected a feature with a stability of at least ${stabilityMin}, got ${features[0]?.stability ?? 0} at most`
    )
  }
  const kept = selectColumns(table, (name) => !dropped.includes(name))
  const { judging, fitting, total } = steps
  const stage = 'judging without the unstable'
  const onProgress = (share: number) =>
    ports.onProgress(stage, share, (total - fitting - (1 - share) * judging) / total)
  const outcome = await judgeFolds(kept, folds, { ...fit, params: found.params, onProgress })
  const again = reportFeatures(kept, featureInputs(outcome, seed, ports))
  return { table: kept, outcome, features: again, dropped }
}

function reportOf(request: TrainRequest, outcome: FoldsOutcome, end: ReturnType<typeof finish>) {
  const { folds, groups, calibration = 'none', kind, table } = request
  return {
    model: kind,
    rows: table.rows,
    method: {
      kind: folds === undefined ? ('hold-out' as const) : ('grouped' as const),
      folds: folds ?? HOLD_OUT,
      groups: groups === undefined ? 'rows with the same features' : 'rows of one group'
    },
    validation: outcome.validation,
    training: outcome.training,
    gap: gapOf(outcome),
    calibration: {
      kind: calibration,
      ece_before: expectedCalibrationError(outcome.scores, outcome.labels),
      ece: end.ece
    },
    threshold: end.threshold
  }
}

/** @throws {TABLE_REFUSED} */
export function checkAll(request: TrainRequest, { onEvent }: TrainPorts): TableChecks {
  const checks = checkTable(request.table, {
    ranges: request.ranges,
    groups: request.groups,
    isOneClassFine: request.kind === 'isolation-forest',
    classNames: request.classNames
  })
  for (const report of checks.reports) onEvent({ type: 'check', ...report })
  const errors = checks.reports.filter(({ outcome }) => outcome === 'error')
  if (errors.length === 0) return checks
  const sentences = errors.map(({ check, sentence }) => `${check}: ${sentence}`).join('; ')
  throw new TrainingError('TABLE_REFUSED', `expected a table to learn from; ${sentences}`)
}

/** Rows with the same features are never on both sides, whatever the groups are. */
function makeFolds(request: TrainRequest, { twins }: TableChecks): Folds {
  const { table, groups, seed } = request
  const count = request.folds ?? Math.min(HOLD_OUT, table.rows)
  const { labels, classes } = table
  const names = groupNames(groups, twins)
  const foldOf = groupedFolds({ labels, classes, groups: names }, count, seed)
  const judged =
    request.folds === undefined ? [0] : Array.from({ length: count }, (_, fold) => fold)
  return { foldOf, judged }
}

interface Steps {
  /** In fits: of one round over the folds, of the last fit, and of everything. */
  readonly judging: number
  readonly fitting: number
  readonly total: number
}

function stepsOf({ search = 0, stabilityMin = 0 }: TrainRequest, { judged }: Folds): Steps {
  const rounds = 1 + search + (stabilityMin > 0 ? 1 : 0)
  return { judging: judged.length, fitting: 1, total: rounds * judged.length + 1 }
}

async function searchParams(
  table: LabelledTable,
  folds: Folds,
  request: TrainRequest,
  ports: TrainPorts,
  { fit, steps }: { readonly fit: FitOptions; readonly steps: Steps }
) {
  const { kind, params, search = 0, seed } = request
  const trials: Extract<TrainEvent, { type: 'trial' }>[] = []
  let best: { readonly params: ModelParams; readonly outcome: FoldsOutcome } | undefined
  for (let trial = 0; trial <= search; trial++) {
    const random = seededRandom(mixSeed(seed, 5, trial))
    const own = trial === 0 ? params : drawParams(kind, params, random)
    const stage = search === 0 ? 'judging' : `trial ${trial} of ${search}`
    const onProgress = (share: number) =>
      ports.onProgress(stage, share, ((trial + share) * steps.judging) / steps.total)
    const outcome = await judgeFolds(table, folds, { ...fit, params: own, onProgress })
    const isBest = best === undefined || isBetter(kind, outcome, best.outcome)
    if (isBest) best = { params: own, outcome }
    if (search === 0) break
    const { log_loss, auc } = outcome.validation
    const event = { type: 'trial', trial, params: own, log_loss, auc, is_best: isBest } as const
    trials.push(event)
    ports.onEvent(event)
  }
  if (best === undefined) throw new TrainingError('TABLE_INVALID', 'expected a trial, got none')
  return { ...best, trials }
}

/** An isolation forest gives no probabilities: its order is what counts. */
function isBetter(kind: ModelKind, one: FoldsOutcome, other: FoldsOutcome): boolean {
  return kind === 'isolation-forest'
    ? (one.validation.auc ?? 0) > (other.validation.auc ?? 0)
    : one.validation.log_loss < other.validation.log_loss
}

function featureInputs(outcome: FoldsOutcome, seed: number, { clock }: TrainPorts) {
  return { forests: outcome.folds.map(({ forest }) => forest), seed, clock }
}

/** Nothing is held out of the last fit, so it does not stop early: it grows what the folds found best. */
function finalParams(params: ModelParams, outcome: FoldsOutcome): ModelParams {
  if (!(Number(params['earlyStoppingRounds'] ?? 0) > 0)) return params
  const rounds = outcome.folds.map(({ forest }) => forest.treeClass.length / forest.scores)
  const mean = rounds.reduce((sum, count) => sum + count, 0) / Math.max(1, rounds.length)
  return { ...params, trees: Math.max(1, Math.round(mean)), earlyStoppingRounds: 0 }
}

function finish(
  { kind, calibration = 'none', falsePositiveRateMax }: TrainRequest,
  outcome: FoldsOutcome
) {
  const { scores, labels, rows } = outcome
  const isTwo = scores.length === rows.length
  if (!isTwo && (calibration === 'isotonic' || falsePositiveRateMax !== undefined)) {
    throw new TrainingError(
      'OPTION_INVALID',
      'expected two classes for isotonic calibration and for a budget of false positives'
    )
  }
  const steps = fitCalibration(calibration, scores, labels)
  const ece = calibration === 'none' ? null : calibrationError(calibration, scores, labels)
  let threshold = THRESHOLD_DEFAULT
  if (isTwo && (falsePositiveRateMax !== undefined || kind === 'isolation-forest')) {
    const odd = labels.reduce((sum, label) => sum + label, 0)
    const point =
      falsePositiveRateMax === undefined
        ? quantile(scores, 1 - odd / rows.length)
        : operatingPoint(scores, labels, falsePositiveRateMax).threshold
    threshold = Math.min(1, calibrated(point, steps))
  }
  return { steps, ece, threshold }
}

function calibrated(score: number, steps: ModelParts['calibration']): number {
  let value = score
  for (const step of steps) {
    if (step.kind === 'isotonic') value = applyIsotonic(step, value)
    else value = 1 / (1 + ((1 - value) / value) ** (1 / step.temperature))
  }
  return Number.isFinite(value) ? value : 1
}

/** Without a budget an isolation forest finds as many odd rows as there were. */
function quantile(scores: Float64Array, share: number): number {
  const sorted = scores.slice().sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 1
}

export function gapOf({
  training,
  validation
}: Pick<FoldsOutcome, 'training' | 'validation'>): TrainReport['gap'] {
  const { auc } = training
  return {
    accuracy: training.accuracy - validation.accuracy,
    auc: auc === null || validation.auc === null ? null : auc - validation.auc,
    log_loss: training.log_loss - validation.log_loss
  }
}

/** Rows of the table, and one of which nothing is known. */
export function goldenRowsOf(table: LabelledTable, seed: number): Float32Array {
  const random = seededRandom(mixSeed(seed, 11))
  const chosen = Int32Array.from({ length: GOLDEN_ROWS }, () =>
    Math.floor(random.next() * table.rows)
  )
  return rowMajor(selectRows(table, chosen)).fill(Number.NaN, 0, table.features.length)
}
