import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ApiClient, ApiClientError, ApiError, findApi } from '../../../src/api/index.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API client')
let api: FakeApi
let directory = ''

test.before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'netminder-client-'))
  writeFileSync(join(directory, 'admin.token'), 'admin-token\n')
  api = await startFakeApi({
    socketPath: join(directory, 'api.sock'),
    addressFile: join(directory, 'api.json')
  })
})
test.after(async () => {
  await api.stop()
  rmSync(directory, { recursive: true, force: true })
})

function places(overrides: Partial<Parameters<typeof findApi>[0]> = {}) {
  return {
    addressFile: join(directory, 'api.json'),
    tokenFile: join(directory, 'admin.token'),
    isNode: (pid: number) => pid === process.pid,
    host: '127.0.0.1',
    port: 1,
    socketPath: '',
    ...overrides
  }
}

async function failureOf(work: Promise<unknown>): Promise<ApiError | ApiClientError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ApiError || error instanceof ApiClientError) return error
    throw error
  }
  throw new Error('expected a failure')
}

test('finds the running node by its data directory and reads over the socket', async () => {
  const found = findApi(places())
  assert.is(found.socketPath, join(directory, 'api.sock'))
  assert.is(found.token, 'admin-token')
  const status = await new ApiClient({ ...found, token: undefined }).call('showStatus', {})
  assert.is(status.name, 'keys.example')
})

test('takes the configured place where no node has written one', () => {
  const found = findApi(
    places({ addressFile: join(directory, 'none'), host: '::1', port: 5, tokenFile: '/none' })
  )
  assert.is(found.url, 'http://[::1]:5')
  assert.is(found.token, undefined)
})

test('gives the token to nobody but the node, its own socket, and whom the operator names', async () => {
  const asked: string[] = []
  const squatter = createServer((request, answer) => {
    asked.push(String(request.headers.authorization))
    answer.end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => squatter.once('listening', resolve))
  const { port } = squatter.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const left = join(directory, 'left.json')
  const without = join(directory, 'none')
  const write = (address: unknown) => writeFileSync(left, JSON.stringify(address))
  try {
    write({ url, socketPath: null, pid: process.pid })
    for (const [name, given] of [
      ['a node that is gone', { addressFile: left, isNode: () => false }],
      ['no file', { addressFile: without, port }],
      ['a socket that is gone', { addressFile: without, port, socketPath: without }]
    ] as const) {
      const found = findApi(places(given))
      assert.is(found.token, undefined, name)
      const client = new ApiClient(found)
      assert.is((await failureOf(client.call('showMode', {}))).code, 'API_UNREACHABLE', name)
      const events = client.events({ signal: new AbortController().signal })
      assert.is((await failureOf(events.next())).code, 'API_UNREACHABLE', name)
    }
    assert.equal(asked, [])
    assert.is(findApi(places({ addressFile: left })).token, 'admin-token')
    assert.is(findApi(places({ addressFile: without, isTokenNamed: true })).token, 'admin-token')
    const own = findApi(places({ isNode: () => false }))
    assert.equal([own.token, own.socketPath], ['admin-token', join(directory, 'api.sock')])
    write({ url, socketPath: null })
    assert.is(findApi(places({ addressFile: left })).token, undefined, 'no process is named')
  } finally {
    await new Promise((resolve) => squatter.close(resolve))
  }
})

for (const isSocket of [false, true]) {
  test(`carries operations out over ${isSocket ? 'the socket' : 'the port'}`, async () => {
    const { url, token, socketPath } = findApi(places())
    const client = new ApiClient({ url, token, ...(isSocket ? { socketPath } : {}) })
    const made = await client.call(
      'addToAllowlist',
      { body: { prefix: '2001:db8::/64', note: 'ours' } },
      { idempotencyKey: `key-${isSocket}` }
    )
    assert.is(made.prefix, '2001:db8::/64')
    const list = await client.call('listAllowlist', { query: { limit: 1 } })
    assert.is(list.items.length, 1)
    assert.is(
      await client.call('removeFromAllowlist', { query: { prefix: '2001:db8::/64' } }),
      undefined
    )
    const explained = await client.call('explainAddress', { params: { ip: '2001:db8::1' } })
    assert.is(explained.client_ip, '2001:db8::1')
    assert.is(await client.text('listBlocklist', {}), '198.51.100.7/32\n')
  })
}

test('throws what the problem document says', async () => {
  const client = new ApiClient({ url: api.url, token: 'admin-token' })
  const none = await failureOf(
    client.call('removeFromBlocklist', { query: { prefix: '192.0.2.1' } })
  )
  assert.is(none.code, 'ENTRY_NOT_FOUND')
  assert.is((none as ApiError).status, 404)
  const refused = await failureOf(new ApiClient({ url: api.url }).call('showMode', {}))
  assert.is(refused.code, 'TOKEN_MISSING')
  const stream = new ApiClient({ url: api.url }).events({ signal: new AbortController().signal })
  assert.is((await failureOf(stream.next())).code, 'TOKEN_MISSING')
})

test('says where it expected a running node', async () => {
  const free = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => free.once('listening', resolve))
  const { port } = free.address() as AddressInfo
  await new Promise((resolve) => free.close(resolve))
  const error = await failureOf(
    new ApiClient({ url: `http://127.0.0.1:${port}` }).call('showMode', {})
  )
  assert.is(error.code, 'API_UNREACHABLE')
  assert.match(error.message, String(port))
  assert.match(error.message, 'netminder start')
})

test('a node that is killed ends the stream, and Ctrl-C still is one', async () => {
  const cut: Parameters<typeof createServer>[1] = (_request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' })
    answer.write('id: 1\nevent: gap\ndata: {}\n\n', () => answer.destroy())
  }
  await against(cut, async (client) => {
    const seen: string[] = []
    for await (const event of client.events({ signal: new AbortController().signal })) {
      seen.push(event.event)
    }
    assert.equal(seen, ['gap'])
  })
  const open: Parameters<typeof createServer>[1] = (_request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' })
    answer.write('id: 1\nevent: gap\ndata: {}\n\n')
  }
  await against(open, async (client) => {
    const stop = new AbortController()
    const stream = client.events({ signal: stop.signal })
    await stream.next()
    stop.abort()
    const ending = await stream.next().then(
      () => 'ended',
      () => 'aborted'
    )
    assert.is(ending, 'aborted')
  })
})

async function against(
  answer: Parameters<typeof createServer>[1],
  use: (client: ApiClient) => Promise<void>
): Promise<void> {
  const server: Server = createServer(answer as never).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await use(new ApiClient({ url: `http://127.0.0.1:${port}`, timeoutMs: 200 }))
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const STRANGERS = [
  { name: 'another program', answer: '<html>', status: 200, code: 'API_ANSWER_INVALID' },
  { name: 'another program that fails', answer: '<html>', status: 502, code: 'API_ANSWER_INVALID' },
  { name: 'another version', answer: '{"overall":"loud"}', status: 200, code: 'API_ANSWER_INVALID' }
]

for (const { name, answer, status, code } of STRANGERS) {
  test(`recognises ${name}`, async () => {
    await against(
      (_: unknown, response: { writeHead(status: number): { end(text: string): void } }) =>
        response.writeHead(status).end(answer),
      async (client) => {
        assert.is((await failureOf(client.call('showMode', {}))).code, code)
      }
    )
  })
}

test('gives up on an answer that does not come, or does not end', async () => {
  for (const hasHeader of [false, true]) {
    await against(
      (_: unknown, response: { write(text: string): void }) => {
        if (hasHeader) response.write('{')
      },
      async (client) => {
        assert.is((await failureOf(client.call('showMode', {}))).code, 'API_TIMED_OUT')
      }
    )
  }
})

test('ends with the reason of its signal', async () => {
  await against(
    () => {},
    async (client) => {
      const reason = new Error('enough')
      const controller = new AbortController()
      const call = client.call('showMode', {}, { signal: controller.signal })
      controller.abort(reason)
      try {
        await call
        assert.unreachable()
      } catch (error) {
        assert.is(error, reason)
      }
    }
  )
})
