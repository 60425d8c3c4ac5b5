/** A behaviour model from moments of sources, as the shipped one is made, but for one group in five, which the gate asks it about. */
import { mixSeed } from '../../base/index.ts'
import {
  BEHAVIOUR_PARAMS,
  type BehaviourReport,
  type BehaviourTable,
  FEATURE_SPECS,
  groupNames,
  selectMoments,
  sourceNames,
  trainBehaviour,
  wordAt
} from '../../datasets/index.ts'
import { FEATURES } from '../../detection/index.ts'
import {
  groupedFolds,
  type LabelledTable,
  type StackParams,
  TrainingError
} from '../../training/index.ts'
import type { LabelsData, LogsData } from '../job.ts'
import { createdAtOf, type MadeModel, type WorkPorts } from './made-model.ts'
import { collectMoments } from './moments.ts'
import type { WorkSpec } from './work-spec.ts'

const PARTS = 5
const READING_SHARE = 0.1
const TRAINING_SHARE = 0.87

/** @throws {TrainingError | DatasetError | KeyserverError | FeedbackError | StorageError} */
export async function trainMoments(
  spec: WorkSpec,
  data: LogsData | LabelsData,
  ports: WorkPorts & { readonly dir: string }
): Promise<MadeModel> {
  const { order, threads, codeVersion } = spec
  const all = await collectMoments(spec, data, ports)
  const { seen, held } = split(all, order.seed)
  const { files, parts, report } = await trainBehaviour(seen, {
    package: {
      ...{ name: order.name, version: order.version, codeVersion },
      data: data.kind === 'logs' ? `logs of ${data.site}` : 'labelled sources of this node',
      createdAt: createdAtOf(spec)
    },
    seed: order.seed,
    folds: order.folds,
    budget: order.falsePositiveRateMax,
    params: paramsOf(order.params),
    ...{ threads, checkpoint: ports.parts, signal: ports.signal },
    onProgress: (step, share) => ports.onProgress(step, READING_SHARE + TRAINING_SHARE * share)
  })
  return { ...{ files, parts }, gap: report.gap, held: heldOf(held), summary: summaryOf(report) }
}

/** @throws {TABLE_INVALID} with fewer groups than parts */
function split(table: BehaviourTable, seed: number) {
  const groups = groupNames(table)
  const { labels } = table
  const partOf = groupedFolds({ labels, classes: 2, groups }, PARTS, mixSeed(seed, 17))
  const rows = [...partOf.keys()]
  const isHeld = (row: number) => partOf[row] === 0
  return {
    seen: selectMoments(table, Int32Array.from(rows.filter((row) => !isHeld(row)))),
    held: selectMoments(table, Int32Array.from(rows.filter(isHeld)))
  }
}

/** Of each forest what is not said stays as it is for the shipped model. @throws {OPTION_INVALID} */
function paramsOf(given: Readonly<Record<string, unknown>>): StackParams {
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(BEHAVIOUR_PARAMS, name))
  if (stranger !== undefined) {
    throw new TrainingError(
      'OPTION_INVALID',
      `expected params of a stack by member (boosting, forest, isolation), got "${stranger.slice(0, 60)}"`,
      { context: { option: stranger.slice(0, 60) } }
    )
  }
  const { boosting, forest, isolation } = given as Partial<StackParams>
  return {
    boosting: { ...BEHAVIOUR_PARAMS.boosting, ...boosting },
    forest: { ...BEHAVIOUR_PARAMS.forest, ...forest },
    isolation: { ...BEHAVIOUR_PARAMS.isolation, ...isolation }
  }
}

function heldOf(table: BehaviourTable): MadeModel['held'] {
  const width = FEATURES.length
  const { rows, values, labels } = table
  const columns = FEATURES.map((_, feature) =>
    Float32Array.from({ length: rows }, (_row, row) => values[row * width + feature] ?? Number.NaN)
  )
  const held: LabelledTable = { rows, columns, labels, classes: 2, features: FEATURE_SPECS }
  const numbers = new Map<string, number>()
  const sources = sourceNames(table).map((name) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
  return {
    held,
    classOf: (row) => wordAt(table.classes, row),
    sourceOf: (row) => sources[row] ?? row,
    keptTogether: 'sources of one campaign'
  }
}

function summaryOf(report: BehaviourReport): MadeModel['summary'] {
  const { rows, sources, sites, campaigns, params, validation, training, gap } = report
  const { thresholds, budget, bySource, checks } = report
  return {
    ...{ rows, sources, sites, campaigns, params, validation, training, gap, thresholds, budget },
    ...{ bySource },
    warnings: checks
      .filter(({ outcome }) => outcome === 'warning')
      .map(({ check, sentence }) => `${check}: ${sentence}`)
  }
}
