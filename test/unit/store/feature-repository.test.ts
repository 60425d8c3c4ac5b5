/** Rows of features in the database: bounded by age, number and bytes; labelled ones go last. */
import { equal, is, ok } from 'uvu/assert'
import { sourceKeyOf, sourceRangeOf } from '../../../src/base/index.ts'
import { type FeatureRecord, FeatureRepository, LabelRepository } from '../../../src/store/index.ts'
import { sampleLabel } from '../../support/fake-labels.ts'
import {
  makeStore,
  removeStore,
  START_MS,
  type TemporaryStore,
  uuidOf
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('feature repository')
let store: TemporaryStore
let features: FeatureRepository

test.beforeEach(() => {
  store = makeStore()
  features = new FeatureRepository(store.db)
})
test.afterEach(() => removeStore(store))

function row(number: number, fields: Partial<FeatureRecord> = {}): FeatureRecord {
  return {
    ...{ atMs: START_MS + number, source: sourceKeyOf('198.51.100.7'), requests: number },
    ...{ featureSetVersion: 1, level: 'benign', score: undefined },
    packed: Uint8Array.from([number & 255, 1, 2]),
    ...fields
  }
}

function rows(count: number, fields: Partial<FeatureRecord> = {}): FeatureRecord[] {
  return Array.from({ length: count }, (_, i) => row(i, fields))
}

const all = (query: Partial<Parameters<FeatureRepository['page']>[0]> = {}) =>
  features.page({ after: 0, sinceMs: 0, featureSetVersion: 1, limit: 1_000, ...query })
const numbers = () => all().map(({ requests }) => requests)
const NO_LIMIT = Number.MAX_SAFE_INTEGER

test('gives rows back as they were, page by page, of one version and from one time on', () => {
  const scored = row(3, { level: 'ban', score: 0.75, source: sourceKeyOf('2001:db8::1') })
  features.append([...rows(3), scored, row(4, { featureSetVersion: 2 })])
  equal(numbers(), [0, 1, 2, 3])
  const last = all().at(-1)
  equal(
    { ...last, source: Uint8Array.from(last?.source ?? []) },
    {
      ...{ ...scored, sequence: 4 },
      packed: Buffer.from(scored.packed)
    }
  )
  equal(
    all({ featureSetVersion: 2 }).map(({ requests }) => requests),
    [4]
  )
  equal(
    all({ after: 1, limit: 2 }).map(({ requests }) => requests),
    [1, 2]
  )
  equal(
    all({ sinceMs: START_MS + 2 }).map(({ requests }) => requests),
    [2, 3]
  )
  is(features.lastSequence(), 5)
})

test('a batch with a row that cannot be is not stored at all', () => {
  let code: unknown
  try {
    features.append([row(1), row(2, { source: Uint8Array.of(1) })])
  } catch (error) {
    code = (error as { code?: string }).code
  }
  is(code, 'ROW_REFUSED')
  equal([numbers(), features.totals().rows], [[], 0])
})

test('rows before a time are deleted, whatever their version, in batches', () => {
  features.append([...rows(700), row(701, { featureSetVersion: 9 }), row(900)])
  const counts = [1, 2, 3].map(() => features.prune(START_MS + 800))
  equal(counts, [500, 201, 0])
  equal([numbers(), features.totals().rows], [[900], 1])
})

test('more than there is room for is deleted from the oldest on, and nothing where it fits', () => {
  features.append(rows(10).reverse())
  is(features.trim({ rows: 10, bytes: NO_LIMIT }), 0)
  is(features.trim({ rows: 7, bytes: NO_LIMIT }), 3)
  equal(numbers(), [9, 8, 7, 6, 5, 4, 3])
  const { bytes } = features.totals()
  for (let count = -1; count !== 0; ) count = features.trim({ rows: NO_LIMIT, bytes: bytes / 2 })
  ok(features.totals().bytes <= bytes / 2)
  equal(numbers(), [9, 8, 7])
})

test('labelled rows go last, and only when there are no others left', () => {
  const labels = new LabelRepository(store.db, features)
  features.append(rows(6))
  features.append([row(2, { source: sourceKeyOf('198.51.100.8') })])
  const span = { fromMs: START_MS + 1, toMs: START_MS + 2 }
  labels.insert(sampleLabel({ ...span, prefix: '198.51.100.7/32', saidAtMs: START_MS }))
  for (let left = 1; left > 0; ) left = labels.markRows(START_MS + 3_600_000)
  is(features.trim({ rows: 2, bytes: NO_LIMIT }), 5)
  equal(numbers(), [1, 2])
  is(features.trim({ rows: 1, bytes: NO_LIMIT }), 1)
  equal(numbers(), [2])
  is(features.prune(START_MS + 3), 1, 'age spares nobody')
})

test('a label that goes on marks what comes until its end, and nothing after it', () => {
  const labels = new LabelRepository(store.db, features)
  const span = { fromMs: START_MS, toMs: START_MS + 10_000 }
  labels.insert(sampleLabel({ ...span, prefix: '198.51.100.0/24', saidAtMs: START_MS }))
  const mark = (nowMs: number) => {
    for (let left = 1; left > 0; ) left = labels.markRows(nowMs + 60_000)
  }
  features.append([row(1)])
  mark(START_MS + 5_000)
  features.append([row(6_000), row(10_001)])
  mark(START_MS + 20_000)
  is(features.trim({ rows: 2, bytes: NO_LIMIT }), 1)
  equal(numbers(), [1, 6_000])
})

test('counts what it holds without counting', () => {
  features.append(rows(20))
  const { bytes } = features.totals()
  features.prune(START_MS + 10)
  equal(features.totals(), { rows: 10, bytes: bytes / 2 })
})

test('labels are deleted when both their time and what they speak of are long over', () => {
  const labels = new LabelRepository(store.db, features)
  const saidAtMs = START_MS
  labels.insert(sampleLabel({ id: uuidOf(1), saidAtMs, toMs: START_MS }))
  labels.insert(sampleLabel({ id: uuidOf(2), saidAtMs, toMs: START_MS + 99_999 }))
  labels.insert(sampleLabel({ id: uuidOf(3), saidAtMs: START_MS + 500, toMs: START_MS }))
  equal([labels.count(), labels.prune(START_MS + 100), labels.prune(START_MS + 100)], [3, 1, 0])
  equal([labels.find(uuidOf(1)), labels.count('operator')], [undefined, 2])
})

test('a transaction that is undone leaves no label behind in the count', () => {
  const labels = new LabelRepository(store.db, features)
  labels.count()
  try {
    store.db.transaction.run(() => {
      labels.insert(sampleLabel({}))
      throw new Error('no')
    })
  } catch {
    is(labels.count(), 0)
  }
})

test('a prefix is a range of sources', () => {
  const holds = (prefix: string, address: string) => {
    const { first, last } = sourceRangeOf(prefix)
    const key = sourceKeyOf(address)
    return Buffer.compare(first, key) <= 0 && Buffer.compare(key, last) <= 0
  }
  equal(
    [
      holds('198.51.100.0/24', '198.51.100.255'),
      holds('198.51.100.0/25', '198.51.100.128'),
      holds('2001:db8::/48', '2001:db8:0:ffff::9'),
      holds('2001:db8::/63', '2001:db8:0:2::'),
      holds('2001:db8::7/128', '2001:db8::9')
    ],
    [true, false, true, false, true]
  )
})
