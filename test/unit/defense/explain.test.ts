import { equal, is, match } from 'uvu/assert'
import { explainAddress } from '../../../src/defense/explain.ts'
import type { Decision } from '../../../src/defense/index.ts'
import { START_MS } from '../../support/events.ts'
import { evidence, MemoryEvidence } from '../../support/evidence.ts'
import {
  decision,
  MemoryDecisions,
  neverBlock,
  RecordingActuators,
  ScriptedPolicy
} from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('explain')
const ADDRESS = '203.0.113.7'

function explain(stored: readonly Decision[], atMs = START_MS) {
  const decisions = new MemoryDecisions()
  const kept = new MemoryEvidence()
  for (const made of stored) {
    decisions.insert(made)
    if (made.model !== undefined) kept.insert(made.id, evidence({ model: made.model }))
  }
  for (const value of [ADDRESS, '203.0.113.0/24', '203.0.113.8', 'swarm:1']) {
    decisions.insertSuppression({
      atMs: START_MS,
      value,
      wanted: 'ban',
      category: 'scanner',
      protectedBy: 'allowlist',
      detail: value
    })
  }
  const policy = new ScriptedPolicy()
  policy.session['requests_total'] = 12
  return explainAddress(ADDRESS, {
    ports: { decisions, evidence: kept, actuators: new RecordingActuators(), policy },
    neverBlock: neverBlock(['203.0.113.8/32']),
    atMs
  })
}

for (const { name, stored, atMs, state, carriedOut, undo } of [
  {
    name: 'a ban in force: where it is held and how to undo it',
    stored: decision(1),
    atMs: START_MS,
    state: 'in-force',
    carriedOut: ['list: 203.0.113.7/32'],
    undo: /decisions lift .*allowlist add 203\.0\.113\.7$/
  },
  {
    name: 'a shadow decision: what would have been done',
    stored: decision(1, { mode: 'shadow' }),
    atMs: START_MS,
    state: 'shadow',
    carriedOut: ['nothing yet (shadow mode); enforced: list: 203.0.113.7/32'],
    undo: /decisions lift/
  },
  {
    name: 'one whose time is over',
    stored: decision(1),
    atMs: decision(1).untilMs,
    state: 'expired',
    carriedOut: ['over: list: 203.0.113.7/32'],
    undo: /^it has ended$/
  },
  {
    name: 'one that was lifted',
    stored: decision(1, { liftedAtMs: START_MS + 1, liftedBy: 'cli:me', liftReason: 'mistake' }),
    atMs: START_MS + 2,
    state: 'lifted',
    carriedOut: ['over: list: 203.0.113.7/32'],
    undo: /^it has ended$/
  },
  {
    name: 'a watch: that nothing is done',
    stored: decision(1, { type: 'watch' }),
    atMs: START_MS,
    state: 'in-force',
    carriedOut: ['watched only: nothing is applied'],
    undo: /nothing to undo/
  },
  {
    name: 'a swarm: the part that holds this address, and which address to spare',
    stored: decision(1, {
      scope: 'swarm',
      value: ADDRESS,
      prefixes: ['198.51.100.1/32', '203.0.113.7/32']
    }),
    atMs: START_MS,
    state: 'in-force',
    carriedOut: ['list: 203.0.113.7/32'],
    undo: /allowlist add ADDRESS$/
  }
]) {
  test(`explains ${name}`, () => {
    const [explained] = explain([stored], atMs).decisions
    is(explained?.state, state)
    equal(explained?.carriedOut, carriedOut)
    is(explained?.isInEffect, state === 'in-force' && stored.type !== 'watch')
    match(explained?.undo ?? '', undo)
  })
}

test('shows what was held back about the address or a prefix around it, and what is remembered', () => {
  const { suppressions, session, protectedBy } = explain([])
  equal(
    suppressions.map(({ value }) => value),
    [ADDRESS, '203.0.113.0/24']
  )
  equal(session, { requests_total: 12 })
  is(protectedBy, undefined)
})

test('a decision that a model made: what it went by', () => {
  const [first, second] = explain([
    decision(2, { model: 'behaviour@1', createdAtMs: START_MS }),
    decision(1, { createdAtMs: START_MS - 1 })
  ]).decisions
  is(first?.evidence?.model, 'behaviour@1')
  is(second?.evidence, undefined)
})
