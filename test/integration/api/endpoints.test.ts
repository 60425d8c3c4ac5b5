import * as assert from 'uvu/assert'
import {
  CONTRACT,
  type Endpoint,
  isWrite,
  OPERATION_IDS,
  type Upload
} from '../../../src/api/index.ts'
import { type FakeApi, SAMPLE_DECISION_ID, startFakeApi } from '../../support/fake-api.ts'
import { smallPackage, tarOf } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API endpoints')
let api: FakeApi

test.beforeEach(async () => {
  api = await startFakeApi()
})
test.afterEach(() => api.stop())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Record<string, unknown>
}

async function ask(
  path: string,
  init: RequestInit & { token?: string | undefined } = {}
): Promise<Answer> {
  const { token = 'admin-token', headers, ...rest } = init
  const response = await fetch(api.url + path, {
    ...rest,
    headers: {
      ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
      ...(rest.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(headers as Record<string, string>)
    }
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : {}
  }
}

function pathOf(endpoint: Endpoint): string {
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(endpoint.example.params?.[name] ?? '')
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(endpoint.example.query ?? {})) {
    query.set(name, String(value))
  }
  return query.size === 0 ? path : `${path}?${query}`
}

/** An alert of the node whose id begins as in the example. */
async function sayExample(idStart: string): Promise<void> {
  await ask('/api/defense/network/alert', {
    method: 'POST',
    body: JSON.stringify({ prefixes: ['192.0.2.66'], category: 'scanner' })
  })
  api.network.received = api.network.received.map((alert) => ({
    ...alert,
    id: idStart.padEnd(64, '0')
  }))
}

/** The example of the document where there is one; a package is bytes, and no example. */
async function uploadOf(id: string, upload: Upload) {
  const body = id === 'installModel' ? await tarOf(smallPackage('9')) : upload.example
  return { body, headers: { 'Content-Type': upload.mediaType } }
}

for (const id of OPERATION_IDS) {
  const endpoint: Endpoint = CONTRACT[id]
  if (id === 'streamEvents') continue
  test(`the example of ${id} is answered as its contract says`, async () => {
    if (id === 'retractAlert') await sayExample(String(endpoint.example.params?.['id']))
    if (id === 'undoMode') api.guard.setMode({ mode: 'enforce', category: undefined }, 'x')
    const answer = await ask(pathOf(endpoint), {
      method: endpoint.method,
      ...(endpoint.upload === undefined ? {} : await uploadOf(id, endpoint.upload)),
      ...(endpoint.hasRevision && isWrite(endpoint) ? { headers: { 'If-Match': '*' } } : {}),
      ...(endpoint.example.body === undefined
        ? {}
        : { body: JSON.stringify(endpoint.example.body) })
    })
    assert.is(answer.status, endpoint.status, answer.text)
    if (endpoint.response === undefined) {
      if (endpoint.status === 204) assert.is(answer.text, '')
      return
    }
    const result = endpoint.response.safeParse(answer.json)
    assert.ok(result.success, `${result.error?.message}`)
  })
}

test('projects a decision in the words of the contract', async () => {
  const { json } = await ask('/api/defense/decisions')
  const [decision] = json['items'] as Record<string, unknown>[]
  assert.is(decision?.['client_ip'], '198.51.100.7')
  assert.is(decision?.['confidence'], 0.97)
  assert.is(decision?.['severity'], 'high')
  assert.is(decision?.['state'], 'in-force')
  assert.is(decision?.['lifted_at'], null)
  assert.match(String(decision?.['until']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('pages through decisions and through lists', async () => {
  api.guard.decisionsHeld = Array.from({ length: 5 }, () => api.guard.decisionsHeld[0]).filter(
    (decision) => decision !== undefined
  )
  let cursor = ''
  let seen = 0
  for (let page = 0; page < 3; page++) {
    const { json } = await ask(`/api/defense/decisions?limit=2${cursor}`)
    seen += (json['items'] as unknown[]).length
    cursor = `&cursor=${json['next_cursor']}`
  }
  assert.is(seen, 5)
  assert.is(cursor, '&cursor=null')
  for (let i = 0; i < 7; i++) {
    api.guard.allow({ prefix: `192.0.2.${i}`, note: '', untilMs: undefined }, 'x')
  }
  const prefixes = new Set<string>()
  let next = ''
  do {
    const { json } = await ask(`/api/defense/allowlist?limit=3${next}`)
    for (const entry of json['items'] as { prefix: string }[]) prefixes.add(entry.prefix)
    next = json['next_cursor'] === null ? '' : `&cursor=${json['next_cursor']}`
  } while (next !== '')
  assert.is(prefixes.size, 8)
  const forged = await ask('/api/defense/allowlist?cursor=zzz')
  assert.is(forged.json['code'], 'CURSOR_INVALID')
})

test('explains IPv4 and IPv6 addresses, whether colons are escaped or not', async () => {
  for (const ip of ['198.51.100.7', '2001:db8::1', '2001%3Adb8%3A%3A1']) {
    assert.is((await ask(`/api/defense/decisions/${ip}/explain`)).status, 200)
  }
  const bad = await ask('/api/defense/decisions/10.1/explain')
  assert.is(bad.status, 400)
  assert.is(bad.json['code'], 'ADDRESS_INVALID')
})

test('lifts a decision once, in the name of the token, with the reason', async () => {
  const path = `/api/defense/decisions/${SAMPLE_DECISION_ID}?reason=mistake`
  const first = await ask(path, { method: 'DELETE', token: 'respond-token' })
  assert.is(first.status, 200)
  assert.is(first.json['lifted_by'], 'token:respond')
  assert.is(first.json['lift_reason'], 'mistake')
  assert.is(first.json['state'], 'lifted')
  const second = await ask(path, { method: 'DELETE' })
  assert.is(second.status, 409)
  assert.is(second.json['code'], 'DECISION_NOT_ACTIVE')
  const none = await ask('/api/defense/decisions/01933b2e-8d0a-7c3e-9b1f-000000000000', {
    method: 'DELETE'
  })
  assert.is(none.status, 404)
})

test('answers the blocklist as text with an ETag, by query and by Accept', async () => {
  const byQuery = await ask('/api/defense/blocklist?format=plain')
  const byAccept = await ask('/api/defense/blocklist', { headers: { Accept: 'text/plain' } })
  assert.is(byQuery.text, '198.51.100.7/32\n')
  assert.is(byAccept.text, byQuery.text)
  assert.match(byQuery.headers.get('content-type') ?? '', /^text\/plain/)
  const etag = byQuery.headers.get('etag') ?? ''
  const again = await ask('/api/defense/blocklist?format=plain', {
    headers: { 'If-None-Match': `W/${etag}` }
  })
  assert.is(again.status, 304)
  assert.is(again.text, '')
  api.guard.held = []
  const changed = await ask('/api/defense/blocklist?format=plain', {
    headers: { 'If-None-Match': etag }
  })
  assert.is(changed.status, 200)
  assert.is(changed.text, '')
  const picture = await ask('/api/defense/blocklist', { headers: { Accept: 'image/png' } })
  assert.is(picture.status, 406)
})

test('names every fault of a request by JSON pointer', async () => {
  const { status, json } = await ask('/api/defense/blocklist', {
    method: 'POST',
    body: JSON.stringify({ note: 5, until: 'tomorrow', extra: 1 })
  })
  assert.is(status, 400)
  assert.is(json['code'], 'REQUEST_INVALID')
  const pointers = (json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)
  assert.equal(pointers.sort(), ['/body/extra', '/body/note', '/body/prefix', '/body/until'])
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=1e2',
    'active=maybe',
    'bogus=1'
  ]) {
    assert.is((await ask(`/api/defense/decisions?${query}`)).json['code'], 'REQUEST_INVALID')
  }
  const twice = await ask('/api/defense/decisions?limit=1&limit=2')
  assert.is(twice.json['code'], 'REQUEST_INVALID')
})

test('maps the errors of the guard', async () => {
  const cases = [
    { prefix: '127.0.0.1', status: 409, code: 'PROTECTED' },
    { prefix: '0.0.0.0/0', status: 422, code: 'PREFIX_TOO_WIDE' },
    { prefix: 'example.org', status: 400, code: 'ADDRESS_INVALID' }
  ]
  for (const { prefix, status, code } of cases) {
    const answer = await ask('/api/defense/blocklist', {
      method: 'POST',
      body: JSON.stringify({ prefix })
    })
    assert.is(answer.status, status)
    assert.is(answer.json['code'], code)
    assert.is(answer.headers.get('content-type'), 'application/problem+json')
  }
  const undo = await ask('/api/defense/mode/undo', { method: 'POST' })
  assert.is(undo.json['code'], 'NOTHING_TO_UNDO')
})

test('an import names every entry that cannot be taken, by pointer and code, and takes none', async () => {
  const send = (entries: readonly unknown[]) =>
    ask('/api/defense/blocklist/import', { method: 'POST', body: JSON.stringify({ entries }) })
  const before = api.guard.blocked.length
  const mixed = [{ prefix: '192.0.2.1' }, { prefix: '127.0.0.1' }, { prefix: 'nonsense' }]
  const { status, json } = await send(mixed)
  assert.is(status, 422)
  assert.is(json['code'], 'ENTRIES_REFUSED')
  const errors = json['errors'] as { pointer: string; code: string }[]
  assert.equal(
    errors.map(({ pointer, code }) => [pointer, code]),
    [
      ['/body/entries/1', 'PROTECTED'],
      ['/body/entries/2', 'ADDRESS_INVALID']
    ]
  )
  assert.is(api.guard.blocked.length, before)
  for (const entries of [[], Array.from({ length: 1_001 }, () => ({ prefix: '192.0.2.1' }))]) {
    const refused = await send(entries)
    assert.is(refused.json['code'], 'REQUEST_INVALID')
  }
  const shape = await send([{ prefix: '192.0.2.1' }, { prefix: '192.0.2.2', until: 'soon' }])
  const [fault] = shape.json['errors'] as { pointer: string }[]
  assert.is(fault?.pointer, '/body/entries/1/until')
  assert.equal((await send([{ prefix: '192.0.2.1' }])).json, { imported: 1, unchanged: 0 })
})

test('keeps the message of an unexpected error at home', async () => {
  api.guard.failure = new Error('password is hunter2 at /var/lib/netminder')
  const { status, json, text } = await ask('/api/status')
  assert.is(status, 500)
  assert.is(json['code'], 'INTERNAL')
  assert.not.match(text, 'hunter2')
})

test('sets the mode in the name of the token and reports', async () => {
  await ask('/api/defense/mode', {
    method: 'PUT',
    body: JSON.stringify({ mode: 'enforce', category: 'scanner' })
  })
  const { json } = await ask('/api/defense/mode')
  assert.equal(json['by_category'], { scanner: 'enforce' })
  assert.ok(api.guard.calls.some((call) => call.what === 'setMode' && call.actor === 'token:admin'))
})

test('refuses a token that is born expired', async () => {
  const { json } = await ask('/api/tokens', {
    method: 'POST',
    body: JSON.stringify({ name: 'late', expires_at: '2001-01-01T00:00:00Z' })
  })
  assert.is(json['code'], 'REQUEST_INVALID')
})

test('is not ready while a component has failed, and says which without details', async () => {
  assert.is((await ask('/readyz', { token: '' })).status, 200)
  api.components.push({ name: 'sources', state: 'degraded', detail: '/var/log/x' })
  assert.is((await ask('/readyz', { token: '' })).status, 200)
  api.components.push({ name: 'actuators', state: 'failed', detail: '/var/log/secret' })
  const { status, json, text } = await ask('/readyz', { token: '' })
  assert.is(status, 503)
  assert.equal(json['components'], ['actuators'])
  assert.not.match(text, 'secret')
})

test('answers 404 for endpoints that do not exist, with and without a token', async () => {
  for (const path of ['/api/ml/trends', '/v2x', '/nothing', '/']) {
    for (const token of ['', 'admin-token']) {
      const { status, json } = await ask(path, { token })
      assert.is(status, 404)
      assert.is(json['code'], 'ROUTE_NOT_FOUND')
    }
  }
})

test('answers HEAD, OPTIONS and methods that are not allowed', async () => {
  const head = await ask('/api/status', { method: 'HEAD' })
  assert.is(head.status, 200)
  assert.is(head.text, '')
  assert.ok(Number(head.headers.get('content-length')) > 10)
  const options = await ask('/api/defense/mode', { method: 'OPTIONS', token: '' })
  assert.is(options.status, 204)
  assert.is(options.headers.get('allow'), 'GET, HEAD, OPTIONS, PUT')
  assert.is(options.headers.get('access-control-allow-origin'), null)
  const patch = await ask('/api/defense/mode', { method: 'PATCH' })
  assert.is(patch.status, 405)
  assert.is(patch.headers.get('allow'), 'GET, HEAD, OPTIONS, PUT')
  assert.is((await ask('/api/events', { method: 'HEAD' })).status, 200)
})

test('sends security headers with every answer', async () => {
  for (const path of ['/healthz', '/nothing', '/api/status']) {
    const { headers } = await ask(path)
    assert.is(headers.get('x-content-type-options'), 'nosniff')
    assert.is(headers.get('cache-control'), 'no-store')
    assert.match(headers.get('content-security-policy') ?? '', "default-src 'none'")
  }
})

test('carries a write out once for each Idempotency-Key', async () => {
  const send = (key: string, prefix: string, token = 'admin-token') =>
    ask('/api/defense/allowlist', {
      method: 'POST',
      token,
      headers: { 'Idempotency-Key': key },
      body: JSON.stringify({ prefix })
    })
  const first = await send('a', '192.0.2.1')
  const second = await send('a', '192.0.2.1')
  assert.is(second.status, 201)
  assert.equal(second.json, first.json)
  assert.is(second.headers.get('idempotency-replayed'), 'true')
  assert.is(api.guard.calls.filter((call) => call.what === 'allow').length, 1)
  const other = await send('a', '192.0.2.2')
  assert.is(other.status, 422)
  assert.is(other.json['code'], 'IDEMPOTENCY_KEY_REUSED')
  assert.is((await send('a', '192.0.2.2', 'respond-token')).status, 201)
  assert.is((await send('b', 'nonsense')).status, 400)
  const oversized = await send('x'.repeat(201), '192.0.2.3')
  assert.is(oversized.json['code'], 'REQUEST_INVALID')
})

test('refuses a second request of a key while the first is carried out, and frees the key of a failure', async () => {
  let release = () => {}
  api.guard.gate = new Promise((resolve) => {
    release = resolve
  })
  const send = () =>
    ask('/api/defense/actuators/sweep', { method: 'POST', headers: { 'Idempotency-Key': 'k' } })
  const first = send()
  while (api.guard.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = await send()
  assert.is(second.status, 409)
  assert.is(second.json['code'], 'IDEMPOTENCY_KEY_IN_USE')
  release()
  assert.is((await first).status, 200)
  api.guard.failure = new Error('broken')
  const undo = () =>
    ask('/api/defense/actuators/sweep', { method: 'POST', headers: { 'Idempotency-Key': 'l' } })
  assert.is((await undo()).status, 500)
  api.guard.failure = undefined
  assert.is((await undo()).status, 200)
})

test('has no metrics where they are off', async () => {
  await api.stop()
  api = await startFakeApi({}, { metrics: undefined })
  assert.is((await ask('/metrics')).json['code'], 'METRICS_OFF')
})
