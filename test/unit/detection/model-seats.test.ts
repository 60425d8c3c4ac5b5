/** Models that come, go, fail, try out and look on while the policy judges. */
import { equal, is, ok, throws } from 'uvu/assert'
import {
  type BehaviourModel,
  FEATURE_SET_VERSION,
  FEATURES,
  type ModelFailure,
  type ModelJudgement,
  type ModelSeats,
  RulePolicy,
  type SeatedModels,
  type StandingDecisions,
  type Verdict
} from '../../../src/detection/index.ts'
import { request, START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('model seats')

const NOTHING_STANDS: StandingDecisions = {
  findStanding: () => undefined,
  isProtected: () => false
}
const VACANT: SeatedModels = { champion: undefined, canary: undefined, shadows: [] }

function sayer(name: string, score: number, fields: Partial<BehaviourModel> = {}): BehaviourModel {
  return {
    ...{ name, digest: '00'.repeat(32), featureSetVersion: FEATURE_SET_VERSION },
    thresholds: { watch: 0.2, throttle: 0.6, ban: 0.95 },
    score: () => score,
    explain: () => ({ values: new Float64Array(FEATURES.length), bias: 0, margin: 0 }),
    ...fields
  }
}

class Bench implements ModelSeats {
  models = VACANT
  readonly failures: ModelFailure[] = []
  readonly judgements: ModelJudgement[] = []
  lotOf = (source: string) => (source.endsWith('.7') ? 0.05 : 0.5)

  seated(): SeatedModels {
    return this.models
  }
  failed(failure: ModelFailure): void {
    this.failures.push(failure)
  }
  judged(judgement: ModelJudgement): void {
    this.judgements.push(judgement)
  }
}

/** One policy over one bench, and requests that no rule minds. */
function rig() {
  const bench = new Bench()
  const policy = new RulePolicy({ models: bench })
  let count = 0
  const ask = (source = '198.18.0.9'): readonly Verdict[] =>
    policy.observe(
      request({ atMs: START_MS + count++ * 7_000, source, userAgent: 'curl/8.5.0' }),
      NOTHING_STANDS
    )
  return { bench, policy, ask }
}

const said = (verdicts: readonly Verdict[]) =>
  verdicts.map(({ level, evidence }) => [level, evidence?.().model])

test('asks whoever is champion at that moment, and loses no session over it', () => {
  const { bench, policy, ask } = rig()
  bench.models = { ...VACANT, champion: sayer('calm@1', 0.01) }
  equal(said(ask()), [])
  bench.models = { ...VACANT, champion: sayer('strict@1', 0.7) }
  equal(said(ask()), [['throttle', 'strict@1']])
  is(policy.describe('198.18.0.9', START_MS)?.['requests'] ?? 2, 2)
  bench.models = { ...VACANT, champion: sayer('calm@1', 0.01) }
  equal(said(ask()), [])
  equal(
    bench.judgements.map(({ by, word, level }) => [by, word?.model, level]),
    [
      ['champion', 'calm@1', 'benign'],
      ['champion', 'strict@1', 'throttle'],
      ['champion', 'calm@1', 'benign']
    ]
  )
})

test('judges anew by other thresholds at the very next request, however many came before', () => {
  const { bench, ask } = rig()
  const model = sayer('steady@1', 0.5)
  bench.models = { ...VACANT, champion: { ...model, thresholds: at(0.6, 0.8, 0.9) } }
  for (let index = 0; index < 30; index++) equal(said(ask()), [])
  // Nothing has changed that would change the answer: most requests are not scored any more.
  ok(bench.judgements.length < 30, String(bench.judgements.length))
  bench.models = { ...VACANT, champion: { ...model, thresholds: at(0.1, 0.3, 0.9) } }
  equal(said(ask()), [['throttle', 'steady@1']])
})

const at = (watch: number, throttle: number, ban: number) => ({ watch, throttle, ban })

test('keeps to the models with which a judgement began', () => {
  const { bench, ask } = rig()
  const second = sayer('second@1', 0.01)
  const first = sayer('first@1', 0.7, {
    score: () => {
      bench.models = { ...VACANT, champion: second }
      return 0.7
    }
  })
  bench.models = { ...VACANT, champion: first }
  equal(said(ask()), [['throttle', 'first@1']])
  equal(said(ask()), [])
})

for (const { name, model, reason } of [
  { name: 'gives no number', model: sayer('broken@1', Number.NaN), reason: /got NaN/ },
  { name: 'gives no probability', model: sayer('broken@1', 1.5), reason: /got 1.5/ },
  {
    name: 'throws',
    model: sayer('broken@1', 0, {
      score: () => {
        throw new Error('out of memory')
      }
    }),
    reason: /out of memory/
  },
  {
    name: 'reads other features',
    model: sayer('broken@1', 0.9, { featureSetVersion: FEATURE_SET_VERSION + 1 }),
    reason: /for version/
  }
]) {
  test(`leaves it to the rules where the champion ${name}`, () => {
    const { bench, ask, policy } = rig()
    bench.models = { ...VACANT, champion: model }
    equal(said(ask()), [])
    equal([bench.failures[0]?.model, bench.failures[0]?.seat], ['broken@1', 'champion'])
    ok(reason.test(bench.failures[0]?.reason ?? ''), bench.failures[0]?.reason)
    is(bench.judgements[0]?.by, 'rules')
    const scanned = request({ atMs: START_MS, source: '198.18.0.77', target: '/wp-login.php' })
    const verdicts = policy.observe(scanned, NOTHING_STANDS)
    equal(said(verdicts), [['throttle', undefined]])
  })
}

test('leaves it to the rules where nobody is seated', () => {
  const { bench, ask, policy } = rig()
  equal(said(ask()), [])
  is(bench.judgements[0]?.by, 'rules')
  equal(bench.failures, [])
  is(policy.name, 'default')
})

test('counts the word of a model that cannot explain it', () => {
  const { bench, ask } = rig()
  const explain = () => {
    throw new Error('too deep')
  }
  bench.models = { ...VACANT, champion: sayer('mute@1', 0.7, { explain }) }
  const [verdict] = ask()
  is(verdict?.level, 'throttle')
  ok(verdict?.reasons[0]?.text.length)
  equal(
    bench.failures.map(({ reason }) => reason),
    ['cannot be explained: too deep']
  )
})

test('explains no more at once than leaves time to judge, and goes on as time does', () => {
  const { bench, policy } = rig()
  let explained = 0
  const explain = () => {
    explained++
    return { values: new Float64Array(FEATURES.length), bias: 0, margin: 0 }
  }
  bench.models = { ...VACANT, champion: sayer('strict@1', 0.7, { explain }) }
  const wave = (atMs: number) => {
    for (let index = 0; index < 250; index++) {
      const source = `198.18.${index}.${atMs === START_MS ? 1 : 2}`
      const [verdict] = policy.observe(request({ atMs, source }), NOTHING_STANDS)
      const evidence = verdict?.evidence?.()
      equal([evidence?.score, evidence?.source, verdict?.level], [0.7, source, 'throttle'])
    }
  }
  wave(START_MS)
  is(explained, 100)
  // Twenty a second: three seconds later there is room for sixty.
  wave(START_MS + 3_000)
  is(explained, 160)
})

test('a canary judges its share of the sources, always the same, and the champion the others', () => {
  const { bench, ask } = rig()
  const champion = sayer('calm@1', 0.01)
  bench.models = { ...VACANT, champion, canary: { model: sayer('strict@2', 0.7), share: 0.1 } }
  for (let round = 0; round < 3; round++) for (const last of [5, 6, 7]) ask(`198.18.0.${last}`)
  for (const { source, by, word } of bench.judgements) {
    const isDrawn = source.endsWith('.7')
    equal([by, word?.model], isDrawn ? ['canary', 'strict@2'] : ['champion', 'calm@1'])
  }
})

test('the champion stands in for a canary that fails', () => {
  const { bench, ask } = rig()
  const canary = { model: sayer('broken@2', Number.NaN), share: 1 }
  bench.models = { ...VACANT, champion: sayer('strict@1', 0.7), canary }
  equal(said(ask('198.18.0.7')), [['throttle', 'strict@1']])
  equal(
    bench.failures.map(({ model, seat }) => [model, seat]),
    [['broken@2', 'canary']]
  )
})

test('a shadow sees the same features, decides nothing, and is told apart', () => {
  const { bench, ask } = rig()
  const seen: string[] = []
  const keep = (score: number) => (features: Float32Array) => {
    seen.push(features.join())
    return score
  }
  const champion = sayer('calm@1', 0, { score: keep(0.01) })
  const shadows = [sayer('strict@2', 0, { score: keep(0.99) }), sayer('broken@3', Number.NaN)]
  bench.models = { ...VACANT, champion, shadows }
  equal(said(ask()), [])
  is(seen.length, 2)
  is(seen[0], seen[1])
  const [judgement] = bench.judgements
  equal([judgement?.by, judgement?.level], ['champion', 'benign'])
  equal(judgement?.shadows, [{ model: 'strict@2', score: 0.99, level: 'throttle' }])
  equal(
    bench.failures.map(({ model, seat }) => [model, seat]),
    [['broken@3', 'shadow']]
  )
})

test('one model alone, which is never replaced, fails loudly', () => {
  const policy = new RulePolicy({ model: sayer('broken@1', Number.NaN) })
  throws(
    () => policy.observe(request({ atMs: START_MS, source: '198.18.0.9' }), NOTHING_STANDS),
    /broken@1 cannot judge: expected a probability, got NaN/
  )
})
