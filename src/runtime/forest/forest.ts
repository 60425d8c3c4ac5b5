/**
 * What a forest is: decision trees as flat typed arrays. It knows neither how they were trained nor where they are kept.
 *
 * A row is a Float32Array with one cell a feature: NaN is missing, a category is its code (a value that training never saw is
 * missing too). Thresholds and leaves are float32, so that ONNX Runtime, which computes in float32, goes the same way at every node.
 */
export type FeatureSpec =
  | { readonly name: string; readonly kind: 'numeric' }
  | { readonly name: string; readonly kind: 'category'; readonly categories: readonly string[] }

export type ForestObjective = 'binary' | 'multiclass' | 'regression' | 'isolation'

export interface Forest {
  readonly objective: ForestObjective
  /** Boosted trees add up to margins; the trees of a random or isolation forest are averaged. */
  readonly combination: 'sum' | 'mean'
  /** Scores a row gets: 1 for two classes (that of class 1), the number of classes for more. */
  readonly scores: number
  readonly features: readonly FeatureSpec[]
  /** One for each score; added to the sum, or to the mean. */
  readonly baseScore: Float64Array
  /** Numbers in a leaf: 1, or `scores` where every leaf speaks about all classes. */
  readonly leafWidth: number
  /** Isolation forests: the mean path of an ordinary row, by which path lengths are divided; otherwise 1. */
  readonly pathNorm: number
  /** Index of each tree's root; one more entry says where the last tree ends. Children stand behind their parent. */
  readonly treeStart: Int32Array
  /** Which score a tree adds to; 0 where `leafWidth` is more than 1. */
  readonly treeClass: Int32Array
  /** -1 at a leaf. */
  readonly feature: Int32Array
  /** Goes left if x <= threshold. NaN at a node that asks for a category, so that no comparison holds there. */
  readonly threshold: Float32Array
  /** At a leaf: where its numbers stand in `leafValue`. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1 if a missing value goes left. */
  readonly missingLeft: Uint8Array
  /** Index of the first word of the node's set in `categoryWords`, -1 for none. A category in the set goes left. */
  readonly categorySet: Int32Array
  readonly categoryWords: Uint32Array
  readonly leafValue: Float32Array
  /** Weight of the training rows (boosting: sum of second derivatives) that came through a node. */
  readonly cover: Float64Array
}

/** One tree on its own: indices count from its root, and its sets and leaves are its own. */
export interface Tree {
  readonly class: number
  readonly feature: Int32Array
  readonly threshold: Float32Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly missingLeft: Uint8Array
  readonly categorySet: Int32Array
  readonly categoryWords: Uint32Array
  readonly leafValue: Float32Array
  readonly cover: Float64Array
}

export interface ForestShape {
  readonly objective: ForestObjective
  readonly combination: 'sum' | 'mean'
  readonly scores: number
  readonly features: readonly FeatureSpec[]
  readonly baseScore: Float64Array
  readonly leafWidth: number
  /** @default 1 */
  readonly pathNorm?: number
}

/** Words of 32 bits that a set over the categories of a feature takes. */
export function wordsOfSet(feature: FeatureSpec | undefined): number {
  return feature?.kind === 'category' ? Math.ceil(feature.categories.length / 32) : 0
}

export function assembleForest(shape: ForestShape, trees: readonly Tree[]): Forest {
  const sum = (size: (tree: Tree) => number) => trees.reduce((total, tree) => total + size(tree), 0)
  const nodes = sum((tree) => tree.feature.length)
  const forest: Forest = {
    ...shape,
    pathNorm: shape.pathNorm ?? 1,
    treeStart: new Int32Array(trees.length + 1),
    treeClass: Int32Array.from(trees, (tree) => tree.class),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    categorySet: new Int32Array(nodes),
    categoryWords: new Uint32Array(sum((tree) => tree.categoryWords.length)),
    leafValue: new Float32Array(sum((tree) => tree.leafValue.length)),
    cover: new Float64Array(nodes)
  }
  const at: Place = { node: 0, word: 0, leaf: 0 }
  for (const [index, tree] of trees.entries()) {
    placeTree(forest, tree, at)
    forest.treeStart[index + 1] = at.node
  }
  return forest
}

interface Place {
  node: number
  word: number
  leaf: number
}

function placeTree(forest: Forest, tree: Tree, at: Place): void {
  forest.feature.set(tree.feature, at.node)
  forest.threshold.set(tree.threshold, at.node)
  forest.missingLeft.set(tree.missingLeft, at.node)
  forest.cover.set(tree.cover, at.node)
  forest.categoryWords.set(tree.categoryWords, at.word)
  forest.leafValue.set(tree.leafValue, at.leaf)
  for (let node = 0; node < tree.feature.length; node++) {
    const isLeaf = (tree.feature[node] ?? 0) < 0
    const set = tree.categorySet[node] ?? -1
    forest.left[at.node + node] = (tree.left[node] ?? 0) + (isLeaf ? at.leaf : at.node)
    forest.right[at.node + node] = isLeaf ? 0 : (tree.right[node] ?? 0) + at.node
    forest.categorySet[at.node + node] = set < 0 ? -1 : set + at.word
  }
  at.node += tree.feature.length
  at.word += tree.categoryWords.length
  at.leaf += tree.leafValue.length
}

/** The tree at `index` on its own again. */
export function extractTree(forest: Forest, index: number): Tree {
  const from = forest.treeStart[index] ?? 0
  const to = forest.treeStart[index + 1] ?? 0
  const sets: number[] = []
  const leaves: number[] = []
  const left = forest.left.slice(from, to)
  const right = forest.right.slice(from, to)
  const categorySet = forest.categorySet.slice(from, to)
  for (let node = 0; node < to - from; node++) {
    const feature = forest.feature[from + node] ?? -1
    const set = categorySet[node] ?? -1
    if (feature < 0) {
      const leaf = left[node] ?? 0
      left[node] = leaves.length
      for (let k = 0; k < forest.leafWidth; k++) leaves.push(forest.leafValue[leaf + k] ?? 0)
      continue
    }
    left[node] = (left[node] ?? 0) - from
    right[node] = (right[node] ?? 0) - from
    if (set < 0) continue
    categorySet[node] = sets.length
    const words = wordsOfSet(forest.features[feature])
    for (let word = 0; word < words; word++) sets.push(forest.categoryWords[set + word] ?? 0)
  }
  return {
    class: forest.treeClass[index] ?? 0,
    feature: forest.feature.slice(from, to),
    threshold: forest.threshold.slice(from, to),
    left,
    right,
    missingLeft: forest.missingLeft.slice(from, to),
    categorySet,
    categoryWords: Uint32Array.from(sets),
    leafValue: Float32Array.from(leaves),
    cover: forest.cover.slice(from, to)
  }
}
