/** Features: the same live and in batch, never of the future, within what they say of themselves. */
import { equal, is, ok } from 'uvu/assert'
import {
  FEATURES,
  type FeatureContext,
  RulePolicy,
  readFeatures,
  type StandingDecisions
} from '../../../src/detection/index.ts'
import type { TrafficEvent } from '../../../src/keyserver/index.ts'
import {
  buildFarm,
  gpgRefresh,
  mailGateway,
  notice,
  person,
  request,
  START_MS,
  submission,
  upload
} from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('features')

const NOTHING_STANDS: StandingDecisions = {
  findStanding: () => undefined,
  isProtected: () => false
}

function everyday(): TrafficEvent[] {
  const scan = Array.from({ length: 20 }, (_, index) =>
    request({ atMs: START_MS + index * 500, source: '198.18.0.9', target: `/wp-${index}.php` })
  )
  return [
    ...gpgRefresh('203.0.113.7', 60),
    ...buildFarm('203.0.113.8', 60),
    ...mailGateway('203.0.113.9', 60),
    ...person('203.0.113.10', ['Anna Berg', 'anna@berg.example']),
    ...scan,
    upload({ atMs: START_MS, source: '203.0.113.11' }),
    submission({ atMs: START_MS, source: '203.0.113.11', inserted: ['a'.repeat(40)] }),
    notice({ atMs: START_MS + 10, source: '203.0.113.11', code: 'certificate-too-long' })
  ].sort((a, b) => a.loggedAtMs - b.loggedAtMs)
}

/** The vector of each judgement, in order. */
function vectorsOf(events: readonly TrafficEvent[], restartAfter?: number): Float64Array[] {
  const vectors: Float64Array[] = []
  const onJudged = (context: FeatureContext) => {
    const vector = new Float64Array(FEATURES.length)
    readFeatures(context, vector)
    vectors.push(vector)
  }
  let policy = new RulePolicy({ onJudged })
  for (const [index, event] of events.entries()) {
    if (index === restartAfter) {
      const kept = structuredClone(policy.snapshot())
      policy = new RulePolicy({ onJudged })
      policy.restore(kept)
    }
    policy.observe(event, NOTHING_STANDS)
  }
  return vectors
}

/** So that a value that is not known equals itself. */
const texts = (vectors: readonly Float64Array[]) => vectors.map((vector) => vector.join(' '))

test('have names of their own, and stay within the ranges that they state', () => {
  is(new Set(FEATURES.map(({ name }) => name)).size, FEATURES.length)
  for (const vector of vectorsOf(everyday())) {
    for (const [index, { name, range, categories }] of FEATURES.entries()) {
      const value = vector[index] ?? Number.NaN
      if (Number.isNaN(value)) continue
      const [low, high] = range
      ok(value >= low && value <= high, `${name}: ${value} in ${low}..${high}`)
      if (categories !== undefined) ok(categories[value] !== undefined, `${name}: ${value}`)
    }
  }
})

test('do not see the future: what comes later changes nothing that was read before', () => {
  const events = everyday()
  const whole = vectorsOf(events)
  const part = vectorsOf(events.slice(0, 100))
  ok(part.length > 50)
  equal(texts(whole.slice(0, part.length)), texts(part))
})

test('are the same in one run and over a restart from a checkpoint', () => {
  const events = everyday()
  equal(texts(vectorsOf(events, 90)), texts(vectorsOf(events)))
})

test('tell a scanner from a person', () => {
  const at = (name: string) => FEATURES.findIndex((feature) => feature.name === name)
  const last = vectorsOf(
    Array.from({ length: 10 }, (_, index) =>
      request({ atMs: START_MS + index * 500, source: '198.18.0.9', target: `/wp-${index}.php` })
    )
  ).at(-1)
  is(last?.[at('scanner_paths_1h')], 10)
  is(last?.[at('foreign_share')], 1)
  is(last?.[at('gap_mean')], 0.5)
  is(last?.[at('gap_variation')], 0)
  is(FEATURES[at('action')]?.categories?.[last?.[at('action')] ?? -1], 'foreign')
})
