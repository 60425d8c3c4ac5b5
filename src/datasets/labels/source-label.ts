/** What somebody says that a source was, and when. Plain data. */
import type { AddressText } from '../../base/index.ts'
import type { TruthRow } from '../../defense/index.ts'

export interface SourceLabel extends TruthRow {
  readonly source: AddressText
  /** Class of the taxonomy (`A8`, `N3`), or any word of the operator's. */
  readonly class: string
  /** `mixed`: harmless and abusive clients share the address; nothing is learned from it. */
  readonly label: 'benign' | 'abuse' | 'mixed'
  /** Sources that did it together; empty where nobody says. */
  readonly campaign: string
  /** Begin of what it did, in milliseconds; -Infinity: as far back as the log goes. */
  readonly fromMs: number
  /** Its end; Infinity: until now. */
  readonly toMs: number
  /** How much it counts, 1 for a label that is sure. */
  readonly weight: number
}
