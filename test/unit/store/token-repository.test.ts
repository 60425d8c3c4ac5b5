import { readFileSync } from 'node:fs'
import { equal, is, match, ok, throws } from 'uvu/assert'
import type { TokenAdmin, TokenVerifier } from '../../../src/api/ports.ts'
import { NetminderError } from '../../../src/base/index.ts'
import { generateTokenText, TokenRepository } from '../../../src/store/index.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('tokens')
let store: TemporaryStore
let tokens: TokenRepository

test.beforeEach(() => {
  store = makeStore()
  tokens = new TokenRepository(store.db, store.clock, store.audit)
})
test.afterEach(() => removeStore(store))

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof NetminderError && error.code === code
}

function actions(): string[] {
  return store.audit
    .list({ limit: 100 })
    .items.map(({ actor, action, target }) => `${actor} ${action} ${target}`)
    .reverse()
}

test('is what the API asks for', () => {
  const admin: TokenAdmin = tokens
  const verifier: TokenVerifier = tokens
  is(admin.list().length, 0)
  is(verifier.verify('').kind, 'unknown')
})

test('a token says its scope, is never the same twice and fits its pattern', () => {
  for (const [scope, initial] of [
    ['read', 'r'],
    ['respond', 'r'],
    ['train', 't'],
    ['admin', 'a']
  ] as const) {
    match(generateTokenText(scope), new RegExp(`^nm_${initial}_[A-Za-z0-9_-]{43}$`))
  }
  is(new Set(Array.from({ length: 100 }, () => generateTokenText('read'))).size, 100)
})

test('a new token is valid until it is revoked, and every change is audited', () => {
  const made = tokens.create({ name: 'grafana', scope: 'read', expiresAtMs: undefined }, 'cli:me')
  const { record, token } = made
  equal(tokens.verify(token), {
    kind: 'valid',
    identity: { id: record.id, name: 'grafana', scope: 'read' }
  })
  for (const other of [`${token}A`, token.slice(0, -1), token.toUpperCase(), '', 'x'.repeat(1e6)]) {
    is(tokens.verify(other).kind, 'unknown')
  }
  tokens.revoke(record.id, 'cli:you')
  tokens.revoke(record.id, 'cli:you')
  is(tokens.verify(token).kind, 'revoked')
  is(tokens.list()[0]?.revokedAtMs, START_MS)
  equal(actions(), ['cli:me token.create token:grafana', 'cli:you token.revoke token:grafana'])
})

test('a token ends at its time and not before', () => {
  const expiresAtMs = START_MS + 1_000
  const { token } = tokens.create({ name: 'a', scope: 'train', expiresAtMs }, 'cli:me')
  store.clock.jumpTo(expiresAtMs - 1)
  is(tokens.verify(token).kind, 'valid')
  store.clock.jumpTo(expiresAtMs)
  is(tokens.verify(token).kind, 'expired')
})

test('remembers the last use to the minute', () => {
  const { token } = tokens.create({ name: 'a', scope: 'read', expiresAtMs: undefined }, 'cli:me')
  is(tokens.list()[0]?.lastUsedAtMs, undefined)
  tokens.verify(token)
  store.clock.jumpTo(START_MS + 59_999)
  tokens.verify(token)
  is(tokens.list()[0]?.lastUsedAtMs, START_MS)
  store.clock.jumpTo(START_MS + 60_000)
  tokens.verify(token)
  is(tokens.list()[0]?.lastUsedAtMs, START_MS + 60_000)
})

test('keeps no token in the database', () => {
  const { token } = tokens.create({ name: 'a', scope: 'admin', expiresAtMs: undefined }, 'cli:me')
  const secret = token.slice(5)
  for (const suffix of ['', '-wal']) {
    is(readFileSync(`${store.db.path}${suffix}`, 'latin1').includes(secret), false)
  }
})

test('refuses a name that was used before, revoked or not, and an unknown id', () => {
  const { record } = tokens.create({ name: 'a', scope: 'read', expiresAtMs: undefined }, 'cli:me')
  tokens.revoke(record.id, 'cli:me')
  throws(
    () => tokens.create({ name: 'a', scope: 'read', expiresAtMs: undefined }, 'cli:me'),
    hasCode('TOKEN_NAME_TAKEN')
  )
  for (const id of ['', 'token-2', '0123456789abcdef', `${record.id}0`]) {
    throws(() => tokens.revoke(id, 'cli:me'), hasCode('TOKEN_NOT_FOUND'))
  }
})

test('a token of a file is made known once, replaced with its file, and stays revoked', () => {
  const first = generateTokenText('admin')
  tokens.ensure({ name: 'admin', scope: 'admin', text: first })
  tokens.ensure({ name: 'admin', scope: 'admin', text: first })
  is(tokens.verify(first).kind, 'valid')
  const second = generateTokenText('admin')
  tokens.ensure({ name: 'admin', scope: 'admin', text: second })
  is(tokens.verify(first).kind, 'unknown')
  is(tokens.verify(second).kind, 'valid')
  is(tokens.list().length, 1)
  tokens.revoke(tokens.list()[0]?.id ?? '', 'cli:me')
  tokens.ensure({ name: 'admin', scope: 'admin', text: second })
  is(tokens.verify(second).kind, 'revoked')
  equal(actions(), [
    'system token.create token:admin',
    'system token.replace token:admin',
    'cli:me token.revoke token:admin'
  ])
})

test('the longest revoked makes room, and without one the limit is said', () => {
  const name = (i: number) => `t${i}`
  const made = store.db.transaction.run(() =>
    Array.from({ length: 1_000 }, (_, i) =>
      tokens.create({ name: name(i), scope: 'read', expiresAtMs: undefined }, 'cli:me')
    )
  )
  throws(
    () => tokens.create({ name: 'one-more', scope: 'read', expiresAtMs: undefined }, 'cli:me'),
    hasCode('TOKEN_LIMIT_REACHED')
  )
  tokens.revoke(made[7]?.record.id ?? '', 'cli:me')
  tokens.create({ name: 'one-more', scope: 'read', expiresAtMs: undefined }, 'cli:me')
  const names = tokens.list().map((token) => token.name)
  is(names.length, 1_000)
  is(names[0], 'one-more')
  ok(!names.includes('t7'))
})
