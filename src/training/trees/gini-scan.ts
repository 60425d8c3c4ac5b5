/**
 * The best split of a node by Gini impurity, for one feature after the other. Large nodes count classes by bin; small ones sort
 * their rows by bin and move them over one by one, so that a node of three rows does not pay for 255 bins of 26 classes.
 */
import { type BinnedTable, binAt } from './binned-table.ts'
import type { Targets } from './gradients.ts'
import { GROUP } from './kernel.ts'
import type { Split } from './tree-draft.ts'

/** Up to here, insertion beats counting. */
const INSERTION_MAX = 24

/** The rows order[from, to) and the weight that each class has among them. */
export interface GiniNode {
  readonly order: Int32Array
  readonly from: number
  readonly to: number
  readonly classWeights: Float64Array
}

export class GiniScan {
  readonly #table: BinnedTable
  readonly #labels: Int32Array
  readonly #weights: Float64Array
  readonly #classes: number
  readonly #minLeaf: number
  readonly #byBin: Float64Array
  readonly #rowsOfBin = new Int32Array(258)
  readonly #sorted: Int32Array
  readonly #bins: Uint8Array
  readonly #left: Float64Array
  readonly #right: Float64Array
  #node: GiniNode = { order: new Int32Array(0), from: 0, to: 0, classWeights: new Float64Array(0) }
  #leftSquares = 0
  #rightSquares = 0
  #leftWeight = 0
  #rightWeight = 0
  #best = 0
  #found: Split | undefined

  constructor(table: BinnedTable, { labels, weights }: Targets, classes: number, minLeaf: number) {
    this.#table = table
    this.#labels = labels
    this.#weights = weights
    this.#classes = classes
    this.#minLeaf = minLeaf
    this.#byBin = new Float64Array(256 * classes)
    this.#sorted = new Int32Array(table.rows)
    this.#bins = new Uint8Array(table.rows)
    this.#left = new Float64Array(classes)
    this.#right = new Float64Array(classes)
  }

  get found(): Split | undefined {
    return this.#found
  }

  start(node: GiniNode): void {
    this.#node = node
    this.#found = undefined
    let squares = 0
    let weight = 0
    for (const one of node.classWeights) {
      squares += one * one
      weight += one
    }
    // A split counts only if it makes the children purer, beyond rounding.
    this.#best = (squares / weight) * (1 + 1e-12)
  }

  /** @returns false if the feature has one value in this node */
  tryFeature(feature: number): boolean {
    const { bins, kind } = this.#table.maps[feature] as { bins: number; kind: string }
    const { from, to } = this.#node
    if (kind === 'category') {
      const isVaried = this.#countByBin(feature, bins)
      if (isVaried) this.#scanCategories(feature, bins)
      return isVaried
    }
    if ((to - from) * 4 < (bins + 1) * this.#classes) return this.#scanSorted(feature, bins)
    const isVaried = this.#countByBin(feature, bins)
    if (isVaried) {
      this.#scanBins(feature, bins, false)
      if ((this.#rowsOfBin[bins] as number) > 0) this.#scanBins(feature, bins, true)
    }
    return isVaried
  }

  #countByBin(feature: number, bins: number): boolean {
    const byBin = this.#byBin
    const rowsOfBin = this.#rowsOfBin
    const classes = this.#classes
    const { order, from, to } = this.#node
    byBin.fill(0, 0, (bins + 1) * classes)
    rowsOfBin.fill(0, 0, bins + 1)
    const { bins: all } = this.#table
    const base = binAt(this.#table.rows, feature)
    for (let i = from; i < to; i++) {
      const row = order[i] as number
      const bin = all[base + row * GROUP] as number
      const at = bin * classes + (this.#labels[row] as number)
      byBin[at] = (byBin[at] as number) + (this.#weights[row] as number)
      rowsOfBin[bin] = (rowsOfBin[bin] as number) + 1
    }
    const first = all[base + (order[from] as number) * GROUP] as number
    return (rowsOfBin[first] as number) < to - from
  }

  /** Everything is on the right; the missing rows too unless they begin on the left. */
  #resetSides(): void {
    const { classWeights } = this.#node
    this.#left.fill(0)
    this.#right.set(classWeights)
    this.#leftSquares = 0
    this.#leftWeight = 0
    this.#rightSquares = 0
    this.#rightWeight = 0
    for (const weight of classWeights) {
      this.#rightSquares += weight * weight
      this.#rightWeight += weight
    }
  }

  #move(ofClass: number, weight: number): void {
    const left = this.#left[ofClass] as number
    const right = this.#right[ofClass] as number
    this.#leftSquares += weight * (2 * left + weight)
    this.#rightSquares -= weight * (2 * right - weight)
    this.#left[ofClass] = left + weight
    this.#right[ofClass] = right - weight
    this.#leftWeight += weight
    this.#rightWeight -= weight
  }

  #moveBin(bin: number): void {
    for (let k = 0; k < this.#classes; k++) {
      const weight = this.#byBin[bin * this.#classes + k] as number
      if (weight !== 0) this.#move(k, weight)
    }
  }

  /** @returns whether the sides as they are make the best split so far */
  #isBest(leftRows: number): boolean {
    const rows = this.#node.to - this.#node.from
    if (leftRows < this.#minLeaf || rows - leftRows < this.#minLeaf) return false
    if (this.#leftWeight <= 0 || this.#rightWeight <= 0) return false
    const purity = this.#leftSquares / this.#leftWeight + this.#rightSquares / this.#rightWeight
    if (!(purity > this.#best)) return false
    this.#best = purity
    return true
  }

  #take(feature: number, bin: number, isMissingLeft: boolean): void {
    this.#found = { feature, bin, categoryBins: [], isMissingLeft }
  }

  #scanBins(feature: number, bins: number, isMissingLeft: boolean): void {
    const rowsOfBin = this.#rowsOfBin
    const rows = this.#node.to - this.#node.from
    const missing = rowsOfBin[bins] as number
    this.#resetSides()
    if (isMissingLeft) this.#moveBin(bins)
    let leftRows = isMissingLeft ? missing : 0
    for (let bin = 0; bin < bins; bin++) {
      const moved = rowsOfBin[bin] as number
      if (moved === 0) continue
      this.#moveBin(bin)
      leftRows += moved
      if (leftRows === rows) return
      if (this.#isBest(leftRows))
        this.#take(feature, bin, this.#wayOfMissing(missing, isMissingLeft))
    }
  }

  /** Where the node has none missing, a missing value goes where most of the weight went. */
  #wayOfMissing(missing: number, isMissingLeft: boolean): boolean {
    return missing > 0 ? isMissingLeft : this.#leftWeight >= this.#rightWeight
  }

  /** Categories in the order of the share of the node's largest class: the best set is a prefix where there are two classes. */
  #scanCategories(feature: number, bins: number): void {
    const classes = this.#classes
    const { classWeights, from, to } = this.#node
    const main = classWeights.indexOf(Math.max(...classWeights))
    const share = (bin: number): number => {
      let total = 0
      for (let k = 0; k < classes; k++) total += this.#byBin[bin * classes + k] as number
      return (this.#byBin[bin * classes + main] as number) / total
    }
    const present = Array.from({ length: bins }, (_, bin) => bin)
      .filter((bin) => (this.#rowsOfBin[bin] as number) > 0)
      .sort((a, b) => share(a) - share(b) || a - b)
    const missing = this.#rowsOfBin[bins] as number
    for (const isMissingLeft of missing > 0 ? [false, true] : [false]) {
      this.#resetSides()
      if (isMissingLeft) this.#moveBin(bins)
      let leftRows = isMissingLeft ? missing : 0
      for (const [index, bin] of present.entries()) {
        this.#moveBin(bin)
        leftRows += this.#rowsOfBin[bin] as number
        if (leftRows === to - from) break
        if (!this.#isBest(leftRows)) continue
        this.#take(feature, 0, this.#wayOfMissing(missing, isMissingLeft))
        this.#found = { ...(this.#found as Split), categoryBins: present.slice(0, index + 1) }
      }
    }
  }

  #scanSorted(feature: number, bins: number): boolean {
    const { from, to } = this.#node
    const rows = to - from
    this.#sortByBin(feature, bins)
    const sortedBins = this.#bins
    if (sortedBins[0] === sortedBins[rows - 1]) return false
    let known = rows
    while (known > 0 && sortedBins[known - 1] === bins) known--
    this.#scanRows(feature, { known, rows, isMissingLeft: false })
    if (known < rows) this.#scanRows(feature, { known, rows, isMissingLeft: true })
    return true
  }

  #scanRows(
    feature: number,
    { known, rows, isMissingLeft }: { known: number; rows: number; isMissingLeft: boolean }
  ): void {
    const sorted = this.#sorted
    const sortedBins = this.#bins
    this.#resetSides()
    if (isMissingLeft) for (let i = known; i < rows; i++) this.#moveRow(sorted[i] as number)
    const first = isMissingLeft ? rows - known : 0
    for (let i = 0; i < known; i++) {
      this.#moveRow(sorted[i] as number)
      const bin = sortedBins[i] as number
      if (i + 1 < known ? sortedBins[i + 1] === bin : known === rows || isMissingLeft) continue
      if (this.#isBest(first + i + 1)) {
        this.#take(feature, bin, this.#wayOfMissing(rows - known, isMissingLeft))
      }
    }
  }

  #moveRow(row: number): void {
    this.#move(this.#labels[row] as number, this.#weights[row] as number)
  }

  /** Fills `#sorted` with the node's rows by bin, rows of one bin in their old order, and `#bins` with their bins. */
  #sortByBin(feature: number, bins: number): void {
    const { order, from, to } = this.#node
    const { bins: all } = this.#table
    const base = binAt(this.#table.rows, feature)
    const sorted = this.#sorted
    const sortedBins = this.#bins
    if (to - from <= INSERTION_MAX) {
      for (let i = from; i < to; i++) {
        const row = order[i] as number
        const bin = all[base + row * GROUP] as number
        let at = i - from
        for (; at > 0 && (sortedBins[at - 1] as number) > bin; at--) {
          sortedBins[at] = sortedBins[at - 1] as number
          sorted[at] = sorted[at - 1] as number
        }
        sortedBins[at] = bin
        sorted[at] = row
      }
      return
    }
    const starts = this.#rowsOfBin
    starts.fill(0, 0, bins + 2)
    for (let i = from; i < to; i++) {
      const bin = (all[base + (order[i] as number) * GROUP] as number) + 1
      starts[bin] = (starts[bin] as number) + 1
    }
    for (let bin = 1; bin <= bins; bin++) {
      starts[bin] = (starts[bin] as number) + (starts[bin - 1] as number)
    }
    for (let i = from; i < to; i++) {
      const row = order[i] as number
      const bin = all[base + row * GROUP] as number
      const at = starts[bin] as number
      starts[bin] = at + 1
      sorted[at] = row
      sortedBins[at] = bin
    }
  }
}
