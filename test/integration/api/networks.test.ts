import * as assert from 'uvu/assert'
import { ApiClient, ApiError } from '../../../src/api/index.ts'
import { NetminderError } from '../../../src/base/index.ts'
import { NetworkError } from '../../../src/network/errors.ts'
import { StorageError } from '../../../src/store/errors.ts'
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

test('joining again says so, with what was new in the line, also in the audit', async () => {
  api.network.newAddresses = 2
  const body = { invitation: 'netminder1:x' }
  const joined = await client().call('joinNetwork', { body })
  assert.equal([joined.was_member, joined.new_addresses], [true, 2])
  const after = { name: joined.name, wasMember: true, newAddresses: 2 }
  assert.equal(api.networkAudit.at(-1)?.after, after)
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

async function addNetwork(name: string): Promise<string> {
  return (await client().call('createNetwork', { body: { name } })).network.id
}

const ALERT = { body: { prefixes: ['8.8.8.8'], category: 'scanner' as const } }

test('a network that refuses keeps neither a warning nor a list from the others, and is named', async () => {
  const [south, east] = [await addNetwork('south'), await addNetwork('east')]
  const full = new NetworkError('EVENT_REFUSED', 'expected room, got QUOTA_EXCEEDED')
  api.network.failureIn.set(SAMPLE_NETWORK_ID, full)
  api.network.failureIn.set(east, new Error('a secret of the machine'))
  const refused = [
    [SAMPLE_NETWORK_ID, 'keyservers of the north', 'EVENT_REFUSED', full.message],
    [east, 'east', 'INTERNAL', 'The node failed; its log says why.']
  ]
  const alert = await client().call('sendAlert', ALERT)
  const list = await client().call('publishBlocklist', { body: {} })
  for (const answer of [alert, list]) {
    assert.equal(
      answer.items.map(({ network }) => network),
      [south]
    )
    assert.equal(
      answer.refused.map(({ network, name, code, detail }) => [network, name, code, detail]),
      refused
    )
  }
  assert.equal(
    api.networkAudit.slice(-2).map(({ action, target }) => [action, target]),
    [
      ['network.alert', south],
      ['network.blocklist', south]
    ]
  )
})

test('where no network takes it, the error names each with what it said', async () => {
  const south = await addNetwork('south')
  const fail = (id: string, message: string) =>
    api.network.failureIn.set(id, new NetworkError('EVENT_REFUSED', message))
  fail(SAMPLE_NETWORK_ID, 'too much')
  fail(south, 'too much')
  const failing = async (body: { readonly network?: string }) => {
    const sent = client().call('sendAlert', { body: { ...ALERT.body, ...body } })
    const error = await sent.then(
      () => undefined,
      (reason: unknown) => reason
    )
    assert.instance(error, ApiError)
    return error as ApiError
  }
  const everywhere = await failing({})
  assert.equal([everywhere.code, everywhere.status], ['EVENT_REFUSED', 409])
  assert.is(everywhere.message, 'nobody was told; "keyservers of the north", "south": too much')
  assert.is((await failing({ network: south })).message, 'too much')
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
  const body = { until: '2300-01-01T00:00:00Z' }
  const params = { id: SAMPLE_NETWORK_ID }
  assert.is(await codeOf(client().call('inviteToNetwork', { params, body })), 'SPAN_INVALID')
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

test('a bad key file is told in its own words, and no other fault of storage is', async () => {
  const answerTo = async (failure: NetminderError) => {
    api.network.failure = failure
    const joining = client().call('joinNetwork', { body: { invitation: 'netminder1:x' } })
    const error = await joining.catch((reason: unknown) => reason)
    assert.instance(error, ApiError)
    const { code, status, message } = error as ApiError
    return [code, status, message]
  }
  const exposed = 'others can read /x/network.key (mode 644)'
  assert.equal(await answerTo(new StorageError('SECRET_FILE_EXPOSED', exposed)), [
    ...['SECRET_FILE_EXPOSED', 409],
    exposed
  ])
  const damaged = 'expected a key of 64 hexadecimal digits in /x/network.key'
  assert.equal(await answerTo(new NetworkError('KEY_FILE_INVALID', damaged)), [
    ...['KEY_FILE_INVALID', 409],
    damaged
  ])
  const [code, , message] = await answerTo(new StorageError('DATABASE_CORRUPT', 'secret detail'))
  assert.is(code, 'STORAGE_UNAVAILABLE')
  assert.not.match(String(message), /secret detail/)
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

async function sendAbout(address: string): Promise<string> {
  const body = { prefixes: [address], category: 'scanner' as const }
  const { items } = await client().call('sendAlert', { body })
  return items[0]?.id ?? ''
}

test('an own alert is taken back by the beginning of its id, and that is in the audit', async () => {
  const id = await sendAbout('8.8.8.8')
  await sendAbout('8.8.4.4')
  const body = { reason: 'it was our own test' }
  const { prefixes } = await client('respond-token').call('retractAlert', {
    params: { id: id.slice(0, 12) },
    body
  })
  assert.equal(prefixes, ['8.8.8.8'])
  const retract = api.network.published.at(-1)
  assert.ok(retract?.body.kind === 'retract')
  assert.is(Buffer.from(retract.body.eventId).toString('hex'), id)
  // As long as what it takes back, and a little longer.
  assert.ok(retract.ttlMs > 3_600_000 && retract.ttlMs < 3_700_000)
  const entry = api.networkAudit.at(-1)
  assert.equal(
    [entry?.actor, entry?.action, entry?.target, entry?.after, entry?.reason],
    [
      ...['token:respond', 'network.retract', SAMPLE_NETWORK_ID],
      { id, prefixes: ['8.8.8.8/32'] },
      'it was our own test'
    ]
  )
  const { items } = await client().call('listAlerts', {})
  assert.is(items.length, 1)
})

test('what is no own alert, or not clearly one, is not taken back', async () => {
  const codeFor = (id: string, body: { network?: string } = {}) =>
    codeOf(client().call('retractAlert', { params: { id }, body }))
  await sendAbout('8.8.8.8')
  await sendAbout('8.8.4.4')
  await sendAbout('9.9.9.9')
  const ids = ['aaaaaaaa11', 'aaaaaaaa22', 'bbbbbbbb33'].map((id) => id.padEnd(64, '0'))
  api.network.received = api.network.received.map((alert, i) => ({
    ...alert,
    id: ids[i] ?? '',
    isOwn: i < 2
  }))
  assert.is(await codeFor('aaaaaaaa'), 'ALERT_AMBIGUOUS')
  assert.is(await codeFor('bbbbbbbb'), 'ALERT_NOT_OWN')
  assert.is(await codeFor('cccccccc'), 'ALERT_NOT_FOUND')
  assert.is(await codeFor('aaaaaaaa1', { network: 'f'.repeat(32) }), 'NETWORK_NOT_JOINED')
  assert.is(await codeFor('aaaaaaa'), 'REQUEST_INVALID')
  assert.is(
    await codeOf(
      client('read-token').call('retractAlert', { params: { id: 'aaaaaaaa1' }, body: {} })
    ),
    'SCOPE_MISSING'
  )
  assert.is(api.network.published.filter(({ body }) => body.kind === 'retract').length, 0)
})

test('that a warning was taken back comes on the event stream, with what it was', async () => {
  const stop = new AbortController()
  const id = await sendAbout('8.8.8.8')
  const events = client().events({ signal: stop.signal })
  const next = events[Symbol.asyncIterator]().next()
  const body = { kind: 'retract', eventId: new Uint8Array(Buffer.from(id, 'hex')) } as const
  const event = api.network.seal(SAMPLE_NETWORK_ID, body, 60_000)
  const [retracted] = api.network.received
  const saying = setInterval(() => api.network.emit(event, 'gossip', retracted), 10)
  const { value } = await next
  clearInterval(saying)
  stop.abort()
  assert.is(value?.event, 'alert.retracted')
  const { alert, at } = (value?.data ?? {}) as { alert: Record<string, unknown>; at: string }
  assert.equal([alert['id'], alert['prefixes']], [id, ['8.8.8.8']])
  assert.is(alert['author_name'], 'fake.example')
  assert.ok(Date.parse(at) > 0)
})

test('keys are let in and put out by founders, in the audit and without the letter', async () => {
  const params = { id: SAMPLE_NETWORK_ID }
  const { author } = await client().call('makeNodeKey', {})
  assert.match(author, /^[0-9a-f]{64}$/)
  const body = { author, note: 'Alice' }
  const { letter } = await client().call('admitToNetwork', { params, body })
  assert.match(letter, /^netminder-admission1:/)
  await client().call('joinNetwork', { body: { invitation: letter } })
  const stolen = { key: author, reason: 'stolen' }
  const revoked = await client().call('revokeInNetwork', { params, body: stolen })
  assert.equal([revoked.subject, revoked.authors], ['author', [author]])
  const { items } = await client('read-token').call('listAuthors', { params })
  assert.is(items[0]?.name, 'other.example')
  assert.equal(
    api.networkAudit.map(({ action, reason }) => [action, reason]),
    [
      ['network.key', ''],
      ['network.admit', 'Alice'],
      ['network.join', ''],
      ['network.revoke', 'stolen']
    ]
  )
  assert.not(JSON.stringify(api.networkAudit).includes('netminder-admission1:'))
  for (const work of [
    client('respond-token').call('makeNodeKey', {}),
    client('respond-token').call('admitToNetwork', { params, body }),
    client('respond-token').call('revokeInNetwork', { params, body: stolen })
  ]) {
    assert.is(await codeOf(work), 'SCOPE_MISSING')
  }
  api.network.failure = new NetworkError('KEY_UNKNOWN', 'expected a known key')
  assert.is(await codeOf(client().call('revokeInNetwork', { params, body: stolen })), 'KEY_UNKNOWN')
})

test('lists of others are paged, and their arrival is told on the event stream', async () => {
  const entry = {
    network: SAMPLE_NETWORK_ID,
    author: 'ab'.repeat(32),
    authorName: 'a',
    isOwn: false
  }
  const times = { sinceMs: 1_000, endsAtMs: 2_000 }
  api.network.listed = ['192.0.2.1/32', '192.0.2.8/29'].map((prefix) => ({
    ...{ ...entry, ...times, list: 'operator', version: 3, prefix }
  }))
  const query = { limit: 1 }
  const first = await client('read-token').call('listPublishedLists', { query })
  assert.equal([first.items[0]?.prefix, first.items[0]?.version], ['192.0.2.1', 3])
  const cursor = first.next_cursor ?? ''
  const last = await client().call('listPublishedLists', { query: { ...query, cursor } })
  assert.equal([last.items[0]?.prefix, last.next_cursor], ['192.0.2.8/29', null])

  const stop = new AbortController()
  const next = client().events({ signal: stop.signal })[Symbol.asyncIterator]().next()
  const digest = new Uint8Array(32)
  const said = { previousDigest: digest, digest, count: 1, adds: ['8.8.8.8/32'], removes: [] }
  const body = { kind: 'list-delta', list: 'operator', version: 1, ...said } as const
  const telling = setInterval(() => {
    api.network.emit(api.network.seal(SAMPLE_NETWORK_ID, body, 60_000), 'gossip')
  }, 20)
  const { value } = await next
  clearInterval(telling)
  stop.abort()
  assert.is(value?.event, 'list.received')
  const { list } = (value?.data ?? {}) as { list: Record<string, unknown> }
  assert.equal([list['list'], list['version'], list['added']], ['operator', 1, 1])
})
