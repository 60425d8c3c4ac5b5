/** The rows of one generated or recorded day on disk: one file of float32, one of what is known about each row. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FEATURES } from '../../src/detection/index.ts'
import { extractRows, readTruth, type Truth } from '../experiment/extract.ts'

export interface DayRows {
  /** Which day: name of the recording, or region, scenario and seed. */
  readonly site: string
  readonly isSynthetic: boolean
  /** Rows × features, one row after the other. */
  readonly values: Float32Array
  readonly source: readonly string[]
  /** Class of the contract's taxonomy, `N1` to `A20`. */
  readonly class: readonly string[]
  readonly isAbuse: readonly boolean[]
  /** Empty for harmless traffic. */
  readonly campaign: readonly string[]
  /** Requests that the source had sent by then. */
  readonly requests: readonly number[]
}

interface Columns extends Omit<DayRows, 'values'> {
  readonly features: number
}

const VALUES_FILE = 'rows.f32'
const COLUMNS_FILE = 'rows.json'

/** Sources whose label is mixed or missing are left out. */
export async function readDay(
  dir: string,
  day: { readonly site: string; readonly isSynthetic: boolean }
): Promise<DayRows> {
  const truths = new Map<string, Truth>()
  for (const truth of await readTruth(join(dir, 'truth.jsonl'))) {
    const known = truths.get(truth.source)
    // A source may have several activities; if one of them is abuse, the source is.
    if (known === undefined || truth.label !== 'benign') truths.set(truth.source, truth)
  }
  const chunks: Float32Array[] = []
  const columns = { source: [], class: [], isAbuse: [], campaign: [], requests: [] } as {
    source: string[]
    class: string[]
    isAbuse: boolean[]
    campaign: string[]
    requests: number[]
  }
  const logs = { haproxy: join(dir, 'haproxy.log'), hockeypuck: join(dir, 'hockeypuck.log') }
  await extractRows(logs, ({ source, requests, values }) => {
    const truth = truths.get(source)
    if (truth === undefined || truth.label === 'mixed') return
    chunks.push(values)
    columns.source.push(source)
    columns.class.push(truth.class)
    columns.isAbuse.push(truth.label === 'abuse')
    columns.campaign.push(truth.label === 'abuse' ? truth.campaign : '')
    columns.requests.push(requests)
  })
  const values = new Float32Array(chunks.length * FEATURES.length)
  for (const [row, chunk] of chunks.entries()) values.set(chunk, row * FEATURES.length)
  return { ...day, ...columns, values }
}

export async function saveDay(dir: string, { values, ...columns }: DayRows): Promise<void> {
  await writeFile(join(dir, VALUES_FILE), new Uint8Array(values.buffer))
  const kept: Columns = { ...columns, features: FEATURES.length }
  await writeFile(join(dir, COLUMNS_FILE), JSON.stringify(kept))
}

export async function loadDay(dir: string): Promise<DayRows> {
  const { features, ...columns }: Columns = JSON.parse(
    await readFile(join(dir, COLUMNS_FILE), 'utf8')
  )
  if (features !== FEATURES.length) {
    throw new Error(`expected rows of ${FEATURES.length} features in ${dir}, got ${features}`)
  }
  const bytes = await readFile(join(dir, VALUES_FILE))
  const values = new Float32Array(new Uint8Array(bytes).buffer)
  return { ...columns, values }
}
