/** What a node makes labels of without being asked, and which alerts and decisions a person can mean. */
import { equal, is } from 'uvu/assert'
import { configSchema } from '../../../src/config/schema.ts'
import { NodeFeedback } from '../../../src/daemon/feedback.ts'
import { declareFeedbackMetrics } from '../../../src/daemon/feedback-metrics.ts'
import { openRepositories } from '../../../src/daemon/repositories.ts'
import type { Decision, GuardEffect } from '../../../src/defense/index.ts'
import type { Statement } from '../../../src/feedback/index.ts'
import type { ReceivedAlert } from '../../../src/network/index.ts'
import { NULL_LOGGER, PrometheusRegister } from '../../../src/telemetry/index.ts'
import { sampleDecision } from '../../support/fake-guard.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('feedback of a node')
const HOUR_MS = 3_600_000
let opened: TemporaryStore

test.beforeEach(() => {
  opened = makeStore()
})
test.afterEach(() => removeStore(opened))

function rig(options: { keepFeatures?: boolean; alerts?: readonly ReceivedAlert[] } = {}) {
  const { db, clock, dataDir } = opened
  const store = openRepositories(db, dataDir, { clock, logger: NULL_LOGGER })
  const register = new PrometheusRegister()
  let listener: (effect: GuardEffect) => void = () => undefined
  const { alerts } = options
  const training = { keepFeatures: options.keepFeatures ?? true }
  const feedback = new NodeFeedback(configSchema.parse({ training }), {
    ...{ db, store, clock, logger: NULL_LOGGER, facts: { current: () => ({ entries: [] }) } },
    metrics: declareFeedbackMetrics(register),
    findNetwork: () =>
      alerts && {
        alerts: ({ cursor = '0' }) => ({
          items: alerts.slice(Number(cursor), Number(cursor) + 1),
          nextCursor: Number(cursor) + 1 < alerts.length ? String(Number(cursor) + 1) : undefined
        })
      },
    subscribe: (given) => {
      listener = given
      return () => undefined
    }
  })
  const signal = new AbortController().signal
  const lift = (fields: Partial<Decision>) => {
    const decision = sampleDecision({
      ...{ value: '20.1.2.3', prefixes: ['20.1.2.3/32'], createdAtMs: START_MS - 5_000 },
      ...{ liftedAtMs: START_MS - 1_000, liftedBy: 'token:ada', liftReason: 'mistake', ...fields }
    })
    listener({ kind: 'ended', decision, atMs: START_MS - 1_000, why: 'lifted' })
  }
  return { feedback, store, register, signal, lift }
}

function alert(id: string, fields: Partial<ReceivedAlert> = {}): ReceivedAlert {
  const body = {
    ...{ windowStartMs: START_MS - HOUR_MS, windowEndMs: START_MS - 1_000 },
    indicators: [{ prefix: '20.1.2.3/32' }]
  }
  return { id: id.padEnd(64, '0'), endsAtMs: START_MS + HOUR_MS, body, ...fields } as ReceivedAlert
}

const SAID: Statement = {
  ...{ class: undefined, campaign: '', note: '', fromMs: undefined, toMs: undefined },
  ...{ label: 'benign', weight: undefined }
}

test('what a person lifts is labelled harmless until then, and nothing else that ends', async () => {
  const { feedback, store, lift, signal } = rig()
  await feedback.start(signal)
  lift({})
  lift({ value: '20.1.2.4', prefixes: ['20.1.2.4/32'], liftedBy: 'system' })
  lift({ value: '20.1.2.5', prefixes: ['20.1.2.5/32'], origin: 'operator' })
  lift({ value: '20.1.2.6', prefixes: ['20.1.2.6/32'], type: 'watch' })
  await Promise.resolve()
  const { items } = store.labels.list({ limit: 10 })
  equal(
    items.map(({ prefix, label, source, fromMs, toMs, saidBy, note }) => [
      ...[prefix, label, source, fromMs, toMs, saidBy, note]
    ]),
    [
      [
        ...['20.1.2.3/32', 'benign', 'lifted-decision', START_MS - 5_000 - HOUR_MS],
        ...[START_MS - 1_000, 'token:ada', 'mistake']
      ]
    ]
  )
  await feedback.stop()
})

test('a verdict finds an alert on whatever page, and says when more could be meant', async () => {
  const { feedback } = rig({ alerts: [alert('aa11'), alert('bb22'), alert('bb33')] })
  const say = (id: string) => feedback.desk.say({ kind: 'alert', id }, SAID, 'token:ada')
  const [label] = say('bb22000000')
  equal([label?.origin, label?.fromMs], [alert('bb22').id, START_MS - 2 * HOUR_MS])
  equal(label?.toMs, START_MS, 'until now: it stands longer')
  let code = ''
  try {
    say('bb')
  } catch (error) {
    code = (error as { code: string }).code
  }
  is(code, 'ALERT_AMBIGUOUS')
})

test('where networks are off, there is no alert to mean', () => {
  const { feedback } = rig()
  let code = ''
  try {
    feedback.desk.say({ kind: 'alert', id: 'aa110000' }, SAID, 'token:ada')
  } catch (error) {
    code = (error as { code: string }).code
  }
  is(code, 'ALERT_NOT_FOUND')
})

test('whoever wants no rows has none after the start, and sees it', async () => {
  const { feedback, store, register, signal } = rig({ keepFeatures: false })
  const row = {
    ...{ atMs: START_MS, source: Uint8Array.of(4, 20, 1, 2, 3), requests: 1 },
    ...{ featureSetVersion: 1, level: 'benign' as const, score: undefined }
  }
  const rows = Array.from({ length: 1_200 }, () => ({ ...row, packed: Uint8Array.of(0, 0) }))
  store.features.append(rows)
  await feedback.start(signal)
  is(store.features.totals().rows, 0)
  is(/netminder_feedback_stored_rows 0/.test(await register.text()), true)
  await feedback.stop()
})

test('rows and labels are deleted when their time is over', () => {
  const { feedback, store } = rig()
  const row = {
    ...{ atMs: START_MS, source: Uint8Array.of(4, 20, 1, 2, 3), requests: 1 },
    ...{ featureSetVersion: 1, level: 'benign' as const, score: undefined }
  }
  store.features.append([{ ...row, packed: Uint8Array.of(0, 0) }])
  feedback.desk.say({ kind: 'prefix', value: '20.1.2.3' }, SAID, 'token:ada')
  const day = 24 * HOUR_MS
  equal(
    [29, 31, 31, 364, 366, 366].map((days) => feedback.prune(START_MS + days * day)),
    [0, 1, 0, 0, 1, 0]
  )
})
