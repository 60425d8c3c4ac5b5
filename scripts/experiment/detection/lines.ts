/** What the experiment prints, one JSON object a line. */
import type { OracleResult } from './oracle.ts'
import type { RecordingResult } from './recording.ts'
import type { Results } from './results.ts'
import type { ZeroDayResult } from './zero-day.ts'

export interface Findings {
  readonly results: Results
  readonly zeroDay?: ZeroDayResult | undefined
  readonly oracle?: OracleResult | undefined
  readonly recording?: RecordingResult | undefined
}

export function linesOf({ results, zeroDay, oracle, recording }: Findings): readonly object[] {
  const { summary, hardNegatives, classes, comparisons, best } = results
  return [
    ...results.bySeed.flatMap(({ seed, policies }) =>
      Object.entries(policies).map(([policy, figures]) => ({
        type: 'seed',
        seed,
        policy,
        ...figures
      }))
    ),
    ...classes.map((one) => ({ type: 'class', ...one })),
    ...comparisons.map((one) => ({ type: 'comparison', ...one })),
    ...results.misses.map((one) => ({ type: 'miss', ...one })),
    ...results.falsePositives.map((one) => ({ type: 'false-positive', ...one })),
    ...(zeroDay?.classes ?? []).map((one) => ({ type: 'zero-day', ...one })),
    ...(oracle?.classes ?? []).map((one) => ({ type: 'oracle', ...one })),
    ...(recording?.campaigns ?? []).map((one) => ({ type: 'campaign', ...one })),
    {
      type: 'summary',
      ...summary,
      best_baseline: best,
      harmless: hardNegatives,
      ...(zeroDay && { zero_day: zeroDay.summary }),
      ...(oracle && { oracle: oracle.summary }),
      ...(recording && { recording: recording.summary })
    }
  ]
}
