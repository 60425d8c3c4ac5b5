/** Trainings over HTTP: where the job is found, once for each key, by whom, and as events. */
import { equal, is, ok } from 'uvu/assert'
import { type FakeApi, startFakeApi } from '../../support/fake-api.ts'
import { SAMPLE_TRAINING_ID } from '../../support/fake-trainings.ts'
import { suite } from '../../support/suite.ts'

const test = suite('trainings over HTTP')
let api: FakeApi

test.before(async () => {
  api = await startFakeApi()
})
test.after(() => api.stop())

const BODY = { data: { kind: 'labels' }, name: 'local' }

function ask(path: string, init: RequestInit & { token?: string; key?: string } = {}) {
  const { token = 'admin-token', key, ...rest } = init
  return fetch(api.url + path, {
    ...rest,
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      ...(key === undefined ? {} : { 'Idempotency-Key': key })
    }
  })
}

const train = (body: object, options: { token?: string; key?: string } = {}) =>
  ask('/api/ml/train', { method: 'POST', body: JSON.stringify(body), ...options })

test('the answer says where the job is, and the same key makes no second one', async () => {
  const before = api.trainings.jobs.length
  const first = await train(BODY, { key: 'one' })
  is(first.status, 202)
  const { id } = (await first.json()) as { id: string }
  is(first.headers.get('location'), `/api/ml/training/${id}`)
  const again = await train(BODY, { key: 'one' })
  equal(((await again.json()) as { id: string }).id, id)
  is(again.headers.get('location'), `/api/ml/training/${id}`)
  is(api.trainings.jobs.length, before + 1)
  is((await ask(`/api/ml/training/${id}`)).status, 200)
})

test('whoever may only read or respond has nothing trained and cancels nothing', async () => {
  for (const token of ['read-token', 'respond-token']) {
    is((await train(BODY, { token })).status, 403)
    const path = `/api/ml/training/${SAMPLE_TRAINING_ID}`
    is((await ask(path, { method: 'DELETE', token })).status, 403)
  }
})

test('what cannot be trained is refused by the contract', async () => {
  const bad = [
    { name: 'x', data: { kind: 'logs', labels: '/l' } },
    { name: 'x', data: { kind: 'labels' }, model: 'random-forest' },
    { name: '../x', data: { kind: 'labels' } },
    { name: 'x', data: { kind: 'table', path: '/t' } },
    { name: 'x', data: { kind: 'labels' }, folds: 1 },
    { name: 'x' }
  ]
  for (const body of bad) is((await train(body)).status, 400, JSON.stringify(body))
})

test('an ended training cannot be cancelled; one that is not there is not found', async () => {
  const ended = await ask(`/api/ml/training/${SAMPLE_TRAINING_ID}`, { method: 'DELETE' })
  is(ended.status, 409)
  is((await ask('/api/ml/training/nobody')).status, 404)
})

test('whoever listens hears of it', async () => {
  const stream = await ask('/api/events')
  const reader = stream.body?.getReader()
  await train(BODY)
  let text = ''
  while (!text.includes('training.changed')) {
    const chunk = await reader?.read()
    ok(chunk?.done === false, text)
    text += Buffer.from(chunk?.value ?? []).toString('utf8')
  }
  await reader?.cancel()
})
