/** Classes out of a column of words: numbers in their order, other words in that of their letters; the last of two is class 1. */
import { TrainingError } from '../errors.ts'
import type { CsvTable } from '../table/read-csv.ts'
import type { LabelledTable } from '../trees/column-table.ts'

/** Of two classes, one of these stands first, whatever the letters say: it is the other that somebody looks for. */
const ORDINARY: ReadonlySet<string> = new Set([
  ...['benign', 'normal', 'ordinary', 'negative', 'neg', 'no', 'n', 'none', 'false', 'f'],
  ...['ham', 'nonspam', 'legit', 'legitimate', 'good', 'ok', 'clean', 'healthy', 'human', '-1']
])

/** How the class is called that a table of ordinary rows alone has none of. */
const ODD = 'odd'

export interface NamedClasses {
  readonly table: LabelledTable
  readonly classNames: readonly string[]
}

export interface ClassOptions {
  readonly label: string
  /** The class whose probability is the score, where there are two. */
  readonly positive?: string | undefined
  /** The rarer of two classes is the odd one, and there may be one alone. */
  readonly isIsolation: boolean
}

/** @throws {LABEL_INVALID} */
export function labelTable(csv: CsvTable, options: ClassOptions): NamedClasses {
  const words = csv.words.get(options.label)
  if (words === undefined) {
    throw new TrainingError('LABEL_INVALID', `expected a column "${options.label}" of labels`)
  }
  const counts = new Float64Array(words.names.length)
  for (const code of words.codes) counts[code] = (counts[code] ?? 0) + 1
  const classNames = orderOf(words.names, counts, options)
  const place = new Map(classNames.map((name, index) => [name, index]))
  const classOf = words.names.map((name) => place.get(name) ?? 0)
  const { rows, features, columns } = csv
  const labels = Int32Array.from(words.codes, (code) => classOf[code] ?? 0)
  return { table: { rows, features, columns, labels, classes: classNames.length }, classNames }
}

function orderOf(
  names: readonly string[],
  counts: Float64Array,
  { positive, isIsolation }: ClassOptions
): readonly string[] {
  const areNumbers = names.every((name) => Number.isFinite(Number(name)))
  const sorted = areNumbers
    ? names.toSorted((a, b) => Number(a) - Number(b))
    : names.toSorted((a, b) => (a < b ? -1 : 1))
  // A table of one class is refused by its check, which says so better.
  if (sorted.length === 1) return [...sorted, isIsolation ? ODD : '']
  if (positive === undefined) {
    if (names.length !== 2) return sorted
    const isOrdinary = (name: string) => ORDINARY.has(name.toLowerCase())
    const ordinary = sorted.filter(isOrdinary)
    if (ordinary.length === 1)
      return sorted.toSorted((a, b) => Number(isOrdinary(b)) - Number(isOrdinary(a)))
    const rowsOf = (name: string) => counts[names.indexOf(name)] ?? 0
    return isIsolation ? sorted.toSorted((a, b) => rowsOf(b) - rowsOf(a)) : sorted
  }
  if (sorted.length !== 2 || !sorted.includes(positive)) {
    const got = sorted.slice(0, 8).join(', ')
    throw new TrainingError(
      'LABEL_INVALID',
      `expected "${positive}" to be one of two classes, got the classes ${got}`
    )
  }
  return sorted.toSorted((a, b) => Number(a === positive) - Number(b === positive))
}
