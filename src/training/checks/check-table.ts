/**
 * Looks at a table before anything is trained on it. Errors are what makes training pointless; warnings are what a person should
 * know of the model that comes out, and go into its card.
 */
import type { FeatureRange } from '../table/row-sink.ts'
import type { ColumnValues, LabelledTable } from '../trees/column-table.ts'
import type { CheckReport } from './check-report.ts'
import { findTwins } from './row-twins.ts'

export interface CheckOptions {
  /** By feature name; values outside are errors. */
  readonly ranges?: ReadonlyMap<string, FeatureRange> | undefined
  /** Group of each row, as an index, and how the groups are called. */
  readonly groups?: { readonly codes: Int32Array; readonly names: readonly string[] } | undefined
  /** Whether one class is enough: nothing is told apart by an isolation forest. */
  readonly isOneClassFine: boolean
  readonly classNames: readonly string[]
}

export interface TableChecks {
  readonly reports: readonly CheckReport[]
  /** For each row the first with the same features. */
  readonly twins: Int32Array
  /** By feature; undefined for categories and columns without a number. */
  readonly ranges: readonly (FeatureRange | undefined)[]
}

const CLASSES_MAX = 1_000
const FEW_ROWS = 10
const FLOAT32_MAX = 3.4028234663852886e38
/** Whole numbers up to here are exact in float32, which is what trees compare. */
const FLOAT32_WHOLE = 2 ** 24
const SHARE = { missing: 0.5, duplicates: 0.05, conflicts: 0.5, dominance: 0.5 } as const
const NAMED_MAX = 5

export function checkTable(table: LabelledTable, options: CheckOptions): TableChecks {
  const twins = findTwins(table)
  const ranges = table.features.map((spec, index) =>
    spec.kind === 'numeric' ? rangeOf(table.columns[index] ?? new Float64Array(0)) : undefined
  )
  const reports = [
    checkSchema(table, ranges),
    checkRanges(table, ranges, options.ranges),
    checkMissing(table),
    checkDuplicates(table, twins),
    checkConflicts(table, twins),
    checkDominance(table, options.groups),
    checkClasses(table, options)
  ]
  return { reports, twins, ranges }
}

function rangeOf(values: ColumnValues): FeatureRange | undefined {
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number
    if (value < minimum) minimum = value
    if (value > maximum) maximum = value
  }
  return minimum <= maximum ? { minimum, maximum } : undefined
}

function checkSchema(
  { rows, features, columns }: LabelledTable,
  ranges: readonly (FeatureRange | undefined)[]
): CheckReport {
  const isConstant = features.map((spec, index) => {
    const range = ranges[index]
    if (spec.kind === 'numeric') return range === undefined || range.minimum === range.maximum
    return spec.categories.length < 2
  })
  const constant = features.filter((_, index) => isConstant[index]).map(({ name }) => name)
  const numeric = features.filter(({ kind }) => kind === 'numeric').length
  const figures = { rows, columns: columns.length, numeric, constant: constant.length }
  if (features.length === 0) {
    return report('schema', 'error', figures, 'expected at least one column beside the label')
  }
  if (constant.length === features.length) {
    return report('schema', 'error', figures, 'expected a column that varies, got none')
  }
  return constant.length > 0
    ? report('schema', 'warning', figures, `never varies: ${named(constant)}`)
    : report('schema', 'passed', figures, 'every column varies')
}

function checkRanges(
  { features }: LabelledTable,
  ranges: readonly (FeatureRange | undefined)[],
  declared: ReadonlyMap<string, FeatureRange> | undefined
): CheckReport {
  const outside: string[] = []
  const coarse: string[] = []
  for (const [index, { name }] of features.entries()) {
    const range = ranges[index]
    if (range === undefined) continue
    const size = Math.max(Math.abs(range.minimum), Math.abs(range.maximum))
    const own = declared?.get(name)
    if (size > FLOAT32_MAX) outside.push(name)
    else if (own !== undefined && (range.minimum < own.minimum || range.maximum > own.maximum)) {
      outside.push(name)
    } else if (size > FLOAT32_WHOLE && range.maximum - range.minimum < size * 2 ** -10) {
      coarse.push(name)
    }
  }
  const figures = { declared: declared?.size ?? 0, outside: outside.length, coarse: coarse.length }
  if (outside.length > 0) {
    return report('ranges', 'error', figures, `has values out of range: ${named(outside)}`)
  }
  return coarse.length > 0
    ? report(
        'ranges',
        'warning',
        figures,
        `values so large that their differences are lost; subtract the least: ${named(coarse)}`
      )
    : report('ranges', 'passed', figures, 'every number is in its range')
}

function checkMissing({ rows, features, columns }: LabelledTable): CheckReport {
  let cells = 0
  const sparse: string[] = []
  for (const [index, spec] of features.entries()) {
    const values = columns[index] ?? new Float64Array(0)
    let own = 0
    for (let row = 0; row < rows; row++) {
      const value = values[row] as number
      if (spec.kind === 'category' ? value < 0 : Number.isNaN(value)) own++
    }
    cells += own
    if (own > rows * SHARE.missing) sparse.push(spec.name)
  }
  const share = rounded(cells / Math.max(1, rows * features.length))
  const figures = { cells, share, sparse_columns: sparse.length }
  return sparse.length > 0
    ? report('missing', 'warning', figures, `mostly without a value: ${named(sparse)}`)
    : report('missing', 'passed', figures, 'no column is mostly empty')
}

function checkDuplicates({ rows, labels }: LabelledTable, twins: Int32Array): CheckReport {
  let repeated = 0
  for (let row = 0; row < rows; row++) {
    const first = twins[row] as number
    if (first !== row && labels[first] === labels[row]) repeated++
  }
  const share = rounded(repeated / rows)
  const figures = { rows: repeated, share }
  return share > SHARE.duplicates
    ? report(
        'duplicates',
        'warning',
        figures,
        'many rows repeat another exactly; they are kept together in validation, and count as often as they stand there'
      )
    : report('duplicates', 'passed', figures, 'few rows repeat another')
}

function checkConflicts({ rows, labels }: LabelledTable, twins: Int32Array): CheckReport {
  const isConflict = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    const first = twins[row] as number
    if (labels[first] !== labels[row]) isConflict[first] = 1
  }
  let conflicting = 0
  for (let row = 0; row < rows; row++) {
    if (isConflict[twins[row] as number] === 1) conflicting++
  }
  const share = rounded(conflicting / rows)
  const figures = { rows: conflicting, share }
  if (conflicting === 0) {
    return report('label-conflicts', 'passed', figures, 'the same features have the same label')
  }
  return share > SHARE.conflicts
    ? report(
        'label-conflicts',
        'error',
        figures,
        'most rows have the features of a row with another label: there is nothing to tell them apart by'
      )
    : report(
        'label-conflicts',
        'warning',
        figures,
        'rows with the same features have different labels: no model can be right about all of them'
      )
}

function checkDominance({ rows }: LabelledTable, groups: CheckOptions['groups']): CheckReport {
  if (groups === undefined) {
    return report('dominance', 'skipped', {}, 'no column of groups was given (--group)')
  }
  const counts = new Float64Array(groups.names.length)
  for (const code of groups.codes) counts[code] = (counts[code] as number) + 1
  let largest = 0
  for (const [code, count] of counts.entries()) if (count > (counts[largest] ?? 0)) largest = code
  const share = rounded((counts[largest] ?? 0) / rows)
  const figures = { groups: counts.length, largest: groups.names[largest] ?? '', share }
  return share > SHARE.dominance
    ? report('dominance', 'warning', figures, 'more than half of the rows are of one group')
    : report('dominance', 'passed', figures, 'no group is more than half of the rows')
}

function checkClasses(
  { rows, labels, classes }: LabelledTable,
  { isOneClassFine, classNames }: CheckOptions
): CheckReport {
  const counts = new Float64Array(classes)
  for (const label of labels) counts[label] = (counts[label] as number) + 1
  const present = counts.filter((count) => count > 0).length
  const least = Math.min(...counts.filter((count) => count > 0))
  const figures = { classes: present, rows, rarest_rows: least }
  if (present < 2 && !isOneClassFine) {
    const only = classNames.find((_, index) => (counts[index] ?? 0) > 0) ?? ''
    return report(
      'classes',
      'error',
      figures,
      `expected rows of at least two classes, got "${only}" alone`
    )
  }
  if (present > CLASSES_MAX) {
    return report(
      'classes',
      'error',
      figures,
      `expected at most ${CLASSES_MAX} classes, got ${present}: the label is a number or a name, not a class`
    )
  }
  const rare = classNames.filter(
    (_, index) => (counts[index] ?? 0) < FEW_ROWS && counts[index] !== 0
  )
  return rare.length > 0
    ? report('classes', 'warning', figures, `fewer than ${FEW_ROWS} rows of ${named(rare)}`)
    : report('classes', 'passed', figures, 'every class has rows to learn from')
}

function report(
  check: CheckReport['check'],
  outcome: CheckReport['outcome'],
  figures: CheckReport['figures'],
  sentence: string
): CheckReport {
  return { check, outcome, figures, sentence }
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).map((name) => name.slice(0, 60))
  const rest = names.length - shown.length
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function rounded(share: number): number {
  return Math.round(share * 1e6) / 1e6
}
