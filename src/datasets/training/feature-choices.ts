/** What training may learn of each feature: some it may not see, some may only speak against a source. */
import { FEATURES } from '../../detection/index.ts'

/**
 * How busy a keyserver is, how long it has been watched and what its users are tells one site from another, not abuse from use: a
 * model that learned it from one site would be wrong on every other.
 */
const OF_THE_SITE: ReadonlySet<string> = new Set([
  'overall_requests_1m',
  'overall_miss_share',
  'overall_upload_share',
  'overall_upload_pace',
  'overall_lookup_pace',
  'prefix_clean_ago'
])

/** More of it never makes a source more harmless. */
const AGAINST: ReadonlySet<string> = new Set([
  'synthetic_ids_1h',
  'poisoning_notices_1h',
  'scanner_paths_1h',
  'injections_1h',
  'malformed_requests_1h',
  'timeouts_1h',
  'refused_submissions_1h',
  'crash_probes_1h',
  'large_hashqueries_1h',
  'large_hashqueries_10m',
  'large_answers_1h',
  'large_answers_10m',
  'recon_refusals_1h',
  'tls_failures_1h',
  'marks',
  'prefix_banned',
  'alike_is_swarm',
  'alike_deviations',
  'alike_order_score',
  'rule_level',
  'rule_score'
])

for (const name of [...OF_THE_SITE, ...AGAINST]) {
  if (!FEATURES.some((feature) => feature.name === name)) {
    throw new RangeError(`expected a feature ${name}, got none of that name`)
  }
}

/** 1 where a feature may only raise the score, else 0; in the order of `FEATURES`. */
export const MONOTONE: readonly number[] = FEATURES.map(({ name }) => (AGAINST.has(name) ? 1 : 0))

/** By index in `FEATURES`. */
export const IS_WITHHELD: readonly boolean[] = FEATURES.map(({ name }) => OF_THE_SITE.has(name))
