/** Models over HTTP: the real registry and runner behind the real server. */
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { equal, is, match, ok } from 'uvu/assert'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { samplePackage, smallPackage, tarOf } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('models over HTTP', { timeoutMs: 60_000 })
let api: FakeApi
/** What the log says of the node's own faults. */
let errors: string[] = []

test.beforeEach(async () => {
  errors = []
  const error = (_: unknown, message: string) => void errors.push(message)
  api = await startFakeApi({ requestTimeoutMs: 2_000 }, { log: { ...NULL_LOGGER, error } })
})
test.afterEach(() => api.stop())

interface Answer {
  readonly status: number
  readonly etag: string | null
  readonly json: Record<string, unknown>
}

const ROW = { requests: 41, upload_share: 0.9, agent: 'none', rule_score: 0.4 }

async function ask(
  method: string,
  path: string,
  given: { body?: unknown; headers?: Record<string, string>; token?: string } = {}
): Promise<Answer> {
  const isBytes = given.body instanceof Uint8Array
  const body = given.body === undefined || isBytes ? given.body : JSON.stringify(given.body)
  const response = await fetch(api.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${given.token ?? 'train-token'}`,
      ...(body === undefined
        ? {}
        : { 'Content-Type': isBytes ? 'application/x-tar' : 'application/json' }),
      ...given.headers
    },
    ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> })
  })
  const text = await response.text()
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    json: text.startsWith('{') ? JSON.parse(text) : {}
  }
}

const ID = '/api/ml/models/sample@1'

test('changes a model for who has seen its revision, and answers 412 to who has seen an earlier one', async () => {
  const seen = await ask('GET', ID)
  is(seen.status, 200)
  match(seen.etag ?? '', /^"\d+"$/)
  const headers = { 'If-Match': seen.etag ?? '' }
  const [one, other] = await Promise.all(
    ['a', 'b'].map((notes) => ask('PUT', ID, { body: { notes }, headers }))
  )
  equal([one?.status, other?.status].sort(), [200, 412])
  const lost = one?.status === 412 ? one : other
  is(lost?.json['code'], 'REVISION_MISMATCH')
  const won = one?.status === 200 ? one : other
  equal([won?.etag], [(await ask('GET', ID)).etag])
  is((await ask('PUT', ID, { body: { notes: 'c' } })).json['code'], 'REVISION_MISSING')
  is((await ask('PUT', ID, { body: { notes: 'c' }, headers: { 'If-Match': 'W/"1"' } })).status, 412)
  is((await ask('PUT', ID, { body: { notes: 'c' }, headers: { 'If-Match': '*' } })).status, 200)
  is(api.models.audit.filter(({ action }) => action === 'model.change').length, 2)
})

test('lets nobody read with it who may only read, and nobody delete or demote the champion', async () => {
  is((await ask('PUT', ID, { body: {}, token: 'read-token' })).status, 403)
  is((await ask('DELETE', ID)).json['code'], 'MODEL_IS_CHAMPION')
  const demoted = await ask('PUT', ID, {
    body: { stage: 'archived' },
    headers: { 'If-Match': '*' }
  })
  is(demoted.json['code'], 'MODEL_IS_CHAMPION')
  const crooked = { thresholds: { watch: 0.9, ban: 0.1 } }
  const bent = await ask('PUT', ID, { body: crooked, headers: { 'If-Match': '*' } })
  equal([bent.status, bent.json['code']], [422, 'THRESHOLDS_INVALID'])
})

test('takes a package, and gives the same bytes back', async () => {
  const tar = await tarOf(samplePackage('7', 9))
  const path = '/api/ml/models'
  is((await ask('POST', path, { body: tar })).json['code'], 'SIGNATURE_MISSING')
  const made = await ask('POST', `${path}?unsigned=true`, { body: tar })
  equal([made.status, made.json['stage'], made.json['origin']], [201, 'candidate', 'imported'])
  is((await ask('POST', `${path}?unsigned=true`, { body: tar })).json['code'], 'MODEL_EXISTS')
  const got = await fetch(`${api.url}/api/ml/models/sample@7/package`, {
    headers: { Authorization: 'Bearer read-token' }
  })
  equal(Buffer.from(await got.arrayBuffer()), tar)
  is((await ask('DELETE', '/api/ml/models/sample@7')).status, 204)
  is((await ask('GET', '/api/ml/models/sample@7')).json['code'], 'MODEL_NOT_FOUND')
})

test('says what is wrong with a package, and keeps nothing of it', async () => {
  const bent = new Map(samplePackage('7'))
  bent.set('MODEL_CARD.md', Buffer.from('x'))
  const cases: readonly (readonly [Uint8Array, number, string])[] = [
    [await tarOf(bent), 422, 'HASH_MISMATCH'],
    [Buffer.alloc(2_000, 1), 422, 'TAR_INVALID'],
    [new Uint8Array(0), 422, 'PACKAGE_INVALID']
  ]
  for (const [body, status, code] of cases) {
    const answer = await ask('POST', '/api/ml/models?unsigned=true', { body })
    equal([answer.status, answer.json['code']], [status, code])
  }
  is((await ask('POST', '/api/ml/models', { body: {} })).json['code'], 'MEDIA_TYPE_UNSUPPORTED')
  is(api.models.registry.list().length, 3)
})

test('takes the package of another task, and judges nobody by it', async () => {
  const body = await tarOf(smallPackage('1', { task: 'certificate' }))
  is((await ask('POST', '/api/ml/models?unsigned=true', { body })).status, 201)
  const answer = await ask('POST', '/api/ml/predict', { body: { features: ROW } })
  is(answer.json['model'], 'sample@1')
})

test('predicts by the champion, by a named model, and by the one that a rollback brings back', async () => {
  const predict = async (extra = {}) =>
    (await ask('POST', '/api/ml/predict', { body: { features: ROW, ...extra } })).json
  is((await predict())['model'], 'sample@1')
  is((await predict({ model: 'sample@2' }))['model'], 'sample@2')
  const back = await ask('POST', '/api/ml/models/rollback', { body: { reason: 'worse' } })
  equal([back.status, back.json['id']], [200, 'sample@0'])
  is((await predict())['model'], 'sample@0')
  is(
    (await ask('POST', '/api/ml/models/rollback', { body: {} })).json['code'],
    'NO_EARLIER_CHAMPION'
  )
  const listed = await ask('GET', '/api/ml/predictions?limit=2')
  const items = listed.json['items'] as { model: string }[]
  equal(
    items.map(({ model }) => model),
    ['sample@0', 'sample@2']
  )
  const rest = await ask('GET', `/api/ml/predictions?limit=2&cursor=${listed.json['next_cursor']}`)
  is((rest.json['items'] as unknown[]).length, 1)
  is(rest.json['next_cursor'], null)
})

test('refuses missing, extra and absurd features, and says what was expected', async () => {
  const { agent, ...lacking } = ROW
  is(agent, 'none')
  const cases = [
    {
      features: lacking,
      pointer: '/body/features/agent',
      detail: /one of "none", "gpg", "browser"/
    },
    {
      features: { ...ROW, colour: 1 },
      pointer: '/body/features/colour',
      detail: /no feature of this name/
    },
    {
      features: { ...ROW, upload_share: 7 },
      pointer: '/body/features/upload_share',
      detail: /from 0 to 1 or null, got 7/
    },
    {
      features: { ...ROW, requests: 'many' },
      pointer: '/body/features/requests',
      detail: /a number from 0/
    },
    { features: [1, 2], pointer: '/body/features', detail: /4 features.*got 2 values/ }
  ]
  for (const { features, pointer, detail } of cases) {
    const answer = await ask('POST', '/api/ml/predict', { body: { features } })
    is(answer.status, 400)
    const [fault] = answer.json['errors'] as { pointer: string; detail: string }[]
    is(fault?.pointer, pointer)
    match(fault?.detail ?? '', detail)
  }
  const rows = await ask('POST', '/api/ml/predict', { body: { rows: [ROW, [1]] } })
  match(JSON.stringify(rows.json['errors']), '/body/rows/1')
  is((await ask('POST', '/api/ml/predict', { body: {} })).status, 400)
  is((await ask('POST', '/api/ml/predict', { body: { features: ROW, model: 'no@1' } })).status, 404)
})

test('falls back to the rules where no model answers, and says so', async () => {
  const body = { features: ROW, task: 'nothing' }
  const answer = await ask('POST', '/api/ml/predict', { body })
  equal(
    [answer.json['fallback'], answer.json['reason'], answer.json['model']],
    [true, 'no-model', null]
  )
  equal(answer.json['predictions'], [{ score: 0.4, label: null, verdict: null }])
  is((await ask('POST', '/api/ml/explain', { body })).json['code'], 'NOT_EXPLAINABLE')
})

test('explains a score by contributions that add up, and by a sentence', async () => {
  const { json } = await ask('POST', '/api/ml/explain', { body: { features: ROW } })
  const contributions = json['contributions'] as { feature: string; contribution: number }[]
  const sum = contributions.reduce(
    (total, { contribution }) => total + contribution,
    Number(json['bias'])
  )
  ok(Math.abs(sum - Number(json['margin'])) < 1e-9)
  ok(Math.abs(1 / (1 + Math.exp(-sum)) - Number(json['score'])) < 1e-9)
  is(contributions[0]?.feature, 'upload_share')
  match(
    String(json['text']),
    /^sample@1 gives abuse a probability of \d+\.\d %, most of all for share of uploads: 0\.9/
  )
})

interface Duplex {
  send(text: string): void
  end(): void
  lines: Record<string, unknown>[]
  readonly ended: Promise<number>
}

function batch(path = '/api/ml/batch-predict'): Duplex {
  const lines: Record<string, unknown>[] = []
  const sent = request(api.url + path, {
    method: 'POST',
    headers: { Authorization: 'Bearer read-token', 'Content-Type': 'application/x-ndjson' }
  })
  const ended = new Promise<number>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        const whole = text.split('\n')
        text = whole.pop() ?? ''
        lines.push(...whole.map((line) => JSON.parse(line) as Record<string, unknown>))
      })
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
  })
  return { send: (text) => sent.write(text), end: () => sent.end(), lines, ended }
}

async function until(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !isDone(); i++) await wait(25)
  ok(isDone(), 'expected it sooner')
}

test('answers the lines of a batch while others are still being sent, for as long as they come', async () => {
  const stream = batch()
  const line = `${JSON.stringify(ROW)}\n`
  for (let i = 0; i < 6; i++) {
    // Longer in all than a request may take that does not move.
    await wait(400)
    stream.send(line.slice(0, 20))
    stream.send(line.slice(20))
    await until(() => stream.lines.length === i + 1)
  }
  stream.send('nonsense\n')
  stream.send(JSON.stringify(Object.values(ROW)))
  stream.end()
  is(await stream.ended, 200)
  equal(
    stream.lines.map((answer) => answer['row']),
    [0, 1, 2, 3, 4, 5, 6, 7]
  )
  match(String(stream.lines[6]?.['error']), /^expected a line of JSON/)
  is(stream.lines[7]?.['score'], stream.lines[0]?.['score'])
  is(api.models.predictions.countsOf('sample@1').predictions, 7)
})

test('goes on in the middle of a batch with the model that a rollback brings back', async () => {
  const stream = batch()
  const line = `${JSON.stringify(ROW)}\n`
  stream.send(line)
  await until(() => stream.lines.length === 1)
  await ask('POST', '/api/ml/models/rollback', { body: {} })
  stream.send(line.repeat(3_000))
  stream.end()
  is(await stream.ended, 200)
  is(stream.lines.length, 3_001)
  is(stream.lines[0]?.['model'], 'sample@1')
  ok(stream.lines.slice(1).every((answer) => answer['model'] === 'sample@0'))
})

test('clients that vanish in the middle of a batch leave room for others, and nothing in the log', async () => {
  const lines = `${JSON.stringify(ROW)}\n`.repeat(2_000)
  for (let client = 0; client < 12; client++) {
    const sent = request(`${api.url}/api/ml/batch-predict`, {
      method: 'POST',
      headers: { Authorization: 'Bearer read-token', 'Content-Type': 'application/x-ndjson' }
    })
    sent.on('error', () => undefined)
    sent.on('response', (response) => response.on('error', () => undefined))
    for (let part = 0; part < 10; part++) sent.write(lines)
    // Half of them once the answer has begun, half before.
    if (client % 2 === 0) await new Promise((resolve) => sent.once('response', resolve))
    sent.destroy()
  }
  const next = batch()
  next.send(`${JSON.stringify(ROW)}\n`)
  next.end()
  is(await next.ended, 200)
  equal(errors, [])
})

test('ends a batch whose sender has stopped', async () => {
  const stream = batch()
  stream.send(`${JSON.stringify(ROW)}\n`)
  let isBroken = false
  await stream.ended.catch(() => {
    isBroken = true
  })
  ok(isBroken)
  // The place it took is free again.
  const next = batch()
  next.end()
  is(await next.ended, 200)
})

const TENSOR = {
  name: 'features',
  shape: [2, 4],
  datatype: 'FP32',
  data: [41, 0.9, null, 0.4, 1, 0, 1, 0]
}
const infer = (body: unknown, name = 'behaviour') =>
  ask('POST', `/v2/models/${name}/infer`, { body })

test('speaks the Open Inference Protocol', async () => {
  const { status, json } = await infer({ id: 'x', inputs: [TENSOR] })
  equal(
    [status, json['model_name'], json['model_version'], json['id']],
    [200, 'behaviour', '1', 'x']
  )
  const outputs = json['outputs'] as { name: string; shape: number[]; data: (number | string)[] }[]
  equal(
    outputs.map(({ name, shape }) => [name, shape]),
    [
      ['scores', [2, 2]],
      ['label', [2]]
    ]
  )
  const nested = { ...TENSOR, data: [TENSOR.data.slice(0, 4), TENSOR.data.slice(4)] }
  const only = await infer({ inputs: [nested], outputs: [{ name: 'scores' }] }, 'sample')
  equal((only.json['outputs'] as unknown[])[0], outputs[0])
  is(only.json['id'], undefined)
  const described = await ask('GET', '/v2/models/sample/versions/2')
  equal(described.json['inputs'], [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }])
  equal((await ask('GET', '/v2/models/sample/ready')).json, { name: 'sample', ready: true })
  equal((await ask('GET', '/v2/health/live')).json, { live: true })
  equal((await ask('GET', '/v2/health/ready')).json, { ready: true })
})

test('answers what the protocol calls bad with 400 and a text, an unknown model with 404', async () => {
  const bad: readonly unknown[] = [
    { inputs: [{ ...TENSOR, shape: [3, 4] }] },
    { inputs: [{ ...TENSOR, shape: [8] }] },
    { inputs: [{ ...TENSOR, datatype: 'BYTES' }] },
    { inputs: [{ ...TENSOR, datatype: 'FP31' }] },
    { inputs: [{ ...TENSOR, name: 'other' }] },
    { inputs: [{ ...TENSOR, data: [...TENSOR.data.slice(0, 7), 'x'] }] },
    { inputs: [TENSOR], outputs: [{ name: 'other' }] },
    { inputs: [] },
    {}
  ]
  for (const body of bad) {
    const { status, json } = await infer(body)
    is(status, 400, JSON.stringify(body))
    equal(Object.keys(json), ['error'])
  }
  const raw = await fetch(`${api.url}/v2/models/behaviour/infer`, {
    method: 'POST',
    headers: { Authorization: 'Bearer read-token', 'Content-Type': 'application/json' },
    body: '{'
  })
  is(raw.status, 400)
  equal(Object.keys((await raw.json()) as object), ['error'])
  for (const name of ['nobody', 'sample/versions/9']) {
    const { status, json } = await infer({ inputs: [TENSOR] }, name)
    equal([status, Object.keys(json)], [404, ['error']])
  }
})

test('takes every type of number that the protocol has, and no value that is none of it', async () => {
  const of = (datatype: string, data: readonly unknown[]) =>
    infer({ inputs: [{ name: 'features', shape: [1, 4], datatype, data }] })
  const plain = [41, 1, 0, 0]
  const first = await of('FP32', plain)
  is(first.status, 200)
  const numbers = ['FP16', 'FP64', 'INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32']
  for (const datatype of numbers) {
    equal((await of(datatype, plain)).json['outputs'], first.json['outputs'], datatype)
  }
  equal((await of('UINT64', ['41', 1, '0', null])).status, 200)
  for (const [datatype, cell] of [
    ['INT32', 0.5],
    ['UINT8', 256],
    ['UINT8', -1],
    ['INT8', 128],
    ['INT64', 2 ** 60],
    ['INT64', '9007199254740993'],
    ['INT32', '41'],
    ['FP32', '41'],
    ['FP32', true]
  ] as const) {
    const { status, json } = await of(datatype, [cell, 1, 0, 0])
    is(status, 400, `${datatype} ${cell}`)
    match(String(json['error']), `row 0, requests: expected ${datatype} or null, got`)
  }
  const absurd = await of('FP32', [41, 7, 0, 0])
  match(String(absurd.json['error']), 'row 0, upload_share: expected a number from 0 to 1')
})

test('takes nested rows only as the shape says, and answers all outputs where none is named', async () => {
  const of = (data: readonly unknown[]) => infer({ inputs: [{ ...TENSOR, data }], outputs: [] })
  const rows = [TENSOR.data.slice(0, 4), TENSOR.data.slice(4)]
  const { status, json } = await of(rows)
  equal([status, (json['outputs'] as unknown[]).length], [200, 2])
  for (const data of [
    [TENSOR.data.slice(0, 5), TENSOR.data.slice(5)],
    [...TENSOR.data.slice(0, 4), TENSOR.data.slice(4)],
    [rows],
    [...rows, rows[0]]
  ]) {
    const refused = await of(data)
    equal([refused.status, Object.keys(refused.json)], [400, ['error']])
  }
})

test('refuses what is no endpoint of the protocol in its own words', async () => {
  for (const [method, path, status] of [
    ['GET', '/v2/nothing', 404],
    ['GET', '/v2/models/behaviour/infer', 405],
    ['POST', '/v2', 405]
  ] as const) {
    const answer = await ask(method, path)
    equal([answer.status, Object.keys(answer.json)], [status, ['error']])
  }
})

test('analyses an address in the words of the earlier plug-in', async () => {
  const { json } = await ask('POST', '/api/ml/analyze', { body: { client_ip: '198.51.100.7' } })
  equal([json['is_abuse'], json['anomaly_score'], json['severity']], [true, 0.97, 'high'])
  ok((json['reasons'] as string[]).length > 0)
  const old = await ask('POST', '/api/ml/analyze', {
    body: { request_data: { client_ip: '198.51.100.7' } }
  })
  is(old.json['client_ip'], '198.51.100.7')
  is((await ask('POST', '/api/ml/analyze', { body: { text: 'x' } })).status, 400)
  is(
    (await ask('POST', '/api/ml/analyze', { body: { client_ip: '1.2' } })).json['code'],
    'ADDRESS_INVALID'
  )
})
