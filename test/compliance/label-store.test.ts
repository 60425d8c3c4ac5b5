/** The label store against one in memory, under any sequence of what the desk asks of it. */
import fc from 'fast-check'
import { equal } from 'uvu/assert'
import { getPrefix } from '../../src/base/index.ts'
import { LABEL_SOURCES, type Label, type LabelStore } from '../../src/feedback/index.ts'
import { FeatureRepository, LabelRepository } from '../../src/store/index.ts'
import { MemoryLabelStore, sampleLabel } from '../support/fake-labels.ts'
import { makeStore, removeStore, uuidOf } from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('label store', { timeoutMs: 60_000 })

type Step = (store: LabelStore, saidAtMs: number) => unknown

const ids = fc.integer({ min: 0, max: 9 }).map(uuidOf)
const prefix = fc
  .record({
    address: fc.constantFrom('198.51.100.3', '198.51.100.200', '2001:db8::1', '2001:db8:0:7::1'),
    wider: fc.integer({ min: 0, max: 8 })
  })
  .map(
    ({ address, wider }) =>
      getPrefix(`${address}/${(address.includes(':') ? 64 : 32) - wider}`).text
  )
const words = fc.constantFrom('abuse' as const, 'benign' as const)
const sources = fc.constantFrom(...LABEL_SOURCES)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const span = fc
  .record({ fromMs: fc.integer({ min: 0, max: 20 }), forMs: fc.integer({ min: 0, max: 9 }) })
  .map(({ fromMs, forMs }) => ({ fromMs, toMs: fromMs + forMs }))
const fields = fc.record({
  ...{ id: ids, prefix, label: words, source: sources },
  class: maybe(fc.constantFrom('A3', 'A8')),
  weight: fc.constantFrom(0.2, 1)
})

/** Two that were said at the same moment could come in either order. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ fields, span }).map(
    (given): Step =>
      (store, saidAtMs) =>
        store.insert(sampleLabel({ ...given.fields, ...given.span, saidAtMs }))
  ),
  fc.record({ id: ids, span, weight: fc.constantFrom(0.5, 1) }).map(
    ({ span: times, ...given }): Step =>
      (store, saidAtMs) =>
        store.update(sampleLabel({ ...given, ...times, note: 'later', saidAtMs }))
  ),
  ids.map(
    (id): Step =>
      (store) =>
        store.remove(id)
  ),
  ids.map(
    (id): Step =>
      (store) =>
        store.find(id)
  ),
  fc.record({ prefix: maybe(prefix), label: maybe(words), source: maybe(sources) }).map(
    (query): Step =>
      (store) =>
        everything(store, query)
  ),
  fc.record({ prefix, span }).map(
    (given): Step =>
      (store) =>
        store.touching({ prefix: given.prefix, ...given.span })
  ),
  maybe(sources).map(
    (source): Step =>
      (store) =>
        store.count(source)
  )
)

/** Page by page. */
function everything(store: LabelStore, query: Partial<Parameters<LabelStore['list']>[0]>) {
  const items: Label[] = []
  let cursor: string | undefined
  do {
    const page = store.list({ ...query, limit: 2, cursor })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return items
}

function outcomeOf(step: Step, store: LabelStore, saidAtMs: number): unknown {
  try {
    return step(store, saidAtMs)
  } catch (error) {
    return (error as { code?: string }).code
  }
}

test('the database answers as the plain list does, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 30 }), (sequence) => {
      const kept = makeStore()
      try {
        const stored = new LabelRepository(kept.db, new FeatureRepository(kept.db))
        const plain = new MemoryLabelStore()
        for (const [i, step] of sequence.entries()) {
          equal(outcomeOf(step, stored, 100 + i), outcomeOf(step, plain, 100 + i))
        }
      } finally {
        removeStore(kept)
      }
    }),
    { numRuns: 40 }
  )
})

test('the one of a source that was said first goes first', () => {
  const kept = makeStore()
  try {
    const stored = new LabelRepository(kept.db, new FeatureRepository(kept.db))
    for (const store of [stored, new MemoryLabelStore()]) {
      for (const [i, source] of (['rule', 'operator', 'rule'] as const).entries()) {
        store.insert(sampleLabel({ id: uuidOf(i), source, saidAtMs: i }))
      }
      equal(
        [store.removeOldest('rule'), store.removeOldest('verdict'), store.count('rule')],
        [true, false, 1]
      )
      equal(
        everything(store, {}).map(({ id }) => id),
        [uuidOf(2), uuidOf(1)]
      )
    }
  } finally {
    removeStore(kept)
  }
})
