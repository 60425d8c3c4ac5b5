/** Labels over HTTP: who may say what, what is refused, and that repeating does no harm. */
import { equal, is, match } from 'uvu/assert'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { SAMPLE_LABEL_ID } from '../../support/fake-labels.ts'
import { suite } from '../../support/suite.ts'

const test = suite('labels over the API')
let api: FakeApi

test.beforeEach(async () => {
  api = await startFakeApi()
})
test.afterEach(() => api.stop())

async function ask(
  path: string,
  init: { method?: string; body?: unknown; token?: string; key?: string } = {}
) {
  const { method = 'GET', body, token = 'respond-token', key } = init
  const response = await fetch(`${api.url}/api/ml/labels${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  const json = (text === '' ? {} : JSON.parse(text)) as {
    readonly code?: string
    readonly detail?: string
    readonly items?: readonly Readonly<Record<string, unknown>>[]
    readonly errors?: readonly { readonly pointer: string; readonly code?: string }[]
  }
  return { status: response.status, json }
}

const post = (body: unknown, more: { token?: string; key?: string } = {}) =>
  ask('', { method: 'POST', body, ...more })

test('a label is said, shown with who said it, and taken back', async () => {
  const said = await post({ value: '203.0.113.66', label: 'abuse', class: 'A8' })
  is(said.status, 201)
  const [label] = said.json.items ?? []
  equal(
    [label?.['prefix'], label?.['said_by'], label?.['source'], label?.['weight']],
    ['203.0.113.66/32', 'token:respond', 'operator', 1]
  )
  const about = await ask('?value=203.0.113.0/24&label=abuse&source=operator')
  equal(
    about.json.items?.map(({ id }) => id),
    [label?.['id']]
  )
  is((await ask(`/${label?.['id']}?reason=mistake`, { method: 'DELETE' })).status, 204)
  is((await ask(`/${label?.['id']}`, { method: 'DELETE' })).json.code, 'LABEL_NOT_FOUND')
  equal(
    api.labels.audit.map(({ action, actor }) => [action, actor]),
    [
      ['label.add', 'token:respond'],
      ['label.remove', 'token:respond']
    ]
  )
})

test('the same request again, with its key or without, makes no second label', async () => {
  const body = { value: '203.0.113.66', label: 'abuse' }
  const first = await post(body, { key: 'k' })
  const replayed = await post(body, { key: 'k' })
  const repeated = await post(body)
  const idOf = ({ json }: typeof first) => json.items?.[0]?.['id']
  equal([idOf(replayed), idOf(repeated)], [idOf(first), idOf(first)])
  is((await ask('?value=203.0.113.66')).json.items?.length, 1)
  is((await post({ ...body, label: 'benign' }, { key: 'k' })).json.code, 'IDEMPOTENCY_KEY_REUSED')
})

test('who may only read says nothing; who may train says it by the file only', async () => {
  const body = { value: '203.0.113.66', label: 'abuse' }
  const entries = { entries: [body] }
  const send = async (path: string, token: string) =>
    (await ask(path, { method: 'POST', body: path === '' ? body : entries, token })).status
  equal(
    [await send('', 'read-token'), await send('', 'train-token'), await send('', 'respond-token')],
    [403, 403, 201]
  )
  equal([await send('/import', 'respond-token'), await send('/import', 'train-token')], [403, 200])
  is((await ask('', { token: 'read-token' })).status, 200)
  is((await ask(`/${SAMPLE_LABEL_ID}`, { method: 'DELETE', token: 'read-token' })).status, 403)
})

test('what cannot be is refused with a code and a sentence', async () => {
  const cases: readonly (readonly [unknown, number, string])[] = [
    [{ value: 'example.org', label: 'abuse' }, 400, 'ADDRESS_INVALID'],
    [{ value: '127.0.0.1', label: 'abuse' }, 409, 'PROTECTED'],
    [{ value: '203.0.0.0/16', label: 'abuse' }, 422, 'PREFIX_TOO_WIDE'],
    [{ alert: 'abcdef0123', label: 'abuse' }, 404, 'ALERT_NOT_FOUND'],
    [{ alert: SAMPLE_LABEL_ID, label: 'benign' }, 404, 'DECISION_NOT_FOUND'],
    [{ alert: 'xyz', label: 'abuse' }, 400, 'REQUEST_INVALID'],
    [{ label: 'abuse' }, 400, 'REQUEST_INVALID'],
    [{ value: '203.0.113.1', alert: 'abcdef0123', label: 'abuse' }, 400, 'REQUEST_INVALID'],
    [{ value: '203.0.113.1', label: 'mixed' }, 400, 'REQUEST_INVALID'],
    [{ value: '203.0.113.1', label: 'abuse', weight: 0 }, 400, 'REQUEST_INVALID'],
    [{ value: '203.0.113.1', label: 'abuse', reason: 'a\nb' }, 400, 'REQUEST_INVALID'],
    [
      {
        ...{ value: '203.0.113.1', label: 'abuse' },
        ...{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }
      },
      422,
      'SPAN_INVALID'
    ]
  ]
  for (const [body, status, code] of cases) {
    const answer = await post(body)
    equal([answer.status, answer.json.code], [status, code], JSON.stringify(body))
    match(answer.json.detail ?? '', /expected/)
  }
  is((await ask('?cursor=zzz')).json.code, 'CURSOR_INVALID')
  is((await ask('?value=nowhere')).json.code, 'ADDRESS_INVALID')
})

test('an import names every line that cannot be, and takes none of them', async () => {
  const entries = ['203.0.113.1', '127.0.0.1', 'nonsense'].map((value) => ({
    value,
    label: 'abuse'
  }))
  const refused = await ask('/import', { method: 'POST', body: { entries }, token: 'train-token' })
  equal([refused.status, refused.json.code], [422, 'ENTRIES_REFUSED'])
  equal(
    refused.json.errors?.map(({ pointer, code }) => [pointer, code]),
    [
      ['/body/entries/1', 'PROTECTED'],
      ['/body/entries/2', 'ADDRESS_INVALID']
    ]
  )
  is((await ask('?value=203.0.113.1')).json.items?.length, 0)
  const many = { entries: Array.from({ length: 1_001 }, () => entries[0]) }
  const tooMany = await ask('/import', { method: 'POST', body: many, token: 'train-token' })
  is(tooMany.json.code, 'REQUEST_INVALID')
})
