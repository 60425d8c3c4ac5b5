import { equal, is, throws } from 'uvu/assert'
import { DecisionJournal } from '../../../src/defense/decision-journal.ts'
import { evidenceDigest } from '../../../src/defense/evidence-digest.ts'
import type { AuditInput, Decision, GuardEffect } from '../../../src/defense/index.ts'
import { START_MS } from '../../support/events.ts'
import { evidence as evidenceOf, MemoryEvidence } from '../../support/evidence.ts'
import { decision, MemoryDecisions } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('decision journal')

interface Bench {
  readonly decisions: MemoryDecisions
  readonly evidence: MemoryEvidence
  readonly audit: AuditInput[]
  readonly said: string[]
  readonly journal: DecisionJournal
}

function bench(): Bench {
  const decisions = new MemoryDecisions()
  const evidence = new MemoryEvidence()
  const audit: AuditInput[] = []
  const said: string[] = []
  const log = (_: unknown, message: string) => void said.push(message)
  const journal = new DecisionJournal({
    decisions,
    evidence,
    audit: { append: (entry) => void audit.push(entry) },
    unitOfWork: {
      run(work) {
        const before = {
          rows: new Map(decisions.byId),
          audit: [...audit],
          held: [...decisions.held]
        }
        try {
          return work()
        } catch (error) {
          decisions.byId.clear()
          for (const [id, row] of before.rows) decisions.byId.set(id, row)
          audit.splice(0, audit.length, ...before.audit)
          decisions.held.splice(0, decisions.held.length, ...before.held)
          throw error
        }
      }
    },
    logger: { debug: log, info: log, warn: log, error: log },
    metrics: { decided() {}, ended() {}, suppressed() {}, observed() {}, storeFailed() {} }
  })
  return { decisions, evidence, audit, said, journal }
}

const decided = (made: Decision): GuardEffect => ({ kind: 'decided', decision: made })
const extended = (made: Decision): GuardEffect => ({ kind: 'extended', decision: made })

test('writes each kind of change as it should be found again', () => {
  for (const { name, effect, audit, lifted } of [
    { name: 'a ban', effect: decided(decision(1)), audit: ['decision.create'], lifted: undefined },
    {
      name: 'a watch',
      effect: decided(decision(1, { type: 'watch' })),
      audit: [],
      lifted: undefined
    },
    {
      name: 'a block of the operator',
      effect: decided(decision(1, { origin: 'operator' })),
      audit: [],
      lifted: undefined
    },
    {
      name: 'a superseded one',
      effect: { kind: 'ended', decision: decision(1), atMs: 5, why: 'superseded' },
      audit: [],
      lifted: 5
    },
    {
      name: 'a lifted one',
      effect: { kind: 'ended', decision: decision(1, { liftedAtMs: 7 }), atMs: 7, why: 'lifted' },
      audit: ['decision.lift'],
      lifted: 7
    }
  ] as const) {
    const { journal, decisions, audit: rows } = bench()
    journal.record([effect])
    equal(
      rows.map(({ action }) => action),
      [...audit],
      name
    )
    is(decisions.byId.size, 1, name)
    is([...decisions.byId.values()][0]?.liftedAtMs, lifted, name)
  }
})

test('does not write the end of a time that was known from the beginning', () => {
  const { journal, decisions } = bench()
  journal.record([{ kind: 'ended', decision: decision(1), atMs: 5, why: 'expired' }])
  is(decisions.byId.size, 0)
})

test('keeps what a broken store refused, in its newest state and with all audit rows, and stores it once', () => {
  const { journal, decisions, audit, said } = bench()
  decisions.failure = new Error('disk full')
  journal.record([decided(decision(1))])
  journal.record([extended(decision(1, { untilMs: START_MS + 9 }))])
  journal.retry()
  equal([journal.waiting, decisions.byId.size, audit.length], [1, 0, 0])
  decisions.failure = undefined
  journal.retry()
  journal.retry()
  equal([journal.waiting, decisions.byId.size, audit.length], [0, 1, 1])
  is(decisions.find(decision(1).id)?.untilMs, START_MS + 9)
  equal(said, ['could not store decisions', 'decisions are stored again'])
})

test('stores a decision only once though the first attempt went through unseen', () => {
  const { journal, decisions } = bench()
  decisions.insert(decision(1))
  journal.record([decided(decision(1, { score: 1 }))])
  is(journal.waiting, 0)
  is(decisions.find(decision(1).id)?.score, 1)
})

test('keeps what the model went by with the decision, bound to the audit, also after a broken store', () => {
  const { journal, decisions, evidence, audit } = bench()
  const went = evidenceOf()
  const by = (number: number): GuardEffect => ({
    ...{ kind: 'decided', evidence: went },
    decision: decision(number, { model: went.model })
  })
  journal.record([by(1)])
  decisions.failure = new Error('disk full')
  journal.record([by(2)])
  journal.record([extended(decision(2, { untilMs: START_MS + 9 }))])
  is(evidence.find(decision(2).id), undefined)
  decisions.failure = undefined
  journal.retry()
  for (const [at, number] of [1, 2].entries()) {
    const { id } = decision(number)
    equal(evidence.find(id), went)
    const after = audit[at]?.after as Record<string, unknown>
    equal([after['model'], after['evidence']], [went.model, evidenceDigest(id, went)])
  }
  is(new Set(audit.map(({ after }) => (after as { evidence: string }).evidence)).size, 2)
  journal.record([extended(decision(1, { untilMs: START_MS + 10 }))])
  equal([audit.length, evidence.byDecision.size], [2, 2])
})

test('does not let one that is refused for its own sake hold up the others', () => {
  const { journal, decisions } = bench()
  decisions.failure = new Error('disk full')
  for (const number of [1, 2, 3]) journal.record([decided(decision(number))])
  decisions.failure = undefined
  const insert = decisions.insert.bind(decisions)
  decisions.insert = (made) => {
    if (made.id === decision(1).id) throw new Error('refused')
    insert(made)
  }
  journal.retry()
  journal.retry()
  equal([...decisions.byId.keys()], [decision(2).id, decision(3).id])
  is(journal.waiting, 1)
})

test('writes all that a person asked for, or nothing and says so', () => {
  const { journal, decisions, audit } = bench()
  const ended = { kind: 'ended', decision: decision(2), atMs: 7, why: 'lifted' } as const
  throws(
    () =>
      journal.write([{ kind: 'decided', decision: decision(1) }, ended], () => {
        throw new Error('the list failed')
      }),
    /the list failed/
  )
  equal([decisions.byId.size, audit.length, journal.waiting], [0, 0, 0])
})

test('gives up what waits longest when too much waits', () => {
  const { journal, decisions } = bench()
  decisions.failure = new Error('disk full')
  for (let number = 1; number <= 10_010; number++) journal.record([decided(decision(number))])
  is(journal.waiting, 10_000)
  decisions.failure = undefined
  for (let n = 0; n < 30; n++) journal.retry()
  is(decisions.byId.size, 10_000)
  is(decisions.find(decision(10).id), undefined)
})
