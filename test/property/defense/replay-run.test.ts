/** Laws of replay: a log in two halves is the same log, and what happens at one moment happens in whatever order to each source. */
import fc from 'fast-check'
import { equal, ok } from 'uvu/assert'
import { type Decision, ReplayRun } from '../../../src/defense/index.ts'
import {
  createPolicy,
  isFrozenPolicy,
  POLICY_NAMES,
  type PolicyName
} from '../../../src/detection/index.ts'
import type { RequestEvent } from '../../../src/keyserver/index.ts'
import { request, START_MS } from '../../support/events.ts'
import { HOUR_MS, LADDER_MS, MINUTE_MS, PUBLIC } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('laws of replay', { timeoutMs: 60_000 })

function runOf(name: PolicyName): ReplayRun {
  return new ReplayRun({
    policy: createPolicy(name, { seed: 3 }),
    isFrozen: isFrozenPolicy(name),
    treatAsPublic: PUBLIC,
    allow: ['203.0.113.9/32'],
    throttleTtlMs: 10 * MINUTE_MS,
    banLadderMs: LADDER_MS,
    ladderMemoryMs: 24 * HOUR_MS,
    maxActive: 1_000
  })
}

const event = fc.record({
  source: fc.constantFrom('203.0.113.7', '203.0.113.8', '203.0.113.9', '2001:db8::1'),
  target: fc.constantFrom(
    '/pks/lookup?op=get&search=0x0123456789abcdef0123456789abcdef01234567',
    '/pks/lookup?op=index&search=test%40example.org',
    "/pks/lookup?op=index&search=x'%20union%20select",
    '/.env',
    '/a;b',
    '/wp-login.php'
  ),
  userAgent: fc.constantFrom('', 'curl/8.5.0', 'sqlmap/1.7', 'Mozilla/5.0'),
  outcome: fc.constantFrom('served' as const, 'served' as const, 'tarpitted' as const),
  status: fc.constantFrom(200, 404, 429, 500),
  gapMs: fc.constantFrom(0, 1, 700, 4_000, 400_000)
})

const traffic = fc.array(event, { minLength: 1, maxLength: 120 }).map((parts) => {
  let atMs = START_MS
  return parts.map(({ gapMs, ...fields }, index): RequestEvent => {
    atMs += gapMs
    return request({ ...fields, atMs, loggedAtMs: atMs + 5, line: `line ${index}` })
  })
})

function decisionsOf(run: ReplayRun, events: readonly RequestEvent[]): Decision[] {
  return events.flatMap((one) => [...run.observe(one)])
}

for (const name of POLICY_NAMES) {
  test(`${name}: two halves with a snapshot between them are one log`, () => {
    fc.assert(
      fc.property(traffic, fc.double({ min: 0, max: 1, noNaN: true }), (events, part) => {
        const whole = decisionsOf(runOf(name), events)
        const cut = Math.floor(part * events.length)
        const first = runOf(name)
        const halves = decisionsOf(first, events.slice(0, cut))
        const second = runOf(name)
        second.restore(structuredClone(first.snapshot()))
        halves.push(...decisionsOf(second, events.slice(cut)))
        equal(halves, whole)
      }),
      { numRuns: 40 }
    )
  })

  test(`${name}: no more is prevented than came, and a verdict has a decision behind it`, () => {
    fc.assert(
      fc.property(traffic, (events) => {
        const run = runOf(name)
        decisionsOf(run, events)
        let requests = 0
        for (const record of run.sources().values()) {
          requests += record.requests
          ok(record.prevented <= record.requests)
          const isDecided = record.level === 'throttle' || record.level === 'ban'
          ok(isDecided === (record.firstDecisionAtMs !== undefined))
          ok((record.requestsBeforeDecision ?? 0) <= record.requests)
        }
        ok(requests === events.length)
        if (!isFrozenPolicy(name)) ok(run.sources().get('203.0.113.9')?.level !== 'ban')
      }),
      { numRuns: 40 }
    )
  })
}

// B2 and B3 draw at random for each request, the rules look across sources: both depend on the order.
for (const name of ['haproxy-stock', 'b4', 'b5'] as const) {
  test(`${name}: events of one moment may come in any order of their sources`, () => {
    fc.assert(
      fc.property(traffic, (events) => {
        const together = events.map((one) => ({ ...one, atMs: START_MS, loggedAtMs: START_MS }))
        const bySource = [...Map.groupBy(together, ({ source }) => source).values()].flat()
        const resultOf = (order: readonly RequestEvent[]) => {
          const run = runOf(name)
          decisionsOf(run, order)
          return [...run.sources()]
            .map(([source, { level, prevented, requests }]) => ({
              source,
              level,
              prevented,
              requests
            }))
            .sort((a, b) => (a.source < b.source ? -1 : 1))
        }
        equal(resultOf(bySource), resultOf(together))
      }),
      { numRuns: 40 }
    )
  })
}
