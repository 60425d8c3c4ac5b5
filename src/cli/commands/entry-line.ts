/**
 * A list as a file: `PREFIX [END] [# NOTE]`, one entry a line. Lists of others come in this shape as well, with `;` before the
 * note (Spamhaus DROP), so they are read too. JSON, as `blocklist export --output json` writes it, carries the same.
 */
import { findPrefix, messageOf } from '../../base/index.ts'
import { CliError } from '../errors.ts'

export interface FileEntry {
  readonly prefix: string
  readonly note: string
  /** RFC 3339; null: until it is removed. */
  readonly until: string | null
}

export interface LineFault {
  /** 1-based; of JSON the number of the element. */
  readonly line: number
  readonly detail: string
}

export interface ReadEntries {
  readonly entries: readonly FileEntry[]
  readonly faults: readonly LineFault[]
}

export function entryLine(entry: FileEntry): string {
  const end = entry.until === null ? '' : ` ${entry.until}`
  const note = entry.note === '' ? '' : `  # ${entry.note}`
  return `${entry.prefix}${end}${note}`
}

/** @throws {CLI_INPUT_INVALID} if the text begins like JSON and is none */
export function readEntries(text: string): ReadEntries {
  const body = text.replace(/^\uFEFF/, '')
  return /^\s*[[{]/.test(body) ? readJson(body) : readLines(body)
}

function readLines(text: string): ReadEntries {
  const entries: FileEntry[] = []
  const faults: LineFault[] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const at = raw.search(/[#;]/)
    const words = (at < 0 ? raw : raw.slice(0, at)).trim()
    if (words === '') continue
    const note = at < 0 ? '' : raw.slice(at + 1).trim()
    const [prefix = '', until, ...rest] = words.split(/\s+/)
    const fault =
      rest.length > 0
        ? `expected "PREFIX [END] [# NOTE]", got ${shown(words)}`
        : faultOf(prefix, until, note)
    if (fault !== undefined) faults.push({ line: index + 1, detail: fault })
    else entries.push({ prefix, note, until: until ?? null })
  }
  return { entries, faults }
}

function readJson(text: string): ReadEntries {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CliError('CLI_INPUT_INVALID', `expected JSON, got: ${messageOf(cause)}`, { cause })
  }
  if (!Array.isArray(value)) {
    throw new CliError('CLI_INPUT_INVALID', 'expected a JSON array of entries, got something else')
  }
  const entries: FileEntry[] = []
  const faults: LineFault[] = []
  for (const [index, item] of value.entries()) {
    const { prefix, note = '', until = null } = asFields(item)
    const isShaped =
      typeof prefix === 'string' &&
      typeof note === 'string' &&
      (until === null || typeof until === 'string')
    const fault = isShaped
      ? faultOf(prefix, until ?? undefined, note)
      : `expected {"prefix", "note", "until"}, got ${shown(JSON.stringify(item))}`
    if (fault !== undefined || !isShaped) {
      faults.push({ line: index + 1, detail: fault ?? '' })
    } else {
      entries.push({ prefix, note, until })
    }
  }
  return { entries, faults }
}

function asFields(item: unknown): Readonly<Record<string, unknown>> {
  if (typeof item === 'string') return { prefix: item }
  return typeof item === 'object' && item !== null ? { ...item } : {}
}

const NOTE_CHARACTERS_MAX = 500
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/

function faultOf(prefix: string, until: string | undefined, note: string): string | undefined {
  if (findPrefix(prefix) === undefined) {
    return `expected an address or a prefix, got ${shown(prefix)}`
  }
  if (until !== undefined && (!TIME.test(until) || Number.isNaN(Date.parse(until)))) {
    return `expected an end such as 2027-01-31T00:00:00Z, got ${shown(until)}`
  }
  if (note.length > NOTE_CHARACTERS_MAX || /\p{Cc}/u.test(note)) {
    return `expected a note of at most ${NOTE_CHARACTERS_MAX} characters without control characters`
  }
  return undefined
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
