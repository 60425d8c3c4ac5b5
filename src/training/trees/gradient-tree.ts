/**
 * Grows one boosted tree. The smaller child's histograms are added up, the larger one's are the parent's less these. Without a
 * limit on leaves the order of splits does not matter, and going depth first keeps few histograms; with one, the best goes first.
 */
import type { BinnedTable } from './binned-table.ts'
import { binAt } from './binned-table.ts'
import type { BoostingSettings } from './boosting-options.ts'
import type { GradientMemory } from './gradient-memory.ts'
import { type FoundSplit, leafValue, type NodeSums, SplitSearch } from './split-search.ts'
import { leftBins, TreeDraft } from './tree-draft.ts'

/** Adds rows up; alone, or with other threads. */
export interface HistogramBuilder {
  /** Adds the rows order[from, to) to the histograms at `slot`. */
  build(from: number, to: number, slot: number): void
  subtract(slot: number, less: number): void
  chooseFeatures(features: Int32Array): void
}

interface OpenNode {
  readonly node: number
  readonly from: number
  readonly to: number
  readonly depth: number
  readonly sums: NodeSums
  readonly slot: number
  readonly split: FoundSplit
}

/** A leaf and its rows, order[from, to). */
export interface GrownLeaf {
  readonly from: number
  readonly to: number
  readonly value: number
}

export interface GrownTree {
  readonly draft: TreeDraft
  readonly leaves: readonly GrownLeaf[]
}

interface NewNode {
  readonly node: number
  readonly from: number
  readonly to: number
  readonly depth: number
  readonly sums: NodeSums
}

export class GradientTreeGrower {
  readonly #table: BinnedTable
  readonly #settings: BoostingSettings
  readonly #memory: GradientMemory
  readonly #builder: HistogramBuilder
  readonly #search: SplitSearch
  readonly #aside: Int32Array
  #features: Int32Array = new Int32Array(0)
  #draft: TreeDraft
  #open: OpenNode[] = []
  #leaves: GrownLeaf[] = []

  constructor(
    table: BinnedTable,
    settings: BoostingSettings,
    memory: GradientMemory,
    builder: HistogramBuilder
  ) {
    this.#table = table
    this.#settings = settings
    this.#memory = memory
    this.#builder = builder
    this.#search = new SplitSearch(table, settings)
    this.#aside = new Int32Array(table.rows)
    this.#draft = new TreeDraft(table, 1)
  }

  /** @param count rows that the tree sees: order[0, count) of the memory, which is put in another order */
  grow(count: number, features: Int32Array): GrownTree {
    this.#features = features
    this.#draft = new TreeDraft(this.#table, 1)
    this.#open = []
    this.#leaves = []
    this.#builder.chooseFeatures(features)
    const sums = this.#rootSums(count)
    const root = { node: this.#draft.addNode(sums.hessian), from: 0, to: count, depth: 0, sums }
    const slot = this.#memory.takeSlot()
    this.#builder.build(0, count, slot)
    this.#offer(root, slot)
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#expand(next)
    return { draft: this.#draft, leaves: this.#leaves }
  }

  #rootSums(count: number): NodeSums {
    const { order, pairs } = this.#memory
    let gradient = 0
    let hessian = 0
    for (let i = 0; i < count; i++) {
      const at = (order[i] as number) * 2
      gradient += pairs[at] as number
      hessian += pairs[at + 1] as number
    }
    return {
      gradient,
      hessian,
      rows: count,
      lowest: Number.NEGATIVE_INFINITY,
      highest: Number.POSITIVE_INFINITY
    }
  }

  /** Looks for the node's best split, and makes it a leaf if there is none. Takes over the histogram. */
  #offer(node: NewNode, slot: number): void {
    const bins = this.#table.binsTotal
    const histogram = {
      sums: this.#memory.viewSums(slot, bins),
      counts: this.#memory.viewCounts(slot, bins)
    }
    const split = this.#search.find(node.sums, histogram, this.#features)
    if (split === undefined) {
      this.#memory.releaseSlot(slot)
      this.#close(node)
    } else {
      this.#open.push({ ...node, slot, split })
    }
  }

  #close({ node, from, to, sums }: NewNode): void {
    const value = Math.fround(leafValue(sums, this.#settings.lambda) * this.#settings.learningRate)
    this.#draft.setLeaf(node, [value])
    this.#leaves.push({ from, to, value })
  }

  #next(): OpenNode | undefined {
    const { maxLeaves } = this.#settings
    if (maxLeaves === 0) return this.#open.pop()
    if (this.#leaves.length + this.#open.length >= maxLeaves) {
      for (const node of this.#open) {
        this.#memory.releaseSlot(node.slot)
        this.#close(node)
      }
      this.#open = []
      return undefined
    }
    let best = 0
    for (const [index, node] of this.#open.entries()) {
      if (node.split.gain > (this.#open[best]?.split.gain ?? 0)) best = index
    }
    return this.#open.splice(best, 1)[0]
  }

  #expand(parent: OpenNode): void {
    const { split, from, to, slot } = parent
    const middle = this.#partition(parent)
    if (middle === from || middle === to) {
      // What looked like rows was what subtraction left over.
      this.#memory.releaseSlot(slot)
      this.#close(parent)
      return
    }
    const depth = parent.depth + 1
    const at = this.#draft.split(parent.node, split, split.left.hessian, split.right.hessian)
    const left = { node: at, from, to: middle, depth, sums: split.left }
    const right = { node: at + 1, from: middle, to, depth, sums: split.right }
    if (depth >= this.#settings.maxDepth) {
      this.#memory.releaseSlot(slot)
      this.#close(left)
      this.#close(right)
      return
    }
    const [small, large] = middle - from <= to - middle ? [left, right] : [right, left]
    const smallSlot = this.#memory.takeSlot()
    this.#builder.build(small.from, small.to, smallSlot)
    this.#builder.subtract(slot, smallSlot)
    this.#offer(small, smallSlot)
    this.#offer(large, slot)
  }

  /** Brings the rows that go left to the front, both sides in their old order. */
  #partition({ split, from, to }: OpenNode): number {
    const { order, bins } = this.#memory
    const aside = this.#aside
    const isLeft = leftBins(split, this.#table)
    const base = binAt(this.#table.rows, split.feature)
    let left = from
    let others = 0
    for (let i = from; i < to; i++) {
      const row = order[i] as number
      const goes = isLeft[bins[base + row * 4] as number] as number
      // Both are written and one counts: a branch would be guessed wrong at every other row.
      order[left] = row
      aside[others] = row
      left += goes
      others += 1 - goes
    }
    order.set(aside.subarray(0, others), left)
    return left
  }
}
