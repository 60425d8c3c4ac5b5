/**
 * The forest in an ONNX model as `exportForest` writes it: the same scores, and the same explanations, since `nodes_hitrates` carry
 * the cover. Chains of nodes that ask for one category each become one node again that asks for a set.
 */
import { ModelError } from '../errors.ts'
import {
  assembleForest,
  type FeatureSpec,
  type Forest,
  type Tree,
  wordsOfSet
} from '../forest/forest.ts'
import { checkForest } from '../forest/forest-codec.ts'
import { type OnnxNode, readOnnxModel } from './onnx-model.ts'

export const FOREST_OPERATORS: ReadonlySet<string> = new Set([
  'ai.onnx.ml:TreeEnsembleRegressor',
  ':Sigmoid',
  ':Softmax'
])

export interface ImportOptions {
  /** An ONNX model knows numbers of columns, not their names and categories. */
  readonly features: readonly FeatureSpec[]
  readonly objective: 'binary' | 'multiclass' | 'regression'
  readonly combination: 'sum' | 'mean'
}

/** @throws {ONNX_INVALID | OPERATOR_UNKNOWN | DOMAIN_FOREIGN | EXTERNAL_DATA | TENSOR_TOO_LARGE | FOREST_INVALID} */
export function importForest(bytes: Uint8Array, options: ImportOptions): Forest {
  const { nodes } = readOnnxModel(bytes, FOREST_OPERATORS)
  const [ensemble, link] = nodes
  if (ensemble?.operator !== 'TreeEnsembleRegressor' || nodes.length > 2) {
    throw invalid('expected one ensemble of trees and at most one link behind it')
  }
  if (link !== undefined && link.inputs[0] !== ensemble.outputs[0]) {
    throw invalid('expected the link to read what the trees say')
  }
  checkLink(options, link?.operator)
  const columns = new NodeColumns(ensemble)
  const scores = ensemble.attributes.get('n_targets')?.int ?? 1
  const base = ensemble.attributes.get('base_values')?.floats ?? new Float32Array(scores)
  const isMean = options.combination === 'mean'
  const leafWidth = isMean ? scores : 1
  const trees = columns.trees(options.features, leafWidth)
  const forest = assembleForest(
    {
      objective: options.objective,
      combination: options.combination,
      scores,
      features: options.features,
      baseScore: Float64Array.from({ length: scores }, (_, k) => base[k] ?? 0),
      leafWidth
    },
    trees
  )
  // The model adds up what the forest averages.
  if (isMean)
    for (const [i, value] of forest.leafValue.entries()) forest.leafValue[i] = value * trees.length
  checkForest(forest)
  return forest
}

function checkLink({ combination, objective }: ImportOptions, link: string | undefined): void {
  const links = { binary: 'Sigmoid', multiclass: 'Softmax', regression: undefined }
  const expected = combination === 'sum' ? links[objective] : undefined
  if (link !== expected) {
    throw invalid(`expected ${expected ?? 'nothing'} behind the trees, got ${link ?? 'nothing'}`)
  }
}

const ROLES = [
  'nodes_treeids',
  'nodes_nodeids',
  'nodes_featureids',
  'nodes_truenodeids',
  'nodes_falsenodeids',
  'nodes_missing_value_tracks_true'
] as const

type NodeInts = Readonly<Record<(typeof ROLES)[number], Int32Array>>

/** The columns of an ensemble, each held to the length of the others. */
class NodeColumns {
  readonly #modes: readonly string[]
  readonly #values: Float32Array
  readonly #covers: Float32Array
  readonly #ints: NodeInts
  readonly #leafTrees: Int32Array
  readonly #leafNodes: Int32Array
  readonly #targets: Int32Array
  readonly #weights: Float32Array

  constructor({ attributes }: OnnxNode) {
    const ints = (name: string) => attributes.get(name)?.ints ?? new Int32Array(0)
    const floats = (name: string) => attributes.get(name)?.floats ?? new Float32Array(0)
    this.#modes = attributes.get('nodes_modes')?.texts ?? []
    this.#values = floats('nodes_values')
    this.#covers = floats('nodes_hitrates')
    this.#ints = Object.fromEntries(ROLES.map((role) => [role, ints(role)])) as NodeInts
    this.#leafTrees = ints('target_treeids')
    this.#leafNodes = ints('target_nodeids')
    this.#targets = ints('target_ids')
    this.#weights = floats('target_weights')
    const count = this.#modes.length
    const isWhole =
      count > 0 &&
      this.#values.length === count &&
      this.#covers.length === count &&
      ROLES.every((role) => this.#ints[role].length === count)
    if (!isWhole) throw invalid('expected values, covers and children for every node of the trees')
    const leaves = this.#weights.length
    const areLeaves = [this.#leafTrees, this.#leafNodes, this.#targets].every(
      ({ length }) => length === leaves
    )
    if (!areLeaves) throw invalid('expected a tree, a node and a target for every weight')
    const aggregate = attributes.get('aggregate_function')?.text ?? 'SUM'
    const transform = attributes.get('post_transform')?.text ?? 'NONE'
    if (aggregate !== 'SUM' || transform !== 'NONE') {
      throw invalid('expected trees that are added up and not transformed')
    }
  }

  trees(features: readonly FeatureSpec[], leafWidth: number): Tree[] {
    const trees: Tree[] = []
    let leaf = 0
    for (let from = 0; from < this.#modes.length; ) {
      let to = from
      while (to < this.#modes.length && this.#ints.nodes_treeids[to] === trees.length) {
        if (this.#ints.nodes_nodeids[to] !== to - from)
          throw invalid('expected nodes in their order')
        to++
      }
      if (to === from) throw invalid('expected the trees in their order')
      let leafEnd = leaf
      while (this.#leafTrees[leafEnd] === trees.length) leafEnd++
      trees.push(this.#tree(features, leafWidth, { from, to, leaf, leafEnd }))
      from = to
      leaf = leafEnd
    }
    if (leaf !== this.#weights.length)
      throw invalid('expected the weights in the order of the trees')
    return trees
  }

  #tree(features: readonly FeatureSpec[], leafWidth: number, range: TreeRange): Tree {
    const count = range.to - range.from
    // A link of a chain stands behind the nodes proper, and is part of the node that the chain begins with.
    const isLink = new Uint8Array(count)
    const place = new Int32Array(count).fill(-1)
    const kept: NodeDraft[] = []
    for (let node = 0; node < count; node++) {
      if (isLink[node] === 1) continue
      place[node] = kept.length
      kept.push(this.#draft(range, node, { features, isLink }))
    }
    const { values, starts, target } = this.#leaves(range, leafWidth)
    const sets: number[] = []
    const child = (node: number) => {
      const at = place[node] ?? -1
      if (at < 0) throw invalid('expected the children of a node in its tree')
      return at
    }
    const isLeaf = ({ feature }: NodeDraft) => feature < 0
    return {
      class: target,
      feature: Int32Array.from(kept, ({ feature }) => feature),
      threshold: Float32Array.from(kept, (draft) =>
        draft.codes === undefined ? draft.threshold : Number.NaN
      ),
      left: Int32Array.from(kept, (draft) =>
        isLeaf(draft) ? (starts.get(draft.node) ?? -1) : child(draft.left)
      ),
      right: Int32Array.from(kept, (draft) => (isLeaf(draft) ? 0 : child(draft.right))),
      missingLeft: Uint8Array.from(kept, ({ missingLeft }) => missingLeft),
      categorySet: Int32Array.from(kept, (draft) =>
        addSet(sets, features[draft.feature], draft.codes)
      ),
      categoryWords: Uint32Array.from(sets),
      leafValue: Float32Array.from(values),
      cover: Float64Array.from(kept, ({ cover }) => cover)
    }
  }

  #draft(
    { from, to }: TreeRange,
    node: number,
    { features, isLink }: { features: readonly FeatureSpec[]; isLink: Uint8Array }
  ): NodeDraft {
    const at = from + node
    const mode = this.#modes[at]
    const draft: NodeDraft = {
      node,
      feature: -1,
      threshold: 0,
      left: 0,
      right: 0,
      missingLeft: 0,
      cover: this.#covers[at] ?? 0,
      codes: undefined
    }
    if (mode === 'LEAF') return draft
    draft.feature = this.#ints.nodes_featureids[at] ?? -1
    const spec = features[draft.feature]
    if (spec === undefined) throw invalid(`expected at most ${features.length} features`)
    if (mode !== (spec.kind === 'category' ? 'BRANCH_EQ' : 'BRANCH_LEQ')) {
      throw invalid(`expected numbers to be compared and categories to be looked up, got ${mode}`)
    }
    draft.threshold = this.#values[at] ?? 0
    draft.left = this.#ints.nodes_truenodeids[at] ?? 0
    draft.right = this.#ints.nodes_falsenodeids[at] ?? 0
    draft.missingLeft = this.#ints.nodes_missing_value_tracks_true[at] === 1 ? 1 : 0
    if (spec.kind === 'category') this.#followChain(draft, from, isLink)
    if (!(draft.left < to - from && draft.right < to - from)) {
      throw invalid('expected children in their tree')
    }
    return draft
  }

  /** Two nodes lead left to the same child only within a chain, and its first stands before the others. */
  #followChain(draft: NodeDraft, from: number, isLink: Uint8Array): void {
    draft.codes = [draft.threshold]
    for (;;) {
      const { right } = draft
      const at = from + right
      const goesOn =
        right > draft.node &&
        right < isLink.length &&
        isLink[right] === 0 &&
        this.#modes[at] === 'BRANCH_EQ' &&
        this.#ints.nodes_featureids[at] === draft.feature &&
        this.#ints.nodes_truenodeids[at] === draft.left
      if (!goesOn) return
      isLink[right] = 1
      draft.codes.push(this.#values[at] ?? -1)
      draft.right = this.#ints.nodes_falsenodeids[at] ?? 0
    }
  }

  #leaves({ from, to, leaf, leafEnd }: TreeRange, leafWidth: number) {
    const starts = new Map<number, number>()
    const values: number[] = []
    let target = leafWidth === 1 ? (this.#targets[leaf] ?? 0) : 0
    for (let node = 0; node < to - from; node++) {
      if (this.#modes[from + node] !== 'LEAF') continue
      starts.set(node, values.length)
      for (let k = 0; k < leafWidth; k++) values.push(0)
    }
    for (let i = leaf; i < leafEnd; i++) {
      const start = starts.get(this.#leafNodes[i] ?? -1)
      const of = this.#targets[i] ?? -1
      if (start === undefined || of < 0) throw invalid('expected weights at leaves')
      if (leafWidth === 1 && of !== target) throw invalid('expected a tree that adds to one score')
      if (leafWidth > 1 && of >= leafWidth) throw invalid('expected weights of known targets')
      values[start + (leafWidth === 1 ? 0 : of)] = this.#weights[i] ?? 0
      target = leafWidth === 1 ? of : 0
    }
    return { values, starts, target }
  }
}

interface TreeRange {
  readonly from: number
  readonly to: number
  readonly leaf: number
  readonly leafEnd: number
}

interface NodeDraft {
  readonly node: number
  feature: number
  threshold: number
  left: number
  right: number
  missingLeft: number
  readonly cover: number
  /** Of a node that asks for a category: those that go left. */
  codes: number[] | undefined
}

/** @returns where the set begins among the words, -1 for none */
function addSet(
  words: number[],
  spec: FeatureSpec | undefined,
  codes: readonly number[] | undefined
): number {
  if (codes === undefined) return -1
  const start = words.length
  const own = new Uint32Array(wordsOfSet(spec))
  for (const code of codes) {
    if (code === -1) continue
    const word = code >>> 5
    if (!Number.isInteger(code) || code < 0 || word >= own.length) {
      throw invalid('expected categories that the feature has')
    }
    own[word] = (own[word] ?? 0) | (1 << (code & 31))
  }
  words.push(...own)
  return start
}

function invalid(message: string): ModelError {
  return new ModelError('ONNX_INVALID', message)
}
