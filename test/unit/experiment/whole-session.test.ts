import { is, ok } from 'uvu/assert'
import {
  SESSION_FEATURES,
  WholeSessions
} from '../../../scripts/experiment/detection/whole-session.ts'
import {
  judgeByYardstick,
  trainYardstick
} from '../../../scripts/experiment/detection/yardstick.ts'
import { request, START_MS, submission, upload } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('whole sessions, the yardstick')

const at = (row: Float32Array | undefined, name: string) =>
  row?.[SESSION_FEATURES.findIndex((feature) => feature.name === name)] ?? Number.NaN

/** What is searched, and when. */
const CALLS = [
  ['a', 0],
  ['b', 1_000],
  ['a', 4_000]
] as const

test('a session is counted over all its lines', () => {
  const sessions = new WholeSessions()
  const source = '203.0.113.7'
  for (const [index, [target, afterMs]] of CALLS.entries()) {
    sessions.note(
      request({
        source,
        atMs: START_MS + afterMs,
        target: `/pks/lookup?op=get&search=${target}@example.org`,
        status: index === 2 ? 404 : 200,
        bytesOut: 100 * (index + 1)
      })
    )
  }
  sessions.note(upload({ source, atMs: START_MS + 8_000 }))
  sessions.note(submission({ source, atMs: START_MS + 8_000, inserted: ['a'.repeat(40)] }))
  const row = sessions.rows().get(source)
  is(row?.length, SESSION_FEATURES.length)
  is(at(row, 'requests'), 4)
  is(at(row, 'seconds'), 8)
  // Gaps of 1, 3 and 4 s: mean 8/3, variance 26/3 - 64/9 = 14/9.
  ok(Math.abs(at(row, 'gap_mean') - 8 / 3) < 1e-6)
  ok(Math.abs(at(row, 'gap_variation') - Math.sqrt(14 / 9) / (8 / 3)) < 1e-6)
  is(at(row, 'distinct_share'), 3 / 4)
  is(at(row, 'op_get'), 3 / 4)
  is(at(row, 'mail_address'), 3 / 4)
  is(at(row, 'upload'), 1 / 4)
  is(at(row, 'status_404'), 1 / 4)
  is(at(row, 'inserted'), 1)
})

test('the yardstick learns what whole sessions tell, and prevents nothing', () => {
  const width = SESSION_FEATURES.length
  const source = Array.from({ length: 600 }, (_, i) => `198.18.${i >> 8}.${i & 255}`)
  const isAbuse = source.map((_, i) => i % 3 === 0)
  const values = new Float32Array(600 * width)
  for (const [row, abuse] of isAbuse.entries())
    values[row * width] = abuse ? 90 + (row % 9) : row % 9
  const day = {
    ...{ width, source, isAbuse, values },
    class: isAbuse.map((abuse) => (abuse ? 'A9' : 'N2')),
    campaign: isAbuse.map((abuse, i) => (abuse ? `A9-${i % 12}` : ''))
  }
  const yardstick = trainYardstick([day], { seed: 1, trees: 10 })
  const judged = judgeByYardstick(yardstick, day, {
    policy: 'rules',
    abuse: source
      .filter((_, i) => isAbuse[i])
      .map((one) => ({
        ...{ source: one, classes: ['A9'], campaign: 'A9-1', requests: 90, prevented: 3, score: 0 },
        ...{ level: 'benign', secondsToDecision: null, requestsBefore: null, rules: [] }
      })),
    touched: [],
    benign: { sources: 400, requests: 1_600 },
    benignByClass: { N2: { sources: 400, flagged: 0, banned: 0 } },
    ...{ mixed: 0, withoutLines: 0, calibration: null }
  })
  is(judged.abuse.filter(({ level }) => level === 'throttle').length, 200)
  is(
    judged.abuse.some(({ prevented }) => prevented > 0),
    false
  )
  is(judged.touched.length, 0)
  is(judged.benignByClass['N2']?.sources, 400)
})
