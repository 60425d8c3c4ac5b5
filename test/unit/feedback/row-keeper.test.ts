/** What of the traffic becomes rows, and that a judgement never waits for it. */
import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { MomentSampler } from '../../../src/datasets/rows/moment-sampler.ts'
import {
  FEATURE_SET_VERSION,
  FEATURES,
  type FeatureContext,
  RulePolicy,
  readFeatures
} from '../../../src/detection/index.ts'
import {
  type Evidence,
  type FeatureRow,
  RowKeeper,
  type RowKeeperOptions,
  type RowLoss,
  unpackRow
} from '../../../src/feedback/index.ts'
import { isSampledMoment } from '../../../src/feedback/sampled-moment.ts'
import { request, START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('kept rows of features')
const NOTHING = { findStanding: () => undefined, isProtected: () => false }

function rig(options: Partial<RowKeeperOptions> = {}) {
  const clock = new ManualClock(START_MS)
  const rows: FeatureRow[] = []
  const lost: Partial<Record<RowLoss, number>> = {}
  const evidence: Evidence[] = []
  const warnings: string[] = []
  const disk = { isFull: false, kept: 0 }
  const keeper = new RowKeeper(
    { rowsMax: 1_000_000, keepsRows: true, ...options },
    {
      rows: {
        append(batch) {
          if (disk.isFull) throw new Error('disk full')
          rows.push(...batch)
        }
      },
      onEvidence: (found) => evidence.push(...found),
      onKept: (count) => {
        disk.kept += count
      },
      onLost: (why, count) => {
        lost[why] = (lost[why] ?? 0) + count
      },
      clock,
      log: { warn: (_, message) => warnings.push(message) }
    }
  )
  const seen: { readonly requests: number; readonly values: Float32Array }[] = []
  const onJudged = ({ session, ...rest }: FeatureContext) => {
    const values = new Float64Array(FEATURES.length)
    readFeatures({ session, ...rest }, values)
    seen.push({ requests: session.requests, values: Float32Array.from(values) })
  }
  const policy = new RulePolicy({ keeper, onJudged })
  const send = (count: number, fields: Parameters<typeof request>[0] = {}) => {
    for (let i = 0; i < count; i++) {
      policy.observe(request({ atMs: START_MS + i * 1_000, ...fields }), NOTHING)
    }
  }
  return { clock, keeper, rows, lost, evidence, warnings, disk, seen, send }
}

/** NaN is not equal to itself. */
function textOf(values: Float32Array): string {
  return values.join(' ')
}

test('are those of the moments at which training samples a source', () => {
  const sampler = new MomentSampler()
  for (let requests = 1; requests < 50_000; requests++) {
    is(isSampledMoment(requests), sampler.isDue('x', requests), String(requests))
  }
})

test('hold exactly what a judge was shown, and what came of it', () => {
  const { keeper, rows, seen, send } = rig()
  send(30)
  keeper.flush()
  equal(
    rows.map(({ requests }) => requests),
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27]
  )
  for (const row of rows) {
    const shown = seen.find(({ requests }) => requests === row.requests)
    equal(textOf(unpackRow(row.packed)), textOf(shown?.values ?? new Float32Array()))
    is(row.featureSetVersion, FEATURE_SET_VERSION)
    equal([row.level, row.score], ['benign', undefined])
    equal([...row.source], [4, 203, 0, 113, 7])
  }
  is(rows[1]?.atMs, START_MS + 1_005)
})

test('are written a moment later, in batches, and at the end', async () => {
  const { clock, keeper, rows, disk, send } = rig()
  await keeper.start()
  send(3)
  is(rows.length, 0)
  await clock.advance(500)
  is(rows.length, 3)
  send(5)
  await keeper.stop()
  equal([rows.length, disk.kept], [8, 8])
})

test('are dropped and counted where more comes than can be written at once', () => {
  const { keeper, rows, lost, send } = rig()
  for (let i = 0; i < 600; i++) send(1, { source: `198.51.${i >> 8}.${i & 255}` })
  keeper.flush()
  equal([rows.length, lost], [128, { queue: 472 }])
})

test('of an hour are a part of all that fit, so that a flood does not push out a whole day', () => {
  const { keeper, rows, lost, send } = rig({ rowsMax: 96 })
  for (let i = 0; i < 500; i++) send(1, { source: `198.51.${i >> 8}.${i & 255}` })
  keeper.flush()
  equal([rows.length, lost], [96, { budget: 404 }])
  const hourLater = { atMs: START_MS + 3_600_000 }
  for (let i = 0; i < 20; i++) send(1, { source: `192.0.2.${i}`, ...hourLater })
  keeper.flush()
  is(rows.length, 100, 'four an hour')
})

test('that cannot be written are counted, said once, and hold nothing up', () => {
  const { keeper, rows, lost, warnings, disk, send } = rig()
  disk.isFull = true
  for (let i = 0; i < 3; i++) {
    send(2, { source: `192.0.2.${i}` })
    keeper.flush()
  }
  equal([lost, warnings.length, rows.length], [{ store: 6 }, 1, 0])
  disk.isFull = false
  send(1, { source: '192.0.2.9' })
  keeper.flush()
  is(rows.length, 1)
})

test('are none where the operator wants none; hard evidence is still passed on', () => {
  const { keeper, rows, evidence, send } = rig({ keepsRows: false })
  send(1, { target: '/.env', status: 404, outcome: 'served' })
  send(4, { target: '/.git/config', status: 404, outcome: 'served' })
  keeper.flush()
  is(rows.length, 0)
  is(evidence.length, 1)
  const [found] = evidence
  is(found?.source, '203.0.113.7')
  ok(found !== undefined && found.fromMs <= found.toMs && found.rule !== '')
})
