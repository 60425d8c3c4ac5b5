/**
 * From a table of two classes to a stack of forests that knows how good it is: the same checks and folds as any other training.
 * Knows neither files nor packages.
 */
import { type ModelParts, THRESHOLD_DEFAULT } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { meanFigures } from '../metrics/figures.ts'
import { expectedCalibrationError } from '../metrics/probability.ts'
import { operatingPoint } from '../metrics/ranking.ts'
import type { StackParams } from '../stacking/stack-parts.ts'
import { type TrainedStack, trainStack } from '../stacking/train-stack.ts'
import { groupNames } from '../validation/group-names.ts'
import { groupedFolds } from '../validation/grouped-folds.ts'
import { reportFeatures } from './feature-report.ts'
import { checkParams, type ModelKind, type ModelParams, optionsOf } from './model-options.ts'
import {
  checkAll,
  gapOf,
  goldenRowsOf,
  type TrainOutcome,
  type TrainPorts,
  type TrainReport,
  type TrainRequest
} from './train-model.ts'

/** What is asked of one kind of model, but for what a stack does by itself. */
export type StackModelRequest = Omit<
  TrainRequest,
  'kind' | 'search' | 'calibration' | 'stabilityMin'
>

export interface StackReport extends Omit<TrainReport, 'model'> {
  readonly model: 'stack'
}

export interface StackOutcome extends Omit<TrainOutcome, 'report'> {
  readonly report: StackReport
}

const FOLDS = 5
const STACK_SHARE = 0.95

/** Members of a stack by the word for them in its params. */
const MEMBERS: Readonly<Record<keyof StackParams, ModelKind>> = {
  boosting: 'gradient-boosting',
  forest: 'random-forest',
  isolation: 'isolation-forest'
}

/**
 * @param request params hold those of each member: `{"boosting":{…},"forest":{…},"isolation":{…}}`
 * @throws {TABLE_REFUSED | OPTION_INVALID | LABEL_INVALID | TABLE_INVALID | WORKER_FAILED}
 */
export async function trainStackModel(
  request: StackModelRequest,
  ports: TrainPorts
): Promise<StackOutcome> {
  const { table, classNames, seed, groups, threads } = request
  const folds = request.folds ?? FOLDS
  const params = stackParams(request)
  ports.onProgress('checking', 0, 0)
  const checks = checkAll({ ...request, kind: 'gradient-boosting' }, ports)
  if (classNames.length !== 2) {
    const got = classNames.length
    throw new TrainingError('LABEL_INVALID', `expected two classes for a stack, got ${got}`)
  }
  const names = groupNames(groups, checks.twins)
  const stack = await trainStack(
    {
      ...{ table, folds, params, seed },
      foldOf: groupedFolds({ ...table, groups: names }, folds, seed)
    },
    {
      ...{ signal: ports.signal, threads, store: ports.parts },
      onProgress: (stage, share) => ports.onProgress(stage, share, share * STACK_SHARE)
    }
  )
  const features = reportFeatures(table, {
    // The trees that were told the classes and whose margins the stack reads.
    forests: stack.members.slice(0, 1).map(({ forest }) => forest),
    ...{ seed, clock: ports.clock }
  })
  for (const fold of stack.folds) ports.onEvent({ type: 'fold', ...fold })
  for (const feature of features) ports.onEvent({ type: 'feature', ...feature })
  const threshold = thresholdOf(request, stack)
  return {
    parts: partsOf(stack, classNames, threshold),
    report: {
      ...{ model: 'stack', params: request.params, rows: table.rows, threshold },
      method: {
        kind: 'grouped',
        folds,
        groups: groups === undefined ? 'rows with the same features' : 'rows of one group'
      },
      ...judgement(stack, table.labels),
      ...{ checks: checks.reports, features, trials: [], dropped: [], passed_over: [] }
    },
    ranges: checks.ranges,
    goldenRows: goldenRowsOf(table, seed)
  }
}

/** @throws {OPTION_INVALID} */
function stackParams({ params, classNames, table }: StackModelRequest): StackParams {
  const features = table.features.map(({ name }) => name)
  const stranger = Object.keys(params).find((name) => !Object.hasOwn(MEMBERS, name))
  if (stranger !== undefined) {
    throw new TrainingError(
      'OPTION_INVALID',
      `expected params of a stack by member (${Object.keys(MEMBERS).join(', ')}), such as {"boosting":{"trees":200}}, got "${stranger.slice(0, 60)}"`,
      { context: { option: stranger.slice(0, 60) } }
    )
  }
  const of = (member: keyof StackParams) => {
    const kind = MEMBERS[member]
    const own = (params[member] ?? {}) as ModelParams
    if (typeof own !== 'object' || Array.isArray(own)) {
      throw new TrainingError('OPTION_INVALID', `expected an object as params of ${member}`, {
        context: { option: member }
      })
    }
    if (Number(own['earlyStoppingRounds'] ?? 0) > 0) {
      throw new TrainingError(
        'OPTION_INVALID',
        'expected no earlyStoppingRounds in a stack: every fold grows as many trees',
        { context: { option: 'earlyStoppingRounds' } }
      )
    }
    checkParams(kind, own, classNames, features)
    return optionsOf(kind, own, { classes: classNames, features, seed: 0 })
  }
  return { boosting: of('boosting'), forest: of('forest'), isolation: of('isolation') }
}

function judgement(
  { folds, outOfFold, uncalibrated }: TrainedStack,
  labels: Int32Array
): Pick<StackReport, 'validation' | 'training' | 'gap' | 'calibration'> {
  const validation = meanFigures(folds.map((fold) => fold.validation))
  const training = meanFigures(folds.map((fold) => fold.training))
  return {
    ...{ validation, training, gap: gapOf({ validation, training }) },
    calibration: {
      kind: 'isotonic',
      ece_before: expectedCalibrationError(uncalibrated, labels),
      ece: expectedCalibrationError(outOfFold, labels)
    }
  }
}

/** On rows that were held out. */
function thresholdOf({ falsePositiveRateMax, table }: StackModelRequest, stack: TrainedStack) {
  if (falsePositiveRateMax === undefined) return THRESHOLD_DEFAULT
  const { threshold } = operatingPoint(stack.outOfFold, table.labels, falsePositiveRateMax)
  return Math.min(1, threshold)
}

function partsOf(
  { members, logistic, calibration }: TrainedStack,
  classes: readonly string[],
  threshold: number
): ModelParts {
  return {
    ...{ classes, members, logistic, threshold },
    calibration: [{ kind: 'isotonic', ...calibration }]
  }
}
