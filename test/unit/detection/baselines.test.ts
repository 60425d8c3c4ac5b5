import { equal, is, ok, throws } from 'uvu/assert'
import { predictabilityOf } from '../../../src/detection/baselines/b3-ratelimit-ml.ts'
import {
  createPolicy,
  isFrozenPolicy,
  POLICY_NAMES,
  type PolicyName,
  type Verdict
} from '../../../src/detection/index.ts'
import type { RequestEvent, TrafficEvent } from '../../../src/keyserver/index.ts'
import { gpgRefresh, recon, request, START_MS, series, upload } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('frozen baselines')

const NOTHING_STANDS = { findStanding: () => undefined, isProtected: () => false }
const DAY_MS = 86_400_000

function judge(name: PolicyName, events: readonly TrafficEvent[], seed = 1): Verdict[][] {
  const policy = createPolicy(name, { seed })
  return events.map((event) => [...policy.observe(event, NOTHING_STANDS)])
}

/** Number of the first request that is refused, from 1; 0 if none is. */
function firstRefused(name: PolicyName, events: readonly TrafficEvent[]): number {
  return judge(name, events).findIndex((verdicts) => verdicts.length > 0) + 1
}

function refusals(name: PolicyName, events: readonly TrafficEvent[]): number {
  return judge(name, events).filter((verdicts) => verdicts.length > 0).length
}

const lookups = (count: number, gapMs: number, fields: Partial<RequestEvent> = {}) =>
  series(count, gapMs, (_, atMs) => request({ atMs, ...fields }))

/** No two gaps are alike, as a person has them; the mean gap is `gapMs`. */
const irregular = (count: number, gapMs: number) =>
  lookups(count, gapMs).map((event, index) => {
    const atMs = event.atMs + (index % 2) * gapMs * 0.9
    return { ...event, atMs, loggedAtMs: atMs + 5 }
  })

const twoAgents = (count: number) =>
  series(count, 25_000, (index, atMs) =>
    request({ atMs, userAgent: index % 2 === 0 ? 'Thunderbird' : 'curl/8.5.0' })
  )

const cases: readonly {
  readonly title: string
  readonly policy: PolicyName
  readonly events: readonly TrafficEvent[]
  readonly first: number
}[] = [
  {
    title: 'b2 never refuses one client, however fast',
    policy: 'b2',
    events: lookups(2_000, 5),
    first: 0
  },
  {
    title: 'b2 never refuses a flood of uploads from one address',
    policy: 'b2',
    events: series(600, 500, (_, atMs) => upload({ atMs })),
    first: 0
  },
  {
    title: 'b2 refuses two user agents behind one address from the twelfth request on',
    policy: 'b2',
    events: twoAgents(200),
    first: 12
  },
  {
    title: 'b2 sees no rotation where a client sends no user agent',
    policy: 'b2',
    events: series(200, 25_000, (index, atMs) =>
      request({ atMs, userAgent: index % 2 === 0 ? 'curl/8.5.0' : '' })
    ),
    first: 0
  },
  {
    title: 'b2 reads parameters of a POST',
    policy: 'b2',
    events: [upload({ target: '/pks/add?comment=please+override' })],
    first: 1
  },
  {
    title: 'b2 reads no search of a GET',
    policy: 'b2',
    events: [request({ target: '/pks/lookup?op=index&search=ignore%20previous%20instructions' })],
    first: 0
  },
  {
    title: 'b3 refuses anybody from the 101st request within five minutes on',
    policy: 'b3',
    events: irregular(150, 1_000),
    first: 101
  },
  {
    title: 'b3 refuses a regular client from its 51st request on',
    policy: 'b3',
    events: lookups(150, 1_000),
    first: 51
  },
  {
    title: 'b3 never refuses a scraper that asks once in ten seconds',
    policy: 'b3',
    events: lookups(300, 10_000),
    first: 0
  },
  {
    title: 'b3 spares a regular refresh of 50 certificates',
    policy: 'b3',
    events: gpgRefresh('203.0.113.7', 50),
    first: 0
  },
  {
    title: 'b4 finds an injection in a path',
    policy: 'b4',
    events: [request({ target: '/union/select/from' })],
    first: 1
  },
  {
    title: 'b4 finds no injection in a search',
    policy: 'b4',
    events: [request({ target: "/pks/lookup?op=get&search=x'+union+select+1+from+users" })],
    first: 0
  },
  {
    title: 'b4 finds a traversal that was encoded once',
    policy: 'b4',
    events: [request({ target: '/%2e%2e/etc/passwd' })],
    first: 1
  },
  {
    title: 'b4 takes a semicolon in a path for a command',
    policy: 'b4',
    events: [request({ target: '/index;v=1' })],
    first: 1
  },
  {
    title: 'b4 finds the name of a scanner inside another word',
    policy: 'b4',
    events: [request({ userAgent: 'Zapier/1.0' })],
    first: 1
  },
  {
    title: 'b5 refuses from the 61st request within a minute on',
    policy: 'b5',
    events: lookups(100, 900),
    first: 61
  },
  {
    title: 'b5 never refuses 60 requests a minute until the hour has a thousand',
    policy: 'b5',
    events: lookups(1_100, 1_100),
    first: 1_001
  },
  {
    title: 'b5 refuses a search for a test address',
    policy: 'b5',
    events: [request({ target: '/pks/lookup?op=index&search=test%40example.org' })],
    first: 1
  },
  {
    title: 'b5 refuses a search for Abbott',
    policy: 'b5',
    events: [request({ target: '/pks/lookup?op=index&search=Abbott' })],
    first: 1
  },
  {
    title: 'b5 refuses the spider of another keyserver',
    policy: 'b5',
    events: [request({ userAgent: 'SKS-Spider' })],
    first: 1
  },
  {
    title: 'haproxy-stock repeats what HAProxy refused',
    policy: 'haproxy-stock',
    events: [request(), request({ outcome: 'denied', status: 429 })],
    first: 2
  },
  {
    title: 'haproxy-stock takes no answer of the keyserver for a refusal',
    policy: 'haproxy-stock',
    events: [request({ status: 429 }), request({ status: 500 })],
    first: 0
  }
]

for (const { title, policy, events, first } of cases) {
  test(title, () => is(firstRefused(policy, events), first))
}

test('b2 goes on refusing two agents behind one address: 0.92 of 200 requests and more', () => {
  ok(refusals('b2', twoAgents(200)) / 200 >= 0.92)
})

test('b3 judges each request anew: after a quiet hour the same client passes', () => {
  const later = request({ atMs: START_MS + 2 * 3_600_000 })
  const verdicts = judge('b3', [...lookups(120, 1_000), later])
  equal([verdicts.at(-2)?.[0]?.holdMs, verdicts.at(-1)], [0, []])
})

test('b3 computes variance in 64 bits that wrap around', () => {
  const even = [0, 1_000, 2_000, 3_000]
  is(predictabilityOf(even), 1)
  const known = [0, 1_000, 3_000]
  // Mean 1.5 s, deviations ±0.5 s: variation 1/9.
  ok(Math.abs(predictabilityOf(known) - 0.9) < 1e-12)
  // Deviations of 4 s: 1.6e19 ns² wrap to −2446744073709551616, halved and added up; 5 s squared is 2.5e19, wraps to 6553255926290448384.
  const wrapped = predictabilityOf([0, 1_000, 10_000])
  const variation = Number(-2_446_744_073_709_551_616n) / Number(6_553_255_926_290_448_384n)
  ok(Math.abs(wrapped - Math.min(1, 1 / (1 + variation))) < 1e-9, String(wrapped))
  is(wrapped, 1)
})

test('b4 blocks a day from severity high on, and for a scanner only its requests, until its reputation is gone', () => {
  const scanner = (index: number) =>
    request({ atMs: START_MS + index * 1_000, userAgent: 'sqlmap/1.7' })
  const verdicts = judge('b4', [scanner(0), scanner(1), scanner(2), scanner(3)]).flat()
  equal(
    verdicts.map((verdict) => [verdict.level, verdict.holdMs]),
    [
      ['throttle', 0],
      ['throttle', 0],
      ['throttle', 0],
      ['ban', DAY_MS]
    ]
  )
  const [high] = judge('b4', [request({ target: '/a/../b' })]).flat()
  equal([high?.level, high?.holdMs, high?.score], ['ban', DAY_MS, 0.9])
})

test('b4 blocks whoever it blocked for the rest of the day', () => {
  const events = [
    request({ target: '/a;b' }),
    request({ atMs: START_MS + DAY_MS - 1 }),
    request({ atMs: START_MS + DAY_MS })
  ]
  equal(
    judge('b4', events).map(([verdict]) => verdict?.holdMs),
    [DAY_MS, 1, undefined]
  )
})

test('b5 counts a suspicious request as five', () => {
  const events = series(20, 1_000, (_, atMs) =>
    request({ atMs, target: '/pks/lookup?op=index&search=test' })
  )
  const levels = judge('b5', events).map(([verdict]) => verdict?.level)
  is(levels.indexOf('ban'), 12)
})

test('b5 counts its minute from the first request, not on a sliding scale', () => {
  const burst = (fromMs: number) => lookups(59, 10).map((e) => ({ ...e, atMs: e.atMs + fromMs }))
  is(
    refusals('b5', [...burst(0), ...burst(59_000).map((e) => ({ ...e, atMs: e.atMs + 1_000 }))]),
    0
  )
})

test('a client that brings an address of its own is taken at its word', () => {
  const events = lookups(100, 900).map((event, index) => ({
    ...event,
    forwardedFor: `198.51.100.${index % 4}`
  }))
  is(refusals('b5', events), 0)
})

test('plug-ins see nothing of what the proxy refused, and no line that is no request', () => {
  for (const name of ['b2', 'b3', 'b4', 'b5'] as const) {
    const refused = lookups(300, 100, { outcome: 'tarpitted', target: '/a;b' })
    is(refusals(name, [...refused, recon()]), 0)
  }
})

test('a ban is what lasts, a throttle what concerns one request; HAProxy bans by 429 only', () => {
  const [banned, held, forbidden] = judge('haproxy-stock', [
    request({ outcome: 'denied', status: 429 }),
    request({ outcome: 'tarpitted', status: 500 }),
    request({ outcome: 'denied', status: 403 })
  ]).flat()
  equal([banned?.level, held?.level, forbidden?.level], ['ban', 'throttle', 'throttle'])
})

test('the same seed draws the same noise, another one other noise', () => {
  const scores = (seed: number) =>
    judge('b2', twoAgents(60), seed)
      .flat()
      .map(({ score }) => score)
  equal(scores(7), scores(7))
  ok(scores(7).some((score, index) => score !== scores(8)[index]))
})

test('a state of another policy is refused', () => {
  const saved = createPolicy('b2').snapshot()
  throws(() => createPolicy('b3').restore(saved), /expected state of b3/)
  throws(() => createPolicy('b3').restore(undefined), /expected state of b3/)
})

test('clients are remembered up to a bound', () => {
  const policy = createPolicy('b5', { sourcesMax: 10 })
  for (let index = 0; index < 100; index++) {
    policy.observe(request({ source: `203.0.113.${index}` }), NOTHING_STANDS)
  }
  is((policy.snapshot() as { clients: Map<string, unknown> }).clients.size, 10)
})

test('every name makes a policy; ours are not frozen', () => {
  for (const name of POLICY_NAMES) ok(createPolicy(name).name.length > 0)
  equal(
    POLICY_NAMES.filter((name) => !isFrozenPolicy(name)),
    ['default', 'rules']
  )
})
