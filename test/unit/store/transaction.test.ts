import { equal, is, throws } from 'uvu/assert'
import { AssertionError } from '../../../src/base/index.ts'
import { ListRepository } from '../../../src/store/index.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('transactions')
let store: TemporaryStore
let list: ListRepository

test.beforeEach(() => {
  store = makeStore()
  list = new ListRepository(store.db, 'allowlist')
})
test.afterEach(() => removeStore(store))

function put(prefix: string): void {
  list.put({ prefix, note: '', addedBy: 'cli:me', createdAtMs: START_MS, untilMs: undefined })
}

function fail(): never {
  throw new Error('on purpose')
}

function prefixes(): string[] {
  return list.all().map(({ prefix }) => prefix)
}

test('stores all of it or none', () => {
  throws(
    () =>
      store.db.transaction.run(() => {
        put('192.0.2.0/24')
        fail()
      }),
    /on purpose/
  )
  equal(prefixes(), [])
  is(
    store.db.transaction.run(() => {
      put('192.0.2.0/24')
      return 7
    }),
    7
  )
  equal(prefixes(), ['192.0.2.0/24'])
})

test('a nested call falls with the outer one', () => {
  throws(() =>
    store.db.transaction.run(() => {
      store.db.transaction.run(() => put('192.0.2.0/24'))
      fail()
    })
  )
  equal(prefixes(), [])
})

test('a nested call that fails and is caught is undone alone', () => {
  store.db.transaction.run(() => {
    put('192.0.2.0/24')
    try {
      store.db.transaction.run(() => {
        put('198.51.100.0/24')
        fail()
      })
    } catch {
      put('203.0.113.0/24')
    }
  })
  equal(prefixes(), ['192.0.2.0/24', '203.0.113.0/24'])
})

test('calls hooks once, after the commit, and never after a failure', () => {
  const calls: string[] = []
  const { transaction } = store.db
  transaction.run(() => {
    transaction.onceCommitted('a', () => calls.push(`a sees ${prefixes().length}`))
    transaction.onceCommitted('a', () => calls.push(`a sees ${prefixes().length}`))
    put('192.0.2.0/24')
    equal(calls, [])
  })
  throws(() =>
    transaction.run(() => {
      transaction.onceCommitted('b', () => calls.push('b'))
      fail()
    })
  )
  transaction.run(() => undefined)
  equal(calls, ['a sees 1'])
})

test('refuses work that would go on after the commit', () => {
  throws(
    () =>
      store.db.transaction.run(async () => {
        put('192.0.2.0/24')
      }),
    (error: unknown) => error instanceof AssertionError
  )
  equal(prefixes(), [])
})
