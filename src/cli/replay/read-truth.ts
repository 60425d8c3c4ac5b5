/** Reads a file of truth, one JSON object a line; whatever is wrong with it is said with its line and field. */
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { findAddress, messageOf } from '../../base/index.ts'
import { TRUTH_LABELS, type TruthRow } from '../../defense/index.ts'
import { CliError } from '../errors.ts'

const SHOWN_MAX = 60

/** @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function readTruth(path: string): Promise<readonly TruthRow[]> {
  const rows: TruthRow[] = []
  const lines = (await readText(path)).split('\n')
  lines.forEach((line, index) => {
    if (line.trim() !== '') rows.push(readRow(line, `${path}, line ${index + 1}`))
  })
  if (rows.length === 0) {
    throw new CliError('CLI_INPUT_INVALID', `expected rows of truth in ${path}, got none`)
  }
  return rows
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new CliError('CLI_INPUT_MISSING', `could not read the truth: ${messageOf(cause)}`, {
      cause
    })
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8')
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch (cause) {
    throw new CliError('CLI_INPUT_INVALID', `could not unpack ${path}: ${messageOf(cause)}`, {
      cause
    })
  }
}

function readRow(line: string, where: string): TruthRow {
  const row = parseObject(line, where)
  const wrong = (field: string, expected: string) => {
    const got = JSON.stringify(row[field])?.slice(0, SHOWN_MAX) ?? 'nothing'
    return new CliError('CLI_INPUT_INVALID', `${where}: ${field}: expected ${expected}, got ${got}`)
  }
  const { source, class: name, label, from } = row
  const address = typeof source === 'string' ? findAddress(source) : undefined
  if (address === undefined) throw wrong('source', 'an address')
  if (typeof name !== 'string' || name === '') throw wrong('class', 'the name of a class')
  const known = TRUTH_LABELS.find((one) => one === label)
  if (known === undefined) throw wrong('label', TRUTH_LABELS.join(', '))
  if (!isTime(from)) throw wrong('from', 'a time such as 2026-01-31T00:00:00Z')
  if (row['to'] !== undefined && !isTime(row['to'])) throw wrong('to', 'a time')
  const { requests } = row
  if (requests !== undefined && !(Number.isInteger(requests) && Number(requests) >= 0)) {
    throw wrong('requests', 'a whole number')
  }
  return { source: address, class: name, label: known, fromMs: Date.parse(from) }
}

function parseObject(line: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new CliError(
      'CLI_INPUT_INVALID',
      `${where}: expected a JSON object, got "${line.slice(0, SHOWN_MAX)}"`,
      { cause }
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(
      'CLI_INPUT_INVALID',
      `${where}: expected a JSON object, got ${line.slice(0, SHOWN_MAX)}`
    )
  }
  return value as Readonly<Record<string, unknown>>
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-/.test(value) && !Number.isNaN(Date.parse(value))
}
