/** Tables for people, JSON for programs. */
import { formatDuration } from '../base/index.ts'
import type { CliIo, OutputFormat } from './context.ts'

export interface Column<T> {
  readonly title: string
  readonly value: (row: T) => string
  /** Stands below its row where the terminal is too narrow; of several, the last goes first. */
  readonly isFlexible?: boolean
}

const BELOW_INDENT = '    '
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
  const renderer = new TableRenderer(table, columns)
  return renderer.head(rows) + renderer.rows(rows)
}

/** A table that is printed in parts: later parts keep the columns of the first, and widen them if they must. */
class TableRenderer<T> {
  readonly #table: readonly Column<T>[]
  readonly #columns: number | undefined
  #widths: readonly number[]
  /** Indices of the columns that stand below their row. */
  readonly #below = new Set<number>()

  constructor(table: readonly Column<T>[], columns: number | undefined) {
    this.#table = table
    this.#columns = columns
    this.#widths = table.map((column) => column.title.length)
  }

  /** The titles, laid out as these first rows need it. */
  head(rows: readonly T[]): string {
    this.#widen(this.#cellsOf(rows))
    let total = this.#widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length)
    for (let i = this.#table.length - 1; i >= 0 && total > (this.#columns ?? total); i--) {
      if (this.#table[i]?.isFlexible !== true) continue
      this.#below.add(i)
      total -= (this.#widths[i] ?? 0) + GAP.length
    }
    return this.#line(this.#table.map((column) => column.title))
  }

  rows(rows: readonly T[]): string {
    const cells = this.#cellsOf(rows)
    this.#widen(cells)
    return cells.map((row) => this.#line(row) + this.#linesBelow(row)).join('')
  }

  #cellsOf(rows: readonly T[]): readonly (readonly string[])[] {
    return rows.map((row) => this.#table.map((column) => plain(column.value(row))))
  }

  #widen(cells: readonly (readonly string[])[]): void {
    this.#widths = this.#widths.map((width, index) =>
      cells.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), width)
    )
  }

  #line(row: readonly string[]): string {
    const cells = row.map((cell, index) => cell.padEnd(this.#widths[index] ?? 0))
    return `${cells
      .filter((_, index) => !this.#below.has(index))
      .join(GAP)
      .trimEnd()}\n`
  }

  #linesBelow(row: readonly string[]): string {
    const width = (this.#columns ?? 0) - BELOW_INDENT.length
    return row
      .filter((cell, index) => this.#below.has(index) && cell !== '' && cell !== '-')
      .map((cell) => `${BELOW_INDENT}${wrap(cell, width, BELOW_INDENT)}\n`)
      .join('')
  }
}

const ROWS_AT_ONCE = 200

/** A long list as it comes in: a table, or one JSON array. @returns how many items there were */
export async function printItems<T>(
  io: CliIo,
  output: OutputFormat,
  list: {
    readonly items: AsyncIterable<T>
    readonly table: readonly Column<T>[]
    /** Said to a person where there is nothing. */
    readonly empty: string
  }
): Promise<number> {
  let count = 0
  if (output === 'json') {
    for await (const item of list.items) {
      await io.write(`${count++ === 0 ? '[' : ','}\n${JSON.stringify(item)}`)
    }
    await io.write(count === 0 ? '[]\n' : '\n]\n')
    return count
  }
  const renderer = new TableRenderer(list.table, io.columns)
  let rows: T[] = []
  const flush = async () => {
    const head = count === 0 ? renderer.head(rows) : ''
    count += rows.length
    await io.write(head + renderer.rows(rows))
    rows = []
  }
  for await (const item of list.items) {
    rows.push(item)
    if (rows.length === ROWS_AT_ONCE) await flush()
  }
  if (rows.length > 0) await flush()
  if (count === 0) io.talk(list.empty)
  return count
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

/** End of an entry that stays until somebody removes it: the last year that RFC 3339 can write. */
const NO_END_YEAR = '9999'

export function isEndless(until: string): boolean {
  return until.startsWith(NO_END_YEAR)
}

/** `2026-11-25 04:00:00 UTC`. */
export function utcTime(text: string): string {
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`
}

/** Lines of at most `width` characters; a word that is longer stands alone. Lines after the first begin with `indent`, which is not counted. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join(`\n${indent}`)
}

/** A count with its noun. */
export function plural(count: number, singular: string, several = `${singular}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : several}`
}

/** `hkpRequests_per_hour` as a person would write it. */
export function words(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
}
