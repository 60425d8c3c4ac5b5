import * as assert from 'uvu/assert'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { rawConnection } from '../../support/raw-http.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API limits', { timeoutMs: 30_000 })
let api: FakeApi

test.before(async () => {
  api = await startFakeApi({ requestTimeoutMs: 400, maxConnections: 8, bodyBytesMax: 4_096 })
})
test.after(() => api.stop())

const AUTHORIZED = 'Host: localhost\r\nAuthorization: Bearer admin-token\r\n'
const GIGABYTE = 1_073_741_824

function post(path: string, headers: string): string {
  return `POST ${path} HTTP/1.1\r\n${AUTHORIZED}Content-Type: application/json\r\n${headers}\r\n`
}

function isHealthy(): Promise<boolean> {
  return fetch(`${api.url}/healthz`, { headers: { Connection: 'close' } }).then(
    (response) => response.ok
  )
}

test('refuses a body of 1 GB at its declared length and closes the connection', async () => {
  const client = await rawConnection(api)
  client.socket.write(post('/api/defense/allowlist', `Content-Length: ${GIGABYTE}\r\n`))
  await client.until(/BODY_TOO_LONG"/)
  assert.match(client.received(), /^HTTP\/1\.1 413 /)
  assert.match(client.received(), /Connection: close/i)
  await client.closed
  client.socket.destroy()
})

test('does not read a body of 1 GB that is sent all the same', async () => {
  const client = await rawConnection(api)
  client.socket.write(post('/api/defense/allowlist', `Content-Length: ${GIGABYTE}\r\n`))
  const block = Buffer.alloc(1_048_576, 32)
  let sent = 0
  let hasEnded = false
  void client.closed.then(() => {
    hasEnded = true
  })
  while (!hasEnded && sent < GIGABYTE) {
    await new Promise<void>((resolve) => {
      client.socket.write(block, () => resolve())
      void client.closed.then(resolve)
    })
    sent += block.length
  }
  assert.ok(sent < 64 * 1_048_576, `${sent} bytes were taken`)
  assert.match(client.received(), /^HTTP\/1\.1 413 /)
  client.socket.destroy()
})

test('refuses a body without a declared length at the byte that is too much', async () => {
  const client = await rawConnection(api)
  client.socket.write(post('/api/defense/allowlist', 'Transfer-Encoding: chunked\r\n'))
  for (let i = 0; i < 5; i++) client.socket.write(`400\r\n${' '.repeat(1_024)}\r\n`)
  await client.until(/BODY_TOO_LONG"/)
  await client.closed
  client.socket.destroy()
})

test('says no before the body where the client asks first, and asks for it only then', async () => {
  const refused = await rawConnection(api)
  refused.socket.write(
    post('/api/defense/allowlist', `Content-Length: ${GIGABYTE}\r\nExpect: 100-continue\r\n`)
  )
  await refused.until(/BODY_TOO_LONG"/)
  assert.not.match(refused.received(), '100 Continue')
  refused.socket.destroy()
  const accepted = await rawConnection(api)
  const body = '{"prefix":"192.0.2.9"}'
  accepted.socket.write(
    post('/api/defense/allowlist', `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n`)
  )
  await accepted.until(/100 Continue/)
  accepted.socket.write(body)
  await accepted.until(/201 Created/)
  accepted.socket.destroy()
})

test('refuses a giant body without a token before it is read', async () => {
  const client = await rawConnection(api)
  client.socket.write(
    `POST /api/defense/allowlist HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${GIGABYTE}\r\n\r\n`
  )
  await client.until(/TOKEN_MISSING"/)
  await client.closed
  client.socket.destroy()
})

const BODIES = [
  {
    name: 'no JSON',
    headers: 'Content-Type: application/json',
    body: '{"prefix"',
    code: 'REQUEST_MALFORMED'
  },
  {
    name: 'bytes that are no UTF-8',
    headers: 'Content-Type: application/json',
    body: '{"prefix":"\xff"}',
    code: 'REQUEST_MALFORMED'
  },
  {
    name: 'JSON nested too deeply',
    headers: 'Content-Type: application/json',
    body: `${'['.repeat(500)}${']'.repeat(500)}`,
    code: 'REQUEST_MALFORMED'
  },
  {
    name: 'nothing',
    headers: 'Content-Type: application/json',
    body: '',
    code: 'REQUEST_MALFORMED'
  },
  {
    name: 'an array',
    headers: 'Content-Type: application/json',
    body: '[]',
    code: 'REQUEST_INVALID'
  },
  {
    name: 'a form',
    headers: 'Content-Type: application/x-www-form-urlencoded',
    body: 'prefix=1',
    code: 'MEDIA_TYPE_UNSUPPORTED'
  },
  {
    name: 'a compressed body',
    headers: 'Content-Type: application/json\r\nContent-Encoding: gzip',
    body: 'x',
    code: 'MEDIA_TYPE_UNSUPPORTED'
  }
]

for (const { name, headers, body, code } of BODIES) {
  test(`refuses ${name} as a body`, async () => {
    const client = await rawConnection(api)
    client.socket.write(
      `POST /api/defense/allowlist HTTP/1.1\r\n${AUTHORIZED}${headers}\r\nContent-Length: ${body.length}\r\n\r\n`
    )
    client.socket.write(Buffer.from(body, 'latin1'))
    await client.until(new RegExp(`${code}"`))
    client.socket.destroy()
  })
}

const SLOW = [
  { name: 'nothing at all', text: '' },
  { name: 'a request line that does not end', text: 'GET /healthz HT' },
  { name: 'a header that does not end', text: 'GET /healthz HTTP/1.1\r\nHost: local' },
  {
    name: 'a body that does not end',
    text: post('/api/defense/allowlist', 'Content-Length: 100\r\n')
  }
]

for (const { name, text } of SLOW) {
  test(`ends a connection that sends ${name}`, async () => {
    const client = await rawConnection(api)
    client.socket.write(text)
    await client.closed
    client.socket.destroy()
    assert.ok(await isHealthy())
  })
}

test('ends a connection that sends its header byte by byte', async () => {
  const client = await rawConnection(api)
  const text = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(500)}`
  let at = 0
  const timer = setInterval(() => client.socket.write(text[at++ % text.length] ?? ''), 50)
  await client.closed
  clearInterval(timer)
  client.socket.destroy()
  assert.match(client.received(), /408/)
})

test('refuses connections beyond the bound and serves again when they go', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => rawConnection(api)))
  const extra = await rawConnection(api)
  await extra.closed
  for (const client of clients) client.socket.destroy()
  for (let i = 0; i < 100; i++) {
    if (await isHealthy().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.unreachable('expected the API to serve again')
})

const MALFORMED = [
  {
    name: 'no HTTP',
    text: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    answer: /400 Bad Request/
  },
  {
    name: 'a header of 20 kB',
    text: `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    answer: /431 /
  },
  {
    name: 'two lengths',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    answer: /400 /
  },
  {
    name: 'a length and chunks',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    answer: /400 /
  },
  { name: 'no Host', text: 'GET /healthz HTTP/1.1\r\n\r\n', answer: /HOST_NOT_ALLOWED/ },
  {
    name: 'a path that cannot be decoded',
    text: `GET /api/defense/decisions/%zz/explain HTTP/1.1\r\n${AUTHORIZED}\r\n`,
    answer: /HTTP\/1\.1 4\d\d /
  },
  {
    name: 'a NUL in the path',
    text: `GET /api/defense/decisions/%00/explain HTTP/1.1\r\n${AUTHORIZED}\r\n`,
    answer: /HTTP\/1\.1 400 /
  },
  {
    name: 'an absolute address',
    text: `GET http://evil.example/healthz HTTP/1.1\r\n${AUTHORIZED}\r\n`,
    answer: /HTTP\/1\.1 \d\d\d /
  }
]

for (const { name, text, answer } of MALFORMED) {
  test(`answers ${name} and lives on`, async () => {
    const client = await rawConnection(api)
    client.socket.write(Buffer.from(text, 'latin1'))
    await client.until(answer)
    assert.not.match(client.received(), /HTTP\/1\.1 5/)
    client.socket.destroy()
    assert.ok(await isHealthy())
  })
}

test('stops drained: what is in progress ends, idle connections are closed', async () => {
  const other = await startFakeApi()
  let release = () => {}
  other.guard.gate = new Promise((resolve) => {
    release = resolve
  })
  const idle = await rawConnection(other)
  idle.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await idle.until(/"ok"/)
  const busy = fetch(`${other.url}/api/defense/actuators/sweep`, {
    method: 'POST',
    headers: { Authorization: 'Bearer admin-token' }
  })
  while (other.guard.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const stopped = other.stop()
  await idle.closed
  release()
  assert.is((await busy).status, 200)
  await stopped
  idle.socket.destroy()
})
