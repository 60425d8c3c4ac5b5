/** What somebody says that a source was, at which time, and how much that counts. Plain data. */
import type { PrefixText } from '../base/index.ts'

export const LABEL_WORDS = ['abuse', 'benign'] as const
export type LabelWord = (typeof LABEL_WORDS)[number]

/**
 * Where a label comes from. `operator`: a person said it of this very address. `import`: a file said it. `verdict`: a person
 * called an alert or a decision true or false, and so all that it names. `lifted-decision`: a person ended a decision before its
 * time, which mostly means that it was wrong. `rule`: hard evidence of a rule, such as a request for a file of passwords.
 */
export const LABEL_SOURCES = ['operator', 'import', 'verdict', 'lifted-decision', 'rule'] as const
export type LabelSource = (typeof LABEL_SOURCES)[number]

/**
 * How much a label counts where nobody says otherwise. Who is named by an alert was not looked at one by one; a decision is also
 * lifted for other reasons than being wrong; and what rules say is said by the judge that a model shall be better than.
 */
export const LABEL_WEIGHTS: Readonly<Record<LabelSource, number>> = {
  operator: 1,
  import: 1,
  verdict: 0.8,
  'lifted-decision': 0.5,
  rule: 0.2
}

export interface Label {
  /** UUID version 7. */
  readonly id: string
  /** Of IPv6 a /64 at most: who has an address there has all of them. */
  readonly prefix: PrefixText
  readonly label: LabelWord
  /** Class of the taxonomy, such as `A8`; undefined: not said. */
  readonly class: string | undefined
  /** Sources that did it together; empty: not said. */
  readonly campaign: string
  /** First and last moment that it speaks of. */
  readonly fromMs: number
  readonly toMs: number
  readonly source: LabelSource
  /** Above 0, up to 1. */
  readonly weight: number
  /** Id of the alert or decision that it is about; empty: none. */
  readonly origin: string
  readonly note: string
  /** `token:<name>`, or `system`. */
  readonly saidBy: string
  readonly saidAtMs: number
}

export type Ranked = Pick<Label, 'weight' | 'prefix' | 'saidAtMs' | 'id'>

/**
 * The rule where labels of one source and moment contradict each other: the greater weight counts; of equal weights the narrower
 * prefix; of equally wide ones the one that was said last. All of them are kept and shown.
 */
export function isStronger(label: Ranked, other: Ranked): boolean {
  if (label.weight !== other.weight) return label.weight > other.weight
  const width = widthOf(label) - widthOf(other)
  if (width !== 0) return width > 0
  if (label.saidAtMs !== other.saidAtMs) return label.saidAtMs > other.saidAtMs
  return label.id > other.id
}

function widthOf({ prefix }: Ranked): number {
  return Number(prefix.slice(prefix.lastIndexOf('/') + 1))
}
