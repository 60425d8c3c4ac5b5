/**
 * Reads a file of labels: one JSON object a line (the shape of a recording's `truth.jsonl`), or CSV with the columns source and label,
 * and if wanted class, from, to, campaign and weight. gzip is unpacked. Streams, so that a wrong file costs no memory.
 */
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf, NetminderError } from '../../base/index.ts'
import { CsvScanner, LineSplitter } from '../../training/index.ts'
import { DatasetError } from '../errors.ts'
import { type LabelFields, parseLabel } from './parse-label.ts'
import type { SourceLabel } from './source-label.ts'

export interface ReadLabelsOptions {
  /** The truth of a recording: JSON lines that all have a class and a beginning. @default false */
  readonly isTruth?: boolean
}

const LABELS_MAX = 2_000_000
const COLUMNS = ['source', 'label', 'class', 'from', 'to', 'campaign', 'weight'] as const
const COLUMNS_MAX = 64
const SHOWN_MAX = 60
const BRACE = 0x7b

/** @throws {LABELS_MISSING | LABELS_INVALID | LABELS_TOO_LARGE} */
export async function readLabels(
  path: string,
  options: ReadLabelsOptions = {}
): Promise<readonly SourceLabel[]> {
  const { isTruth = false } = options
  const noun = isTruth ? 'truth' : 'labels'
  const reader = new LabelReader(path, isTruth)
  let parser: { push(chunk: Buffer): void; end(): void } | undefined
  try {
    for await (const chunk of await openText(path)) {
      parser ??= isTruth || isJson(chunk) ? reader.lines() : reader.csv()
      parser.push(chunk)
    }
    parser?.end()
  } catch (error) {
    throw asDatasetError(error, path, noun)
  }
  if (reader.labels.length === 0) {
    throw new DatasetError('LABELS_INVALID', `expected rows of ${noun} in ${path}, got none`)
  }
  return reader.labels
}

class LabelReader {
  readonly labels: SourceLabel[] = []
  readonly #path: string
  readonly #isTruth: boolean

  constructor(path: string, isTruth: boolean) {
    this.#path = path
    this.#isTruth = isTruth
  }

  lines(): LineSplitter {
    return new LineSplitter((text, line) => {
      const where = `${this.#path}, line ${line}`
      this.#add(parseObject(text, where), where)
    })
  }

  csv(): CsvScanner {
    let header: readonly string[] | undefined
    return new CsvScanner(COLUMNS_MAX, (record) => {
      const cells = Array.from({ length: record.count }, (_, cell) => record.text(cell))
      const where = `${this.#path}, line ${record.line}`
      if (header === undefined) header = checkHeader(cells, where)
      else this.#add(fieldsOf(header, cells, where), where)
    })
  }

  #add(fields: LabelFields, where: string): void {
    if (this.labels.length >= LABELS_MAX) {
      throw new DatasetError(
        'LABELS_TOO_LARGE',
        `expected at most ${LABELS_MAX} labels in ${this.#path}, got more`
      )
    }
    this.labels.push(parseLabel(fields, where, this.#isTruth))
  }
}

function checkHeader(header: readonly string[], where: string): readonly string[] {
  const names = header.map((name) => name.trim())
  const has = (name: string) => names.includes(name)
  if (has('source') && has('label') && new Set(names).size === names.length) return names
  const got = names.join(', ').slice(0, SHOWN_MAX)
  throw new DatasetError(
    'LABELS_INVALID',
    `${where}: expected JSON objects, or the columns source and label (and ${COLUMNS.slice(2).join(', ')}), each once, got "${got}"`
  )
}

function fieldsOf(header: readonly string[], cells: readonly string[], where: string): LabelFields {
  if (cells.length !== header.length) {
    throw new DatasetError(
      'LABELS_INVALID',
      `${where}: expected ${header.length} cells, got ${cells.length}`
    )
  }
  const known: readonly string[] = COLUMNS
  return Object.fromEntries(
    header.flatMap((name, index) => (known.includes(name) ? [[name, cells[index]]] : []))
  )
}

function parseObject(line: string, where: string): LabelFields {
  const wrong = (cause?: unknown) =>
    new DatasetError(
      'LABELS_INVALID',
      `${where}: expected a JSON object, got "${line.slice(0, SHOWN_MAX)}"`,
      { cause }
    )
  let value: unknown
  try {
    value = JSON.parse(line.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw wrong(cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong()
  return value as LabelFields
}

/** The first that is no blank decides. */
function isJson(chunk: Buffer): boolean {
  return chunk.find((byte) => byte > 0x20 && byte < 0x80) === BRACE
}

async function openText(path: string): Promise<Readable> {
  const file = await open(path, 'r')
  try {
    const isPlain = (await file.stat()).isFile()
    const head = Buffer.alloc(2)
    // A pipe gives each byte once: it is not asked what it begins with.
    if (isPlain) await file.read(head, 0, 2, 0)
    const raw = file.createReadStream(isPlain ? { start: 0 } : {})
    if (head[0] !== 0x1f || head[1] !== 0x8b) return raw
    const unpacked = createGunzip()
    raw.on('error', (error) => unpacked.destroy(error))
    return raw.pipe(unpacked)
  } catch (error) {
    await file.close()
    throw error
  }
}

function asDatasetError(error: unknown, path: string, noun: string): Error {
  if (error instanceof DatasetError) return error
  if (error instanceof NetminderError) {
    const code = error.code === 'TABLE_TOO_LARGE' ? 'LABELS_TOO_LARGE' : 'LABELS_INVALID'
    return new DatasetError(code, `${path}: ${error.message}`, { cause: error })
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('Z_')) {
    const message = `could not unpack ${path}: ${messageOf(error)}`
    return new DatasetError('LABELS_INVALID', message, { cause: error })
  }
  if (!/^E[A-Z]+$/.test(code)) return error instanceof Error ? error : new Error(String(error))
  return new DatasetError('LABELS_MISSING', `could not read the ${noun}: ${messageOf(error)}`, {
    cause: error
  })
}
