/** What an audit says of a decision that a model made, and how it notices what was changed since. */
import { equal, is, match } from 'uvu/assert'
import { DecisionJournal } from '../../../src/defense/decision-journal.ts'
import { evidenceDigest } from '../../../src/defense/evidence-digest.ts'
import {
  type AuditInput,
  type CreationEntry,
  type Decision,
  DecisionReplay
} from '../../../src/defense/index.ts'
import type { ModelEvidence } from '../../../src/detection/index.ts'
import { evidence, featuresOf, MemoryEvidence } from '../../support/evidence.ts'
import { decision, MemoryDecisions } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('decision replay')
const MADE = decision(1, { model: 'behaviour@1' })

/** As the journal writes it. */
function creationOf(made: Decision, kept: ModelEvidence | undefined): CreationEntry | undefined {
  const entries: AuditInput[] = []
  const journal = new DecisionJournal({
    ...{ decisions: new MemoryDecisions(), evidence: new MemoryEvidence() },
    audit: { append: (entry) => void entries.push(entry) },
    unitOfWork: { run: (work) => work() },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { decided() {}, ended() {}, suppressed() {}, observed() {}, storeFailed() {} }
  })
  journal.record([{ kind: 'decided', decision: made, evidence: kept }])
  const [entry] = entries
  return entry && { sequence: 7, after: JSON.parse(JSON.stringify(entry.after)) }
}

interface Case {
  readonly made?: Decision
  readonly kept?: ModelEvidence | undefined
  readonly entry?: CreationEntry | undefined
  readonly score?: number
  readonly width?: number
}

async function replay(given: Case = {}) {
  const { made = MADE, score = evidence().score, width = evidence().features.length } = given
  // What is said to be undefined is not there; what is not said is as it was made.
  const kept = 'kept' in given ? given.kept : evidence()
  const entry = 'entry' in given ? given.entry : creationOf(MADE, evidence())
  const asked: (readonly [string, string])[] = []
  const decisions = new MemoryDecisions()
  const replayed = await new DecisionReplay({
    decisions,
    evidence: { find: () => kept },
    findCreation: () => entry,
    models: {
      open: (model, digest) => {
        asked.push([model, digest])
        return Promise.resolve({ kind: 'opened', width, score: () => score })
      }
    }
  }).replay(made)
  return { ...replayed, asked }
}

test('says that the score is the same, and that the audit holds what was kept', async () => {
  const { outcome, binding, auditSequence, score, asked, detail } = await replay()
  equal([outcome, binding, auditSequence, score], ['same', 'bound', 7, evidence().score])
  equal(asked, [['behaviour@1', evidence().digest]])
  match(detail, /gives 0\.973 again, to the last bit/)
})

test('tells a score that differs in its last bit', async () => {
  const { outcome, detail } = await replay({ score: 0.973 + 2 ** -53 })
  is(outcome, 'differs')
  match(detail, /now, kept is 0\.973: they differ by 1\.11e-16/)
})

test('tells features that were changed though the score stays', async () => {
  const features = featuresOf({ lookups_1h: 4, hex_searches_1h: 41, miss_share: 1, gap_mean: 2.1 })
  const { outcome, binding, detail } = await replay({ kept: evidence({ features }) })
  equal([outcome, binding], ['same', 'broken'])
  match(detail, /what is kept is not what entry 7 of the audit names: it was changed afterwards/)
})

for (const [name, change] of [
  ['value', { value: '203.0.113.8' }],
  ['type', { type: 'throttle' }],
  ['category', { category: 'harvesting' }]
] as const) {
  test(`tells a decision whose ${name} was changed`, async () => {
    const { binding, detail } = await replay({ made: { ...MADE, ...change } })
    is(binding, 'broken')
    match(detail, `entry 7 of the audit has another ${name}`)
  })
}

test('leaves alone what may change in the time of a decision', async () => {
  const made: Decision = { ...MADE, mode: 'shadow', untilMs: MADE.untilMs + 9, score: 1 }
  is((await replay({ made })).binding, 'bound')
})

test('tells evidence that was moved to another decision', async () => {
  const other = decision(2, { model: 'behaviour@1' })
  const { binding } = await replay({ made: other })
  is(binding, 'broken')
  is(evidenceDigest(other.id, evidence()) === evidenceDigest(MADE.id, evidence()), false)
})

test('tells evidence that was added to a decision of rules', async () => {
  const { binding, detail } = await replay({ entry: creationOf(MADE, undefined) })
  is(binding, 'broken')
  match(detail, /knows of no model: what is kept was added later/)
})

test('tells evidence that is gone, whether the decision or only the audit still names it', async () => {
  for (const model of ['behaviour@1', undefined]) {
    const { outcome, binding, detail } = await replay({
      ...{ made: { ...MADE, model }, kept: undefined }
    })
    equal([outcome, binding], ['evidence-lost', 'broken'])
    match(detail, /gone; entry 7 of the audit names what is not there any more/)
  }
})

test('passes over what rules alone decided, and what the audit does not hold', async () => {
  const made = { ...MADE, model: undefined }
  const byRules = await replay({ made, kept: undefined, entry: creationOf(made, undefined) })
  equal([byRules.outcome, byRules.binding], ['no-model', 'bound'])
  const watched = await replay({ made: { ...MADE, type: 'watch' }, entry: undefined })
  equal([watched.outcome, watched.binding], ['same', 'unaudited'])
})

test('asks no model of other features', async () => {
  const { outcome, detail } = await replay({ width: 3 })
  is(outcome, 'differs')
  match(detail, /reads 3 features, kept are \d+/)
})

test('says where a package may be that is not here, and that one was changed', async () => {
  for (const kind of ['absent', 'changed'] as const) {
    const replayed = await new DecisionReplay({
      decisions: new MemoryDecisions(),
      evidence: { find: () => evidence() },
      findCreation: () => creationOf(MADE, evidence()),
      models: { open: () => Promise.resolve({ kind, detail: 'ask there' }) }
    }).replay(MADE)
    equal([replayed.outcome, replayed.binding], [`package-${kind}`, 'bound'])
    equal([replayed.score, replayed.detail], [undefined, 'ask there'])
  }
})
