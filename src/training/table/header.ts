/** The first line of a table: a name of its own for each column, and those that somebody needs. */
import { TrainingError } from '../errors.ts'

/** @throws {TABLE_INVALID} */
export function checkHeader(header: readonly string[]): void {
  if (header.some((name) => name.includes('\0'))) {
    throw new TrainingError('TABLE_INVALID', 'expected a CSV text, got bytes that are no text')
  }
  const isNumbers = header.every((name) => name.trim() !== '' && Number.isFinite(Number(name)))
  if (isNumbers) {
    const shown = header.slice(0, 4).join(', ')
    throw new TrainingError(
      'TABLE_INVALID',
      `expected a first line with the names of the columns, got numbers: ${shown}`
    )
  }
  const seen = new Set<string>()
  for (const [index, name] of header.entries()) {
    if (name.trim() === '' || seen.has(name)) {
      const got = name.trim() === '' ? 'an empty one' : `"${name.slice(0, 60)}" twice`
      throw new TrainingError(
        'TABLE_INVALID',
        `expected a name of its own for each column, got ${got} at column ${index + 1}`
      )
    }
    seen.add(name)
  }
}

/** @throws {TABLE_INVALID} */
export function requireColumns(header: readonly string[], names: readonly string[]): void {
  const known = new Set(header)
  const absent = names.filter((name) => !known.has(name))
  if (absent.length === 0) return
  const list = (all: readonly string[]) =>
    `${all
      .slice(0, 8)
      .map((name) => name.slice(0, 60))
      .join(', ')}${all.length > 8 ? ', …' : ''}`
  const noun = absent.length === 1 ? 'a column' : `${absent.length} columns`
  const [only = ''] = header
  const isNumber = (name: string) => name.trim() !== '' && Number.isFinite(Number(name))
  const hint =
    header.length === 1 && /[;\t]/.test(only)
      ? ' in one column: cells are parted by commas here'
      : header.some(isNumber)
        ? ': is the first line the names of the columns?'
        : ''
  throw new TrainingError(
    'TABLE_INVALID',
    `expected ${noun} "${list(absent)}", got ${list(header)}${hint}`
  )
}
