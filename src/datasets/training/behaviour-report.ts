/** What a training of the behaviour model found, and what its package says of itself. Plain data. */
import type { CheckReport, Figures, StackFold, StackParams } from '../../training/index.ts'
import type { SourceFigures, Thresholds } from './source-figures.ts'

/** What a package says of itself that training does not know. */
export interface PackageFacts {
  readonly name: string
  readonly version: string
  /** What the rows were made of, for a person. */
  readonly data: string
  readonly codeVersion: string
  /** RFC 3339. */
  readonly createdAt: string
  /** `name@version` of the model that it is to replace. */
  readonly parent?: string | undefined
  /** Id of the training job. */
  readonly job?: string | undefined
}

export interface BehaviourReport {
  readonly rows: number
  readonly sources: { readonly abuse: number; readonly benign: number }
  readonly sites: number
  readonly campaigns: number
  readonly seed: number
  readonly params: StackParams
  readonly checks: readonly CheckReport[]
  /** By row; each fold judged by forests, stack and calibration that had not seen its campaigns. */
  readonly folds: readonly StackFold[]
  /** Means over the folds, and training minus validation. */
  readonly validation: Figures
  readonly training: Figures
  readonly gap: Readonly<Record<'accuracy' | 'auc' | 'log_loss', number | null>>
  readonly budget: number
  readonly thresholds: Thresholds
  /** Scores from `from` up to `to`: the model says neither. */
  readonly abstention: { readonly from: number; readonly to: number }
  /** By source: the rows out of fold, then validation and tests. */
  readonly bySource: readonly SourceFigures[]
}
