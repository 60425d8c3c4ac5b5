/** What a recording says about its sources: one row for each source and activity. Plain data. */
import type { AddressText } from '../../base/index.ts'

export const TRUTH_LABELS = ['benign', 'abuse', 'mixed'] as const
export type TruthLabel = (typeof TRUTH_LABELS)[number]

export interface TruthRow {
  readonly source: AddressText
  readonly class: string
  readonly label: TruthLabel
  readonly fromMs: number
}

export interface LabelledSource {
  readonly label: TruthLabel
  /** Begin of the first activity of each class. */
  readonly fromMsByClass: ReadonlyMap<string, number>
}

/** Rows of one source together. Who is benign in one row and abusive in another is both: mixed. */
export function groupTruth(rows: Iterable<TruthRow>): ReadonlyMap<AddressText, LabelledSource> {
  const sources = new Map<AddressText, { label: TruthLabel; fromMsByClass: Map<string, number> }>()
  for (const row of rows) {
    const known = sources.get(row.source) ?? { label: row.label, fromMsByClass: new Map() }
    if (known.label !== row.label) known.label = 'mixed'
    const fromMs = known.fromMsByClass.get(row.class)
    known.fromMsByClass.set(row.class, Math.min(fromMs ?? row.fromMs, row.fromMs))
    sources.set(row.source, known)
  }
  return sources
}
