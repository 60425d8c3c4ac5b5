/** What a model may do beside the rules, and what it may not. */
import { equal, is, ok, throws } from 'uvu/assert'
import {
  type BehaviourModel,
  DetectionError,
  FEATURE_SET_VERSION,
  FEATURES,
  RulePolicy,
  type StandingDecisions,
  type Verdict
} from '../../../src/detection/index.ts'
import type { TrafficEvent } from '../../../src/keyserver/index.ts'
import { gpgRefresh, person, request, START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('model judge')

const NOTHING_STANDS: StandingDecisions = {
  findStanding: () => undefined,
  isProtected: () => false
}

/** Says the same of everybody. */
function sayer(score: number, fields: Partial<BehaviourModel> = {}): BehaviourModel {
  return {
    name: 'sayer@1',
    featureSetVersion: FEATURE_SET_VERSION,
    thresholds: { watch: 0.2, throttle: 0.6, ban: 0.95 },
    score: () => score,
    digest: 'ab'.repeat(32),
    explain: () => ({
      values: Float64Array.from(FEATURES, ({ name }) => (name === 'session_requests' ? 2 : -1)),
      ...{ bias: -1, margin: 0 }
    }),
    ...fields
  }
}

function judge(events: readonly TrafficEvent[], model: BehaviourModel): Verdict[] {
  const policy = new RulePolicy({ model })
  return events.flatMap((event) => policy.observe(event, NOTHING_STANDS))
}

const levels = (verdicts: readonly Verdict[]) => [...new Set(verdicts.map(({ level }) => level))]
const plain = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    request({ atMs: START_MS + index * 7_000, source: '198.18.0.9', userAgent: 'curl/8.5.0' })
  )

test('slows down what it finds abusive, says why, and keeps what it saw', () => {
  const [verdict] = judge(plain(3), sayer(0.7))
  is(verdict?.level, 'throttle')
  const evidence = verdict?.evidence?.()
  is(evidence?.model, 'sayer@1')
  is(verdict?.score, 0.7)
  is(verdict?.category, 'harvesting')
  is(evidence?.features.length, FEATURES.length)
  equal(
    verdict?.reasons.map(({ rule }) => rule),
    ['model']
  )
  const text = verdict?.reasons[0]?.text ?? ''
  ok(
    text.startsWith('looks like abuse, with a probability of 70 %: it has sent 1 request only'),
    text
  )
  is(evidence?.text, text)
})

test('bans after several requests only, and nobody who mostly uses GnuPG', () => {
  equal(levels(judge(plain(5), sayer(0.99))), ['throttle'])
  ok(levels(judge(plain(8), sayer(0.99))).includes('ban'))
  equal(levels(judge(gpgRefresh('203.0.113.7', 40), sayer(0.99))), ['throttle'])
})

test('says nothing of what it finds harmless', () => {
  equal(judge(person('203.0.113.10', ['Anna Berg', 'anna@berg.example']), sayer(0.01)), [])
})

test('dismisses what rules suspect from numbers, never hard evidence', () => {
  const domains = Array.from({ length: 12 }, (_, index) =>
    request({
      atMs: START_MS + index * 5_000,
      source: '198.18.0.9',
      target: `/pks/lookup?op=index&search=company${index}.example`
    })
  )
  ok(levels(judge(domains, sayer(0.5))).includes('ban'))
  equal(judge(domains, sayer(0.01)), [])
  const injection = request({
    atMs: START_MS,
    source: '198.18.0.9',
    target: "/pks/lookup?op=get&search=1'%20OR%201=1--"
  })
  equal(levels(judge([injection], sayer(0.01))), ['throttle'])
})

test('refuses a model for other features', () => {
  throws(
    () => new RulePolicy({ model: sayer(0.5, { featureSetVersion: FEATURE_SET_VERSION + 1 }) }),
    (error: unknown) => error instanceof DetectionError && error.code === 'MODEL_MISMATCH'
  )
})
