import { equal, is, match } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import type { Decision } from '../../../src/defense/index.ts'
import { reportShadow } from '../../../src/defense/shadow-report.ts'
import { START_MS } from '../../support/events.ts'
import { decision, MemoryDecisions, ScriptedPolicy } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('shadow report')

function report(
  stored: readonly Partial<Decision>[],
  session: Readonly<Record<string, number>> = {},
  sinceMs = 0
) {
  const decisions = new MemoryDecisions()
  stored.forEach((fields, n) => {
    decisions.insert(decision(n + 1, { mode: 'shadow', ...fields }))
  })
  const policy = new ScriptedPolicy()
  Object.assign(policy.session, session)
  return reportShadow(sinceMs, { decisions, policy, clock: new ManualClock(START_MS) })
}

test('counts what would have been applied, by type and category', () => {
  const found = report([
    {},
    { category: 'harvesting' },
    { type: 'throttle' },
    { type: 'watch' },
    { mode: 'enforce' }
  ])
  equal([found.wouldBan, found.wouldThrottle], [2, 1])
  equal(found.byCategory, { scanner: 2, harvesting: 1 })
  is(found.examples.length, 3)
})

test('looks no farther back than asked, newest first', () => {
  const stored = [0, 1, 2].map((hour) => ({
    createdAtMs: START_MS + hour * 3_600_000,
    type: hour === 1 ? ('throttle' as const) : ('ban' as const)
  }))
  const { examples } = report(stored, {}, START_MS + 1)
  equal(
    examples.map(({ createdAtMs }) => (createdAtMs - START_MS) / 3_600_000),
    [2, 1]
  )
})

for (const { name, fields, session, sign } of [
  { name: 'a swarm', fields: { scope: 'swarm' }, session: {}, sign: /likeness alone: 1 / },
  { name: 'a prefix', fields: { scope: 'prefix' }, session: {}, sign: /whole prefix/ },
  { name: 'five agents', fields: {}, session: { user_agent_changes: 5 }, sign: /5 times/ },
  { name: 'four agents', fields: {}, session: { user_agent_changes: 4 }, sign: undefined },
  {
    name: 'one that finds what it asks for',
    fields: {},
    session: { hits_per_hour: 21, misses_per_hour: 5 },
    sign: /found what it asked for 21 times/
  },
  {
    name: 'one that finds some of it',
    fields: {},
    session: { hits_per_hour: 20, misses_per_hour: 5 },
    sign: undefined
  },
  { name: 'a single rule that is not sure', fields: { score: 0.74 }, session: {}, sign: /0\.74/ },
  { name: 'a single rule that is sure', fields: { score: 0.75 }, session: {}, sign: undefined }
] as const) {
  test(`${sign === undefined ? 'does not doubt' : 'doubts'} ${name}`, () => {
    const { doubtful } = report([fields], session)
    is(doubtful.length, sign === undefined ? 0 : 1)
    if (sign !== undefined) match(doubtful[0]?.sign ?? '', sign)
  })
}

test('doubts who was decided on five times, not four', () => {
  is(report(Array.from({ length: 4 }, () => ({}))).doubtful.length, 0)
  is(report(Array.from({ length: 5 }, () => ({}))).doubtful.length, 5)
})

test('shows at most a hundred doubts and twenty examples of very many', () => {
  const found = report(Array.from({ length: 2_500 }, () => ({ scope: 'prefix' as const })))
  equal([found.wouldBan, found.doubtful.length, found.examples.length], [2_500, 100, 20])
})

test('what a stronger decision followed is judged by that one', () => {
  const superseded = {
    type: 'throttle' as const,
    score: 0.7,
    liftedAtMs: START_MS,
    liftedBy: 'detection',
    liftReason: 'superseded by a stronger decision'
  }
  equal(report([superseded]).doubtful, [])
  is(report([{ ...superseded, liftedAtMs: undefined, liftedBy: undefined }]).doubtful.length, 1)
})
