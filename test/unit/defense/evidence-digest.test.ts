import { is, match, not } from 'uvu/assert'
import { evidenceDigest } from '../../../src/defense/evidence-digest.ts'
import type { ModelEvidence } from '../../../src/detection/index.ts'
import { evidence, featuresOf } from '../../support/evidence.ts'
import { uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('evidence digest')

const CHANGES: Readonly<Record<string, Partial<ModelEvidence>>> = {
  'another model': { model: 'behaviour@2' },
  'another package': { digest: 'ac'.repeat(32) },
  'another set of features': { featureSetVersion: 2 },
  'another source': { source: '198.51.100.8' },
  'a score that differs in its last bit': { score: 0.973 + 2 ** -53 },
  'another threshold': { thresholds: { watch: 0.2, throttle: 0.6, ban: 0.9500000000000001 } },
  'another bias': { bias: -1.26 },
  'another rest': { rest: 0.126 },
  'a contribution less': { contributions: [{ feature: 'miss_share', contribution: 2.5 }] },
  'a value more': { features: featuresOf({ lookups_1h: 41, gap_mean: 2.1 }) },
  'a feature less': { features: evidence().features.slice(1) },
  'another sentence': { text: 'looks harmless' }
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`tells ${name} from what was kept`, () => {
    not.equal(evidenceDigest(uuidOf(1), evidence(change)), evidenceDigest(uuidOf(1), evidence()))
  })
}

test('is that of one decision, and the same whatever bits stand for what is not known', () => {
  const digest = evidenceDigest(uuidOf(1), evidence())
  match(digest, /^[0-9a-f]{64}$/)
  not.equal(evidenceDigest(uuidOf(2), evidence()), digest)
  const features = evidence().features.slice()
  const bits = new Uint32Array(features.buffer)
  for (const [index, value] of features.entries()) {
    if (Number.isNaN(value)) bits[index] = 0xffc00001
  }
  is(evidenceDigest(uuidOf(1), evidence({ features })), digest)
})
