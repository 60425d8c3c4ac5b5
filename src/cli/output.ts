/** Tables for people, JSON for programs. */
import { formatDuration } from '../base/index.ts'
import type { CliIo, OutputFormat } from './context.ts'

export interface Column<T> {
  readonly title: string
  readonly value: (row: T) => string
  /** May be cut where the terminal is too narrow; at most one column of a table. */
  readonly isFlexible?: boolean
}

const FLEXIBLE_MIN = 20
const GAP = '  '

/** Text of others goes to a terminal without its control characters, which could rewrite what stands there. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '�')
}

/** Left-aligned columns; `columns` is the width of the terminal, undefined for no limit. */
export function renderTable<T>(
  rows: readonly T[],
  table: readonly Column<T>[],
  columns: number | undefined
): string {
  const cells = rows.map((row) => table.map((column) => plain(column.value(row))))
  const widths = table.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => (row[index] ?? '').length))
  )
  fit(
    widths,
    table.findIndex((column) => column.isFlexible),
    columns
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cut(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd()
  return [table.map((column) => column.title), ...cells].map(line).join('\n').concat('\n')
}

function fit(widths: number[], flexible: number, columns: number | undefined): void {
  if (columns === undefined || flexible < 0) return
  const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length)
  const own = widths[flexible] ?? 0
  widths[flexible] = Math.max(Math.min(own, FLEXIBLE_MIN), own - Math.max(0, total - columns))
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}\n`).join('')
}

export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** `value` as JSON, or what `asTable` makes of it. */
export async function print<T>(
  io: CliIo,
  output: OutputFormat,
  shown: { readonly value: T; readonly asTable: (value: T) => string }
): Promise<void> {
  await io.write(output === 'json' ? renderJson(shown.value) : shown.asTable(shown.value))
}

/** `in 12m`, `3h ago`, or a dash for what is not known. */
export function relativeTime(text: string | null, nowMs: number): string {
  if (text === null) return '-'
  const distanceMs = Date.parse(text) - nowMs
  if (Math.abs(distanceMs) < 1_000) return 'now'
  const duration = formatDuration(Math.abs(distanceMs))
  return distanceMs > 0 ? `in ${duration}` : `${duration} ago`
}

/** An end so far away that it means none. */
const FOREVER_MS = 1_000 * 365 * 86_400_000

export function endTime(text: string | null, nowMs: number): string {
  return text === null || Date.parse(text) - nowMs > FOREVER_MS
    ? 'never'
    : relativeTime(text, nowMs)
}
