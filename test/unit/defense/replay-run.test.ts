import { equal, is, ok, throws } from 'uvu/assert'
import { ReplayRun, type SourceRecord } from '../../../src/defense/index.ts'
import { createPolicy, type Policy, type Verdict } from '../../../src/detection/index.ts'
import type { TrafficEvent } from '../../../src/keyserver/index.ts'
import { recon, request, START_MS } from '../../support/events.ts'
import {
  HOUR_MS,
  LADDER_MS,
  MINUTE_MS,
  PUBLIC,
  ScriptedPolicy,
  verdict
} from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('replay run')

function runOf(
  policy: Policy,
  options: { isFrozen?: boolean; allow?: string[]; treatAsPublic?: string[] } = {}
) {
  return new ReplayRun({
    policy,
    isFrozen: false,
    treatAsPublic: PUBLIC,
    allow: [],
    throttleTtlMs: 10 * MINUTE_MS,
    banLadderMs: LADDER_MS,
    ladderMemoryMs: 24 * HOUR_MS,
    maxActive: 1_000,
    ...options
  })
}

const at = (afterMs: number, fields: Parameters<typeof request>[0] = {}) =>
  request({ atMs: START_MS + afterMs, line: `line ${afterMs}`, ...fields })

/** Says a verdict at the event with this offset. */
function says(script: Record<number, Partial<Verdict>[]>): ScriptedPolicy {
  const policy = new ScriptedPolicy()
  for (const [afterMs, verdicts] of Object.entries(script)) {
    const atMs = START_MS + Number(afterMs) + 5
    policy.verdicts.set(
      `line ${afterMs}`,
      verdicts.map((fields) => verdict({ atMs, ...fields }))
    )
  }
  return policy
}

function play(
  run: ReplayRun,
  events: readonly TrafficEvent[]
): ReadonlyMap<string, Readonly<SourceRecord>> {
  for (const event of events) run.observe(event)
  return run.sources()
}

const SOURCE = '203.0.113.7'

test('counts requests before the decision, and those that came while it stood', () => {
  const run = runOf(says({ 2000: [{}] }))
  const events = [0, 1_000, 2_000, 2_004, 3_000, 4_000, 31 * MINUTE_MS].map((ms) => at(ms))
  const found = play(run, events).get(SOURCE)
  // The one at 2 004 ms came before the line that led to the decision was written; the last one after its end.
  equal(
    [found?.requests, found?.requestsBeforeDecision, found?.prevented, found?.level],
    [7, 3, 2, 'ban']
  )
  is(found?.firstDecisionAtMs, START_MS + 2_005)
})

test('what is written late still came while a decision stood that has ended since', () => {
  const run = runOf(says({ 0: [{ level: 'throttle' }] }))
  const late = at(9 * MINUTE_MS, { loggedAtMs: START_MS + 11 * MINUTE_MS })
  is(play(run, [at(0), late]).get(SOURCE)?.prevented, 1)
})

test('a decision that grew more severe stood all the while', () => {
  const run = runOf(says({ 0: [{ level: 'throttle' }], 5000: [{ level: 'ban' }] }))
  const late = at(4_000, { loggedAtMs: START_MS + 6_000 })
  const found = play(run, [at(0), at(5_000), late]).get(SOURCE)
  equal([found?.prevented, found?.level, found?.firstDecisionAtMs], [2, 'ban', START_MS + 5])
})

test('keeps the most severe verdict and the first decision; a watch decides nothing', () => {
  const run = runOf(
    says({
      0: [{ level: 'watch', score: 0.2, category: 'other' }],
      1000: [{ level: 'throttle', score: 0.6, category: 'harvesting' }]
    })
  )
  const [, ...rest] = [at(0), at(1_000), at(2_000)]
  const first = runOf(says({ 0: [{ level: 'watch', score: 0.2 }] }))
  const watched = play(first, [at(0), at(10)]).get(SOURCE)
  equal([watched?.level, watched?.firstDecisionAtMs, watched?.prevented], ['watch', undefined, 0])
  const found = play(run, [at(0), ...rest]).get(SOURCE)
  equal(
    [found?.level, found?.category, found?.score, found?.requestsBeforeDecision],
    ['throttle', 'harvesting', 0.6, 2]
  )
})

test('later members of a swarm are prevented, earlier ones named', () => {
  const members = ['203.0.113.7', '203.0.113.8']
  const swarm = { scope: 'swarm' as const, value: 'swarm:harvesting:1', level: 'throttle' as const }
  const run = runOf(
    says({
      1000: [{ ...swarm, members }],
      2000: [{ ...swarm, members: ['203.0.113.9'] }]
    })
  )
  const records = play(run, [
    at(0, { source: '203.0.113.8', line: '' }),
    at(1_000),
    at(2_000, { source: '203.0.113.9' }),
    at(3_000, { source: '203.0.113.8', line: '' }),
    at(3_001, { source: '203.0.113.9', line: '' })
  ])
  equal(
    [...records].map(([source, { level, prevented, requestsBeforeDecision: before }]) => [
      source,
      level,
      prevented,
      before
    ]),
    [
      ['203.0.113.8', 'throttle', 1, 1],
      ['203.0.113.7', 'throttle', 0, 1],
      ['203.0.113.9', 'throttle', 1, 1]
    ]
  )
})

test('a prefix takes in who was there within the hour before, and who comes while it stands', () => {
  const run = runOf(says({ 7200000: [{ scope: 'prefix', value: '203.0.113.0/24' }] }))
  const records = play(run, [
    at(0, { source: '203.0.113.1', line: '' }),
    at(7_000_000, { source: '203.0.113.2', line: '' }),
    at(7_200_000),
    at(7_201_000, { source: '203.0.113.3', line: '' }),
    at(7_201_000, { source: '198.51.100.3', line: '' })
  ])
  equal(
    [...records].map(([source, { level, prevented }]) => [source, level, prevented]),
    [
      ['203.0.113.1', 'benign', 0],
      ['203.0.113.2', 'ban', 0],
      ['203.0.113.7', 'ban', 0],
      ['203.0.113.3', 'ban', 1],
      ['198.51.100.3', 'benign', 0]
    ]
  )
  is(records.get('203.0.113.3')?.requestsBeforeDecision, 0)
})

test('who is allowed, or reserved and not opened, is never judged', () => {
  const allowed = runOf(says({ 0: [{}] }), { allow: ['203.0.113.0/24'] })
  is(play(allowed, [at(0)]).get(SOURCE)?.level, 'benign')
  const reserved = runOf(says({ 0: [{}] }), { treatAsPublic: [] })
  is(play(reserved, [at(0)]).get(SOURCE)?.level, 'benign')
})

test('a frozen baseline prevents the very request, asks no list of ours, and climbs no ladder', () => {
  const holdMs = 60_000
  const run = runOf(says({ 0: [{ holdMs }], 120000: [{ holdMs }] }), {
    isFrozen: true,
    treatAsPublic: [],
    allow: ['203.0.113.0/24']
  })
  const decisions = [at(0), at(1_000), at(120_000)].flatMap((event) => [...run.observe(event)])
  const found = run.sources().get(SOURCE)
  // The request at 1 000 ms is the plug-in's own to refuse: it let it pass.
  equal([found?.prevented, found?.requestsBeforeDecision, found?.level], [2, 0, 'ban'])
  equal(
    decisions.map(({ createdAtMs, untilMs }) => untilMs - createdAtMs),
    [holdMs, holdMs]
  )
})

test('the breaker does not bend a frozen baseline', () => {
  const policy = new ScriptedPolicy()
  const run = runOf(policy, { isFrozen: true })
  for (let index = 0; index < 400; index++) {
    const source = `198.51.${index >> 8}.${index & 255}`
    policy.verdicts.set(source, [verdict({ value: source, holdMs: 60_000 })])
    run.observe(request({ source, line: source }))
  }
  ok([...run.sources().values()].every(({ level }) => level === 'ban'))
})

test('lines that are no request make a source known without counting as one', () => {
  const records = play(runOf(new ScriptedPolicy()), [recon({ peer: '198.51.100.9' })])
  is(records.get('198.51.100.9')?.requests, 0)
})

test('who only knocks at the gossip port shares in a decision on its /64, once it stands', () => {
  const [first, second] = ['2001:db8:1:2::1', '2001:db8:1:2:9::5']
  const policy = new ScriptedPolicy()
  const line = 'knock'
  policy.verdicts.set(line, [
    verdict({ atMs: START_MS + 1_000, value: first, level: 'throttle', category: 'recon-abuse' })
  ])
  const run = runOf(policy, { treatAsPublic: ['2001:db8::/32'] })
  const found = play(run, [
    recon({ atMs: START_MS, peer: '2001:db8:1:2:7::7' }),
    recon({ atMs: START_MS + 1_000, peer: first, line }),
    recon({ atMs: START_MS + 2_000, peer: second }),
    recon({ atMs: START_MS + 3_000, peer: '2001:db8:1:3::1' })
  ])
  equal(
    ['2001:db8:1:2:7::7', first, second, '2001:db8:1:3::1'].map((peer) => found.get(peer)?.level),
    ['benign', 'throttle', 'throttle', 'benign']
  )
  equal([found.get(second)?.requests, found.get(second)?.prevented], [0, 0])
})

test('goes on where another run stood: what it decided still prevents', () => {
  const first = runOf(says({ 0: [{}] }))
  first.observe(at(0))
  const second = runOf(new ScriptedPolicy())
  second.restore(structuredClone(first.snapshot()))
  const found = play(second, [at(60_000)]).get(SOURCE)
  equal([found?.prevented, found?.level, found?.requestsBeforeDecision], [1, 'ban', 0])
})

test('refuses what another policy has learned', () => {
  const learned = runOf(createPolicy('b5'), { isFrozen: true }).snapshot()
  throws(
    () => runOf(createPolicy('b4'), { isFrozen: true }).restore(learned),
    /what b4 has learned/
  )
  throws(() => runOf(createPolicy('b4'), { isFrozen: true }).restore(null), /what b4 has learned/)
})
