import { request } from 'node:http'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { CONTRACT, type Endpoint, OPERATION_IDS } from '../../src/api/index.ts'
import { type FakeApi, startFakeApi } from '../support/fake-api.ts'
import { suite } from '../support/suite.ts'

const test = suite('API under random requests', { timeoutMs: 60_000 })
let api: FakeApi

test.before(async () => {
  api = await startFakeApi()
})
test.after(() => api.stop())

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

function send({
  method,
  path,
  headers = {},
  body
}: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: api.port,
        method,
        path,
        headers: { Authorization: 'Bearer admin-token', ...headers }
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      }
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function mustBeRefusedWell(sent: Sent, answer: { status: number; text: string }): void {
  assert.ok(answer.status < 500, `${JSON.stringify(sent)} ${answer.status} ${answer.text}`)
  if (answer.status >= 400 && answer.text !== '') {
    const problem = JSON.parse(answer.text)
    // The Open Inference Protocol has a text for errors and nothing else.
    if (/^\/v2(?:[/?]|$)/.test(sent.path) && problem.code === undefined) {
      assert.equal(Object.keys(problem), ['error'])
      return
    }
    assert.is(problem.status, answer.status)
    assert.type(problem.code, 'string')
  }
}

const writes = OPERATION_IDS.map((id): Endpoint => CONTRACT[id]).filter(
  (endpoint) => endpoint.body !== undefined
)
const reads = OPERATION_IDS.map((id): Endpoint => CONTRACT[id]).filter(
  (endpoint) => endpoint.text?.mediaType !== 'text/event-stream'
)

/** Close to what is valid: one member of the example is replaced by anything. */
const nearlyValid = fc.constantFrom(...writes).chain((endpoint) => {
  const example = endpoint.example.body as Record<string, unknown>
  return fc
    .tuple(fc.constantFrom('another', ...Object.keys(example)), fc.jsonValue())
    .map(([key, value]) => ({ endpoint, body: JSON.stringify({ ...example, [key]: value }) }))
})
const anyBody = fc
  .tuple(fc.constantFrom(...writes), fc.oneof(fc.json(), fc.string({ unit: 'binary' })))
  .map(([endpoint, body]) => ({ endpoint, body }))

test('never fails at a JSON body, valid or nearly so or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearlyValid, anyBody), async ({ endpoint, body }) => {
      const sent = {
        method: endpoint.method,
        path: endpoint.path,
        headers: { 'Content-Type': 'application/json' },
        body
      }
      mustBeRefusedWell(sent, await send(sent))
    }),
    { numRuns: 600, seed: 1 }
  )
})

test('never fails at a path or a query', async () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }).map(encodeURIComponentSafely),
    fc.constantFrom('%zz', '%00', '..', '%2e%2e', '%2f', '::', '%', '+', '192.0.2.1', '[::1]')
  )
  const query = fc
    .array(fc.tuple(fc.oneof(word, fc.constantFrom('limit', 'cursor', 'since', 'value')), word))
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...reads),
      fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'),
      fc.tuple(word, query),
      async (endpoint, method, [param, search]) => {
        const path = `${endpoint.path.replaceAll(/\{\w+\}/g, param)}?${search}`
        const sent = { method, path }
        mustBeRefusedWell(sent, await send(sent))
      }
    ),
    { numRuns: 800, seed: 2 }
  )
})

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

test('never fails at headers', async () => {
  const names = [
    'Accept',
    'Origin',
    'Host',
    'If-None-Match',
    'Idempotency-Key',
    'Authorization',
    'Content-Type',
    'Expect'
  ]
  const value = fc.stringMatching(/^[\x20-\x7e]{0,60}$/)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...reads),
      fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }),
      async (endpoint, headers) => {
        if ('Expect' in headers) headers['Expect'] = '100-continue'
        const path = endpoint.path.replaceAll(/\{\w+\}/g, '192.0.2.1')
        const sent = { method: endpoint.method, path, headers }
        mustBeRefusedWell(sent, await send(sent))
      }
    ),
    { numRuns: 600, seed: 3 }
  )
})
