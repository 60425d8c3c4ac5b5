import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ApiListenError, CONTRACT, type Endpoint, OPERATION_IDS } from '../../../src/api/index.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API access')
let api: FakeApi
let directory = ''
let socketPath = ''

test.before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'netminder-api-'))
  socketPath = join(directory, 'api.sock')
  api = await startFakeApi({ socketPath, addressFile: join(directory, 'api.json') })
})
test.after(async () => {
  await api.stop()
  rmSync(directory, { recursive: true, force: true })
})

interface Given {
  readonly path: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly isSocket?: boolean
}

function ask(
  given: Given
): Promise<{ status: number; code: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...(given.isSocket ? { socketPath } : { host: '127.0.0.1', port: api.port }),
        path: given.path,
        method: given.method ?? 'GET',
        headers: { ...given.headers },
        agent: false
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => {
          const code = text.startsWith('{') ? (JSON.parse(text).code ?? '') : ''
          resolve({ status: response.statusCode ?? 0, code, headers: response.headers })
        })
      }
    )
    sent.on('error', reject)
    sent.end()
  })
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

const TOKENS = [
  { name: 'no token', headers: {}, code: 'TOKEN_MISSING', status: 401 },
  { name: 'an unknown token', headers: bearer('guess'), code: 'TOKEN_UNKNOWN', status: 401 },
  {
    name: 'an expired token',
    headers: bearer('expired-token'),
    code: 'TOKEN_EXPIRED',
    status: 401
  },
  { name: 'a revoked token', headers: bearer('revoked-token'), code: 'TOKEN_REVOKED', status: 401 },
  {
    name: 'another scheme',
    headers: { Authorization: 'Basic YTpi' },
    code: 'TOKEN_UNKNOWN',
    status: 401
  },
  { name: 'a giant token', headers: bearer('x'.repeat(600)), code: 'TOKEN_UNKNOWN', status: 401 }
]

for (const { name, headers, code, status } of TOKENS) {
  test(`refuses ${name} at every endpoint that is not public, before it looks at the request`, async () => {
    for (const id of OPERATION_IDS) {
      const endpoint: Endpoint = CONTRACT[id]
      if (endpoint.scope === 'public') continue
      const path = endpoint.path.replaceAll(/\{\w+\}/g, 'nonsense')
      const answer = await ask({ path, method: endpoint.method, headers })
      assert.is(answer.status, status, id)
      // The Open Inference Protocol has a text for errors and no code.
      assert.is(answer.code, endpoint.errorForm === 'error-text' ? '' : code, id)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    }
  })
}

const SCOPES = [
  { scope: 'read', reads: true, responds: false, trains: false, administers: false },
  { scope: 'train', reads: true, responds: false, trains: true, administers: false },
  { scope: 'respond', reads: true, responds: true, trains: false, administers: false },
  { scope: 'admin', reads: true, responds: true, trains: true, administers: true }
]

for (const { scope, reads, responds, trains, administers } of SCOPES) {
  test(`lets a token of scope ${scope} do what that scope includes and nothing else`, async () => {
    const headers = bearer(`${scope}-token`)
    for (const id of OPERATION_IDS) {
      const endpoint: Endpoint = CONTRACT[id]
      if (id === 'streamEvents' || endpoint.scope === 'public') continue
      const path = endpoint.path.replaceAll(/\{\w+\}/g, 'nonsense')
      const { code } = await ask({ path, method: endpoint.method, headers })
      const may = { read: reads, respond: responds, train: trains, admin: administers }[
        endpoint.scope
      ]
      assert.is(code !== 'SCOPE_MISSING', may, id)
    }
  })
}

test('lets anybody on the UNIX socket read, and nobody write without a token', async () => {
  assert.is(statSync(socketPath).mode & 0o777, 0o600)
  const read = await ask({ path: '/api/status', isSocket: true, headers: { Host: 'anything' } })
  assert.is(read.status, 200)
  const write = await ask({ path: '/api/defense/mode/undo', method: 'POST', isSocket: true })
  assert.is(write.code, 'TOKEN_MISSING')
  const audit = await ask({ path: '/api/audit', isSocket: true })
  assert.is(audit.code, 'TOKEN_MISSING')
  const invalid = await ask({ path: '/api/status', isSocket: true, headers: bearer('guess') })
  assert.is(invalid.code, 'TOKEN_UNKNOWN')
})

test('answers probes and the document without a token', async () => {
  for (const path of ['/healthz', '/readyz', '/openapi.json']) {
    assert.is((await ask({ path })).status, 200)
  }
})

const HOSTS = [
  { host: 'localhost', isAllowed: true },
  { host: 'LOCALHOST:11380', isAllowed: true },
  { host: '127.0.0.1:1', isAllowed: true },
  { host: '[::1]:80', isAllowed: true },
  { host: 'keys.example', isAllowed: true },
  { host: 'keys.example.:80', isAllowed: true },
  { host: 'evil.example', isAllowed: false },
  { host: 'localhost.evil.example', isAllowed: false },
  { host: 'localhost@evil.example', isAllowed: false },
  { host: '127.0.0.1.evil.example', isAllowed: false },
  { host: '127.1', isAllowed: false }
]

for (const { host, isAllowed } of HOSTS) {
  test(`${isAllowed ? 'accepts' : 'refuses'} the Host "${host}"`, async () => {
    for (const path of ['/healthz', '/api/status']) {
      const answer = await ask({ path, headers: { Host: host, ...bearer('read-token') } })
      assert.is(answer.status, isAllowed ? 200 : 403)
      if (!isAllowed) assert.is(answer.code, 'HOST_NOT_ALLOWED')
    }
  })
}

const PAGES = [
  {
    name: 'an Origin of another site',
    headers: { Origin: 'https://evil.example' },
    isAllowed: false
  },
  { name: 'a null Origin', headers: { Origin: 'null' }, isAllowed: false },
  {
    name: 'an Origin of another port',
    headers: { Origin: 'http://localhost:1' },
    isAllowed: false
  },
  { name: 'a request across sites', headers: { 'Sec-Fetch-Site': 'cross-site' }, isAllowed: false },
  {
    name: 'a request of a neighbour site',
    headers: { 'Sec-Fetch-Site': 'same-site' },
    isAllowed: false
  },
  {
    name: 'its own Origin',
    headers: { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin' },
    isAllowed: true
  },
  { name: 'an address typed by a person', headers: { 'Sec-Fetch-Site': 'none' }, isAllowed: true }
]

for (const { name, headers, isAllowed } of PAGES) {
  test(`${isAllowed ? 'accepts' : 'refuses'} ${name}`, async () => {
    for (const isSocket of [false, true]) {
      const answer = await ask({
        path: '/api/status',
        isSocket,
        headers: { Host: 'localhost', ...bearer('read-token'), ...headers } as Record<
          string,
          string
        >
      })
      assert.is(answer.status, isAllowed ? 200 : 403)
      if (!isAllowed) assert.is(answer.code, 'ORIGIN_NOT_ALLOWED')
    }
  })
}

test('opens metrics to everybody only where that is wanted', async () => {
  assert.is((await ask({ path: '/metrics' })).code, 'TOKEN_MISSING')
  const open = await startFakeApi({ isMetricsPublic: true })
  try {
    assert.is((await fetch(`${open.url}/metrics`)).status, 200)
    assert.is((await fetch(`${open.url}/api/status`)).status, 401)
  } finally {
    await open.stop()
  }
})

test('limits requests by token and by peer, and says when to come again', async () => {
  const limited = await startFakeApi({ requestsPerMinute: 3 })
  const get = (token: string | undefined, path = '/api/status') =>
    fetch(limited.url + path, { headers: token === undefined ? {} : bearer(token) })
  try {
    for (let i = 0; i < 3; i++) assert.is((await get('read-token')).status, 200)
    const refused = await get('read-token')
    assert.is(refused.status, 429)
    assert.is(((await refused.json()) as { code: string }).code, 'RATE_LIMITED')
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.match(refused.headers.get('ratelimit') ?? '', /"default";r=0;t=\d+/)
    assert.is((await get('admin-token')).status, 200)
    for (let i = 0; i < 3; i++) assert.is((await get(`guess-${i}`)).status, 401)
    assert.is((await get('guess-4')).status, 429)
    assert.is((await get(undefined)).status, 429)
    assert.is((await get(undefined, '/healthz')).status, 200)
  } finally {
    await limited.stop()
  }
})

async function listenFailure(start: Promise<FakeApi>): Promise<ApiListenError> {
  try {
    const started = await start
    await started.stop()
  } catch (error) {
    if (error instanceof ApiListenError) return error
    throw error
  }
  throw new Error('expected not to listen')
}

test('names the port and the cure if the port is in use', async () => {
  const error = await listenFailure(startFakeApi({ port: api.port }))
  assert.is(error.code, 'API_PORT_IN_USE')
  assert.match(error.message, String(api.port))
  assert.match(error.message, 'api.port')
})

test('names the host if it is no address of this machine', async () => {
  const error = await listenFailure(startFakeApi({ host: '192.0.2.1' }))
  assert.is(error.code, 'API_HOST_UNAVAILABLE')
})

test('does not take the socket of a running node, nor a place where something else lies', async () => {
  const inUse = await listenFailure(startFakeApi({ socketPath }))
  assert.is(inUse.code, 'API_SOCKET_IN_USE')
  assert.is((await ask({ path: '/healthz', isSocket: true })).status, 200)
  const file = join(directory, 'file')
  writeFileSync(file, 'precious')
  const occupied = await listenFailure(startFakeApi({ socketPath: file }))
  assert.is(occupied.code, 'API_SOCKET_UNUSABLE')
  assert.ok(existsSync(file))
  const nowhere = await listenFailure(
    startFakeApi({ socketPath: join(directory, 'none/api.sock') })
  )
  assert.is(nowhere.code, 'API_SOCKET_UNUSABLE')
})

test('writes where it listens and takes it away when it stops', async () => {
  const addressFile = join(directory, 'other.json')
  const other = await startFakeApi({ addressFile, socketPath: join(directory, 'other.sock') })
  assert.ok(existsSync(addressFile))
  assert.is(other.guard.listenerCount, 1)
  await other.stop()
  assert.not.ok(existsSync(addressFile))
  assert.not.ok(existsSync(join(directory, 'other.sock')))
  assert.is(other.guard.listenerCount, 0)
})
