/**
 * Gradient boosting, one round at a time, so that whoever drives it can show progress, stop, or keep what there is and go on
 * later: a trainer that resumes from a forest ends with the same bits as one that was never stopped.
 */
import { integerBelow, mixSeed, seededRandom } from '../../base/index.ts'
import { assembleForest, extractTree, type Forest, type Tree } from '../../runtime/index.ts'
import { TrainingError } from '../errors.ts'
import { type BinnedTable, binBytes, binTable, makeBinMaps } from './binned-table.ts'
import {
  type BoostingOptions,
  type BoostingSettings,
  boostingSettings
} from './boosting-options.ts'
import type { LabelledTable } from './column-table.ts'
import { GradientMemory, planGradientMemory } from './gradient-memory.ts'
import { GradientTreeGrower, type GrownTree } from './gradient-tree.ts'
import { binaryGradients, classGradients, softmaxRows, type Targets } from './gradients.ts'
import { LoneBuilder } from './lone-builder.ts'
import { Margins } from './margins.ts'
import { checkColumns, classShares, weighRows } from './targets.ts'
import { ThreadedBuilder } from './threaded-builder.ts'
import { type BinnedTree, scoreBinned } from './tree-draft.ts'

export interface BoostingInputs {
  readonly validation?: LabelledTable | undefined
  /** What an earlier run with the same table and options had reached. */
  readonly resumeFrom?: Forest | undefined
  /** Threads that add histograms up; the bits do not depend on it. More than 1 must be given back by `close`. @default 1 */
  readonly threads?: number | undefined
}

export interface RoundReport {
  /** Rounds done. */
  readonly round: number
  readonly rounds: number
  /** Mean log loss on the validation table, if there is one. */
  readonly validationLoss: number | undefined
  /** Whether nothing is left to do. */
  readonly isLast: boolean
}

export class BoostingTrainer {
  readonly settings: BoostingSettings
  readonly #table: LabelledTable
  readonly #binned: BinnedTable
  readonly #targets: Targets
  readonly #scores: number
  readonly #baseScore: Float64Array
  readonly #memory: GradientMemory
  readonly #grower: GradientTreeGrower
  readonly #threads: ThreadedBuilder | undefined
  readonly #margins: Margins
  readonly #validation: { readonly binned: BinnedTable; readonly margins: Margins } | undefined
  readonly #probabilities: Float64Array
  readonly #isSeen: Uint8Array
  readonly #trees: Tree[] = []
  #round = 0
  #best = { round: 0, loss: Number.POSITIVE_INFINITY }

  /** @throws {OPTION_INVALID} @throws {TABLE_INVALID} @throws {CHECKPOINT_INVALID} */
  constructor(table: LabelledTable, options: BoostingOptions, inputs: BoostingInputs = {}) {
    this.settings = boostingSettings(options)
    checkColumns(table)
    this.#table = table
    this.#scores = table.classes === 2 ? 1 : table.classes
    this.#targets = weighRows(table, this.settings.classWeights)
    this.#checkMonotone()
    this.#baseScore = this.#firstScores()
    const maps = makeBinMaps(table, this.settings.maxBins)
    const binsTotal = maps.reduce((total, map) => total + map.bins + 1, 0)
    const plan = planGradientMemory(table, binsTotal, this.settings.minLeaf > 1)
    this.#memory = new GradientMemory(plan, binBytes(table))
    this.#binned = binTable(table, maps, this.#memory.bins)
    const threads = inputs.threads ?? 1
    if (threads > 1) this.#threads = new ThreadedBuilder(this.#binned, this.#memory, threads)
    const builder = this.#threads ?? new LoneBuilder(this.#binned, this.#memory)
    this.#grower = new GradientTreeGrower(this.#binned, this.settings, this.#memory, builder)
    this.#margins = new Margins(table.rows, this.#baseScore)
    this.#probabilities = new Float64Array(this.#scores === 1 ? 0 : table.rows * this.#scores)
    this.#isSeen = new Uint8Array(table.rows)
    if (inputs.validation !== undefined) {
      const { validation } = inputs
      checkColumns(validation)
      const bins = new Uint8Array(binBytes(validation))
      this.#validation = {
        binned: binTable(validation, maps, bins),
        margins: new Margins(validation.rows, this.#baseScore, validation)
      }
    }
    if (inputs.resumeFrom !== undefined) this.#resume(inputs.resumeFrom, inputs.validation)
  }

  get isDone(): boolean {
    const { trees, earlyStoppingRounds } = this.settings
    const isStale =
      this.#validation !== undefined &&
      earlyStoppingRounds > 0 &&
      this.#round - this.#best.round >= earlyStoppingRounds
    return this.#round >= trees || isStale
  }

  /** One round; nothing once `isDone`. */
  step(): RoundReport {
    if (!this.isDone) {
      this.#growRound()
      this.#round++
      this.#judge()
    }
    return {
      round: this.#round,
      rounds: this.settings.trees,
      validationLoss: this.#validation?.margins.logLoss(),
      isLast: this.isDone
    }
  }

  /** Ends the threads; nothing can be trained afterwards. */
  close(): void {
    this.#threads?.close()
  }

  /** What was learned; with early stopping, up to the best round. */
  forest(): Forest {
    const isEarly = this.#validation !== undefined && this.settings.earlyStoppingRounds > 0
    const rounds = isEarly && this.isDone ? this.#best.round : this.#round
    return this.#assemble(this.#trees.slice(0, rounds * this.#scores))
  }

  #assemble(trees: readonly Tree[]): Forest {
    const shape = {
      objective: this.#scores === 1 ? 'binary' : 'multiclass',
      combination: 'sum',
      scores: this.#scores,
      features: this.#table.features,
      baseScore: this.#baseScore,
      leafWidth: 1
    } as const
    return assembleForest(shape, trees)
  }

  #growRound(): void {
    const { pairs } = this.#memory
    const classes = this.#scores
    if (classes > 1) softmaxRows(this.#margins.values, classes, this.#probabilities)
    // Every class of a round sees the rows of that round, as in XGBoost.
    const count = this.#sampleRows()
    const sampled = this.#memory.order.slice(0, count)
    for (let ofClass = 0; ofClass < classes; ofClass++) {
      if (ofClass > 0) this.#memory.order.set(sampled)
      if (classes === 1) binaryGradients(this.#margins.values, this.#targets, pairs)
      else classGradients(this.#probabilities, { classes, ofClass }, this.#targets, pairs)
      const grown = this.#grower.grow(count, this.#sampleFeatures(ofClass))
      this.#trees.push(grown.draft.build(ofClass))
      this.#apply(grown, ofClass, count)
    }
  }

  /** Adds the tree's leaves to the margins of all rows, those that it did not see included. */
  #apply({ draft, leaves }: GrownTree, ofClass: number, count: number): void {
    const { order } = this.#memory
    const { values } = this.#margins
    const classes = this.#scores
    for (const { from, to, value } of leaves) {
      for (let i = from; i < to; i++) {
        const at = (order[i] as number) * classes + ofClass
        values[at] = (values[at] as number) + value
      }
    }
    const isPartial = count < this.#table.rows
    if (!isPartial && this.#validation === undefined) return
    const tree = draft.binned()
    if (isPartial) this.#applyUnseen(tree, ofClass)
    if (this.#validation === undefined) return
    const { binned, margins } = this.#validation
    for (let row = 0; row < binned.rows; row++) {
      margins.add(row, ofClass, scoreBinned(tree, binned, row))
    }
  }

  #applyUnseen(tree: BinnedTree, ofClass: number): void {
    for (let row = 0; row < this.#table.rows; row++) {
      if (this.#isSeen[row] === 1) continue
      this.#margins.add(row, ofClass, scoreBinned(tree, this.#binned, row))
    }
  }

  /** @returns how many rows the round sees; they stand at the front of the order */
  #sampleRows(): number {
    const { order } = this.#memory
    const { rows } = this.#table
    const { subsample, seed } = this.settings
    if (subsample >= 1) {
      for (let row = 0; row < rows; row++) order[row] = row
      return rows
    }
    const random = seededRandom(mixSeed(seed, this.#round, 0))
    let count = 0
    for (let row = 0; row < rows; row++) {
      const isSeen = random.next() < subsample
      this.#isSeen[row] = isSeen ? 1 : 0
      if (isSeen) order[count++] = row
    }
    return count
  }

  #sampleFeatures(ofClass: number): Int32Array<ArrayBuffer> {
    const all = Int32Array.from(this.#table.features, (_, index) => index)
    const { columnSample, seed } = this.settings
    if (columnSample >= 1) return all
    const random = seededRandom(mixSeed(seed, this.#round, 1 + ofClass))
    const count = Math.max(1, Math.round(columnSample * all.length))
    for (let i = 0; i < count; i++) {
      const other = i + integerBelow(random, all.length - i)
      const feature = all[i] as number
      all[i] = all[other] as number
      all[other] = feature
    }
    return all.slice(0, count).sort()
  }

  #judge(): void {
    const loss = this.#validation?.margins.logLoss()
    if (loss !== undefined && loss < this.#best.loss) this.#best = { round: this.#round, loss }
  }

  #firstScores(): Float64Array {
    const classes = this.#table.classes
    const shares = classShares(this.#targets, classes).map((share) => Math.max(share, 1e-9))
    if (this.settings.baseScore === 'even') return new Float64Array(this.#scores)
    const base =
      classes === 2
        ? Float64Array.of(Math.log((shares[1] as number) / (shares[0] as number)))
        : shares.map(Math.log)
    // ONNX keeps it as float32.
    return base.map(Math.fround)
  }

  #checkMonotone(): void {
    const { monotone } = this.settings
    if (monotone === undefined) return
    const isFine =
      monotone.length === this.#table.features.length &&
      monotone.every((direction) => direction === 0 || direction === 1 || direction === -1) &&
      (this.#scores === 1 || monotone.every((direction) => direction === 0))
    if (isFine) return
    throw new TrainingError(
      'OPTION_INVALID',
      'expected monotone to hold -1, 0 or 1 for each feature, and only 0 with more than two classes',
      { context: { option: 'monotone' } }
    )
  }

  /** Walks the trees again in their old order: sums of floats come out the same only in the same order. */
  #resume(forest: Forest, validation: LabelledTable | undefined): void {
    const trees = forest.treeClass.length
    const isSame =
      forest.features.length === this.#table.features.length &&
      forest.scores === this.#scores &&
      forest.leafWidth === 1 &&
      trees % this.#scores === 0 &&
      forest.baseScore.every((score, k) => score === this.#baseScore[k])
    if (!isSame) {
      throw new TrainingError(
        'CHECKPOINT_INVALID',
        'expected a forest that was trained on this table with these options'
      )
    }
    this.#trees.push(...Array.from({ length: trees }, (_, index) => extractTree(forest, index)))
    this.#margins.addForest(forest, this.#table, [0, trees])
    for (let round = 0; round < trees / this.#scores; round++) {
      const range: [number, number] = [round * this.#scores, (round + 1) * this.#scores]
      if (validation !== undefined) {
        this.#validation?.margins.addForest(forest, validation, range)
      }
      this.#round++
      this.#judge()
    }
  }
}

/** All rounds at once. */
export function trainBoosting(
  table: LabelledTable,
  options: BoostingOptions = {},
  inputs: BoostingInputs & { readonly onRound?: (report: RoundReport) => void } = {}
): Forest {
  const trainer = new BoostingTrainer(table, options, inputs)
  try {
    while (!trainer.isDone) {
      const report = trainer.step()
      inputs.onRound?.(report)
    }
    return trainer.forest()
  } finally {
    trainer.close()
  }
}
