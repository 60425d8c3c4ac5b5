/** Rows of features together with what was said of them: what a training job learns from. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AddressText, sourceText } from '../base/index.ts'
import type { VerdictLevel } from '../detection/index.ts'
import { unpackRow } from './feature-codec.ts'
import type { Label, LabelSource, LabelWord } from './label.ts'
import { LabelIndex } from './label-index.ts'
import type { FeatureRowStore, LabelStore } from './ports.ts'

export interface LabelledRowsQuery {
  /** Rows from this moment on. */
  readonly sinceMs: number
  /** Of rows of another version none comes. */
  readonly featureSetVersion: number
  readonly signal?: AbortSignal
}

export interface LabelledRow {
  /** The address; of IPv6 the first of its /64. */
  readonly source: AddressText
  readonly atMs: number
  /** Of this source until then. */
  readonly requests: number
  /** In the order of `FEATURES` of that version; NaN: not known. */
  readonly values: Float32Array
  readonly label: LabelWord
  /** Above 0, up to 1. */
  readonly weight: number
  readonly labelSource: LabelSource
  readonly class: string | undefined
  /** Empty: not said; then the source is a group of its own. */
  readonly campaign: string
  /** What the node itself said at that moment. */
  readonly level: VerdictLevel
  /** Probability of abuse by the model of that moment; undefined: none judged. */
  readonly score: number | undefined
}

export interface LabelledRowsPorts {
  readonly rows: Pick<FeatureRowStore, 'page' | 'lastSequence'>
  readonly labels: Pick<LabelStore, 'list'>
}

const PAGE_ROWS = 500
const PAGE_LABELS = 1_000

/**
 * Every kept row that a label speaks of, in the order in which rows were kept, each once, with the label that counts for it (the
 * rule is `isStronger`). A label speaks of rows within its span and of no others: what a source did after the end of its label, or
 * before its begin, has no label. A row holds what was known at its moment, so nothing in it is of a later time.
 *
 * Rows and labels that come after the first row was asked for may be missing. Reading is done in pages of a few milliseconds,
 * between which others run.
 *
 * @throws {ROW_DAMAGED} if a kept row cannot be read; the reason of `signal` when it aborts
 */
export async function* labelledRows(
  query: LabelledRowsQuery,
  ports: LabelledRowsPorts
): AsyncGenerator<LabelledRow> {
  const { signal } = query
  const index = await readLabels(ports.labels, signal)
  const last = ports.rows.lastSequence()
  for (let after = 0; after < last; ) {
    signal?.throwIfAborted()
    const page = ports.rows.page({
      ...{ after, sinceMs: query.sinceMs, limit: PAGE_ROWS },
      featureSetVersion: query.featureSetVersion
    })
    for (const row of page) {
      const label = index.find(row.source, row.atMs)
      if (label === undefined) continue
      const { atMs, requests, level, score } = row
      yield {
        ...{ source: sourceText(row.source), atMs, requests, level, score },
        ...{ label: label.label, weight: label.weight, labelSource: label.source },
        ...{ class: label.class, campaign: label.campaign },
        values: unpackRow(row.packed)
      }
    }
    if (page.length < PAGE_ROWS) return
    after = page.at(-1)?.sequence ?? last
    await nextTurn()
  }
}

async function readLabels(
  labels: LabelledRowsPorts['labels'],
  signal: AbortSignal | undefined
): Promise<LabelIndex> {
  const index = new LabelIndex()
  let cursor: string | undefined
  do {
    signal?.throwIfAborted()
    const page: { readonly items: readonly Label[]; readonly nextCursor: string | undefined } =
      labels.list({ limit: PAGE_LABELS, cursor })
    for (const label of page.items) index.add(label)
    cursor = page.nextCursor
    await nextTurn()
  } while (cursor !== undefined)
  return index
}
