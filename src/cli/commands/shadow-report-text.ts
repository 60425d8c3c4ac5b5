/** The shadow report for the person who is about to enforce: how much, what kind, and what to look at first. */
import type { OperationResponse } from '../../api/index.ts'
import type { Category } from '../../detection/index.ts'
import { plural, relativeTime, renderTable, utcTime } from '../output.ts'

type Report = OperationResponse<'reportMode'>

const ROWS_MAX = 20
const EXAMPLES_MAX = 10

export function renderShadowReport(
  report: Report,
  how: {
    readonly category: Category | undefined
    readonly columns: number | undefined
    readonly nowMs: number
  }
): string {
  const isMeant = (category: string) => how.category === undefined || category === how.category
  const doubtful = report.doubtful.filter(({ decision }) => isMeant(decision.category))
  const examples = report.examples.filter(({ category }) => isMeant(category))
  return [
    headline(report, how.category),
    byCategory(report, isMeant),
    report.would_ban + report.would_throttle === 0 ? '' : doubtfulTable(doubtful, how.columns),
    exampleTable(examples, how)
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function headline(report: Report, category: Category | undefined): string {
  const span = `from ${utcTime(report.from)} to ${utcTime(report.to)}`
  if (category !== undefined) {
    const count = report.by_category[category] ?? 0
    return `Shadow report, ${span}:\n${plural(count, 'decision')} for ${category} would have been applied.\n`
  }
  return `Shadow report, ${span}:\n${plural(report.would_ban, 'ban')} and ${plural(report.would_throttle, 'throttle')} would have been applied.\n`
}

function byCategory(report: Report, isMeant: (category: string) => boolean): string {
  const rows = Object.entries(report.by_category).filter(([category]) => isMeant(category))
  if (rows.length === 0) return ''
  return renderTable(
    rows,
    [
      { title: 'CATEGORY', value: ([category]) => category },
      { title: 'DECISIONS', value: ([, count]) => String(count) }
    ],
    undefined
  )
}

function doubtfulTable(doubtful: Report['doubtful'], columns: number | undefined): string {
  if (doubtful.length === 0) return 'None of them shows a sign of being harmless.\n'
  const table = renderTable(
    doubtful.slice(0, ROWS_MAX),
    [
      { title: 'ABOUT', value: ({ decision }) => decision.value },
      { title: 'TYPE', value: ({ decision }) => decision.type },
      { title: 'CATEGORY', value: ({ decision }) => decision.category },
      { title: 'SIGN OF BEING HARMLESS', value: ({ sign }) => sign, isFlexible: true }
    ],
    columns
  )
  return `${plural(doubtful.length, 'decision')} should be looked at first (netminder decisions explain ADDRESS; netminder allowlist add ADDRESS):\n${table}${more(doubtful.length)}`
}

function exampleTable(
  examples: Report['examples'],
  how: { readonly columns: number | undefined; readonly nowMs: number }
): string {
  if (examples.length === 0) return ''
  const table = renderTable(
    examples.slice(0, EXAMPLES_MAX),
    [
      { title: 'ABOUT', value: (row) => row.value },
      { title: 'TYPE', value: (row) => row.type },
      { title: 'CATEGORY', value: (row) => row.category },
      { title: 'MADE', value: (row) => relativeTime(row.created_at, how.nowMs) },
      { title: 'WHY', value: (row) => row.reasons[0]?.text ?? '-', isFlexible: true }
    ],
    how.columns
  )
  return `The newest (all: netminder decisions list --all --mode shadow):\n${table}`
}

function more(count: number): string {
  return count > ROWS_MAX ? `and ${count - ROWS_MAX} more; --output json shows all\n` : ''
}
