/**
 * The behaviour model from rows: declared checks, a stack of forests judged on campaigns that it had not seen, thresholds that keep a
 * budget of false positives, and the whole as a package. Reads no clock and no logs; what it needs can go to another thread.
 */
import { FEATURES } from '../../detection/index.ts'
import { buildPackage, type PackageFiles } from '../../registry/index.ts'
import type { ModelParts } from '../../runtime/index.ts'
import {
  type CheckReport,
  checkTable,
  groupedFolds,
  type LabelledTable,
  meanFigures,
  type PartStore,
  type StackFold,
  type StackParams,
  selectColumns,
  type TrainedStack,
  TrainingError,
  trainStack
} from '../../training/index.ts'
import {
  type BehaviourTable,
  FEATURE_SPECS,
  groupNames,
  sourceNames,
  WordList
} from '../behaviour-table.ts'
import { renderBehaviourCard } from './behaviour-card.ts'
import { BEHAVIOUR_CLASSES, packageOf, partsOf } from './behaviour-package.ts'
import type { BehaviourReport, PackageFacts } from './behaviour-report.ts'
import { CheckpointFolder } from './checkpoint-folder.ts'
import { IS_WITHHELD, MONOTONE } from './feature-choices.ts'
import { fingerprintOf } from './fingerprint.ts'
import { trainingWeights } from './row-weights.ts'
import { scoreMoments } from './score-moments.ts'
import { figuresBySource, thresholdsFrom } from './source-figures.ts'

/** But for `signal` and `onProgress` structured-cloneable. */
export interface TrainBehaviourOptions {
  readonly package: PackageFacts
  /** For everything that is drawn. @default 1 */
  readonly seed?: number | undefined
  /** Folds that keep each campaign of a site whole. @default 3 */
  readonly folds?: number | undefined
  /** Share of the harmless sources that may be slowed down. @default 0.0005 */
  readonly budget?: number | undefined
  /** @default BEHAVIOUR_PARAMS */
  readonly params?: Partial<StackParams> | undefined
  /** Rows from elsewhere that set the thresholds. @default the rows themselves, scored by models that had not seen their campaign */
  readonly validation?: BehaviourTable | undefined
  /** More rows from elsewhere, on which the model is only measured. */
  readonly tests?: readonly { readonly name: string; readonly table: BehaviourTable }[] | undefined
  /** Folder, or what else keeps forests that are done: a training that was ended goes on from there, to the same bits. */
  readonly checkpoint?: string | PartStore | undefined
  /** The bits do not depend on it. @default 1 for boosting, all cores for the random forest */
  readonly threads?: number | undefined
  /** Ends the training within one round of boosting or one tree. */
  readonly signal?: AbortSignal | undefined
  /** @param share of all that is done, 0 to 1 */
  readonly onProgress?: ((stage: string, share: number) => void) | undefined
}

export interface TrainedBehaviour {
  /** A whole package, as the registry takes it. */
  readonly files: PackageFiles
  readonly report: BehaviourReport
  readonly parts: ModelParts
}

export const BEHAVIOUR_PARAMS: StackParams = {
  boosting: {
    ...{ trees: 150, learningRate: 0.1, maxDepth: 6, minChildWeight: 1 },
    ...{ subsample: 0.8, columnSample: 0.5 },
    monotone: MONOTONE
  },
  forest: { trees: 40, maxDepth: 8, minLeaf: 8 },
  isolation: { trees: 64 }
}

const FOLDS = 3
/** 5 in 10 000 harmless sources are slowed down. */
const BUDGET = 5e-4
/** Of the whole; the rest is scoring. */
const STACK_SHARE = 0.95

/**
 * The same table and options give the same files to the last bit, on any number of threads and after any number of interruptions.
 *
 * @throws {TABLE_REFUSED} if a check finds what makes training pointless @throws {TABLE_INVALID} with too few campaigns for the folds
 * @throws {OPTION_INVALID | WORKER_FAILED} @throws the reason of the signal
 */
export async function trainBehaviour(
  table: BehaviourTable,
  options: TrainBehaviourOptions
): Promise<TrainedBehaviour> {
  const { seed = 1, folds = FOLDS, budget = BUDGET, signal, threads, onProgress } = options
  const { codeVersion } = options.package
  const params: StackParams = { ...BEHAVIOUR_PARAMS, ...options.params }
  onProgress?.('checking', 0)
  const learned = learningTable(table)
  const checks = checkAll(table, learned)
  const groups = groupNames(table)
  const stack = await trainStack(
    {
      ...{ table: learned, rows: table.values, folds, params, seed },
      foldOf: groupedFolds({ labels: table.labels, classes: 2, groups }, folds, seed)
    },
    {
      ...{ signal, threads },
      store: storeOf(options, () =>
        fingerprintOf(table, { groups, folds, params, seed, codeVersion })
      ),
      onProgress: (stage, share) => onProgress?.(stage, share * STACK_SHARE)
    }
  )
  onProgress?.('setting thresholds', STACK_SHARE)
  const scored = scoreAll(table, stack, options)
  const basis = scored[1]?.name === 'validation' ? scored[1] : scored[0]
  const thresholds = thresholdsFrom(basis.table, basis.scores, budget)
  const report: BehaviourReport = {
    ...countsOf(table),
    ...{ seed, params, checks, budget, thresholds },
    ...meansOf(stack.folds),
    abstention: { from: thresholds.watch, to: thresholds.throttle },
    bySource: scored.map((of) => figuresBySource(of.name, of, thresholds))
  }
  const parts = partsOf(stack, thresholds.throttle)
  const card = renderBehaviourCard(options.package, report, table.isSynthetic)
  const files = buildPackage(packageOf({ table, parts, report, card, facts: options.package }))
  onProgress?.('done', 1)
  return { files, report, parts }
}

/** What training may see. A feature that never differs is never asked for. */
function learningTable(table: BehaviourTable): LabelledTable {
  const { rows, values, labels } = table
  const width = FEATURES.length
  const columns = FEATURES.map((_, feature) => {
    const column = new Float32Array(rows)
    if (IS_WITHHELD[feature] === true) return column
    for (let row = 0; row < rows; row++) column[row] = values[row * width + feature] as number
    return column
  })
  return {
    ...{ rows, labels, columns },
    classes: 2,
    features: FEATURE_SPECS,
    weights: trainingWeights(table)
  }
}

/** @throws {TABLE_REFUSED} */
function checkAll(table: BehaviourTable, learned: LabelledTable): readonly CheckReport[] {
  const withheld = new Set(
    FEATURES.flatMap(({ name }, i) => (IS_WITHHELD[i] === true ? [name] : []))
  )
  const sources = new WordList()
  for (const name of sourceNames(table)) sources.push(name)
  const { reports } = checkTable(
    selectColumns(learned, (name) => !withheld.has(name)),
    {
      ranges: new Map(
        FEATURES.map(({ name, range: [minimum, maximum] }) => [name, { minimum, maximum }])
      ),
      groups: sources.words(),
      isOneClassFine: false,
      classNames: BEHAVIOUR_CLASSES
    }
  )
  const errors = reports.filter(({ outcome }) => outcome === 'error')
  if (errors.length === 0) return reports
  const sentences = errors.map(({ check, sentence }) => `${check}: ${sentence}`).join('; ')
  throw new TrainingError('TABLE_REFUSED', `expected rows to learn from; ${sentences}`)
}

function storeOf(
  { checkpoint }: TrainBehaviourOptions,
  fingerprint: () => string
): PartStore | undefined {
  return typeof checkpoint === 'string'
    ? new CheckpointFolder(checkpoint, fingerprint())
    : checkpoint
}

interface Scored {
  readonly name: string
  readonly table: BehaviourTable
  readonly scores: Float64Array
}

function scoreAll(
  table: BehaviourTable,
  stack: TrainedStack,
  { validation, tests = [] }: TrainBehaviourOptions
): readonly [Scored, ...Scored[]] {
  const parts = partsOf(stack)
  const elsewhere =
    validation === undefined ? tests : [{ name: 'validation', table: validation }, ...tests]
  return [
    { name: 'out-of-fold', table, scores: stack.outOfFold },
    ...elsewhere.map((of) => ({ ...of, scores: scoreMoments(parts, of.table) }))
  ]
}

function countsOf(table: BehaviourTable) {
  const labels = new Map<string, number>()
  for (const [row, name] of sourceNames(table).entries()) labels.set(name, table.labels[row] ?? 0)
  const abuse = [...labels.values()].reduce((sum, label) => sum + label, 0)
  const campaigns = new Set(
    groupNames(table).filter((_, row) => (table.campaigns.codes[row] ?? 0) !== emptyCode(table))
  )
  return {
    rows: table.rows,
    sources: { abuse, benign: labels.size - abuse },
    sites: new Set(table.sites.codes).size,
    campaigns: campaigns.size
  }
}

function emptyCode({ campaigns }: BehaviourTable): number {
  return campaigns.names.indexOf('')
}

function meansOf(
  folds: readonly StackFold[]
): Pick<BehaviourReport, 'folds' | 'validation' | 'training' | 'gap'> {
  const validation = meanFigures(folds.map((fold) => fold.validation))
  const training = meanFigures(folds.map((fold) => fold.training))
  const gap = (name: 'accuracy' | 'auc' | 'log_loss') => {
    const [own, other] = [training[name], validation[name]]
    return own === null || other === null ? null : own - other
  }
  return {
    ...{ folds, validation, training },
    gap: { accuracy: gap('accuracy'), auc: gap('auc'), log_loss: gap('log_loss') }
  }
}
