import { equal } from 'uvu/assert'
import { type LivePerformance, liveLines } from '../../../src/cli/models/live-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('what came of a model')

const LIVE: NonNullable<LivePerformance> = {
  judgements: 1,
  failures: 0,
  latency_us: null,
  decisions: { watch: 0, throttle: 0, ban: 0, lifted: 0 },
  comparison: null
}
const NONE = { sources: 0, newest: [] }

for (const { name, live, expected } of [
  { name: 'never asked', live: null, expected: [] },
  {
    name: 'asked once, without effect',
    live: LIVE,
    expected: [
      ['Live', 'asked 1 time'],
      ['Decisions', 'none']
    ]
  },
  {
    name: 'judging, with a false alarm and faults',
    live: {
      ...LIVE,
      ...{ judgements: 40, failures: 2, latency_us: { p50: 11.2, p99: 40.7 } },
      decisions: { watch: 3, throttle: 1, ban: 0, lifted: 1 }
    },
    expected: [
      ['Live', 'asked 40 times, failed 2 times, 11 µs each (p99 41 µs)'],
      ['Decisions', '1 throttle, 3 watches; taken back 1']
    ]
  },
  {
    name: 'in shadow',
    live: {
      ...LIVE,
      comparison: {
        ...{ judgements: 8, agreements: 6 },
        pairs: [
          { judge: 'benign', shadow: 'benign', count: 6 },
          { judge: 'benign', shadow: 'ban', count: 2 }
        ],
        alone: {
          sources: 5,
          newest: [1, 2, 3, 4, 5].map((last) => ({
            ...{ client_ip: `192.0.2.${last}`, judge: 'benign', shadow: 'ban' }
          }))
        },
        spared: NONE
      }
    },
    expected: [
      ['Live', 'asked 1 time'],
      ['Decisions', 'none'],
      ['In shadow', 'agreed on 6 of 8 (75.0 %) with who judged; otherwise benign → ban 2'],
      ['It alone', 'would slow down 5 addresses (192.0.2.1, 192.0.2.2, 192.0.2.3, …)'],
      ['It would', 'spare 0 addresses']
    ]
  }
]) {
  test(`is told of a model that was ${name}`, () => equal(liveLines(live), expected))
}
