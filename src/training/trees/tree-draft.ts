/** A tree while it grows: nodes are appended, children behind their parent. */
import { type Tree, wordsOfSet } from '../../runtime/index.ts'
import { type BinnedTable, binAt } from './binned-table.ts'
import { GROUP } from './kernel.ts'

/** How a node splits, in bins. */
export interface Split {
  readonly feature: number
  /** Numbers: bins up to this one go left. */
  readonly bin: number
  /** Categories: the bins that go left; empty for numbers. */
  readonly categoryBins: readonly number[]
  readonly isMissingLeft: boolean
}

/** One leaf value a leaf; for each inner node, whether each bin of its feature goes left. */
export interface BinnedTree {
  /** -1 at a leaf. */
  readonly features: Int32Array
  readonly left: Int32Array
  readonly isLeft: Uint8Array
  readonly values: Float32Array
}

/** A bin is a byte. */
const BIN_VALUES = 256

export class TreeDraft {
  readonly #table: BinnedTable
  readonly #leafWidth: number
  readonly #splits: (Split | undefined)[] = []
  readonly #left: number[] = []
  readonly #cover: number[] = []
  readonly #leaves: number[] = []

  constructor(table: BinnedTable, leafWidth: number) {
    this.#table = table
    this.#leafWidth = leafWidth
  }

  get size(): number {
    return this.#cover.length
  }

  /** A new leaf whose numbers are 0 until `setLeaf`. */
  addNode(cover: number): number {
    this.#splits.push(undefined)
    this.#left.push(-1)
    this.#cover.push(cover)
    return this.#cover.length - 1
  }

  split(node: number, split: Split, coverLeft: number, coverRight: number): number {
    this.#splits[node] = split
    const left = this.addNode(coverLeft)
    this.addNode(coverRight)
    this.#left[node] = left
    return left
  }

  setCover(node: number, cover: number): void {
    this.#cover[node] = cover
  }

  setLeaf(node: number, values: ArrayLike<number>): void {
    this.#left[node] = this.#leaves.length
    for (let k = 0; k < this.#leafWidth; k++) this.#leaves.push(values[k] ?? 0)
  }

  /** The tree as it is asked with bins instead of values. */
  binned(): BinnedTree {
    const isLeft = new Uint8Array(this.size * BIN_VALUES)
    const values = new Float32Array(this.size)
    for (const [node, split] of this.#splits.entries()) {
      const left = this.#left[node] ?? 0
      if (split === undefined) values[node] = this.#leaves[left] ?? 0
      else isLeft.set(leftBins(split, this.#table), node * BIN_VALUES)
    }
    const features = Int32Array.from(this.#splits, (split) => split?.feature ?? -1)
    return { features, left: Int32Array.from(this.#left), isLeft, values }
  }

  build(treeClass: number): Tree {
    const nodes = this.size
    const words: number[] = []
    const tree: Tree = {
      class: treeClass,
      feature: new Int32Array(nodes).fill(-1),
      threshold: new Float32Array(nodes),
      left: Int32Array.from(this.#left),
      right: new Int32Array(nodes),
      missingLeft: new Uint8Array(nodes),
      categorySet: new Int32Array(nodes).fill(-1),
      categoryWords: new Uint32Array(0),
      leafValue: new Float32Array(this.#leaves.length),
      cover: Float64Array.from(this.#cover)
    }
    let leaf = 0
    for (let node = 0; node < nodes; node++) {
      const split = this.#splits[node]
      if (split === undefined) {
        // In the order of the nodes, whatever the order in which they became leaves: one tree has one form.
        const from = tree.left[node] ?? 0
        tree.leafValue.set(this.#leaves.slice(from, from + this.#leafWidth), leaf)
        tree.left[node] = leaf
        leaf += this.#leafWidth
        continue
      }
      const map = this.#table.maps[split.feature]
      tree.feature[node] = split.feature
      tree.right[node] = (tree.left[node] ?? 0) + 1
      tree.missingLeft[node] = split.isMissingLeft ? 1 : 0
      // All values left, missing ones right: nothing exceeds infinity.
      tree.threshold[node] = map?.upper[split.bin] ?? Number.POSITIVE_INFINITY
      if (map?.kind !== 'category') continue
      tree.threshold[node] = Number.NaN
      tree.categorySet[node] = words.length
      words.push(...this.#categoryWords(split))
    }
    return { ...tree, categoryWords: Uint32Array.from(words) }
  }

  /** The categories, not the bins, that go left: rare ones share a bin. */
  #categoryWords(split: Split): Uint32Array {
    const words = new Uint32Array(wordsOfSet(this.#table.features[split.feature]))
    const { binOfCode } = this.#table.maps[split.feature] ?? { binOfCode: new Uint8Array(0) }
    for (const [code, bin] of binOfCode.entries()) {
      if (!split.categoryBins.includes(bin)) continue
      words[code >>> 5] = (words[code >>> 5] ?? 0) | (1 << (code & 31))
    }
    return words
  }
}

/** For each bin of the split's feature, whether it goes left; the last is the missing one. */
export function leftBins(split: Split, table: BinnedTable): Uint8Array {
  const map = table.maps[split.feature]
  const bins = map?.bins ?? 0
  const isLeft = new Uint8Array(BIN_VALUES)
  if (map?.kind === 'category') for (const bin of split.categoryBins) isLeft[bin] = 1
  else isLeft.fill(1, 0, split.bin + 1)
  isLeft[bins] = split.isMissingLeft ? 1 : 0
  return isLeft
}

/** The leaf value of a row of any table that was binned with the same maps. */
export function scoreBinned(tree: BinnedTree, table: BinnedTable, row: number): number {
  const { features, left, isLeft, values } = tree
  const { bins, rows } = table
  let node = 0
  for (;;) {
    const feature = features[node] as number
    if (feature < 0) return values[node] as number
    const bin = bins[binAt(rows, feature) + row * GROUP] as number
    node = (left[node] as number) + 1 - (isLeft[node * BIN_VALUES + bin] as number)
  }
}
