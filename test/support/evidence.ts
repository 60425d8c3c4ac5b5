/** What a model went by, made up but well formed, and a store of it in memory. */
import type { EvidenceStore } from '../../src/defense/index.ts'
import { FEATURE_SET_VERSION, FEATURES, type ModelEvidence } from '../../src/detection/index.ts'

/** By name; what is left out is not known. */
export function featuresOf(values: Readonly<Record<string, number>>): Float32Array {
  return Float32Array.from(FEATURES, ({ name }) => values[name] ?? Number.NaN)
}

export function evidence(fields: Partial<ModelEvidence> = {}): ModelEvidence {
  return {
    model: 'behaviour@1',
    digest: 'ab'.repeat(32),
    featureSetVersion: FEATURE_SET_VERSION,
    source: '198.51.100.7',
    features: featuresOf({ lookups_1h: 41, hex_searches_1h: 41, miss_share: 1, gap_mean: 2.1 }),
    score: 0.973,
    thresholds: { watch: 0.2, throttle: 0.6, ban: 0.95 },
    bias: -1.25,
    contributions: [
      { feature: 'miss_share', contribution: 2.5 },
      { feature: 'gap_mean', contribution: -0.3 }
    ],
    rest: 0.125,
    text: 'looks like abuse, with a probability of 97 %: it asked for 41 different keys within an hour, none of which exists',
    ...fields
  }
}

export class MemoryEvidence implements EvidenceStore {
  readonly byDecision = new Map<string, ModelEvidence>()

  insert(decisionId: string, kept: ModelEvidence): void {
    if (this.byDecision.has(decisionId)) throw new Error(`expected no evidence of ${decisionId}`)
    this.byDecision.set(decisionId, kept)
  }

  find(decisionId: string): ModelEvidence | undefined {
    return this.byDecision.get(decisionId)
  }
}
