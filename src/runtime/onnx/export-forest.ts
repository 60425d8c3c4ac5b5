/**
 * A forest as an ONNX model: `TreeEnsembleRegressor` (ai.onnx.ml 3) for the sums, and Sigmoid or Softmax for what a person reads.
 * Input `features` is [rows, features] float32 as the forest reads them: NaN is missing, a category is its code. Output `scores`
 * is [rows, scores]. A node that asks for a set of categories becomes a chain of nodes that ask for one each.
 */
import { ModelError } from '../errors.ts'
import { type Forest, wordsOfSet } from '../forest/forest.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** What onnxruntime 1.8 (2021) and later understand. */
const IR_VERSION = 8
const OPSET = 13
const OPSET_ML = 3
const TYPE = { int: 2, text: 3, floats: 6, ints: 7, texts: 8 } as const
const ELEMENT_FLOAT = 1

export const ONNX_INPUT = 'features'
export const ONNX_OUTPUT = 'scores'

/** @throws {EXPORT_UNSUPPORTED} for isolation forests, which our own code scores a hundred times faster */
export function exportForest(forest: Forest): Uint8Array<ArrayBuffer> {
  if (forest.objective === 'isolation') {
    throw new ModelError(
      'EXPORT_UNSUPPORTED',
      'expected a forest of margins or probabilities, got an isolation forest'
    )
  }
  const link = linkOf(forest)
  return new ProtobufWriter()
    .number(1, IR_VERSION)
    .text(2, 'netminder')
    .message(7, (graph) => {
      graph.message(1, (node) => {
        const output = link === undefined ? ONNX_OUTPUT : 'sums'
        node.text(1, ONNX_INPUT).text(2, output).text(3, 'trees').text(4, 'TreeEnsembleRegressor')
        writeEnsemble(node, forest)
        node.text(7, 'ai.onnx.ml')
      })
      if (link !== undefined) {
        graph.message(1, (node) => {
          node.text(1, 'sums').text(2, ONNX_OUTPUT).text(3, 'link').text(4, link)
          if (link === 'Softmax') intAttribute(node, 'axis', 1)
        })
      }
      graph.text(2, 'forest')
      graph.message(11, (value) => describeTensor(value, ONNX_INPUT, forest.features.length))
      graph.message(12, (value) => describeTensor(value, ONNX_OUTPUT, forest.scores))
    })
    .message(8, (opset) => opset.text(1, '').number(2, OPSET))
    .message(8, (opset) => opset.text(1, 'ai.onnx.ml').number(2, OPSET_ML))
    .finish()
}

function linkOf({ combination, objective }: Forest): 'Sigmoid' | 'Softmax' | undefined {
  if (combination === 'mean') return undefined
  if (objective === 'binary') return 'Sigmoid'
  return objective === 'multiclass' ? 'Softmax' : undefined
}

/** [rows, columns] of float32, where the number of rows is open. */
function describeTensor(value: ProtobufWriter, name: string, columns: number): void {
  value.text(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.number(1, ELEMENT_FLOAT).message(2, (shape) => {
        shape.message(1, (dimension) => dimension.text(2, 'rows'))
        shape.message(1, (dimension) => dimension.number(1, columns))
      })
    )
  )
}

/** ONNX's columns: nodes of all trees one after the other, numbered from 0 in each tree. */
class EnsembleColumns {
  readonly trees: number[] = []
  readonly ids: number[] = []
  readonly features: number[] = []
  readonly modes: string[] = []
  readonly values: number[] = []
  readonly whenTrue: number[] = []
  readonly whenFalse: number[] = []
  readonly missingTrue: number[] = []
  readonly covers: number[] = []
  readonly leafTrees: number[] = []
  readonly leafIds: number[] = []
  readonly targets: number[] = []
  readonly weights: number[] = []

  addNode(tree: number, id: number): number {
    this.trees.push(tree)
    this.ids.push(id)
    this.features.push(0)
    this.modes.push('LEAF')
    this.values.push(0)
    this.whenTrue.push(0)
    this.whenFalse.push(0)
    this.missingTrue.push(0)
    this.covers.push(0)
    return this.trees.length - 1
  }

  addLeafValue(tree: number, id: number, target: number, weight: number): void {
    this.leafTrees.push(tree)
    this.leafIds.push(id)
    this.targets.push(target)
    this.weights.push(weight)
  }
}

function writeEnsemble(node: ProtobufWriter, forest: Forest): void {
  const columns = new EnsembleColumns()
  for (let tree = 0; tree < forest.treeClass.length; tree++) addTree(columns, forest, tree)
  intsAttribute(node, 'nodes_treeids', columns.trees)
  intsAttribute(node, 'nodes_nodeids', columns.ids)
  intsAttribute(node, 'nodes_featureids', columns.features)
  textsAttribute(node, 'nodes_modes', columns.modes)
  floatsAttribute(node, 'nodes_values', columns.values)
  intsAttribute(node, 'nodes_truenodeids', columns.whenTrue)
  intsAttribute(node, 'nodes_falsenodeids', columns.whenFalse)
  intsAttribute(node, 'nodes_missing_value_tracks_true', columns.missingTrue)
  // Not read for scores: with the cover, what is loaded can be explained too.
  floatsAttribute(node, 'nodes_hitrates', columns.covers)
  intsAttribute(node, 'target_treeids', columns.leafTrees)
  intsAttribute(node, 'target_nodeids', columns.leafIds)
  intsAttribute(node, 'target_ids', columns.targets)
  floatsAttribute(node, 'target_weights', columns.weights)
  floatsAttribute(node, 'base_values', Array.from(forest.baseScore))
  intAttribute(node, 'n_targets', forest.scores)
  textAttribute(node, 'aggregate_function', 'SUM')
  textAttribute(node, 'post_transform', 'NONE')
}

function addTree(columns: EnsembleColumns, forest: Forest, tree: number): void {
  const from = forest.treeStart[tree] ?? 0
  const to = forest.treeStart[tree + 1] ?? 0
  const offset = columns.trees.length
  for (let node = from; node < to; node++) columns.addNode(tree, node - from)
  for (let node = from; node < to; node++) {
    const at = offset + node - from
    const feature = forest.feature[node] ?? -1
    columns.covers[at] = forest.cover[node] ?? 0
    if (feature < 0) {
      addLeaf(columns, forest, { tree, node, id: node - from })
      continue
    }
    const left = (forest.left[node] ?? 0) - from
    columns.features[at] = feature
    columns.whenTrue[at] = left
    columns.whenFalse[at] = (forest.right[node] ?? 0) - from
    columns.missingTrue[at] = forest.missingLeft[node] ?? 0
    columns.modes[at] = 'BRANCH_LEQ'
    columns.values[at] = forest.threshold[node] ?? 0
    if ((forest.categorySet[node] ?? -1) >= 0)
      chainCategories(columns, forest, { node, at, offset })
  }
}

function addLeaf(
  columns: EnsembleColumns,
  forest: Forest,
  { tree, node, id }: { tree: number; node: number; id: number }
): void {
  const leaf = forest.left[node] ?? 0
  const divisor = forest.combination === 'mean' ? forest.treeClass.length : 1
  for (let k = 0; k < forest.leafWidth; k++) {
    const weight = (forest.leafValue[leaf + k] ?? 0) / divisor
    const target = forest.leafWidth === 1 ? (forest.treeClass[tree] ?? 0) : k
    // A tree must say something, and nothing is what most leaves say about most classes.
    if (weight !== 0 || k === 0) columns.addLeafValue(tree, id, target, weight)
  }
}

/** The first node of the chain stands where the node stood, the others behind the tree. All of them lead left to the same child. */
function chainCategories(
  columns: EnsembleColumns,
  forest: Forest,
  { node, at, offset }: { node: number; at: number; offset: number }
): void {
  const tree = columns.trees[at] ?? 0
  const left = columns.whenTrue[at] ?? 0
  const right = columns.whenFalse[at] ?? 0
  const codes = codesOfSet(forest, node)
  let link = at
  for (const [index, code] of codes.entries()) {
    columns.features[link] = forest.feature[node] ?? 0
    columns.modes[link] = 'BRANCH_EQ'
    columns.values[link] = code
    columns.whenTrue[link] = left
    columns.whenFalse[link] = right
    columns.missingTrue[link] = index === 0 ? (forest.missingLeft[node] ?? 0) : 0
    if (index === codes.length - 1) break
    const next = columns.addNode(tree, columns.trees.length - offset)
    columns.covers[next] = columns.covers[at] ?? 0
    columns.whenFalse[link] = next - offset
    link = next
  }
}

function codesOfSet(forest: Forest, node: number): number[] {
  const set = forest.categorySet[node] ?? 0
  const words = wordsOfSet(forest.features[forest.feature[node] ?? 0])
  const codes: number[] = []
  for (let code = 0; code < words * 32; code++) {
    const word = forest.categoryWords[set + (code >>> 5)] ?? 0
    if (((word >>> (code & 31)) & 1) === 1) codes.push(code)
  }
  // No code is -1: an empty set holds nothing.
  return codes.length === 0 ? [-1] : codes
}

function attribute(
  node: ProtobufWriter,
  name: string,
  type: number,
  fill: (writer: ProtobufWriter) => void
): void {
  node.message(5, (writer) => {
    writer.text(1, name)
    fill(writer)
    writer.number(20, type)
  })
}

function intAttribute(node: ProtobufWriter, name: string, value: number): void {
  attribute(node, name, TYPE.int, (writer) => writer.number(3, value))
}

function textAttribute(node: ProtobufWriter, name: string, value: string): void {
  attribute(node, name, TYPE.text, (writer) => writer.text(4, value))
}

function intsAttribute(node: ProtobufWriter, name: string, values: readonly number[]): void {
  attribute(node, name, TYPE.ints, (writer) => writer.numbers(8, values))
}

function floatsAttribute(node: ProtobufWriter, name: string, values: readonly number[]): void {
  attribute(node, name, TYPE.floats, (writer) => writer.floats(7, values))
}

function textsAttribute(node: ProtobufWriter, name: string, values: readonly string[]): void {
  attribute(node, name, TYPE.texts, (writer) => writer.texts(9, values))
}
