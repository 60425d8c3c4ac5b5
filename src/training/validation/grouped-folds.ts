/**
 * Folds for cross-validation that never cut a group: rows of one campaign or site stand in one fold, so that a model is asked about
 * what it has not seen. Groups are dealt out, the largest first, each to the fold that has the fewest rows of its classes.
 */
import { integerBelow, seededRandom } from '../../base/index.ts'
import { TrainingError } from '../errors.ts'

export interface FoldInputs {
  /** Class of each row. */
  readonly labels: Int32Array
  readonly classes: number
  /** Group of each row: any text. */
  readonly groups: readonly string[]
}

/** @returns the fold of each row, 0 to `folds` - 1 @throws {TABLE_INVALID} with fewer groups than folds */
export function groupedFolds(
  { labels, classes, groups }: FoldInputs,
  folds: number,
  seed: number
): Int32Array {
  const counts = new Map<string, Float64Array>()
  for (const [row, group] of groups.entries()) {
    const own = counts.get(group) ?? new Float64Array(classes)
    const label = labels[row] ?? 0
    own[label] = (own[label] ?? 0) + 1
    counts.set(group, own)
  }
  if (counts.size < folds) {
    throw new TrainingError(
      'TABLE_INVALID',
      `expected at least ${folds} groups for ${folds} folds, got ${counts.size}`
    )
  }
  const filled = Array.from({ length: folds }, () => new Float64Array(classes))
  const foldOf = new Map<string, number>()
  for (const group of dealingOrder(counts, seed)) {
    const own = counts.get(group) ?? new Float64Array(classes)
    let best = 0
    let least = Number.POSITIVE_INFINITY
    for (const [fold, has] of filled.entries()) {
      let load = 0
      for (let k = 0; k < classes; k++) load += (own[k] ?? 0) * (has[k] ?? 0)
      // Equal as to its classes: the emptier one.
      load += has.reduce((total, count) => total + count, 0) * 1e-6
      if (load < least) {
        least = load
        best = fold
      }
    }
    foldOf.set(group, best)
    const has = filled[best]
    for (let k = 0; k < classes && has !== undefined; k++) has[k] = (has[k] ?? 0) + (own[k] ?? 0)
  }
  return Int32Array.from(groups, (group) => foldOf.get(group) ?? 0)
}

/** Largest first; groups of equal size in an order that the seed decides. */
function dealingOrder(counts: ReadonlyMap<string, Float64Array>, seed: number): readonly string[] {
  const random = seededRandom(seed)
  const names = [...counts.keys()].sort()
  for (let i = names.length - 1; i > 0; i--) {
    const j = integerBelow(random, i + 1)
    const own = names[i] ?? ''
    names[i] = names[j] ?? ''
    names[j] = own
  }
  const size = (name: string) =>
    (counts.get(name) ?? new Float64Array(0)).reduce((total, count) => total + count, 0)
  return names.sort((a, b) => size(b) - size(a))
}
