import { equal, is, throws } from 'uvu/assert'
import { AssertionError, NetminderError } from '../../../src/base/index.ts'
import { DecisionRepository } from '../../../src/store/index.ts'
import { SuppressionRing } from '../../../src/store/suppression-ring.ts'
import {
  makeDecision,
  makeStore,
  removeStore,
  START_MS,
  type TemporaryStore,
  uuidOf
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('decision repository')
let store: TemporaryStore
let decisions: DecisionRepository

test.beforeEach(() => {
  store = makeStore()
  decisions = new DecisionRepository(store.db)
})
test.afterEach(() => removeStore(store))

test('writes a swarm that grows, shrinks and is shuffled exactly as given', () => {
  const members = Array.from({ length: 300 }, (_, i) => `198.51.${i >> 8}.${i & 255}/32`)
  const swarm = (prefixes: string[]) => makeDecision(1, { scope: 'swarm', value: 's', prefixes })
  decisions.insert(swarm(members.slice(0, 100)))
  for (const prefixes of [members, members.slice(0, 5), members.slice(3, 9).reverse(), []]) {
    decisions.update(swarm(prefixes))
    equal(decisions.find(uuidOf(1))?.prefixes, prefixes)
  }
})

test('overwrites members it has not written itself, as after a restart', () => {
  decisions.insert(makeDecision(1, { prefixes: ['192.0.2.1/32', '192.0.2.2/32'] }))
  const restarted = new DecisionRepository(store.db)
  restarted.update(makeDecision(1, { prefixes: ['192.0.2.2/32'] }))
  equal(restarted.find(uuidOf(1))?.prefixes, ['192.0.2.2/32'])
})

test('finds the decisions on the prefixes around an address, however it is written', () => {
  decisions.insert(makeDecision(1, { value: '2001:db8::/64', prefixes: ['2001:db8::/64'] }))
  decisions.insert(makeDecision(2, { value: '192.0.2.0/24', prefixes: ['192.0.2.0/24'] }))
  for (const [value, expected] of [
    ['2001:DB8:0:0::1', [uuidOf(1)]],
    ['::ffff:192.0.2.200', [uuidOf(2)]],
    ['192.0.2.128/25', [uuidOf(2)]],
    ['192.0.0.0/16', []],
    ['192.0.3.1', []],
    ["' OR 1=1 --", []]
  ] as const) {
    equal(
      decisions.list({ value, limit: 10 }).items.map(({ id }) => id),
      expected,
      value
    )
  }
})

test('pages without gap or repetition while newer decisions come in', () => {
  for (let i = 0; i < 10; i++) decisions.insert(makeDecision(i, { createdAtMs: START_MS }))
  const first = decisions.list({ limit: 4 })
  decisions.insert(makeDecision(99, { createdAtMs: START_MS + 1 }))
  const second = decisions.list({ limit: 4, cursor: first.nextCursor })
  const third = decisions.list({ limit: 4, cursor: second.nextCursor })
  equal(
    [...first.items, ...second.items, ...third.items].map(({ id }) => id),
    Array.from({ length: 10 }, (_, i) => uuidOf(9 - i))
  )
  is(third.nextCursor, undefined)
})

test('refuses a cursor of its own making only', () => {
  for (const cursor of ['', 'x', 'a'.repeat(5_000), Buffer.from('1|2').toString('base64url')]) {
    throws(
      () => decisions.list({ limit: 1, cursor }),
      (error: unknown) => error instanceof NetminderError && error.code === 'CURSOR_INVALID'
    )
  }
})

test('clamps the size of a page', () => {
  for (let i = 0; i < 3; i++) decisions.insert(makeDecision(i))
  is(decisions.list({ limit: 0 }).items.length, 1)
  is(decisions.list({ limit: Number.NaN }).items.length, 1)
  is(decisions.list({ limit: 1e9 }).items.length, 3)
})

test('refuses a second decision of the same id and an update of none', () => {
  decisions.insert(makeDecision(1))
  throws(
    () => decisions.insert(makeDecision(1)),
    (error: unknown) => error instanceof NetminderError && error.code === 'ROW_REFUSED'
  )
  throws(
    () => decisions.update(makeDecision(2)),
    (error: unknown) => error instanceof AssertionError
  )
})

test('lists what is in force from the history and from the index of ends alike', () => {
  store.db.transaction.run(() => {
    for (let i = 0; i < 10_050; i++) {
      decisions.insert(makeDecision(i, { untilMs: START_MS + 100_000_000, prefixes: [] }))
    }
  })
  const activeAtMs = START_MS + 90_000_000
  is(decisions.list({ activeAtMs, limit: 1 }).items[0]?.id, uuidOf(10_049))
  is(decisions.active(activeAtMs).length, 10_050)
  equal(decisions.list({ activeAtMs: START_MS + 100_000_000, limit: 1 }).items, [])
})

test('keeps a decision in force when the clock is set back behind its creation', () => {
  decisions.insert(makeDecision(1))
  is(decisions.active(START_MS - 3_600_000).length, 1)
})

test('lists what was detected and restricts somebody, newest first, page by page', () => {
  for (let i = 0; i < 1_003; i++) decisions.insert(makeDecision(i, { origin: 'detection' }))
  decisions.insert(makeDecision(2_000, { origin: 'operator' }))
  decisions.insert(makeDecision(2_001, { origin: 'detection', type: 'watch' }))
  decisions.insert(makeDecision(2_002, { origin: 'detection', liftedAtMs: START_MS - 1 }))
  const first = decisions.detected({ atMs: START_MS })
  equal([first.items.length, first.items[0]?.id], [1_000, uuidOf(1_002)])
  const second = decisions.detected({ atMs: START_MS, before: first.before })
  equal(
    second.items.map(({ id }) => id),
    [uuidOf(2), uuidOf(1), uuidOf(0)]
  )
  is(second.before, undefined)
})

test('prunes only what ended before the time, in batches, members included', () => {
  for (let i = 0; i < 5; i++) decisions.insert(makeDecision(i, { untilMs: START_MS + i }))
  decisions.insert(makeDecision(5, { untilMs: START_MS + 900_000, liftedAtMs: START_MS }))
  is(decisions.prune(START_MS + 3, 3), 3)
  is(decisions.prune(START_MS + 3, 3), 1)
  is(decisions.prune(START_MS + 3, 3), 0)
  equal(
    decisions.list({ limit: 10 }).items.map(({ id }) => id),
    [uuidOf(4), uuidOf(3)]
  )
  is(decisions.list({ value: '192.0.2.7', limit: 10 }).items.length, 2)
})

test('keeps the newest suppressions and shows the newest first', () => {
  const ring = new SuppressionRing(store.db, 5)
  const suppression = (i: number) => ({
    atMs: START_MS + i,
    value: `192.0.2.${i}`,
    wanted: 'ban',
    category: 'scanner',
    protectedBy: 'allowlist',
    detail: 'office'
  })
  for (let i = 0; i < 12; i++) ring.insert(suppression(i))
  equal(
    ring.list({ sinceMs: 0, limit: 100 }),
    [11, 10, 9, 8, 7].map((i) => suppression(i))
  )
  equal(ring.list({ sinceMs: START_MS + 10, limit: 1 }), [suppression(11)])
  decisions.insertSuppression(suppression(20))
  is(decisions.suppressions({ sinceMs: START_MS + 20, limit: 5 }).length, 1)
  is(decisions.pruneSuppressions(START_MS + 11, 3), 3)
  is(decisions.pruneSuppressions(START_MS + 11, 3), 1)
  is(decisions.pruneSuppressions(START_MS + 11, 3), 0)
  equal(
    ring.list({ sinceMs: 0, limit: 100 }).map(({ value }) => value),
    ['192.0.2.20', '192.0.2.11']
  )
})
