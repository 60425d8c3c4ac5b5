import { equal, is } from 'uvu/assert'
import {
  createGlobalWindow,
  noteGlobally,
  readGlobal
} from '../../../src/detection/global-window.ts'
import { request, START_MS, upload } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('global window')
const NAMES = ['requests', 'served', 'refused', 'uploads', 'lookups', 'misses', 'errors'] as const

/** Counts of the last hour after one event. */
function countsOf(fields: Parameters<typeof request>[0]): readonly string[] {
  const window = createGlobalWindow()
  const event = request(fields)
  noteGlobally(window, event)
  return NAMES.filter((name) => readGlobal(window, { name, span: 'hour' }, event.loggedAtMs) === 1)
}

for (const { name, fields, expected } of [
  { name: 'a found certificate', fields: {}, expected: ['requests', 'served', 'lookups'] },
  {
    name: 'a miss',
    fields: { status: 404 },
    expected: ['requests', 'served', 'lookups', 'misses']
  },
  {
    name: 'an error',
    fields: { status: 502 },
    expected: ['requests', 'served', 'lookups', 'errors']
  },
  {
    name: 'an error that is the answer of a tarpit',
    fields: { status: 500, outcome: 'tarpitted' },
    expected: ['requests', 'refused', 'lookups']
  },
  {
    name: 'a refused page of no keyserver',
    fields: { status: 403, outcome: 'denied', target: '/wp-login.php' },
    expected: ['requests', 'refused']
  },
  {
    name: 'a request that its client gave up',
    fields: { status: -1, outcome: 'aborted' },
    expected: ['requests', 'lookups']
  },
  { name: 'an upload', fields: upload(), expected: ['requests', 'served', 'uploads'] }
] as const) {
  test(`counts ${name}`, () => equal(countsOf(fields), expected))
}

test('forgets in a minute, ten minutes and an hour', () => {
  const window = createGlobalWindow()
  for (let second = 0; second < 3_600; second++) {
    noteGlobally(window, request({ atMs: START_MS + second * 1_000 }))
  }
  const count = (span: 'minute' | 'tenMinutes' | 'hour', afterMs: number) =>
    Math.round(readGlobal(window, { name: 'requests', span }, START_MS + 3_600_000 + afterMs))
  is(count('minute', 0), 60)
  is(count('tenMinutes', 0), 600)
  is(count('hour', 0), 3_600)
  is(count('minute', 120_000), 0)
  is(count('tenMinutes', 1_200_000), 0)
  is(count('hour', 7_200_000), 0)
})
