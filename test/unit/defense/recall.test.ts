import { equal, is } from 'uvu/assert'
import { createGuardState, type Decision, type GuardState } from '../../../src/defense/index.ts'
import { recallHistory, restoreDecisions } from '../../../src/defense/recall.ts'
import { START_MS } from '../../support/events.ts'
import { decision, HOUR_MS, MemoryDecisions } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('recall from the store')
const VALUE = '203.0.113.7'
const NOW_MS = START_MS + 10 * HOUR_MS

function storeOf(...stored: readonly Decision[]): MemoryDecisions {
  const decisions = new MemoryDecisions()
  for (const made of stored) decisions.insert(made)
  return decisions
}

function recalled(...stored: readonly Decision[]): GuardState {
  const state = createGuardState()
  state.clock.nowMs = NOW_MS
  recallHistory(state, storeOf(...stored), 24 * HOUR_MS)
  return state
}

const person = { liftedAtMs: START_MS + 60_000, liftedBy: 'cli:me', liftReason: 'mistake' }

for (const { name, stored, offences, settledUntilMs } of [
  { name: 'an ended ban', stored: [decision(1)], offences: 1, settledUntilMs: decision(1).untilMs },
  {
    name: 'the newest of several bans',
    stored: [decision(1), decision(2, { createdAtMs: START_MS + HOUR_MS, offence: 1 })],
    offences: 2,
    settledUntilMs: START_MS + 1.5 * HOUR_MS
  },
  {
    name: 'a throttle, which is no offence',
    stored: [decision(1, { type: 'throttle' })],
    offences: undefined,
    settledUntilMs: decision(1).untilMs
  },
  {
    name: 'a ban that a person took back, which is none either',
    stored: [decision(1, person)],
    offences: undefined,
    settledUntilMs: person.liftedAtMs
  },
  {
    name: 'a ban that the guard let go, of which nothing is known',
    stored: [decision(1, { ...person, liftedBy: 'system' })],
    offences: undefined,
    settledUntilMs: undefined
  },
  {
    name: 'a block of the operator, which is no offence',
    stored: [decision(1, { origin: 'operator' })],
    offences: undefined,
    settledUntilMs: decision(1).untilMs
  },
  {
    name: 'one that still stands',
    stored: [decision(1, { untilMs: NOW_MS + 1 })],
    offences: undefined,
    settledUntilMs: undefined
  },
  {
    name: 'one from before the memory of the ladder',
    stored: [decision(1, { createdAtMs: NOW_MS - 24 * HOUR_MS - 1 })],
    offences: undefined,
    settledUntilMs: undefined
  }
]) {
  test(`knows of ${name}`, () => {
    const state = recalled(...stored)
    is(state.offences.peek(VALUE)?.count, offences)
    is(state.settled.peek(VALUE)?.untilMs, settledUntilMs)
  })
}

test('keeps what the checkpoint knows better', () => {
  const state = createGuardState()
  state.clock.nowMs = NOW_MS
  state.clock.logMs = NOW_MS
  state.offences.set(VALUE, { count: 4, lastEndMs: NOW_MS - 1 })
  recallHistory(state, storeOf(decision(1)), 24 * HOUR_MS)
  is(state.offences.peek(VALUE)?.count, 4)
  is(state.settled.peek(VALUE), undefined, 'the log has come farther')
})

test('puts in force what has not ended, none of it for longer than it was given', () => {
  const state = createGuardState()
  state.clock.nowMs = NOW_MS
  const effects = restoreDecisions(
    state,
    storeOf(
      decision(1, { untilMs: NOW_MS + 1 }),
      decision(2),
      decision(3, { createdAtMs: NOW_MS + HOUR_MS }),
      decision(4, { createdAtMs: NOW_MS + HOUR_MS, origin: 'operator', value: '203.0.113.8' })
    )
  )
  const held = [...state.standing.all()].map((made) => [made.id.at(-1), made.untilMs - NOW_MS])
  equal(held, [
    ['1', 1],
    ['3', HOUR_MS / 2],
    ['4', 1.5 * HOUR_MS]
  ])
  is(effects.length, 1)
})
