import { equal, is } from 'uvu/assert'
import { LiveRecord } from '../../../src/registry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('live record')

const judge = (level: string) => ({ model: 'champion@1', level })
const shadow = (level: string) => ({ model: 'shadow@2', level })

test('compares a shadow with whoever judged, by pairs of levels and by sources', () => {
  const record = new LiveRecord()
  record.compare('192.0.2.1', shadow('benign'), judge('benign'))
  record.compare('192.0.2.2', shadow('throttle'), judge('benign'))
  record.compare('192.0.2.2', shadow('ban'), judge('watch'))
  record.compare('192.0.2.3', shadow('watch'), judge('ban'))
  record.compare('192.0.2.4', shadow('ban'), judge('ban'))
  // Both flagged it in the end: nobody differs about it.
  record.compare('192.0.2.5', shadow('throttle'), judge('benign'))
  record.compare('192.0.2.5', shadow('throttle'), judge('throttle'))
  const comparison = record.of('shadow@2')?.comparison
  equal([comparison?.judgements, comparison?.agreements], [7, 3])
  equal(comparison?.alone, {
    sources: 1,
    newest: [{ source: '192.0.2.2', judge: 'watch', shadow: 'ban' }]
  })
  equal(comparison?.spared, {
    sources: 1,
    newest: [{ source: '192.0.2.3', judge: 'ban', shadow: 'watch' }]
  })
  equal(comparison?.pairs[0], { judge: 'benign', shadow: 'throttle', count: 2 })
  is(record.of('champion@1'), undefined)
})

test('counts decisions of each model apart, and those that were taken back', () => {
  const record = new LiveRecord()
  record.decided('a@1', 'ban')
  record.decided('a@1', 'throttle')
  record.decided('b@1', 'watch')
  record.lifted('a@1')
  equal(record.of('a@1')?.decisions, { watch: 0, throttle: 1, ban: 1, lifted: 1 })
  equal(record.of('b@1')?.decisions, { watch: 1, throttle: 0, ban: 0, lifted: 0 })
  is(record.of('a@1')?.comparison, undefined)
})

test('says how long a score takes, of the newest only', () => {
  const record = new LiveRecord()
  is(record.of('a@1'), undefined)
  for (let index = 0; index < 5_000; index++) record.took('a@1', index < 3_900 ? 9 : 0.5)
  const latency = record.of('a@1')?.latencyUs
  equal([Math.round(latency?.p50 ?? 0), Math.round(latency?.p99 ?? 0)], [500, 500])
})

test('remembers no more models and sources than it may', () => {
  const record = new LiveRecord()
  for (let index = 0; index < 20; index++) record.judged(`m@${index}`)
  is(record.of('m@0'), undefined)
  is(record.of('m@19')?.judgements, 1)
  for (let index = 0; index < 10_050; index++) {
    record.compare(`10.0.${index >> 8}.${index & 255}`, shadow('ban'), judge('benign'))
  }
  const comparison = record.of('shadow@2')?.comparison
  equal([comparison?.judgements, comparison?.alone.sources], [10_050, 10_000])
  is(comparison?.alone.newest.length, 20)
})
