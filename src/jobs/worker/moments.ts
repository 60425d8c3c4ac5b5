/** The moments that a behaviour model learns from, collected once: a training that goes on learns from the very same, whatever came since. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BehaviourTable,
  buildRows,
  loadTable,
  readLabels,
  saveTable
} from '../../datasets/index.ts'
import type { LabelsData, LogsData } from '../job.ts'
import type { WorkPorts } from './made-model.ts'
import { readOwnRows } from './own-rows.ts'
import type { WorkSpec } from './work-spec.ts'

const TABLE_DIR = 'moments'
const TABLE_FILES = ['rows.f32', 'table.json'] as const
const HASH_FILE = 'moments-hash'

export async function collectMoments(
  spec: WorkSpec,
  data: LogsData | LabelsData,
  ports: WorkPorts & { readonly dir: string }
): Promise<BehaviourTable> {
  const dir = join(ports.dir, TABLE_DIR)
  const kept = ports.files.read(HASH_FILE)
  if (kept.kind === 'whole' && (await hashOf(dir)) === new TextDecoder().decode(kept.bytes)) {
    return await loadTable(dir)
  }
  if (kept.kind !== 'absent') ports.onNote('the kept rows were damaged: the training starts anew')
  await ports.parts.clear?.()
  const table =
    data.kind === 'logs'
      ? await rowsOfLogs(spec, data, ports)
      : await readOwnRows(spec.dataDir, { sinceMs: data.sinceMs, signal: ports.signal })
  await saveTable(dir, table)
  ports.files.write(HASH_FILE, new TextEncoder().encode(await hashOf(dir)))
  return table
}

async function rowsOfLogs(
  { files }: WorkSpec,
  data: LogsData,
  { signal, onProgress }: WorkPorts
): Promise<BehaviourTable> {
  const { haproxy, hockeypuck, nginx } = files
  const { timeZone, behindProxy, site, isSynthetic } = data
  const labels = await readLabels(files['labels'] ?? '')
  return await buildRows({ haproxy, hockeypuck, nginx, timeZone, behindProxy }, labels, {
    ...{ site, isSynthetic, signal },
    onProgress: () => onProgress('reading', 0)
  })
}

async function hashOf(dir: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of TABLE_FILES) {
    hash.update(await readFile(join(dir, name)).catch(() => Buffer.from(`no ${name}`)))
  }
  return hash.digest('hex')
}
