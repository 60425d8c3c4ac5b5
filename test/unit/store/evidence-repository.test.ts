import { equal, is, ok, throws } from 'uvu/assert'
import { AssertionError, NetminderError } from '../../../src/base/index.ts'
import { evidenceDigest } from '../../../src/defense/evidence-digest.ts'
import type { ModelEvidence } from '../../../src/detection/index.ts'
import { DecisionRepository, EvidenceRepository } from '../../../src/store/index.ts'
import { evidence, featuresOf } from '../../support/evidence.ts'
import {
  makeDecision,
  makeStore,
  removeStore,
  START_MS,
  type TemporaryStore,
  uuidOf
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('evidence repository')
let store: TemporaryStore
let decisions: DecisionRepository
let kept: EvidenceRepository<ModelEvidence>

test.beforeEach(() => {
  store = makeStore()
  decisions = new DecisionRepository(store.db)
  kept = new EvidenceRepository<ModelEvidence>(store.db)
})
test.afterEach(() => removeStore(store))

function bitsOf(values: Float32Array = new Float32Array()): readonly number[] {
  return [...new Uint32Array(Float32Array.from(values).buffer)]
}

test('gives back what was put in, to the last bit', () => {
  decisions.insert(makeDecision(1))
  const given = evidence({
    score: 0.1 + 0.2,
    bias: Number.MIN_VALUE,
    features: featuresOf({ requests_1h: 1 / 3, gap_mean: 1e-38, alike_deviations: -0 })
  })
  kept.insert(uuidOf(1), given)
  const found = new EvidenceRepository<ModelEvidence>(store.db).find(uuidOf(1))
  equal({ ...found, features: 0 }, { ...given, features: 0 })
  equal(bitsOf(found?.features), bitsOf(given.features))
  is(evidenceDigest(uuidOf(1), found ?? evidence()), evidenceDigest(uuidOf(1), given))
})

test('is written once, beside a decision that is there', () => {
  decisions.insert(makeDecision(1))
  kept.insert(uuidOf(1), evidence())
  throws(
    () => kept.insert(uuidOf(1), evidence()),
    (error: unknown) => error instanceof NetminderError && error.code === 'ROW_REFUSED'
  )
  throws(
    () => kept.insert(uuidOf(2), evidence()),
    (error: unknown) => error instanceof AssertionError
  )
  is(kept.find(uuidOf(2)), undefined)
  is(kept.find('none'), undefined)
})

test('stays when its decision is overwritten, and goes when that is pruned', () => {
  decisions.insert(makeDecision(1, { untilMs: START_MS }))
  kept.insert(uuidOf(1), evidence())
  decisions.update(makeDecision(1, { untilMs: START_MS + 1, score: 1 }))
  ok(kept.find(uuidOf(1)) !== undefined)
  decisions.prune(START_MS + 2)
  const rows = store.db.prepare<[], { readonly n: number }>(
    'SELECT count(*) AS n FROM decision_evidence'
  )
  is(rows.find()?.n, 0)
})

test('is bounded: no row holds more than a model may read', () => {
  decisions.insert(makeDecision(1))
  throws(
    () => kept.insert(uuidOf(1), evidence({ features: new Float32Array(4_097) })),
    (error: unknown) => error instanceof NetminderError && error.code === 'ROW_REFUSED'
  )
})
