/** Executes models: forests in typed arrays, their explanations and their form as ONNX. Knows nothing of training, nor where models come from. */
export {
  assembleForest,
  extractTree,
  type FeatureSpec,
  type Forest,
  type ForestObjective,
  type ForestShape,
  nodeCount,
  type Tree,
  treeCount,
  wordsOfSet
} from './forest/forest.ts'
export { predictRow, predictRows, rawScores, sigmoid, softmax, walk } from './forest/score.ts'
export { TreeShap } from './forest/tree-shap.ts'
