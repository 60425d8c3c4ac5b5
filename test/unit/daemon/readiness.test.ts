import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { nodeReadiness, type ReadinessParts } from '../../../src/daemon/readiness.ts'
import { StorePruner } from '../../../src/daemon/store-pruner.ts'
import { StoreWatch } from '../../../src/daemon/store-watch.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('readiness')

type SourceState = ReturnType<ReadinessParts['intake']['statuses']>[number]['state']

function statesOf(
  sources: readonly SourceState[],
  fields: {
    readonly actuator?: 'ok' | 'retrying'
    readonly journal?: string
    readonly watch?: string
    readonly models?: ReadinessParts['models']
  } = {}
): readonly string[] {
  const { actuator = 'ok', journal, watch, models } = fields
  const status = (state: SourceState, index: number) => ({
    ...{ name: `log${index}`, format: 'haproxy', state, lines: 3, port: undefined },
    ...{ problem: state === 'failing' ? { code: 'X', message: 'gone' } : undefined },
    ...{ logTimeMs: 0, withoutClient: 0, gaps: 0, events: 0, unparsed: {} }
  })
  const parts = {
    intake: { statuses: () => sources.map(status) },
    guard: {
      storeProblem: journal,
      actuators: () => [{ name: 'haproxy', state: actuator, desired: 2, lastError: undefined }]
    },
    storeWatch: { problem: watch },
    models
  }
  const readiness = nodeReadiness(parts as unknown as ReadinessParts)
  return readiness.components().map(({ state }) => state)
}

for (const { name, sources, fields, expected } of [
  { name: 'all is well', sources: ['reading', 'ended'], expected: ['ok', 'ok', 'ok', 'ok'] },
  {
    name: 'one of two logs fails',
    sources: ['reading', 'failing'],
    expected: ['ok', 'ok', 'degraded', 'ok']
  },
  {
    name: 'no log can be read',
    sources: ['failing', 'failing'],
    expected: ['ok', 'failed', 'failed', 'ok']
  },
  { name: 'the only log fails', sources: ['failing'], expected: ['ok', 'failed', 'ok'] },
  {
    name: 'an actuator fails',
    sources: ['reading'],
    fields: { actuator: 'retrying' },
    expected: ['ok', 'ok', 'degraded']
  },
  {
    name: 'a decision could not be stored',
    sources: ['reading'],
    fields: { journal: 'disk full' },
    expected: ['failed', 'ok', 'ok']
  },
  {
    name: 'a model judges',
    sources: [],
    fields: { models: { problem: undefined, describe: () => 'base@1 judges' } },
    expected: ['ok', 'ok', 'ok']
  },
  {
    name: 'no model can judge',
    sources: [],
    fields: { models: { problem: 'lost', describe: () => 'the rules judge alone' } },
    expected: ['ok', 'ok', 'degraded']
  },
  {
    name: 'the database cannot be written',
    sources: [],
    fields: { watch: 'read-only' },
    expected: ['failed', 'ok']
  }
] as const) {
  test(`says what follows where ${name}`, () => equal(statesOf(sources, fields), expected))
}

test('the database is tried from time to time, and is well again when it can be written', async () => {
  const clock = new ManualClock()
  let failure: Error | undefined
  const checkWritable = () => {
    if (failure !== undefined) throw failure
  }
  const watch = new StoreWatch({ db: { checkWritable }, clock, logger: NULL_LOGGER })
  await watch.start()
  is(watch.problem, undefined)
  failure = new Error('disk full')
  await clock.advance(30_000)
  is(watch.problem, 'disk full')
  failure = undefined
  await clock.advance(30_000)
  is(watch.problem, undefined)
  await watch.stop()
})

test('decisions and held-back verdicts are deleted each after its own time', async () => {
  const clock = new ManualClock(1_000_000)
  const asked: [string, number][] = []
  const left = { decisions: 2, suppressions: 1, feedback: 1 }
  const pruner = new StorePruner(
    { decisionRetentionMs: 500_000, suppressionRetentionMs: 100_000 },
    {
      clock,
      logger: NULL_LOGGER,
      decisions: {
        prune: (beforeMs) => {
          asked.push(['decisions', beforeMs])
          return left.decisions-- > 0 ? 1 : 0
        },
        pruneSuppressions: (beforeMs) => {
          asked.push(['suppressions', beforeMs])
          return left.suppressions-- > 0 ? 1 : 0
        }
      },
      feedback: {
        prune: (nowMs) => {
          asked.push(['feedback', nowMs])
          return left.feedback-- > 0 ? 1 : 0
        }
      }
    }
  )
  await pruner.start()
  await clock.advance(60_000)
  await pruner.stop()
  equal(asked, [
    ['decisions', 560_000],
    ['decisions', 560_000],
    ['decisions', 560_000],
    ['suppressions', 960_000],
    ['suppressions', 960_000],
    ['feedback', 1_060_000],
    ['feedback', 1_060_000]
  ])
})
