import { equal, is, throws } from 'uvu/assert'
import { createGuardState, recallGuard, rememberGuard } from '../../../src/defense/guard-state.ts'
import { START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('memory of the guard')

test('comes back from a checkpoint as it went in', () => {
  const state = createGuardState()
  state.clock.nowMs = START_MS
  state.clock.lead = { atMs: 5, count: 2 }
  state.breaker.bans = 7
  state.eventsTotal = 9
  state.offences.set('203.0.113.7', { count: 2, lastEndMs: START_MS })
  state.settled.set('203.0.113.8', { untilMs: START_MS, type: 'throttle' })
  state.suppressedAtMs.set('203.0.113.9', START_MS)
  const memory = structuredClone(rememberGuard(state))
  equal(rememberGuard(recallGuard(memory)), memory)
})

test('is not changed by what happens to the guard afterwards', () => {
  const state = createGuardState()
  const memory = rememberGuard(state)
  state.clock.lead.count = 3
  state.breaker.bans = 3
  state.offences.set('203.0.113.7', { count: 2, lastEndMs: START_MS })
  equal([memory.clock.lead.count, memory.breaker.bans, memory.offences.size], [0, 0, 0])
})

test('refuses what is not a memory of this version', () => {
  const good = rememberGuard(createGuardState())
  for (const bad of [
    undefined,
    null,
    7,
    {},
    { ...good, version: 1 },
    { ...good, clock: { ...good.clock, nowMs: Number.NaN } },
    { ...good, clock: undefined },
    { ...good, breaker: { bans: 1 } },
    { ...good, eventsTotal: '1' },
    { ...good, offences: {} }
  ]) {
    throws(
      () => recallGuard(bad),
      (error: { code?: string }) => error.code === 'GUARD_STATE_INVALID'
    )
  }
  is(recallGuard(good).eventsTotal, 0)
})

test('remembers no more than its bounds, the newest', () => {
  const state = createGuardState()
  for (let n = 0; n < 20_010; n++) state.suppressedAtMs.set(`value ${n}`, n)
  for (let n = 0; n < 200_010; n++) state.offences.set(`value ${n}`, { count: 1, lastEndMs: n })
  const { suppressedAtMs, offences } = rememberGuard(state)
  equal([suppressedAtMs.size, offences.size], [20_000, 200_000])
  equal([offences.has('value 9'), offences.has('value 10')], [false, true])
})
