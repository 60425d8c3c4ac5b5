/** Executes models: forests in typed arrays, their explanations and their form as ONNX. Knows nothing of training, nor where models come from. */

export type { Block, BlockScores } from './batch/score-block.ts'
export { ScorePool } from './batch/score-pool.ts'
export { ModelError, type ModelErrorCode } from './errors.ts'
export {
  assembleForest,
  extractTree,
  type FeatureSpec,
  type Forest,
  type ForestObjective,
  type ForestShape,
  type Tree,
  wordsOfSet
} from './forest/forest.ts'
export { checkForest, decodeForest, encodeForest } from './forest/forest-codec.ts'
export { ForestScorer, predictRows } from './forest/forest-scorer.ts'
export { goesLeft, predictRow, rawScores, sigmoid, walk } from './forest/score.ts'
export { TreeShap } from './forest/tree-shap.ts'
export { applyIsotonic, type IsotonicMap } from './model/isotonic.ts'
export { type Contributions, ModelExplainer } from './model/model-explainer.ts'
export {
  type CalibrationStep,
  logOdds,
  type ModelParts,
  type StackInput,
  type StackMember,
  THRESHOLD_DEFAULT
} from './model/model-parts.ts'
export { ModelScorer } from './model/model-scorer.ts'
export { exportForest, ONNX_INPUT, ONNX_OUTPUT } from './onnx/export-forest.ts'
export { type ImportOptions, importForest } from './onnx/import-forest.ts'
export {
  endOfLines,
  type LineBlock,
  readRuleScore,
  type ScoredLines
} from './serving/json-lines.ts'
export {
  FALLBACK_REASONS,
  type FallbackReason,
  ModelRunner,
  type ModelRunnerOptions,
  type RowScores,
  type RunnerCounts,
  type ScoredBlock,
  type Target
} from './serving/model-runner.ts'
export { type RowFault, RowReader, rowReaderOf } from './serving/row-reader.ts'
export {
  featuresOf,
  type ServedModel,
  type VerdictStep,
  verdictOf
} from './serving/served-model.ts'
