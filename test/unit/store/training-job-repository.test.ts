import { equal, is, throws } from 'uvu/assert'
import { TrainingJobRepository, type TrainingJobRow } from '../../../src/store/index.ts'
import {
  makeStore,
  removeStore,
  START_MS,
  type TemporaryStore,
  uuidOf
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('stored trainings')
let store: TemporaryStore
let jobs: TrainingJobRepository

test.beforeEach(() => {
  store = makeStore()
  jobs = new TrainingJobRepository(store.db)
})
test.afterEach(() => removeStore(store))

function makeRow(
  number: number,
  fields: Partial<TrainingJobRow<unknown, unknown>> = {}
): TrainingJobRow<unknown, unknown> {
  return {
    ...{ id: uuidOf(number), order: { name: 'n' }, state: 'queued', actor: 'a', reason: '' },
    ...{ createdAtMs: START_MS, startedAtMs: undefined, endedAtMs: undefined, parent: undefined },
    ...{ attempts: 0, resumes: 0, progress: { share: 0 }, notes: [], failure: undefined },
    ...{ report: undefined, model: undefined },
    ...fields
  }
}

test('what is stored comes back, and what changes is replaced', () => {
  jobs.insert(makeRow(1))
  equal(jobs.find(uuidOf(1)), makeRow(1))
  const ended = makeRow(1, {
    ...{ state: 'failed', startedAtMs: START_MS + 1, endedAtMs: START_MS + 2, parent: 'm@1' },
    ...{ attempts: 4, resumes: 2, progress: { share: 0.5 }, notes: ['one'], report: { a: 1 } },
    ...{ failure: { code: 'X', message: 'y' }, model: 'm@2' }
  })
  is(jobs.update(ended), true)
  equal(jobs.find(uuidOf(1)), ended)
  is(jobs.update(makeRow(2)), false)
  is(jobs.find('nobody'), undefined)
  throws(() => jobs.insert(makeRow(1)))
  throws(() => jobs.insert(makeRow(3, { state: 'asleep' as never })))
})

test('pages are newest first; open ones oldest first', () => {
  for (let n = 1; n <= 7; n++) jobs.insert(makeRow(n, { state: n % 2 === 0 ? 'done' : 'queued' }))
  const first = jobs.page({ state: undefined, limit: 4, cursor: undefined })
  const second = jobs.page({ state: undefined, limit: 4, cursor: first.nextCursor })
  equal(
    [...first.items, ...second.items].map(({ id }) => id),
    [7, 6, 5, 4, 3, 2, 1].map(uuidOf)
  )
  is(second.nextCursor, undefined)
  is(jobs.page({ state: 'done', limit: 10, cursor: undefined }).items.length, 3)
  equal(
    jobs.open().map(({ id }) => id),
    [1, 3, 5, 7].map(uuidOf)
  )
  throws(() => jobs.page({ state: undefined, limit: 4, cursor: 'zzz' }))
})

test('old ones that have ended are forgotten, and none that has not', () => {
  for (let n = 1; n <= 9; n++) jobs.insert(makeRow(n, { state: n === 2 ? 'running' : 'done' }))
  is(jobs.prune(3), 5)
  const left = jobs.page({ state: undefined, limit: 10, cursor: undefined }).items
  equal(
    left.map(({ id }) => id),
    [9, 8, 7, 2].map(uuidOf)
  )
})
