/** What a check of a table found. */
export type CheckName =
  | 'schema'
  | 'ranges'
  | 'missing'
  | 'duplicates'
  | 'label-conflicts'
  | 'dominance'
  | 'classes'

export interface CheckReport {
  readonly check: CheckName
  /** `error` keeps a table from being trained on; `skipped` says in the sentence what was not given. */
  readonly outcome: 'passed' | 'warning' | 'error' | 'skipped'
  readonly figures: Readonly<Record<string, number | string>>
  readonly sentence: string
}
