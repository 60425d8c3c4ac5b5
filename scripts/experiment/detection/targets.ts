/** What issue 5 asks of the default policy on the test regions. */
export interface Target {
  readonly figure: string
  readonly at: 'least' | 'most'
  readonly value: number
}

export const TARGETS = {
  recall: { figure: 'recall', at: 'least', value: 0.99 },
  precision: { figure: 'precision', at: 'least', value: 0.99 },
  falsePositiveRate: { figure: 'false positives among harmless sources', at: 'most', value: 0.001 },
  hardNegativesBanned: { figure: 'banned of N3, N4, N5, N7', at: 'most', value: 0 },
  classRecall: { figure: 'recall of a visible class', at: 'least', value: 0.9 },
  secondsP95Fast: { figure: 's to detection, p95, fast attacks', at: 'most', value: 10 },
  ece: { figure: 'expected calibration error', at: 'most', value: 0.01 },
  errorReduction: { figure: 'error less than the best baseline by', at: 'least', value: 0.3 },
  falsePositiveReduction: {
    figure: 'false positives less than the best baseline by',
    at: 'least',
    value: 0.5
  },
  zeroDaySeconds: { figure: 's to the first decision, zero-day, p95', at: 'most', value: 60 }
} as const satisfies Readonly<Record<string, Target>>

/** Null where the figure cannot be said. */
export function isMet(target: Target, value: number | null | undefined): boolean | null {
  if (value === null || value === undefined || Number.isNaN(value)) return null
  return target.at === 'least' ? value >= target.value : value <= target.value
}

export const HARD_NEGATIVES: readonly string[] = ['N3', 'N4', 'N5', 'N7']

/** Classes of which the logs do not show what makes them abuse, and why. */
export const NOT_IN_LOGS: Readonly<Record<string, string>> = {
  A5: 'the partner that relays spam is no attacker: its source is labelled harmless',
  A6: 'user ids are not logged: only sizes and pace of uploads can be seen',
  A7: 'key ids of uploads are logged, their likeness to others is not: only sizes and pace can be seen',
  A20: 'a wish for erasure is no abuse: labelled harmless'
}
