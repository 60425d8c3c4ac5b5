/** Whole sessions of one day on disk: float32 rows in one file, who they are of in another. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { SystemClock } from '../../../src/base/index.ts'
import { replayLogs } from '../../../src/keyserver/index.ts'
import type { SourceLabels } from './labels.ts'
import { saveJson } from './outcomes.ts'
import { logsOf } from './replay-day.ts'
import { SESSION_FEATURES, WholeSessions } from './whole-session.ts'

interface SessionColumns {
  readonly width: number
  readonly source: readonly string[]
  readonly class: readonly string[]
  readonly isAbuse: readonly boolean[]
  readonly campaign: readonly string[]
}

export interface SessionRows extends SessionColumns {
  /** Sources × features. */
  readonly values: Float32Array
}

/** Sources whose label is mixed or that no line names are left out. */
export async function readSessions(dir: string, labels: SourceLabels): Promise<SessionRows> {
  const sessions = new WholeSessions()
  await replayLogs(logsOf(dir), {
    sink: (event) => sessions.note(event),
    clock: new SystemClock()
  })
  const rows = sessions.rows()
  const kept = [...labels].filter(([source, { label }]) => label !== 'mixed' && rows.has(source))
  const width = SESSION_FEATURES.length
  const values = new Float32Array(kept.length * width)
  for (const [at, [source]] of kept.entries()) values.set(rows.get(source) ?? [], at * width)
  return {
    width,
    source: kept.map(([source]) => source),
    class: kept.map(([, { fromMsByClass }]) => Object.keys(fromMsByClass)[0] ?? ''),
    isAbuse: kept.map(([, { label }]) => label === 'abuse'),
    campaign: kept.map(([, { campaign }]) => campaign),
    values
  }
}

export async function saveSessions(file: string, rows: SessionRows): Promise<void> {
  const { values, ...columns } = rows
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  await writeFile(`${file}.f32.part`, bytes)
  await rename(`${file}.f32.part`, `${file}.f32`)
  await saveJson(`${file}.json`, columns)
}

export async function loadSessions(file: string): Promise<SessionRows> {
  const columns: SessionColumns = JSON.parse(await readFile(`${file}.json`, 'utf8'))
  if (columns.width !== SESSION_FEATURES.length) {
    throw new Error(
      `expected sessions of ${SESSION_FEATURES.length} features in ${file}, got ${columns.width}`
    )
  }
  const bytes = await readFile(`${file}.f32`)
  return { ...columns, values: new Float32Array(new Uint8Array(bytes).buffer) }
}
