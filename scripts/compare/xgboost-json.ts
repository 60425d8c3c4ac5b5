/** Reads a model that XGBoost saved as JSON into our form, so that both can be asked about the very same trees. */
import { assembleForest, type Forest, type Tree } from '../../src/runtime/index.ts'

interface XgboostTree {
  readonly left_children: readonly number[]
  readonly right_children: readonly number[]
  readonly split_indices: readonly number[]
  readonly split_conditions: readonly number[]
  readonly default_left: readonly number[]
  readonly sum_hessian: readonly number[]
}

interface XgboostModel {
  readonly learner: {
    readonly learner_model_param: {
      readonly base_score: string
      readonly num_class: string
      readonly num_feature: string
    }
    readonly gradient_booster: {
      readonly model: {
        readonly trees: readonly XgboostTree[]
        readonly tree_info: readonly number[]
      }
    }
  }
}

/** Numeric features and logistic or softmax objectives only. */
export function readXgboostJson(text: string): Forest {
  const { learner } = JSON.parse(text) as XgboostModel
  const { trees, tree_info } = learner.gradient_booster.model
  const { base_score, num_class, num_feature } = learner.learner_model_param
  const scores = Math.max(1, Number(num_class))
  const base = Number(base_score)
  // For two classes XGBoost keeps the score as a probability, for more as a margin.
  const margin = scores === 1 ? Math.log(base / (1 - base)) : base
  return assembleForest(
    {
      objective: scores === 1 ? 'binary' : 'multiclass',
      combination: 'sum',
      scores,
      features: Array.from({ length: Number(num_feature) }, (_, index) => ({
        name: `f${index}`,
        kind: 'numeric' as const
      })),
      baseScore: new Float64Array(scores).fill(margin),
      leafWidth: 1
    },
    trees.map((tree, index) => readTree(tree, tree_info[index] ?? 0))
  )
}

function readTree(tree: XgboostTree, treeClass: number): Tree {
  const nodes = tree.left_children.length
  const leaves: number[] = []
  const left = Int32Array.from(tree.left_children)
  for (let node = 0; node < nodes; node++) {
    if (left[node] !== -1) continue
    left[node] = leaves.length
    leaves.push(tree.split_conditions[node] ?? 0)
  }
  const isLeaf = (node: number) => tree.left_children[node] === -1
  return {
    class: treeClass,
    feature: Int32Array.from(tree.split_indices, (feature, node) => (isLeaf(node) ? -1 : feature)),
    // XGBoost goes left below the condition, we up to the threshold.
    threshold: Float32Array.from(tree.split_conditions, (condition, node) =>
      isLeaf(node) ? 0 : floatBelow(condition)
    ),
    left,
    right: Int32Array.from(tree.right_children, (right, node) => (isLeaf(node) ? 0 : right)),
    missingLeft: Uint8Array.from(tree.default_left),
    categorySet: new Int32Array(nodes).fill(-1),
    categoryWords: new Uint32Array(0),
    leafValue: Float32Array.from(leaves),
    cover: Float64Array.from(tree.sum_hessian)
  }
}

/** The largest float32 that is less than this one. */
export function floatBelow(value: number): number {
  const float = Float32Array.of(value)
  if (float[0] === 0) return -(2 ** -149)
  const bits = new Int32Array(float.buffer)
  bits[0] = (bits[0] ?? 0) + ((float[0] ?? 0) > 0 ? -1 : 1)
  return float[0] ?? value
}
