import { equal, is, ok } from 'uvu/assert'
import {
  createGuardState,
  type Decision,
  findApplied,
  type GuardEffect,
  type GuardSettings,
  type GuardState,
  step
} from '../../../src/defense/index.ts'
import type { Verdict } from '../../../src/detection/index.ts'
import { request, START_MS } from '../../support/events.ts'
import {
  decision,
  HOUR_MS,
  LADDER_MS,
  MINUTE_MS,
  neverBlock,
  ScriptedPolicy,
  settings,
  verdict
} from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('guard core')

interface Bench {
  readonly state: GuardState
  readonly policy: ScriptedPolicy
  settings: GuardSettings
  say(...verdicts: readonly Partial<Verdict>[]): GuardEffect[]
  tick(atMs: number, elapsedMs?: number): GuardEffect[]
}

function bench(fields: Partial<GuardSettings> = {}): Bench {
  const policy = new ScriptedPolicy()
  const state = createGuardState()
  const made: Bench = {
    state,
    policy,
    settings: settings({ policy, ...fields }),
    say(...verdicts) {
      return verdicts.flatMap((given, n) => {
        const said = verdict(given)
        const line = `line ${said.atMs} ${n}`
        policy.verdicts.set(line, [said])
        const event = request({
          atMs: said.atMs,
          loggedAtMs: said.atMs,
          source: '192.0.2.200',
          line
        })
        return step(state, event, made.settings)
      })
    },
    tick(atMs, elapsedMs) {
      const tick = { kind: 'tick' as const, atMs }
      return step(state, elapsedMs === undefined ? tick : { ...tick, elapsedMs }, made.settings)
    }
  }
  return made
}

function decided(effects: readonly GuardEffect[]): Decision {
  const [effect] = effects.filter((one) => one.kind === 'decided')
  ok(effect?.kind === 'decided', `expected a decision, got ${JSON.stringify(effects)}`)
  return effect.decision
}

const kinds = (effects: readonly GuardEffect[]) => effects.map((effect) => effect.kind)

test('turns a verdict into a decision with an end, in the mode of its category', () => {
  for (const { level, category, type, mode, ttlMs } of [
    { level: 'ban', category: 'scanner', type: 'ban', mode: 'enforce', ttlMs: LADDER_MS[0] },
    { level: 'throttle', category: 'harvesting', type: 'throttle', mode: 'shadow', ttlMs: 600_000 },
    { level: 'watch', category: 'other', type: 'watch', mode: 'enforce', ttlMs: 600_000 }
  ] as const) {
    const { say } = bench({
      mode: { overall: 'enforce', byCategory: { harvesting: 'shadow' }, previous: undefined }
    })
    const made = decided(say({ level, category }))
    is(made.type, type)
    is(made.mode, mode)
    is(made.untilMs - made.createdAtMs, ttlMs)
    equal(made.prefixes, ['203.0.113.7/32'])
  }
})

test('does nothing about a benign verdict', () => {
  equal(bench().say({ level: 'benign' }), [])
})

test('acts on the /64 of an IPv6 address', () => {
  const { say, state } = bench()
  equal(decided(say({ value: '2001:db8::1:2:3:4' })).prefixes, ['2001:db8::/64'])
  ok(findApplied(state, '2001:db8::9') !== undefined)
  is(findApplied(state, '2001:db8:0:1::9'), undefined)
})

test('climbs the ladder with every ban that ended, and starts below again when its memory is over', () => {
  const { say, tick, settings: given } = bench()
  let atMs = START_MS
  for (const rung of [0, 1, 2, 2]) {
    const made = decided(say({ atMs }))
    is(made.untilMs - atMs, LADDER_MS[rung])
    tick(made.untilMs)
    atMs = made.untilMs + MINUTE_MS
  }
  const later = atMs + given.ladderMemoryMs + HOUR_MS
  tick(later)
  const first = decided(say({ atMs: later }))
  is(first.offence, 0)
  tick(first.untilMs)
  is(decided(say({ atMs: first.untilMs + 1 })).offence, 1)
})

test('counts no throttle and no ban of the operator as an offence', () => {
  const { say, tick, state } = bench()
  tick(decided(say({ level: 'throttle' })).untilMs)
  state.standing.put(decision(99, { origin: 'operator', untilMs: START_MS + HOUR_MS }))
  tick(START_MS + 2 * HOUR_MS)
  is(decided(say({ atMs: START_MS + 3 * HOUR_MS })).offence, 0)
})

test('prolongs what goes on, only when half its time is over and by the same rung', () => {
  const { say } = bench()
  const made = decided(say({}))
  equal(say({ atMs: START_MS + 10 * MINUTE_MS }), [])
  const [effect] = say({ atMs: START_MS + 20 * MINUTE_MS })
  is(effect?.kind, 'extended')
  ok(effect?.kind === 'extended')
  is(effect.decision.id, made.id)
  is(effect.decision.untilMs, START_MS + 50 * MINUTE_MS)
  equal(say({ atMs: START_MS + 21 * MINUTE_MS }), [])
})

test('lets a ban take the place of a throttle, and no throttle that of a ban', () => {
  const { say, state } = bench()
  const first = decided(say({ level: 'throttle' }))
  const effects = say({ atMs: START_MS + 1_000 })
  equal(kinds(effects), ['ended', 'decided'])
  ok(effects[0]?.kind === 'ended')
  is(effects[0].why, 'superseded')
  is(effects[0].decision.id, first.id)
  equal(say({ atMs: START_MS + 2_000, level: 'throttle' }), [])
  is(findApplied(state, '203.0.113.7')?.type, 'ban')
})

test('holds back what may never be blocked, says so once in ten minutes, and again after', () => {
  const { say } = bench({ neverBlock: neverBlock(['203.0.113.0/28']) })
  const [first] = say({})
  ok(first?.kind === 'suppressed')
  is(first.suppression.protectedBy, 'allowlist')
  equal(say({ atMs: START_MS + 9 * MINUTE_MS }), [])
  equal(kinds(say({ atMs: START_MS + 10 * MINUTE_MS })), ['suppressed'])
  equal(kinds(say({ value: '203.0.113.16', atMs: START_MS + 10 * MINUTE_MS })), ['decided'])
})

test('never decides on a prefix wider than a /24 or a /48', () => {
  for (const { value, isDecided } of [
    { value: '198.51.100.0/24', isDecided: true },
    { value: '198.51.100.0/23', isDecided: false },
    { value: '2001:db8::/48', isDecided: true },
    { value: '2001:db8::/47', isDecided: false },
    { value: '0.0.0.0/0', isDecided: false }
  ]) {
    const effects = bench().say({ scope: 'prefix', value })
    equal(kinds(effects), [isDecided ? 'decided' : 'suppressed'], value)
  }
})

test('leaves the protected members out of a swarm, and takes in new ones as they come', () => {
  const { say, state } = bench({ neverBlock: neverBlock(['203.0.113.9/32']) })
  const swarm = { scope: 'swarm', value: 'swarm:harvesting:1' } as const
  const made = decided(say({ ...swarm, members: ['203.0.113.8', '203.0.113.9', '203.0.113.10'] }))
  equal(made.prefixes, ['203.0.113.8/32', '203.0.113.10/32'])
  equal(say({ ...swarm, members: ['203.0.113.8'], atMs: START_MS + 1 }), [])
  const [grown] = say({ ...swarm, members: ['203.0.113.11'], atMs: START_MS + 2 })
  ok(grown?.kind === 'extended')
  equal(grown.decision.prefixes, ['203.0.113.8/32', '203.0.113.10/32', '203.0.113.11/32'])
  is(grown.decision.untilMs, made.untilMs + 2)
  is(findApplied(state, '203.0.113.11')?.id, made.id)
  is(findApplied(state, '203.0.113.9'), undefined)
})

test('keeps a swarm bounded and does not write it again for members it has no room for', () => {
  const { say } = bench()
  const many = Array.from({ length: 20_001 }, (_, n) => `9.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
  const swarm = { scope: 'swarm', value: 'swarm:harvesting:1' } as const
  is(decided(say({ ...swarm, members: many })).prefixes.length, 20_000)
  equal(say({ ...swarm, members: ['203.0.113.11'], atMs: START_MS + 2 }), [])
})

test('falls back to the weaker decision about an address when the stronger one ends', () => {
  const { say, tick, state } = bench()
  const swarm = decided(
    say({
      scope: 'swarm',
      value: 'swarm:harvesting:1',
      level: 'throttle',
      members: ['203.0.113.7']
    })
  )
  const own = decided(say({ holdMs: 1_000, atMs: START_MS + 1 }))
  is(findApplied(state, '203.0.113.7')?.id, own.id)
  tick(START_MS + 2_000)
  is(findApplied(state, '203.0.113.7')?.id, swarm.id)
})

test('does not let a shadow decision hide one that is applied', () => {
  const { say, state } = bench({
    mode: { overall: 'enforce', byCategory: { harvesting: 'shadow' }, previous: undefined }
  })
  const applied = decided(say({ scope: 'prefix', value: '203.0.113.0/24', level: 'throttle' }))
  say({ category: 'harvesting' })
  is(findApplied(state, '203.0.113.7')?.id, applied.id)
})

test('tells the policy what stood when a request arrived, not what was decided after it', () => {
  const { say, policy, state, settings: given } = bench()
  const made = decided(say({}))
  policy.standingSeen.length = 0
  for (const atMs of [START_MS - 1, START_MS, made.untilMs - 1, made.untilMs]) {
    step(state, request({ atMs, loggedAtMs: START_MS + 5, line: 'plain' }), given)
  }
  equal(policy.standingSeen, [undefined, 'ban', 'ban', undefined])
})

test('refuses new decisions when there is no more room, the least severe first', () => {
  const { say, state } = bench({ maxActive: 10 })
  const levels = ['watch', 'throttle', 'ban'] as const
  const counts = { watch: 0, throttle: 0, ban: 0 }
  for (const level of levels) {
    for (let n = 0; n < 20; n++) {
      const value = `198.51.100.${levels.indexOf(level) * 20 + n}`
      const [effect] = say({ value, level })
      if (effect?.kind === 'decided') counts[level]++
      else if (effect?.kind === 'suppressed') {
        is(effect.suppression.protectedBy, 'too-many-decisions')
      }
    }
  }
  equal(counts, { watch: 5, throttle: 3, ban: 2 })
  is(state.standing.size, 10)
})

test('slows down instead of banning while the breaker is open, without writing it again and again', () => {
  const { say } = bench()
  const addresses = Array.from({ length: 300 }, (_, n) => `9.0.${n >> 8}.${n & 255}`)
  const made = addresses.map((value) => decided(say({ value })))
  is(made.filter(({ type }) => type === 'ban').length, 200)
  const last = made.at(-1)
  is(last?.type, 'throttle')
  ok(last?.reasons.some(({ rule }) => rule === 'breaker'))
  equal(say({ value: last?.value ?? '', atMs: START_MS + 1_000 }), [])
  const later = say({ value: last?.value ?? '', atMs: START_MS + 601_000 })
  equal(kinds(later).at(-1), 'decided')
  is(decided(later).type, 'ban')
})

test('leaves the operator’s own block as he gave it', () => {
  const { say, state } = bench()
  const untilMs = START_MS + MINUTE_MS
  state.standing.put(decision(99, { origin: 'operator', untilMs }))
  equal(say({}), [])
  equal(say({ level: 'throttle', atMs: untilMs - 1 }), [])
  equal(kinds(say({ atMs: untilMs })), ['ended', 'decided'])
})

test('decides once on an old log, however often its lines come', () => {
  const { say, tick } = bench()
  tick(START_MS + 48 * HOUR_MS)
  const made = decided(say({ atMs: START_MS }))
  is(made.untilMs, START_MS + 30 * MINUTE_MS)
  equal(kinds(say({ atMs: START_MS + 1 })), ['ended'])
  equal(say({ atMs: START_MS + 29 * MINUTE_MS }), [])
  is(decided(say({ atMs: START_MS + 31 * MINUTE_MS })).offence, 1)
})

test('counts a line from the future from now on, in a node that has a clock of its own', () => {
  const { say, tick } = bench()
  tick(START_MS, 0)
  const made = decided(say({ atMs: START_MS + 2 * HOUR_MS }))
  is(made.createdAtMs, START_MS)
  is(made.untilMs, START_MS + 30 * MINUTE_MS)
})

for (const byMs of [5 * HOUR_MS, -5 * HOUR_MS]) {
  test(`keeps the time that is left when the clock is set by ${byMs / HOUR_MS} hours, but not the operator’s own ends`, () => {
    const { say, tick, state } = bench()
    tick(START_MS, 0)
    const made = decided(say({}))
    const own = decision(99, {
      value: '203.0.113.8',
      origin: 'operator',
      untilMs: START_MS + 9 * HOUR_MS
    })
    state.standing.put(own)
    const effects = tick(START_MS + MINUTE_MS + byMs, MINUTE_MS)
    equal(kinds(effects), ['extended'])
    is(state.standing.find(made.id)?.untilMs, made.untilMs + byMs)
    is(state.standing.find(own.id)?.untilMs, own.untilMs)
    equal(tick(START_MS + 29 * MINUTE_MS + byMs, 28 * MINUTE_MS), [])
    equal(kinds(tick(START_MS + 30 * MINUTE_MS + byMs, MINUTE_MS)), ['ended'])
  })
}

test('obeys a policy that says itself how long, within reason', () => {
  for (const { holdMs, ttlMs } of [
    { holdMs: 0, ttlMs: 0 },
    { holdMs: HOUR_MS, ttlMs: HOUR_MS },
    { holdMs: -5, ttlMs: 0 },
    { holdMs: Number.NaN, ttlMs: 600_000 },
    { holdMs: Number.POSITIVE_INFINITY, ttlMs: 600_000 },
    { holdMs: 1e15, ttlMs: 366 * 24 * HOUR_MS }
  ]) {
    const made = decided(bench().say({ holdMs }))
    is(made.untilMs - made.createdAtMs, ttlMs)
  }
})
