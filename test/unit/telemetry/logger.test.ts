import * as assert from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { createLogger, LogSampler } from '../../../src/telemetry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('logger')

function collected(level: 'info' | 'debug', format: 'json' | 'text' = 'json') {
  const lines: string[] = []
  return {
    lines,
    log: createLogger({ level, format, sink: { write: (line) => lines.push(line) } })
  }
}

test('writes one JSON object a line with level, time, fields and a constant message', () => {
  const { lines, log } = collected('info')
  log.child({ component: 'api' }).info({ port: 80 }, 'listening')
  const entry = JSON.parse(lines[0] ?? '')
  assert.is(entry.level, 'info')
  assert.is(entry.component, 'api')
  assert.is(entry.port, 80)
  assert.is(entry.msg, 'listening')
  assert.match(entry.time, /^\d{4}-\d\d-\d\dT/)
})

test('writes the stack of an error', () => {
  const { lines, log } = collected('info')
  log.error({ error: new Error('broken') }, 'could not apply')
  const entry = JSON.parse(lines[0] ?? '')
  assert.is(entry.error.message, 'broken')
  assert.match(entry.error.stack, 'logger.test.ts')
})

test('leaves out what is below its level', () => {
  const { lines, log } = collected('info')
  log.debug({}, 'detail')
  assert.is(log.isEnabled('debug'), false)
  assert.is(lines.length, 0)
})

test('keeps a line feed in a value from making a second line', () => {
  for (const format of ['json', 'text'] as const) {
    const { lines, log } = collected('info', format)
    log.info({ path: 'a\nlevel=error forged\u001b[31m' }, 'read')
    assert.is(lines.join('').trimEnd().split('\n').length, 1)
    assert.not.match(lines.join(''), '\u001b')
  }
})

test('writes text for a person where that is wanted', () => {
  const { lines, log } = collected('info', 'text')
  log.child({ component: 'api' }).warn({ port: 80, why: 'in use' }, 'not listening')
  assert.match(lines[0] ?? '', /^\S+ WARN {2}api: not listening port=80 why="in use"\n$/)
})

test('thins out messages of one key and says how many were left out', async () => {
  const { lines, log } = collected('debug')
  const clock = new ManualClock()
  const sampler = new LogSampler({ messagesPerPeriod: 2, periodMs: 1_000 }, { log, clock })
  for (let i = 0; i < 5; i++) sampler.debug('binary', () => ({ i }), 'unparsed line')
  sampler.debug('empty', () => ({}), 'unparsed line')
  assert.is(lines.length, 3)
  await clock.advance(1_000)
  sampler.debug('binary', () => ({ i: 9 }), 'unparsed line')
  assert.is(JSON.parse(lines[3] ?? '').omitted, 3)
})

test('computes no fields for a message that is not written', () => {
  const { log } = collected('info')
  const sampler = new LogSampler({}, { log, clock: new ManualClock() })
  sampler.debug(
    'any',
    () => {
      throw new Error('computed')
    },
    'detail'
  )
})
