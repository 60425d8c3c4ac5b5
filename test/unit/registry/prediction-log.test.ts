import { equal, is } from 'uvu/assert'
import { PredictionLog, type PredictionRecord } from '../../../src/registry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('prediction log')
const HOUR_MS = 3_600_000

function entry(fields: Partial<PredictionRecord> = {}): Omit<PredictionRecord, 'sequence'> {
  return {
    ...{ atMs: 0, task: 'behaviour', model: 'a@1', clientIp: undefined, score: 0.25 },
    ...{ verdict: 'benign', fallbackReason: undefined, via: 'api' },
    ...fields
  } as Omit<PredictionRecord, 'sequence'>
}

test('remembers the newest 10 000 and counts all', () => {
  const log = new PredictionLog()
  for (let i = 0; i < 10_500; i++) log.add(entry({ atMs: i }))
  is(log.total, 10_500)
  const newest = log.list({ limit: 20_000 })
  equal([newest.length, newest[0]?.atMs, newest.at(-1)?.atMs], [10_000, 10_499, 500])
  const page = log.list({ limit: 2, beforeSequence: 10_499 })
  equal(
    page.map(({ sequence }) => sequence),
    [10_498, 10_497]
  )
  equal(log.list({ limit: 5, beforeSequence: 3 }), [])
})

test('finds those that match, however far back', () => {
  const log = new PredictionLog()
  log.add(entry({ clientIp: '192.0.2.7' }))
  for (let i = 0; i < 100; i++) log.add(entry())
  const found = log.list({ limit: 1, matches: ({ clientIp }) => clientIp === '192.0.2.7' })
  is(found[0]?.sequence, 1)
})

test('counts by model, by verdict and by hour, the rules beside the models', () => {
  const log = new PredictionLog()
  log.add(entry({ score: 0.5, verdict: 'ban' }))
  log.add(
    entry({ atMs: HOUR_MS, model: undefined, verdict: undefined, fallbackReason: 'no-model' })
  )
  log.count(entry({ atMs: HOUR_MS + 1, model: 'b@1', verdict: 'throttle' }), 10, 8)
  equal(log.countsOf('a@1'), { predictions: 1, fallbacks: 0, scoreSum: 0.5, byVerdict: { ban: 1 } })
  equal(log.countsOf('rules'), { predictions: 1, fallbacks: 1, scoreSum: 0.25, byVerdict: {} })
  equal(log.totals(), {
    ...{ predictions: 12, fallbacks: 1, scoreSum: 8.75 },
    byVerdict: { ban: 1, throttle: 10 }
  })
  equal(log.hours(), [
    { hourMs: 0, predictions: 1, flagged: 1, scoreSum: 0.5 },
    { hourMs: HOUR_MS, predictions: 11, flagged: 10, scoreSum: 8.25 }
  ])
  is(log.countsOf('c@1').predictions, 0)
})

test('keeps a day of hours and a bounded number of models', () => {
  const log = new PredictionLog()
  for (let i = 0; i < 100; i++) log.add(entry({ atMs: i * HOUR_MS, model: `m@${i}` }))
  is(log.hours().length, 24)
  equal([log.hours()[0]?.hourMs, log.hours().at(-1)?.hourMs], [76 * HOUR_MS, 99 * HOUR_MS])
  is(log.countsOf('m@0').predictions, 0)
  is(log.countsOf('m@99').predictions, 1)
})
