import { equal, is } from 'uvu/assert'
import {
  type AbuseClassResult,
  type Evaluation,
  evaluate,
  type SourceRecord,
  type TruthRow
} from '../../../src/defense/index.ts'
import { createRecord } from '../../../src/defense/replay/source-record.ts'
import { START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('evaluation')

const FROM_MS = START_MS

function row(source: string, fields: Partial<TruthRow> = {}): TruthRow {
  return { source, class: 'A8', label: 'abuse', fromMs: FROM_MS, ...fields }
}

function record(fields: Partial<SourceRecord> = {}): SourceRecord {
  return { ...createRecord(FROM_MS), requests: 10, ...fields }
}

function caught(level: 'throttle' | 'ban', afterS: number, before: number, prevented = 0) {
  return record({
    level,
    firstDecisionAtMs: FROM_MS + afterS * 1_000,
    requestsBeforeDecision: before,
    prevented
  })
}

function judge(rows: readonly TruthRow[], records: Record<string, SourceRecord>): Evaluation {
  return evaluate(rows, { policy: 'rules', sources: new Map(Object.entries(records)) })
}

/** Four abusive sources of two unequal classes, three harmless ones: every formula gives another number. */
const mixedBag = () =>
  judge(
    [
      row('a1'),
      row('a2'),
      row('a3'),
      row('a4', { class: 'A14' }),
      row('n1', { class: 'N7', label: 'benign' }),
      row('n2', { class: 'N7', label: 'benign' }),
      row('n3', { class: 'N1', label: 'benign' }),
      row('m1', { class: 'N2', label: 'mixed' })
    ],
    {
      a1: caught('ban', 2, 3, 7),
      a2: record({ level: 'watch', requests: 30 }),
      a3: record(),
      a4: caught('throttle', 5, 1, 9),
      n1: caught('ban', 1, 1, 4),
      n2: caught('throttle', 1, 1, 1),
      n3: record({ requests: 80 }),
      m1: caught('ban', 1, 1, 10)
    }
  )

const figures: readonly [keyof Evaluation, unknown][] = [
  ['sources', { abuse: 4, benign: 3 }],
  ['recall', 2 / 4],
  ['recall_by_class_mean', (1 / 3 + 1) / 2],
  ['precision', 2 / 4],
  ['false_positive_rate', 2 / 3],
  ['abuse_requests_prevented', 16 / 60],
  ['benign_requests_prevented', 5 / 100],
  ['benign_banned', 1],
  ['mixed', { sources: 1, flagged: 1, banned: 1 }],
  ['sources_without_lines', 0],
  ['sources_without_truth', 0],
  ['policy', 'rules']
]

for (const [name, expected] of figures) {
  test(`${name} is counted as described`, () => equal(mixedBag()[name], expected))
}

test('classes are told apart, harmless ones without recall', () => {
  equal(Object.keys(mixedBag().by_class), ['A8', 'A14', 'N1', 'N7'])
  equal(mixedBag().by_class['N7'], { sources: 2, flagged: 2, banned: 1 })
  equal(mixedBag().by_class['A8'], {
    sources: 3,
    detected: 1,
    recall: 1 / 3,
    time_to_detection_s: { p50: 2, p95: 2 },
    requests_before_decision: { p50: 3, p95: 3 }
  })
})

test('sources without a line are left out and counted, and so are those without truth', () => {
  const found = judge([row('a1'), row('a2')], { a1: caught('ban', 1, 1), b: record() })
  equal(
    [found.sources.abuse, found.recall, found.sources_without_lines, found.sources_without_truth],
    [1, 1, 1, 1]
  )
})

test('quantiles are nearest ranks over detected sources alone', () => {
  const records: Record<string, SourceRecord> = { missed: record() }
  const rows = [row('missed')]
  for (let index = 1; index <= 20; index++) {
    records[`s${index}`] = caught('ban', index, 100 - index)
    rows.push(row(`s${index}`))
  }
  const result = judge(rows, records).by_class['A8'] as AbuseClassResult
  equal(result.time_to_detection_s, { p50: 10, p95: 19 })
  equal(result.requests_before_decision, { p50: 89, p95: 98 })
})

test('time runs from the first activity of the class, and is never negative', () => {
  const rows = [
    row('a', { fromMs: FROM_MS + 4_000 }),
    row('a', { fromMs: FROM_MS + 1_000 }),
    row('a', { class: 'A15', fromMs: FROM_MS + 60_000 })
  ]
  const { by_class: classes, sources } = judge(rows, { a: caught('ban', 3, 1) })
  equal(
    ['A8', 'A15'].map((name) => (classes[name] as AbuseClassResult).time_to_detection_s.p50),
    [2, 0]
  )
  is(sources.abuse, 1)
})

test('who is harmless in one row and abusive in another is mixed', () => {
  const rows = [row('a'), row('a', { class: 'N2', label: 'benign' })]
  const found = judge(rows, { a: caught('ban', 1, 1) })
  equal([found.sources, found.mixed.banned, found.by_class], [{ abuse: 0, benign: 0 }, 1, {}])
})

test('a share of nothing is null', () => {
  const found = judge([row('m', { label: 'mixed' })], { m: record() })
  const shares = [
    found.recall,
    found.recall_by_class_mean,
    found.precision,
    found.false_positive_rate,
    found.abuse_requests_prevented,
    found.benign_requests_prevented
  ]
  equal(shares, Array(6).fill(null))
})

test('a source that only the keyserver saw counts, with no request before its decision', () => {
  const recon = caught('ban', 9, 0)
  const found = judge([row('r', { class: 'A18' })], { r: { ...recon, requests: 0 } })
  equal([found.recall, found.abuse_requests_prevented], [1, null])
})
