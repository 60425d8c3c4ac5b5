/** Laws of the guard's core that hold whatever a policy says, in whatever order, at whatever times. */
import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import { findPrefix, getPrefix, prefixContains, prefixesOverlap } from '../../../src/base/index.ts'
import { recallGuard, rememberGuard } from '../../../src/defense/guard-state.ts'
import {
  createGuardState,
  type Decision,
  desiredEntries,
  findApplied,
  type GuardEffect,
  type GuardSettings,
  type GuardState,
  isTooWide,
  step
} from '../../../src/defense/index.ts'
import { followMode, releaseProtected } from '../../../src/defense/reconcile.ts'
import type { Verdict } from '../../../src/detection/index.ts'
import { request, START_MS } from '../../support/events.ts'
import { HOUR_MS, neverBlock, ScriptedPolicy, settings, verdict } from '../../support/guard.ts'
import { uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('laws of the guard', { timeoutMs: 60_000 })

const addresses = [
  '203.0.113.7',
  '203.0.113.8',
  '198.51.100.1',
  '2001:db8::1',
  '2001:db8:0:1::1',
  '127.0.0.1',
  '10.0.0.7',
  '::ffff:10.0.0.7'
]
const prefixes = ['203.0.113.0/24', '203.0.112.0/23', '2001:db8::/48', '2001:db8::/32', '::/0', 'x']
const ALLOWED = ['203.0.113.8/32', '2001:db8:0:1::/64']
const address = fc.constantFrom(...addresses)
const level = fc.constantFrom('benign', 'watch', 'throttle', 'ban', 'ban')
const holdMs = fc.option(fc.constantFrom(0, 1_000, Number.NaN, Number.POSITIVE_INFINITY, -1), {
  nil: undefined,
  freq: 6
})
const scoped = fc.oneof(
  address.map((value) => ({ scope: 'address' as const, value, members: [] as string[] })),
  fc
    .constantFrom(...prefixes)
    .map((value) => ({ scope: 'prefix' as const, value, members: [] as string[] })),
  fc
    .array(address, { maxLength: 5 })
    .map((members) => ({ scope: 'swarm' as const, value: 'swarm:harvesting:1', members }))
)
const said = fc
  .record({
    scoped,
    level,
    holdMs,
    category: fc.constantFrom('scanner' as const, 'harvesting' as const)
  })
  .map(({ scoped: subject, holdMs: hold, ...rest }): Partial<Verdict> => {
    const fields = { ...subject, ...rest }
    return hold === undefined ? fields : { ...fields, holdMs: hold }
  })

type Step =
  | { kind: 'event'; afterMs: number; verdicts: readonly Partial<Verdict>[] }
  | { kind: 'tick'; afterMs: number; setByMs: number }

const afterMs = fc.constantFrom(0, 1, 1_000, 400_000, HOUR_MS, 3 * HOUR_MS, -5_000)
const sequence = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({ afterMs, verdicts: fc.array(said, { maxLength: 3 }) })
        .map((given): Step => ({ kind: 'event', ...given }))
    },
    fc
      .record({
        afterMs: fc.constantFrom(0, 1_000, HOUR_MS),
        setByMs: fc.constantFrom(0, 0, 0, -6 * HOUR_MS, 6 * HOUR_MS)
      })
      .map((given): Step => ({ kind: 'tick', ...given }))
  ),
  { maxLength: 30 }
)

/** One run of a sequence: the effects of every step. */
class Run {
  readonly policy = new ScriptedPolicy()
  state: GuardState = createGuardState()
  settings: GuardSettings
  #wallMs = START_MS
  #made = 0
  #line = 0

  constructor(fields: Partial<GuardSettings> = {}) {
    this.settings = settings({
      policy: this.policy,
      neverBlock: neverBlock(ALLOWED),
      createId: () => uuidOf(++this.#made),
      ...fields
    })
  }

  take(one: Step): GuardEffect[] {
    if (one.kind === 'tick') {
      this.#wallMs += one.afterMs + one.setByMs
      const tick = { kind: 'tick', atMs: this.#wallMs, elapsedMs: one.afterMs } as const
      return step(this.state, tick, this.settings)
    }
    this.#wallMs += Math.max(0, one.afterMs)
    const atMs = this.#wallMs + Math.min(0, one.afterMs)
    const line = `line ${this.#line++}`
    this.policy.verdicts.set(
      line,
      one.verdicts.map((fields) => verdict({ ...fields, atMs }))
    )
    const event = request({ atMs, loggedAtMs: atMs, source: '192.0.2.200', line })
    return step(this.state, event, this.settings)
  }
}

function decisionsOf(effects: readonly GuardEffect[]): Decision[] {
  return effects.flatMap((effect) => (effect.kind === 'suppressed' ? [] : [effect.decision]))
}

function isForbidden(prefix: string): boolean {
  const parsed = getPrefix(prefix)
  const protectedPrefixes = [...ALLOWED, '127.0.0.0/8', '10.0.0.0/8'].map(getPrefix)
  return isTooWide(parsed) || protectedPrefixes.some((other) => prefixesOverlap(other, parsed))
}

test('never decides on a protected address, or on a prefix that is too wide', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const run = new Run()
      for (const one of steps) {
        for (const made of decisionsOf(run.take(one))) {
          ok(made.prefixes.length > 0)
          for (const prefix of made.prefixes) is(isForbidden(prefix), false, prefix)
        }
      }
    })
  )
})

test('gives every decision an end, no farther than the longest that it may stand', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const run = new Run()
      for (const one of steps) {
        run.take(one)
        for (const made of run.state.standing.all()) {
          ok(Number.isSafeInteger(made.untilMs))
          const leftMs = made.untilMs - run.state.clock.nowMs
          ok(leftMs <= 8 * HOUR_MS, `expected at most 8 h, got ${leftMs} ms`)
        }
      }
    })
  )
})

test('holds nothing in force whose time is over', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const run = new Run()
      for (const one of steps) {
        run.take(one)
        run.take({ kind: 'tick', afterMs: 0, setByMs: 0 })
        for (const made of run.state.standing.all()) ok(made.untilMs > run.state.clock.nowMs)
      }
    })
  )
})

test('accounts for every decision: what begins ends once, and nothing else does', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const run = new Run()
      const open = new Set<string>()
      for (const one of steps) {
        for (const effect of run.take(one)) {
          if (effect.kind === 'suppressed') continue
          const { id } = effect.decision
          if (effect.kind === 'decided') open.add(id)
          else ok(open.has(id), `${effect.kind} ${id} without a beginning`)
          if (effect.kind === 'ended') open.delete(id)
        }
      }
      equal([...open].sort(), [...run.state.standing.all()].map(({ id }) => id).sort())
    })
  )
})

test('gives the same effects for the same inputs', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const [one, other] = [new Run(), new Run()]
      for (const taken of steps) equal(one.take(taken), other.take(taken))
    })
  )
})

test('goes on after a restart at any point as if there had been none', () => {
  fc.assert(
    fc.property(sequence, fc.nat({ max: 30 }), (steps, at) => {
      const [whole, broken] = [new Run(), new Run()]
      steps.forEach((taken, n) => {
        if (n === at) {
          const memory = structuredClone(rememberGuard(broken.state))
          const stored = structuredClone([...broken.state.standing.all()])
          broken.state = recallGuard(memory)
          for (const made of stored) broken.state.standing.put(made)
        }
        equal(broken.take(taken), whole.take(taken))
      })
    })
  )
})

test('finds for an address the most severe decision that is applied and covers it', () => {
  fc.assert(
    fc.property(sequence, address, (steps, asked) => {
      const run = new Run({
        mode: { overall: 'enforce', byCategory: { harvesting: 'shadow' }, previous: undefined }
      })
      for (const one of steps) run.take(one)
      const { nowMs } = run.state.clock
      const ranks = ['throttle', 'ban']
      const expected = [...run.state.standing.all()]
        .filter((made) => made.mode === 'enforce' && ranks.includes(made.type))
        .filter((made) => made.createdAtMs <= nowMs && made.untilMs > nowMs)
        .filter((made) =>
          made.prefixes.some((prefix) => prefixContains(getPrefix(prefix), getPrefix(asked)))
        )
        .map((made) => ranks.indexOf(made.type))
      const found = findApplied(run.state, asked)
      is(found === undefined ? -1 : ranks.indexOf(found.type), Math.max(-1, ...expected))
    })
  )
})

test('hands the actuators one entry a prefix, applied, in time, never protected, the strongest there is', () => {
  fc.assert(
    fc.property(sequence, fc.subarray([...ALLOWED, '203.0.113.7/32']), (steps, allowed) => {
      const run = new Run({ neverBlock: neverBlock() })
      for (const one of steps) run.take(one)
      const guardNow = neverBlock(allowed)
      const atMs = run.state.clock.nowMs + 1_000
      const standing = [...run.state.standing.all()]
      const entries = desiredEntries(standing, 'applied', { atMs, neverBlock: guardNow })
      is(new Set(entries.map(({ prefix }) => prefix)).size, entries.length)
      for (const entry of entries) {
        ok(entry.untilMs > atMs)
        is(guardNow.find(entry.prefix, atMs), undefined)
        const owner = run.state.standing.find(entry.decisionId)
        is(owner?.mode, 'enforce')
        const rivals = standing.filter(
          (made) =>
            made.mode === 'enforce' && made.untilMs > atMs && made.prefixes.includes(entry.prefix)
        )
        is(entry.action, rivals.some(({ type }) => type === 'ban') ? 'ban' : 'throttle')
      }
    })
  )
})

test('releases whatever becomes protected, and only that', () => {
  fc.assert(
    fc.property(sequence, fc.constantFrom(...addresses, '203.0.113.0/25'), (steps, allowed) => {
      const run = new Run({ neverBlock: neverBlock() })
      for (const one of steps) run.take(one)
      const before = new Map([...run.state.standing.all()].map((made) => [made.id, made]))
      const now = neverBlock([allowed])
      const effects = releaseProtected(run.state, [...before.values()], { neverBlock: now })
      for (const made of run.state.standing.all()) {
        for (const prefix of made.prefixes) {
          is(prefixesOverlap(getPrefix(prefix), getPrefix(allowed)), false)
        }
      }
      for (const effect of effects) {
        if (effect.kind === 'suppressed') continue
        const touched = before.get(effect.decision.id)?.prefixes ?? []
        ok(touched.some((prefix) => prefixesOverlap(getPrefix(prefix), getPrefix(allowed))))
      }
    })
  )
})

test('brings all that stands into the mode, and leaves it there when told again', () => {
  const mode = fc.constantFrom('shadow' as const, 'enforce' as const)
  fc.assert(
    fc.property(sequence, mode, mode, (steps, overall, harvesting) => {
      const run = new Run()
      for (const one of steps) run.take(one)
      const wanted = { overall, byCategory: { harvesting }, previous: undefined }
      followMode(run.state, wanted)
      for (const made of run.state.standing.all()) {
        is(made.mode, made.category === 'harvesting' ? harvesting : overall)
      }
      equal(followMode(run.state, wanted), [])
    })
  )
})

test('never lets a protected address or anything around it through the never-block rules', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const length = fc.integer({ min: 0, max: 32 })
  const open = neverBlock(
    ['203.0.113.8/29'],
    [{ prefix: '198.51.100.9/32', kind: 'gateway', detail: '' }]
  )
  const guarded = ['0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12']
    .concat(['192.168.0.0/16', '224.0.0.0/3', '203.0.113.8/29', '198.51.100.9/32'])
    .map(getPrefix)
  const first = fc.oneof(octet, fc.constantFrom(10, 127, 172, 192, 198, 203))
  fc.assert(
    fc.property(first, octet, octet, octet, length, fc.boolean(), (a, b, c, d, bits, isMapped) => {
      const text = isMapped
        ? `::ffff:${a}.${b}.${c}.${d}/${96 + bits}`
        : `${a}.${b}.${c}.${d}/${bits}`
      const prefix = findPrefix(text)
      if (prefix === undefined) return
      if (isTooWide(prefix) || guarded.some((other) => prefixesOverlap(other, prefix))) {
        ok(open.find(text, START_MS) !== undefined, text)
      }
    }),
    { numRuns: 5_000 }
  )
})
