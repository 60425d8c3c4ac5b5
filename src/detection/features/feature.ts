/**
 * What a feature is: one definition, read by the live node, by replay and by training. A feature looks at what is known of a
 * source at one moment and never at what comes later.
 */
import type { GlobalWindow } from '../global-window.ts'
import type { Observation } from '../observation.ts'
import type { RuleHit } from '../rules/rule.ts'
import type { Counts, SessionDetail, SourceSession } from '../session.ts'
import type { CohortEvidence } from './cohort-evidence.ts'
import type { PrefixEvidence } from './prefix-evidence.ts'

export type FeatureGroup =
  | 'source'
  | 'timing'
  | 'request'
  | 'prefix'
  | 'swarm'
  | 'keyserver'
  | 'rules'

export interface FeatureContext {
  readonly atMs: number
  readonly session: SourceSession
  readonly detail: Readonly<SessionDetail>
  readonly counts: Counts
  /** Undefined for a line of the keyserver's own log. */
  readonly observation: Observation | undefined
  readonly prefix: PrefixEvidence
  readonly cohorts: CohortEvidence
  readonly overall: GlobalWindow
  readonly hits: readonly RuleHit[]
}

export interface Feature {
  /** snake_case, unique, never given another meaning. */
  readonly name: string
  readonly group: FeatureGroup
  /** `requests`, `s`, `bytes`, `share`, … */
  readonly unit: string
  /** Least and greatest value that can come; NaN stands for "not known". */
  readonly range: readonly [number, number]
  readonly meaning: string
  /** Where the value is a code: the words that the codes stand for, in order. */
  readonly categories?: readonly string[]
  readonly read: (context: FeatureContext) => number
}

/** A share that is not known until something was counted. */
export function share(part: number, whole: number): number {
  return whole < 1e-9 ? Number.NaN : Math.min(1, part / whole)
}
