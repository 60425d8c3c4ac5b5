/** Grows one tree of a random forest: rows drawn with replacement, a few features at each node, down to pure leaves. */
import { integerBelow, mixSeed, type Random, seededRandom } from '../../base/index.ts'
import type { Tree } from '../../runtime/index.ts'
import { type BinnedTable, binAt } from './binned-table.ts'
import type { ForestSettings } from './forest-options.ts'
import { GiniScan } from './gini-scan.ts'
import type { Targets } from './gradients.ts'
import { GROUP } from './kernel.ts'
import { leftBins, type Split, TreeDraft } from './tree-draft.ts'

interface OpenNode {
  readonly node: number
  readonly from: number
  readonly to: number
  readonly depth: number
}

export class GiniTreeGrower {
  readonly #table: BinnedTable
  readonly #targets: Targets
  readonly #classes: number
  readonly #settings: ForestSettings
  readonly #scan: GiniScan
  readonly #weights: Float64Array
  readonly #order: Int32Array
  readonly #aside: Int32Array
  readonly #features: Int32Array
  readonly #looks: number
  readonly #leafWidth: number

  constructor(table: BinnedTable, targets: Targets, classes: number, settings: ForestSettings) {
    this.#table = table
    this.#targets = targets
    this.#classes = classes
    this.#settings = settings
    this.#weights = new Float64Array(table.rows)
    const drawn = { labels: targets.labels, weights: this.#weights }
    this.#scan = new GiniScan(table, drawn, classes, settings.minLeaf)
    this.#order = new Int32Array(table.rows)
    this.#aside = new Int32Array(table.rows)
    const width = table.features.length
    this.#features = Int32Array.from({ length: width }, (_, index) => index)
    const { featureSample } = settings
    const looks = featureSample === 'sqrt' ? Math.sqrt(width) : featureSample * width
    this.#looks = Math.max(1, Math.floor(looks))
    this.#leafWidth = classes === 2 ? 1 : classes
  }

  /** The tree depends on the seed and its index alone, not on which trees were grown before, or where. */
  grow(index: number): Tree {
    const random = seededRandom(mixSeed(this.#settings.seed, index))
    const count = this.#drawRows(random)
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f
    const draft = new TreeDraft(this.#table, this.#leafWidth)
    const open: OpenNode[] = [{ node: draft.addNode(0), from: 0, to: count, depth: 0 }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const classWeights = this.#weigh(next)
      const split = this.#find(next, classWeights, random)
      const total = classWeights.reduce((sum, weight) => sum + weight, 0)
      draft.setCover(next.node, total)
      if (split === undefined) {
        draft.setLeaf(next.node, this.#leaf(classWeights, total))
        continue
      }
      const middle = this.#partition(next, split)
      const left = draft.split(next.node, split, 0, 0)
      const depth = next.depth + 1
      open.push({ node: left + 1, from: middle, to: next.to, depth })
      open.push({ node: left, from: next.from, to: middle, depth })
    }
    return draft.build(0)
  }

  #drawRows(random: Random): number {
    const { rows } = this.#table
    const own = this.#targets.weights
    const weights = this.#weights
    if (this.#settings.bootstrap) {
      weights.fill(0)
      for (let i = 0; i < rows; i++) {
        const row = integerBelow(random, rows)
        weights[row] = (weights[row] as number) + (own[row] as number)
      }
    } else {
      weights.set(own)
    }
    let count = 0
    for (let row = 0; row < rows; row++) {
      if ((weights[row] as number) > 0) this.#order[count++] = row
    }
    return count
  }

  #weigh({ from, to }: OpenNode): Float64Array {
    const classWeights = new Float64Array(this.#classes)
    const { labels } = this.#targets
    for (let i = from; i < to; i++) {
      const row = this.#order[i] as number
      const label = labels[row] as number
      classWeights[label] = (classWeights[label] as number) + (this.#weights[row] as number)
    }
    return classWeights
  }

  #leaf(classWeights: Float64Array, total: number): Float64Array {
    if (total === 0) return new Float64Array(this.#leafWidth)
    const shares = classWeights.map((weight) => weight / total)
    return this.#leafWidth === 1 ? shares.slice(1) : shares
  }

  #find(node: OpenNode, classWeights: Float64Array, random: Random): Split | undefined {
    const { from, to, depth } = node
    if (depth >= this.#settings.maxDepth || to - from < 2 * this.#settings.minLeaf) return undefined
    if (to - from < 2 || classWeights.filter((weight) => weight > 0).length < 2) return undefined
    const scan = this.#scan
    scan.start({ order: this.#order, from, to, classWeights })
    const features = this.#features
    let varied = 0
    // As scikit-learn: a feature that is the same in all rows counts as looked at, but at least one other is looked at.
    for (let i = 0; i < features.length && (i < this.#looks || varied === 0); i++) {
      const other = i + integerBelow(random, features.length - i)
      const feature = features[other] as number
      features[other] = features[i] as number
      features[i] = feature
      if (scan.tryFeature(feature)) varied++
    }
    return scan.found
  }

  #partition({ from, to }: OpenNode, split: Split): number {
    const order = this.#order
    const aside = this.#aside
    const isLeft = leftBins(split, this.#table)
    const { bins } = this.#table
    const base = binAt(this.#table.rows, split.feature)
    let left = from
    let others = 0
    for (let i = from; i < to; i++) {
      const row = order[i] as number
      const goes = isLeft[bins[base + row * GROUP] as number] as number
      order[left] = row
      aside[others] = row
      left += goes
      others += 1 - goes
    }
    for (let i = 0; i < others; i++) order[left + i] = aside[i] as number
    return left
  }
}
