/** What the node kept of its own traffic, joined with the labels that count for it: rows to learn from. */
import type { BehaviourTable } from '../../datasets/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../detection/index.ts'
import { type LabelledRow, labelledRows } from '../../feedback/index.ts'
import { FeatureRepository, LabelRepository, openDatabaseForReading } from '../../store/index.ts'
import { TrainingError, type Words } from '../../training/index.ts'

/** 800 MB as float32. */
const CELLS_MAX = 200_000_000
const SITE = 'own'

/** Reads beside the running node. @throws {TABLE_INVALID} without a labelled row @throws {ROW_DAMAGED | StorageError} */
export async function readOwnRows(
  dataDir: string,
  { sinceMs, signal }: { readonly sinceMs: number; readonly signal: AbortSignal }
): Promise<BehaviourTable> {
  const db = openDatabaseForReading(dataDir)
  try {
    const features = new FeatureRepository(db)
    const query = { sinceMs, featureSetVersion: FEATURE_SET_VERSION, signal }
    const ports = { rows: features, labels: new LabelRepository(db, features) }
    const rows: LabelledRow[] = []
    for await (const row of labelledRows(query, ports)) {
      rows.push(row)
      if (rows.length * FEATURES.length <= CELLS_MAX) continue
      throw new TrainingError(
        'TABLE_TOO_LARGE',
        `expected at most ${Math.floor(CELLS_MAX / FEATURES.length)} labelled rows, got more: ask for later ones only (since)`
      )
    }
    if (rows.length > 0) return tableOf(rows)
    throw new TrainingError(
      'TABLE_INVALID',
      'expected rows of sources that somebody has labelled, got none: "netminder label" says what a source was'
    )
  } finally {
    db.close()
  }
}

function tableOf(rows: readonly LabelledRow[]): BehaviourTable {
  const values = new Float32Array(rows.length * FEATURES.length)
  for (const [index, row] of rows.entries()) values.set(row.values, index * FEATURES.length)
  return {
    rows: rows.length,
    featureSetVersion: FEATURE_SET_VERSION,
    values,
    labels: Int32Array.from(rows, ({ label }) => (label === 'abuse' ? 1 : 0)),
    weights: Float64Array.from(rows, ({ weight }) => weight),
    atMs: Float64Array.from(rows, ({ atMs }) => atMs),
    requests: Int32Array.from(rows, ({ requests }) => requests),
    sources: wordsOf(rows, ({ source }) => source),
    sites: wordsOf(rows, () => SITE),
    // What harmless sources have in common is a habit, no campaign.
    campaigns: wordsOf(rows, ({ label, campaign }) => (label === 'abuse' ? campaign : '')),
    classes: wordsOf(rows, (row) => row.class ?? row.label),
    isSynthetic: false
  }
}

function wordsOf(rows: readonly LabelledRow[], of: (row: LabelledRow) => string): Words {
  const codeOf = new Map<string, number>()
  const codes = Int32Array.from(rows, (row) => {
    const word = of(row)
    const code = codeOf.get(word) ?? codeOf.size
    codeOf.set(word, code)
    return code
  })
  return { codes, names: [...codeOf.keys()] }
}
