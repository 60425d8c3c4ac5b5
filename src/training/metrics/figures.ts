/** The figures by which a model is judged, all at once. What cannot be said (one class, say) is null. */
import { expectedCalibrationError, logLoss, topClass } from './probability.ts'
import { auc, oneVsRest, tprAtFpr } from './ranking.ts'

export interface Figures {
  readonly accuracy: number
  /** Where there are more than two classes: the mean of one against the rest. */
  readonly auc: number | null
  readonly log_loss: number
  readonly ece: number
  /** Two classes: true positives at 1 % false positives. */
  readonly tpr_at_fpr_01: number | null
  /** The same at 0.1 %. */
  readonly tpr_at_fpr_001: number | null
}

/**
 * @param scores one number a row for two classes, or one for each class
 * @param threshold two classes: from this score on a row counts as class 1
 */
export function figuresOf(
  scores: Float64Array,
  labels: Int32Array,
  { classes, threshold }: { readonly classes: number; readonly threshold: number }
): Figures & { readonly confusion: readonly (readonly number[])[] } {
  const width = scores.length / labels.length
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  let hits = 0
  for (const [row, label] of labels.entries()) {
    const own = width === 1 ? Number((scores[row] ?? 0) >= threshold) : topClass(scores, row, width)
    const line = confusion[label]
    if (line !== undefined) line[own] = (line[own] ?? 0) + 1
    if (own === label) hits++
  }
  const isTwo = width === 1
  const area = isTwo ? auc(scores, labels) : oneVsRest(scores, labels, classes, auc)
  return {
    accuracy: hits / labels.length,
    auc: numberOrNull(area),
    log_loss: logLoss(scores, labels),
    ece: expectedCalibrationError(scores, labels),
    tpr_at_fpr_01: isTwo ? numberOrNull(tprAtFpr(scores, labels, 0.01)) : null,
    tpr_at_fpr_001: isTwo ? numberOrNull(tprAtFpr(scores, labels, 0.001)) : null,
    confusion
  }
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** Of several folds; what none of them has stays unknown. */
export function meanFigures(all: readonly Figures[]): Figures {
  const mean = (of: (figures: Figures) => number | null) => {
    const known = all.map(of).filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  }
  return {
    accuracy: mean((figures) => figures.accuracy) ?? 0,
    auc: mean((figures) => figures.auc),
    log_loss: mean((figures) => figures.log_loss) ?? 0,
    ece: mean((figures) => figures.ece) ?? 0,
    tpr_at_fpr_01: mean((figures) => figures.tpr_at_fpr_01),
    tpr_at_fpr_001: mean((figures) => figures.tpr_at_fpr_001)
  }
}
