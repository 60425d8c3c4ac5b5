/** Who was what at which moment: the labels of a file or of the store, ready to be asked for every row. */
import { neighbourhoodOf } from '../../base/index.ts'
import type { SourceLabel } from './source-label.ts'

/** A line is written when its answer has ended, and a tarpit holds an answer back for 15 s. */
const SLACK_MS = 30_000

export class LabelBook {
  readonly #bySource = new Map<string, SourceLabel[]>()
  readonly #seen = new Set<string>()

  constructor(labels: Iterable<SourceLabel>) {
    for (const label of labels) {
      const key = subjectOf(label.source)
      const known = this.#bySource.get(key)
      if (known === undefined) this.#bySource.set(key, [label])
      else known.push(label)
    }
  }

  /** Sources that labels speak of; an IPv6 client is its /64, as for the policy. */
  get sources(): number {
    return this.#bySource.size
  }

  /** Of these, how many were asked for. */
  get sourcesSeen(): number {
    return this.#seen.size
  }

  /**
   * Undefined where nobody says anything about this moment, where the source is called mixed, and where it is called harmless and
   * abusive at once.
   */
  find(source: string, atMs: number): SourceLabel | undefined {
    const key = subjectOf(source)
    const labels = this.#bySource.get(key)
    if (labels === undefined) return undefined
    this.#seen.add(key)
    let found: SourceLabel | undefined
    for (const label of labels) {
      if (atMs < label.fromMs - SLACK_MS || atMs > label.toMs + SLACK_MS) continue
      if (label.label === 'mixed') return undefined
      if (found !== undefined && found.label !== label.label) return undefined
      // Of two that agree the one that began last: it is what the source does now.
      if (found === undefined || label.fromMs >= found.fromMs) found = label
    }
    return found
  }
}

function subjectOf(source: string): string {
  return source.includes(':') ? neighbourhoodOf(source) : source
}
