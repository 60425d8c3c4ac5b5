/** Checks before any training: each finds what it is for, with its figures, and nothing else. */
import { equal, is, match, ok } from 'uvu/assert'
import type { CheckName } from '../../../src/training/checks/check-report.ts'
import { type CheckOptions, checkTable } from '../../../src/training/checks/check-table.ts'
import type { LabelledTable } from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('checks of a table')
const OPTIONS: CheckOptions = { isOneClassFine: false, classNames: ['no', 'yes'] }
const good = makeTable({ rows: 400, numbers: 3, categories: [5] })

function table(columns: readonly (readonly number[])[], labels: readonly number[]): LabelledTable {
  return {
    rows: labels.length,
    features: columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' })),
    columns: columns.map((values) => Float64Array.from(values)),
    labels: Int32Array.from(labels),
    classes: 2
  }
}

function find(checked: LabelledTable, name: CheckName, options: Partial<CheckOptions> = {}) {
  const { reports } = checkTable(checked, { ...OPTIONS, ...options })
  const report = reports.find(({ check }) => check === name)
  ok(report)
  return report
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index)
const halves = (count: number) => range(count).map((row) => row % 2)

test('a good table passes each of them; without groups one is skipped and says so', () => {
  const { reports } = checkTable(good, OPTIONS)
  equal(
    reports.map(({ check, outcome }) => [check, outcome]),
    [
      ['schema', 'passed'],
      ['ranges', 'passed'],
      ['missing', 'passed'],
      ['duplicates', 'passed'],
      ['label-conflicts', 'passed'],
      ['dominance', 'skipped'],
      ['classes', 'passed']
    ]
  )
  match(find(good, 'dominance').sentence, /--group/)
})

const CASES: readonly {
  title: string
  check: CheckName
  checked: LabelledTable
  options?: Partial<CheckOptions>
  outcome: string
  figures: Readonly<Record<string, number | string>>
  says: RegExp
}[] = [
  {
    title: 'a column that never varies',
    check: 'schema',
    checked: table([range(20), range(20).fill(7)], halves(20)),
    outcome: 'warning',
    figures: { constant: 1, columns: 2 },
    says: /f1/
  },
  {
    title: 'no column that varies',
    check: 'schema',
    checked: table([range(20).fill(7)], halves(20)),
    outcome: 'error',
    figures: { constant: 1 },
    says: /column that varies/
  },
  {
    title: 'values out of a declared range',
    check: 'ranges',
    checked: table([range(20)], halves(20)),
    options: { ranges: new Map([['f0', { minimum: 0, maximum: 18 }]]) },
    outcome: 'error',
    figures: { outside: 1, declared: 1 },
    says: /f0/
  },
  {
    title: 'values that float32 cannot hold',
    check: 'ranges',
    checked: table([[...range(19), 1e300]], halves(20)),
    outcome: 'error',
    figures: { outside: 1 },
    says: /f0/
  },
  {
    title: 'times in milliseconds, whose differences float32 loses',
    check: 'ranges',
    checked: table([range(20).map((row) => 1_764_000_000_000 + row)], halves(20)),
    outcome: 'warning',
    figures: { coarse: 1 },
    says: /subtract the least: f0/
  },
  {
    title: 'a column that is mostly empty',
    check: 'missing',
    checked: table([range(20), range(20).map((row) => (row < 12 ? Number.NaN : row))], halves(20)),
    outcome: 'warning',
    figures: { cells: 12, share: 0.3, sparse_columns: 1 },
    says: /f1/
  },
  {
    title: 'rows that repeat another, missing values included',
    check: 'duplicates',
    checked: table([range(20).map((row) => (row % 2 === 0 ? Number.NaN : row))], halves(20)),
    outcome: 'warning',
    figures: { rows: 9, share: 0.45 },
    says: /repeat another exactly/
  },
  {
    title: 'the same features with another label',
    check: 'label-conflicts',
    checked: table([[0, 0, ...range(18).map((row) => row + 5)]], [0, 1, ...halves(18)]),
    outcome: 'warning',
    figures: { rows: 2, share: 0.1 },
    says: /different labels/
  },
  {
    title: 'labels that say nothing of the features',
    check: 'label-conflicts',
    checked: table([range(20).map((row) => row >> 1)], halves(20)),
    outcome: 'error',
    figures: { rows: 20, share: 1 },
    says: /nothing to tell them apart/
  },
  {
    title: 'one source that is most of the table',
    check: 'dominance',
    checked: table([range(20)], halves(20)),
    options: {
      groups: { codes: Int32Array.from(range(20), (row) => (row < 15 ? 1 : 0)), names: ['a', 'b'] }
    },
    outcome: 'warning',
    figures: { groups: 2, largest: 'b', share: 0.75 },
    says: /one group/
  },
  {
    title: 'one class',
    check: 'classes',
    checked: table([range(20)], range(20).fill(1)),
    outcome: 'error',
    figures: { classes: 1 },
    says: /at least two classes, got "yes" alone/
  },
  {
    title: 'a class of few rows',
    check: 'classes',
    checked: table([range(20)], [1, 1, ...range(18).fill(0)]),
    outcome: 'warning',
    figures: { rarest_rows: 2 },
    says: /fewer than 10 rows of yes/
  }
]
for (const { title, check, checked, options, outcome, figures, says } of CASES) {
  test(`${check} finds ${title}`, () => {
    const report = find(checked, check, options)
    is(report.outcome, outcome)
    for (const [name, value] of Object.entries(figures)) is(report.figures[name], value, name)
    match(report.sentence, says)
  })
}

test('one class is fine where nothing is told apart', () => {
  const report = find(table([range(20)], range(20).fill(0)), 'classes', { isOneClassFine: true })
  ok(report.outcome !== 'error')
})

test('a number as label is no class', () => {
  const count = 1_200
  const checked = { ...table([range(count)], range(count)), classes: count }
  const classNames = range(count).map(String)
  const report = find(checked, 'classes', { classNames })
  is(report.outcome, 'error')
  match(report.sentence, /at most 1000 classes, got 1200/)
})
