import * as assert from 'uvu/assert'
import { ApiClient, ApiError } from '../../../src/api/index.ts'
import { NetminderError } from '../../../src/base/index.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { SAMPLE_NETWORK_ID } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API of the networks')
let api: FakeApi

test.beforeEach(async () => {
  api = await startFakeApi()
})
test.afterEach(() => api.stop())

function client(token = 'admin-token'): ApiClient {
  return new ApiClient({ url: api.url, token })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof ApiError) return error.code
    throw error
  }
  return 'none'
}

test('every change is in the audit with who made it, and the invitation is not', async () => {
  const made = await client().call('createNetwork', { body: { name: 'north' } })
  const { id } = made.network
  await client().call('inviteToNetwork', { params: { id }, body: {} })
  await client().call('joinNetwork', { body: { invitation: 'netminder1:x' } })
  const { items } = await client('respond-token').call('sendAlert', {
    body: {
      network: SAMPLE_NETWORK_ID,
      ...{ prefixes: ['198.51.100.9'], category: 'scanner', reason: 'seen by hand' }
    }
  })
  assert.is(items.length, 1)
  const onlyOne = { body: { network: SAMPLE_NETWORK_ID } }
  await client('respond-token').call('publishBlocklist', onlyOne)
  await client().call('leaveNetwork', { body: { network: SAMPLE_NETWORK_ID } })
  assert.equal(
    api.networkAudit.map(({ actor, action }) => `${actor} ${action}`),
    [
      'token:admin network.create',
      'token:admin network.invite',
      'token:admin network.join',
      'token:respond network.alert',
      'token:respond network.blocklist',
      'token:admin network.leave'
    ]
  )
  assert.not(JSON.stringify(api.networkAudit).includes('netminder1:'))
  const told = api.network.published.find(({ body }) => body.kind === 'alert')
  assert.not(JSON.stringify(told?.body).includes('seen by hand'))
})

test('nobody names a protected, private or wide prefix to others', async () => {
  const send = (prefix: string) =>
    codeOf(client().call('sendAlert', { body: { prefixes: [prefix], category: 'scanner' } }))
  assert.is(await send('10.1.2.3'), 'PROTECTED')
  assert.is(await send('::1'), 'PROTECTED')
  assert.is(await send('8.8.0.0/16'), 'PREFIX_TOO_WIDE')
  assert.is(await send('nonsense'), 'ADDRESS_INVALID')
  assert.is(api.network.published.length, 0)
})

test('a list is told as what has changed, each version upon the one before', async () => {
  const publish = async () =>
    (await client().call('publishBlocklist', { body: {} })).items.map(
      ({ version, entries, added, removed }) => [version, entries, added, removed]
    )
  assert.equal(await publish(), [[1, 1, 1, 0]])
  assert.equal(await publish(), [[1, 1, 0, 0]])
  api.guard.block({ prefix: '198.51.100.77', note: 'private', untilMs: undefined }, 'x')
  api.guard.block({ prefix: '10.0.0.0/24', note: '', untilMs: undefined }, 'x')
  api.guard.unblock('203.0.113.99', 'x')
  assert.equal(await publish(), [[2, 1, 1, 1]])
  const [first, second] = api.network.published.map(({ body }) => body)
  assert.ok(first?.kind === 'list-delta' && second?.kind === 'list-delta')
  assert.equal(second.previousDigest, first.digest)
  assert.equal(second.adds, ['198.51.100.77/32'])
})

test('what the network refuses has its own code; what was not asked rightly too', async () => {
  const other = 'f'.repeat(32)
  assert.is(
    await codeOf(client().call('leaveNetwork', { body: { network: other } })),
    'NETWORK_NOT_JOINED'
  )
  assert.is(
    await codeOf(client().call('joinNetwork', { body: { invitation: 'rubbish' } })),
    'INVITATION_DAMAGED'
  )
  assert.is(
    await codeOf(
      client().call('inviteToNetwork', {
        params: { id: SAMPLE_NETWORK_ID },
        body: { until: '2020-01-01T00:00:00Z' }
      })
    ),
    'END_IN_PAST'
  )
  api.network.failure = new NetminderError('NETWORK_LIMIT_REACHED', 'expected at most 16')
  assert.is(
    await codeOf(client().call('createNetwork', { body: { name: 'x' } })),
    'NETWORK_LIMIT_REACHED'
  )
  for (const work of [
    client('read-token').call('sendAlert', {
      body: { prefixes: ['8.8.8.8'], category: 'scanner' }
    }),
    client('respond-token').call('createNetwork', { body: { name: 'x' } })
  ]) {
    assert.is(await codeOf(work), 'SCOPE_MISSING')
  }
})

test('turned off, every endpoint says so', async () => {
  await api.stop()
  api = await startFakeApi({}, { networks: undefined })
  assert.is(await codeOf(client().call('listNetworks', {})), 'NETWORK_OFF')
  assert.is(await codeOf(client().call('showNetworkStatus', {})), 'NETWORK_OFF')
})

test('warnings of others and own ones come on the event stream', async () => {
  const stop = new AbortController()
  const events = client().events({ signal: stop.signal })
  const next = events[Symbol.asyncIterator]().next()
  while (api.server.url !== '' && api.network.listenerCount === 0) await Promise.resolve()
  const send = async () => {
    // The stream may not be open yet: what was said before it is not shown.
    for (let i = 0; i < 50 && !stop.signal.aborted; i++) {
      await client().call('sendAlert', { body: { prefixes: ['8.8.8.8'], category: 'scanner' } })
    }
  }
  const sending = send()
  const { value } = await next
  stop.abort()
  await sending
  assert.is(value?.event, 'alert.sent')
  const { alert } = (value?.data ?? {}) as { alert: Record<string, unknown> }
  assert.equal([alert['prefixes'], alert['via']], [['8.8.8.8'], 'own'])
  assert.is(alert['author_name'], 'fake.example')
  assert.ok(Date.parse(String(alert['received_at'])) > 0)
})
