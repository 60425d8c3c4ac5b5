/** Moments of sources as rows of features, with what is known of each: plain data, for files, threads and training. */
import { FEATURE_SET_VERSION, FEATURES } from '../detection/index.ts'
import type { FeatureSpec } from '../runtime/index.ts'
import type { Words } from '../training/index.ts'

/** Structured-cloneable; its arrays may be transferred to another thread. */
export interface BehaviourTable {
  readonly rows: number
  /** The features' version and names are those of `detection`. */
  readonly featureSetVersion: number
  /** Rows × features, one row after the other, as a model reads them; NaN where a feature is not known. */
  readonly values: Float32Array<ArrayBuffer>
  /** 1 for abuse, 0 for harmless. */
  readonly labels: Int32Array
  /** How sure the label is, above 0 up to 1. */
  readonly weights: Float64Array
  /** When the source was judged, in milliseconds since 1970. */
  readonly atMs: Float64Array
  /** Requests that the source had sent by then. */
  readonly requests: Int32Array
  readonly sources: Words
  /** Which logs: a keyserver, a recording, or region, scenario and seed of a generated day. */
  readonly sites: Words
  /** Empty where no other source belongs to it. */
  readonly campaigns: Words
  /** Class of the taxonomy (`N1` to `A20`), or a word of the operator's. */
  readonly classes: Words
  readonly isSynthetic: boolean
}

export const FEATURE_SPECS: readonly FeatureSpec[] = FEATURES.map(({ name, categories }) =>
  categories === undefined ? { name, kind: 'numeric' } : { name, kind: 'category', categories }
)

/** Words as they come, each kept once. */
export class WordList {
  readonly #codes = new Map<string, number>()
  readonly #rows: number[] = []

  push(word: string): void {
    const code = this.#codes.get(word) ?? this.#codes.size
    if (code === this.#codes.size) this.#codes.set(word, code)
    this.#rows.push(code)
  }

  words(): Words {
    return { codes: Int32Array.from(this.#rows), names: [...this.#codes.keys()] }
  }
}

export function wordAt({ codes, names }: Words, row: number): string {
  return names[codes[row] ?? -1] ?? ''
}

/** The tables one after the other. Synthetic if one of them is. */
export function joinTables(tables: readonly BehaviourTable[]): BehaviourTable {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const values = new Float32Array(rows * FEATURES.length)
  const labels = new Int32Array(rows)
  const weights = new Float64Array(rows)
  const atMs = new Float64Array(rows)
  const requests = new Int32Array(rows)
  let at = 0
  for (const table of tables) {
    values.set(table.values, at * FEATURES.length)
    labels.set(table.labels, at)
    weights.set(table.weights, at)
    atMs.set(table.atMs, at)
    requests.set(table.requests, at)
    at += table.rows
  }
  const words = (of: 'sources' | 'sites' | 'campaigns' | 'classes') =>
    joinWords(tables.map((table) => table[of]))
  return {
    ...{ rows, values, labels, weights, atMs, requests },
    featureSetVersion: FEATURE_SET_VERSION,
    sources: words('sources'),
    sites: words('sites'),
    campaigns: words('campaigns'),
    classes: words('classes'),
    isSynthetic: tables.some(({ isSynthetic }) => isSynthetic)
  }
}

function joinWords(all: readonly Words[]): Words {
  const codeOf = new Map<string, number>()
  const codes = new Int32Array(all.reduce((sum, words) => sum + words.codes.length, 0))
  let at = 0
  for (const words of all) {
    const places = words.names.map((name) => {
      const code = codeOf.get(name) ?? codeOf.size
      codeOf.set(name, code)
      return code
    })
    for (const code of words.codes) codes[at++] = places[code] ?? 0
  }
  return { codes, names: [...codeOf.keys()] }
}

/** Some rows as a table of their own, in the order given. */
export function selectMoments(table: BehaviourTable, picked: Int32Array): BehaviourTable {
  const width = FEATURES.length
  const values = new Float32Array(picked.length * width)
  for (const [to, from] of picked.entries()) {
    values.set(table.values.subarray(from * width, (from + 1) * width), to * width)
  }
  const words = ({ codes, names }: Words): Words => ({
    codes: Int32Array.from(picked, (row) => codes[row] ?? 0),
    names
  })
  return {
    ...table,
    rows: picked.length,
    values,
    labels: Int32Array.from(picked, (row) => table.labels[row] ?? 0),
    weights: Float64Array.from(picked, (row) => table.weights[row] ?? 0),
    atMs: Float64Array.from(picked, (row) => table.atMs[row] ?? 0),
    requests: Int32Array.from(picked, (row) => table.requests[row] ?? 0),
    sources: words(table.sources),
    sites: words(table.sites),
    campaigns: words(table.campaigns),
    classes: words(table.classes)
  }
}

/**
 * A name for each row, equal for rows that must not be on both sides of a validation: campaign and site; a source without a
 * campaign by itself.
 */
export function groupNames(table: BehaviourTable): readonly string[] {
  return Array.from({ length: table.rows }, (_, row) => {
    const campaign = wordAt(table.campaigns, row)
    return `${wordAt(table.sites, row)} ${campaign === '' ? wordAt(table.sources, row) : `#${campaign}`}`
  })
}

/** A name for each row, equal for rows of one source at one site. */
export function sourceNames(table: BehaviourTable): readonly string[] {
  return Array.from(
    { length: table.rows },
    (_, row) => `${wordAt(table.sites, row)} ${wordAt(table.sources, row)}`
  )
}
