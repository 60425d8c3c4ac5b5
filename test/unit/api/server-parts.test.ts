import * as assert from 'uvu/assert'
import { EventHub, type StreamedEvent } from '../../../src/api/events/event-hub.ts'
import { ApiError } from '../../../src/api/index.ts'
import { severityOf, wireDecision, wireTime } from '../../../src/api/projection.ts'
import { pageByKey } from '../../../src/api/routes/paging.ts'
import { IdempotencyStore } from '../../../src/api/server/idempotency.ts'
import { problemOf } from '../../../src/api/server/problem.ts'
import { RateLimiter, rateLimitHeaders } from '../../../src/api/server/rate-limiter.ts'
import { ManualClock, NetminderError } from '../../../src/base/index.ts'
import { sampleDecision } from '../../support/fake-api.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API parts')

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof NetminderError) return error.code
    throw error
  }
  return ''
}

test('the rate limiter allows the quota at once, and then as it refills', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter({ requestsPerMinute: 6 }, clock)
  for (let left = 5; left >= 0; left--) assert.is(limiter.take('a').remaining, left)
  const refused = limiter.take('a')
  assert.is(refused.isAllowed, false)
  assert.is(refused.waitMs, 10_000)
  assert.is(rateLimitHeaders(refused, 6)['Retry-After'], '10')
  assert.is(limiter.take('b').isAllowed, true)
  await clock.advance(9_999)
  assert.is(limiter.take('a').isAllowed, false)
  await clock.advance(1)
  assert.is(limiter.take('a').isAllowed, true)
  assert.is(limiter.take('a').isAllowed, false)
  await clock.advance(3_600_000)
  assert.is(limiter.take('a').remaining, 5)
})

test('an idempotency key is forgotten after a day', async () => {
  const clock = new ManualClock()
  const store = new IdempotencyStore(clock)
  const answer = { status: 200, body: 1 }
  assert.is(store.begin('k', 'f'), undefined)
  store.complete('k', answer)
  await clock.advance(24 * 3_600_000)
  assert.is(store.begin('k', 'f'), answer)
  await clock.advance(1)
  assert.is(store.begin('k', 'other'), undefined)
})

test('an idempotency key can be used for one request only, and is free after a failure', () => {
  const store = new IdempotencyStore(new ManualClock())
  store.begin('k', 'f')
  assert.is(
    codeOf(() => store.begin('k', 'f')),
    'IDEMPOTENCY_KEY_IN_USE'
  )
  assert.is(
    codeOf(() => store.begin('k', 'g')),
    'IDEMPOTENCY_KEY_REUSED'
  )
  store.abandon('k')
  assert.is(store.begin('k', 'g'), undefined)
})

test('idempotency keys are bounded', () => {
  const store = new IdempotencyStore(new ManualClock())
  for (let i = 0; i < 1_001; i++) store.begin(`k${i}`, 'f')
  assert.is(store.begin('k0', 'other'), undefined)
  assert.is(
    codeOf(() => store.begin('k1000', 'other')),
    'IDEMPOTENCY_KEY_REUSED'
  )
})

function publish(hub: EventHub, count: number): void {
  for (let n = 0; n < count; n++) hub.publish({ event: 'decision.created', data: { n } })
}

test('the event hub replays exactly what came after, for every last id', () => {
  for (const total of [0, 1, 3, 4, 7, 8, 9, 20]) {
    const hub = new EventHub({ run: 'r', capacity: 4 })
    publish(hub, total)
    for (let last = 1; last <= total; last++) {
      const { hasGap, events } = hub.replayAfter(`r-${last}`)
      const missed = total - last
      assert.is(events.length, Math.min(missed, 4), `${last} of ${total}`)
      assert.is(hasGap, missed > 4, `${last} of ${total}`)
      assert.is(events.at(-1)?.id ?? `r-${total}`, `r-${total}`)
    }
  }
})

test('the event hub reports a gap for ids that it never gave out', () => {
  const hub = new EventHub({ run: 'r', capacity: 4 })
  publish(hub, 2)
  for (const id of ['x-1', 'r-99', 'r-', 'r-1e0', '-1', 'nonsense']) {
    assert.is(hub.replayAfter(id).hasGap, true, id)
    assert.is(hub.replayAfter(id).events.length, 2)
  }
  for (const id of [undefined, '']) {
    assert.equal(hub.replayAfter(id), { hasGap: false, events: [] })
  }
})

test('a listener that left hears nothing more', () => {
  const hub = new EventHub({ run: 'r', capacity: 4 })
  const heard: StreamedEvent[] = []
  const leave = hub.listen((event) => heard.push(event))
  publish(hub, 1)
  leave()
  publish(hub, 1)
  assert.equal(
    heard.map((event) => event.id),
    ['r-1']
  )
})

test('pages do not move when entries before them come or go', () => {
  const key = (text: string) => text
  const first = pageByKey(['b', 'd', 'a', 'c'], key, { limit: 2, cursor: undefined })
  assert.equal(first.items, ['a', 'b'])
  const cursor = first.nextCursor ?? undefined
  assert.equal(pageByKey(['c', 'd', 'aa', 'e'], key, { limit: 2, cursor }).items, ['c', 'd'])
  assert.equal(pageByKey(['a'], key, { limit: 2, cursor }), { items: [], nextCursor: null })
  assert.is(pageByKey(['a', 'b'], key, { limit: 2, cursor: undefined }).nextCursor, null)
  for (const forged of ['', 'a', 'AAAA', `${cursor}=`]) {
    assert.is(
      codeOf(() => pageByKey(['a'], key, { limit: 1, cursor: forged })),
      'CURSOR_INVALID'
    )
  }
})

class StorageError extends NetminderError {}

const PROBLEMS = [
  {
    name: 'an answer of the contract',
    error: new ApiError('PROTECTED', 'why'),
    status: 409,
    code: 'PROTECTED',
    detail: 'why',
    isFault: false
  },
  {
    name: 'a code of another room that the contract knows',
    error: new NetminderError('ENTRY_NOT_FOUND', 'why'),
    status: 404,
    code: 'ENTRY_NOT_FOUND',
    detail: 'why',
    isFault: false
  },
  {
    name: 'a full disk',
    error: new StorageError('DISK_FULL', '/secret'),
    status: 503,
    code: 'STORAGE_UNAVAILABLE',
    detail: 'the database cannot be read or written; the log of the node says why',
    isFault: true
  },
  {
    name: 'a code that the contract does not know',
    error: new NetminderError('SOMETHING', 'secret'),
    status: 500,
    code: 'INTERNAL',
    detail: 'The node failed; its log says why.',
    isFault: true
  },
  {
    name: 'a programmer’s mistake',
    error: new TypeError('secret'),
    status: 500,
    code: 'INTERNAL',
    detail: 'The node failed; its log says why.',
    isFault: true
  },
  {
    name: 'no error at all',
    error: 'secret',
    status: 500,
    code: 'INTERNAL',
    detail: 'The node failed; its log says why.',
    isFault: true
  },
  {
    name: 'an INTERNAL of another room',
    error: new NetminderError('INTERNAL', 'secret'),
    status: 500,
    code: 'INTERNAL',
    detail: 'The node failed; its log says why.',
    isFault: true
  }
]

for (const { name, error, ...expected } of PROBLEMS) {
  test(`maps ${name} to a problem document`, () => {
    const { status, body, isFault } = problemOf(error)
    assert.equal({ status, code: body['code'], detail: body['detail'], isFault }, expected)
    assert.is(body['status'], expected.status)
    assert.is(body['type'], 'about:blank')
  })
}

test('extensions of a problem never replace its own members', () => {
  const error = new ApiError('PROTECTED', 'why', { extensions: { code: 'FORGED', more: 1 } })
  const { body } = problemOf(error)
  assert.is(body['code'], 'PROTECTED')
  assert.is(body['more'], 1)
})

const STATES = [
  { name: 'in force', overrides: {}, nowMs: 1, state: 'in-force' },
  { name: 'shadow', overrides: { mode: 'shadow' as const }, nowMs: 1, state: 'shadow' },
  { name: 'ended by its TTL', overrides: {}, nowMs: 100, state: 'expired' },
  { name: 'one millisecond before its end', overrides: {}, nowMs: 99, state: 'in-force' },
  { name: 'lifted', overrides: { liftedAtMs: 5 }, nowMs: 6, state: 'lifted' },
  { name: 'lifted long ago', overrides: { liftedAtMs: 5 }, nowMs: 600, state: 'lifted' }
]

for (const { name, overrides, nowMs, state } of STATES) {
  test(`shows the state of a decision that is ${name}`, () => {
    const decision = sampleDecision({ createdAtMs: 0, untilMs: 100, ...overrides })
    assert.is(wireDecision(decision, nowMs).state, state)
  })
}

test('names a client only where the decision is about one address', () => {
  assert.is(wireDecision(sampleDecision(), 0).client_ip, '198.51.100.7')
  const prefix = sampleDecision({ scope: 'prefix', value: '198.51.100.0/24' })
  assert.is(wireDecision(prefix, 0).client_ip, null)
})

test('grades severity by type, scope and offence', () => {
  assert.is(severityOf(sampleDecision({ type: 'watch', scope: 'swarm' })), 'low')
  assert.is(severityOf(sampleDecision({ type: 'throttle' })), 'medium')
  assert.is(severityOf(sampleDecision({ offence: 1 })), 'high')
  assert.is(severityOf(sampleDecision({ offence: 2 })), 'critical')
  assert.is(severityOf(sampleDecision({ scope: 'swarm' })), 'critical')
})

test('writes times that no calendar holds as the last one that it does', () => {
  assert.is(wireTime(Number.POSITIVE_INFINITY), '+275760-09-13T00:00:00.000Z')
  assert.is(wireTime(0), '1970-01-01T00:00:00.000Z')
})
