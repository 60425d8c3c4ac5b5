import { equal, is, ok, throws } from 'uvu/assert'
import { compare } from '../../../scripts/experiment/detection/comparison.ts'
import { type Day, figuresOf } from '../../../scripts/experiment/detection/figures.ts'
import type { SourceLabel } from '../../../scripts/experiment/detection/labels.ts'
import { outcomesOf, type SourceOutcome } from '../../../scripts/experiment/detection/outcomes.ts'
import { renderReport } from '../../../scripts/experiment/detection/render-report.ts'
import { resultsOf } from '../../../scripts/experiment/detection/results.ts'
import { evaluate, type SourceRecord, type TruthRow } from '../../../src/defense/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('figures of the detection experiment')

const record = (some: Partial<SourceRecord> = {}): SourceRecord => ({
  requests: 10,
  prevented: 0,
  firstSeenMs: 0,
  lastSeenMs: 9_000,
  level: 'benign',
  score: 0,
  category: undefined,
  reasons: [],
  model: undefined,
  firstDecisionAtMs: undefined,
  requestsBeforeDecision: undefined,
  replacedFromMs: 0,
  replacedUntilMs: 0,
  ...some
})

const label = (of: SourceLabel['label'], name: string, campaign = ''): SourceLabel => ({
  label: of,
  fromMsByClass: { [name]: 1_000 },
  campaign
})

const LABELS = new Map([
  ['192.0.2.1', label('abuse', 'A3', 'A3-1')],
  ['192.0.2.2', label('abuse', 'A3', 'A3-1')],
  ['192.0.2.3', label('abuse', 'A9', 'A9-1')],
  ['192.0.2.4', label('benign', 'N1')],
  ['192.0.2.5', label('benign', 'N3')],
  ['192.0.2.6', label('mixed', 'N2')],
  ['192.0.2.7', label('abuse', 'A9', 'A9-1')]
])
const CAMPAIGNS = new Map([['A3-1', { pace: 2, description: 'spam', evasion: 'none' }]])
const RECORDS = new Map([
  [
    '192.0.2.1',
    record({ level: 'ban', firstDecisionAtMs: 3_500, requestsBeforeDecision: 2, prevented: 8 })
  ],
  ['192.0.2.2', record({ level: 'watch' })],
  [
    '192.0.2.3',
    record({ level: 'throttle', firstDecisionAtMs: 500, requestsBeforeDecision: 1, prevented: 5 })
  ],
  ['192.0.2.4', record()],
  ['192.0.2.5', record({ level: 'ban', firstDecisionAtMs: 2_000, prevented: 4 })],
  ['192.0.2.6', record({ level: 'ban' })]
])
const SCORES = new Map([
  ['192.0.2.1', [0.2, 0.8]],
  ['192.0.2.5', [0.1]]
])

function day(records = RECORDS, name = 'one'): Day {
  const outcomes = outcomesOf('default', { labels: LABELS, records, scores: SCORES })
  return { name, outcomes, campaigns: CAMPAIGNS }
}

test('a day is counted as a replay counts it', () => {
  const truth: TruthRow[] = [...LABELS].map(([source, { label: of, fromMsByClass }]) => ({
    ...{ source, label: of, fromMs: 1_000 },
    class: Object.keys(fromMsByClass)[0] ?? ''
  }))
  const ours = figuresOf([day()])
  const replay = evaluate(truth, { policy: 'default', sources: RECORDS })
  is(ours.recall, replay.recall)
  is(ours.recallByClassMean, replay.recall_by_class_mean)
  is(ours.precision, replay.precision)
  is(ours.falsePositiveRate, replay.false_positive_rate)
  is(ours.abuseRequestsPrevented, replay.abuse_requests_prevented)
  is(ours.benignRequestsPrevented, replay.benign_requests_prevented)
  is(ours.benignBanned, replay.benign_banned)
  is(ours.sourcesWithoutLines, replay.sources_without_lines)
  is(ours.mixedSources, replay.mixed.sources)
  const a3 = replay.by_class['A3']
  ok(a3 !== undefined && 'detected' in a3)
  is(ours.byClass['A3']?.recall, a3.recall)
  is(ours.byClass['A3']?.secondsP95, a3.time_to_detection_s.p95)
  is(ours.byClass['A3']?.requestsBeforeP50, a3.requests_before_decision.p50)
  equal(ours.benignByClass, {
    N1: { sources: 1, flagged: 0, banned: 0 },
    N3: { sources: 1, flagged: 1, banned: 1 }
  })
})

test('error is misses and false positives among all sources', () => {
  // One of three abusive sources is missed, one of two harmless ones flagged.
  is(figuresOf([day()]).error, 2 / 5)
})

test('times of fast and of slow attacks are apart, and none is below zero', () => {
  const { secondsP95Fast, secondsP95Slow } = figuresOf([day()])
  is(secondsP95Fast, 2.5)
  is(secondsP95Slow, 0)
})

test('every source weighs one in the calibration error, however often it was looked at', () => {
  // Abusive 0.2 and 0.8 at half a weight each, harmless 0.1 at one: (0.5 × 0.8 + 0.5 × 0.2 + 0.1) / 2.
  const { ece } = figuresOf([day()])
  ok(Math.abs((ece ?? 0) - 0.3) < 1e-12, `got ${ece}`)
})

test('policies are compared campaign by campaign', () => {
  const worse = new Map([...RECORDS].map(([source, one]) => [source, { ...one }]))
  worse.set('192.0.2.1', record())
  worse.set('192.0.2.3', record())
  worse.set('192.0.2.4', record({ level: 'throttle' }))
  const found = compare('b3', [day()], { theirs: [day(worse)], seed: 1 })
  is(found.error?.mean, 1 - 2 / 5)
  is(found.falsePositives?.mean, 1 - 1 / 2)
  is(found.byClass['A3']?.mean, 1 - 1 / 2)
  is(found.byClass['A9']?.mean, 1)
  is(found.byClass['N1']?.mean, 1)
  throws(() => compare('b3', [day()], { theirs: [day(worse, 'two')], seed: 1 }), /got two/)
})

test('results say beside each figure what was asked for and whether it is met', () => {
  const { summary, hardNegatives, classes, best } = resultsOf([
    { seed: 1, days: { default: [day()], rules: [day()] } }
  ])
  equal(summary['recall'], { mean: 2 / 3, low: null, high: null, target: 0.99, met: false })
  is(summary['hard_negatives_banned']?.met, false)
  is(summary['error_reduction']?.met, false)
  is(best, 'rules')
  is(hardNegatives['N3']?.upper_bound, 1)
  is(classes.find((one) => one.class === 'A9')?.recall.met, true)
  is(classes.find((one) => one.class === 'A3')?.recall.met, false)
})

test('the report says what was asked for, what is, and who was flagged wrongly', () => {
  const results = resultsOf([
    { seed: 1, days: { default: [day()], rules: [day()] } },
    { seed: 2, days: { default: [day()], rules: [day()] } }
  ])
  const text = renderReport(
    { seeds: [1, 2], hours: 1, model: '`behaviour@1`', generatorVersion: 1, command: 'npm run x' },
    { results }
  )
  ok(text.includes('| recall | 66.7 % | ≥ 99.0 % | no |'), text)
  ok(text.includes('| s to detection, p95, fast attacks | 2.5 | ≤ 10.0 | yes |'))
  ok(text.includes('| N3 (hard) | 2 | 2 | 2 of 2 | 100.000 % |'))
  ok(text.includes('| N3 | ban |  | 2 | 10 | 192.0.2.5 on one |'))
  ok(text.includes('without own rules') === false)
})

test('a class of which the logs show nothing is not asked for', () => {
  const labels = new Map([['192.0.2.1', label('abuse', 'A6', 'A6-1')]])
  const outcomes = outcomesOf('default', { labels, records: RECORDS, scores: new Map() })
  const { classes } = resultsOf([
    { seed: 1, days: { default: [{ name: 'one', outcomes, campaigns: new Map() }] } }
  ])
  const [one] = classes
  is(one?.recall.met, undefined)
  ok(one?.not_in_logs?.includes('user ids'))
})

test('outcomes hold harmless sources one by one only where something was done to them', () => {
  const { touched, benign } = day().outcomes
  equal(
    touched.map(({ source }: SourceOutcome) => source),
    ['192.0.2.5']
  )
  equal(benign, { sources: 2, requests: 20 })
})
