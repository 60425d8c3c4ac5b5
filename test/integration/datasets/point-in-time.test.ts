/**
 * One definition of a feature serves both: the rows that batch makes of recorded logs are, bit for bit, what a live node reads at the
 * same moments, one line after the other, over a restart from a checkpoint in the middle.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { gunzipSync } from 'node:zlib'
import { equal, is, ok } from 'uvu/assert'
import {
  type BuiltTable,
  buildRows,
  readLabels,
  type SourceLabel,
  wordAt
} from '../../../src/datasets/index.ts'
import {
  type BehaviourModel,
  FEATURE_SET_VERSION,
  FEATURES,
  type ModelSeats,
  RulePolicy
} from '../../../src/detection/index.ts'
import { replayLogs, SubmissionJoin, type TrafficEvent } from '../../../src/keyserver/index.ts'
import { inTemporaryDirectory, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('rows as of their moment', { timeoutMs: 120_000 })
const folder = join(import.meta.dirname, '../../fixtures/traffic')
const haproxy = gunzipSync(readFileSync(join(folder, 'haproxy.log.gz')))
const nothing = { findStanding: () => undefined, isProtected: () => false }

/** What a model that sits beside the rules is asked about, by source, time and requests. */
class LiveReadings {
  readonly rows = new Map<string, Float32Array>()
  #moment = ''

  policy(): RulePolicy {
    const model: BehaviourModel = {
      name: 'reader@1',
      digest: '0'.repeat(64),
      featureSetVersion: FEATURE_SET_VERSION,
      thresholds: { watch: 0.5, throttle: 0.7, ban: 0.9 },
      score: (features) => {
        if (!this.rows.has(this.#moment)) this.rows.set(this.#moment, features.slice())
        return 0
      },
      explain: () => ({ values: new Float64Array(FEATURES.length), bias: 0, margin: 0 })
    }
    // A shadow: it reads what a champion would read, and changes nothing.
    const seated = { champion: undefined, canary: undefined, shadows: [model] }
    const models: ModelSeats = {
      seated: () => seated,
      lotOf: () => 1,
      failed: ({ reason }) => {
        throw new Error(reason)
      },
      judged: () => undefined
    }
    return new RulePolicy({
      models,
      onJudged: ({ session, atMs }) => {
        this.#moment = `${session.source} ${atMs} ${session.requests}`
      }
    })
  }
}

/** Through the checkpoint's own form. */
function restarted(old: RulePolicy, readings: LiveReadings): RulePolicy {
  const policy = readings.policy()
  policy.restore(deserialize(serialize(old.snapshot())))
  return policy
}

function compare(table: BuiltTable, { rows }: LiveReadings): number {
  const width = FEATURES.length
  let found = 0
  for (let row = 0; row < table.rows; row++) {
    const moment = `${wordAt(table.sources, row)} ${table.atMs[row]} ${table.requests[row]}`
    const live = rows.get(moment)
    if (live === undefined) continue
    found++
    const batch = table.values.subarray(row * width, (row + 1) * width)
    const differing = FEATURES.flatMap(({ name }, i) =>
      Object.is(batch[i], live[i]) ? [] : [`${name}: ${batch[i]} by batch, ${live[i]} live`]
    )
    equal(differing, [], `${moment}: ${differing.join(', ')}`)
  }
  return found
}

async function labels(): Promise<readonly SourceLabel[]> {
  return await readLabels(join(folder, 'truth.jsonl'), { isTruth: true })
}

test('a followed log, with a restart of source and policy in the middle, gives the rows of a replay', async () => {
  await inTemporaryDirectory(async (dir) => {
    const path = join(dir, 'haproxy.log')
    const middle = haproxy.indexOf(0x0a, haproxy.length >> 1) + 1
    const readings = new LiveReadings()
    let policy = readings.policy()
    const observe = (event: TrafficEvent) => void policy.observe(event, nothing)
    const rig = new SourceRig()
    const join1 = new SubmissionJoin({}, observe)
    const follow = {
      format: 'haproxy',
      transport: { kind: 'file', path, fromStart: true }
    } as const
    writeFileSync(path, haproxy.subarray(0, middle))
    await rig.start(follow)
    await rig.look(2)
    for (const event of rig.events.splice(0)) join1.push(event)
    await rig.stop()
    policy = restarted(policy, readings)
    const join2 = new SubmissionJoin({}, observe)
    join2.restore(deserialize(serialize(join1.snapshot())))
    writeFileSync(path, haproxy)
    await rig.start(follow)
    await rig.look(2)
    for (const event of rig.events.splice(0)) join2.push(event)
    join2.flush()
    await rig.stop()
    const table = await buildRows({ haproxy: path, timeZone: 'UTC' }, await labels(), {
      site: 'fixture'
    })
    ok(table.rows > 500, `${table.rows} rows`)
    const found = compare(table, readings)
    ok(found > table.rows * 0.9, `${found} of ${table.rows} rows were read live`)
  })
})

test('with both logs, a policy that is restored after any event reads the same', async () => {
  const logs = {
    haproxy: join(folder, 'haproxy.log.gz'),
    hockeypuck: join(folder, 'hockeypuck.log.gz'),
    timeZone: 'UTC'
  }
  const events: TrafficEvent[] = []
  await replayLogs(logs, { sink: (event) => events.push(event) })
  const readings = new LiveReadings()
  let policy = readings.policy()
  for (const [index, event] of events.entries()) {
    // At places that nothing else depends on.
    if (index % 997 === 996) policy = restarted(policy, readings)
    policy.observe(event, nothing)
  }
  const table = await buildRows(logs, await labels(), { site: 'fixture' })
  const found = compare(table, readings)
  ok(found > table.rows * 0.9, `${found} of ${table.rows} rows were read live`)
})

test('a row does not change with what comes later', async () => {
  await inTemporaryDirectory(async (dir) => {
    const path = join(dir, 'haproxy.log')
    const middle = haproxy.indexOf(0x0a, haproxy.length >> 1) + 1
    writeFileSync(path, haproxy.subarray(0, middle))
    const options = { site: 'fixture' }
    const half = await buildRows({ haproxy: path, timeZone: 'UTC' }, await labels(), options)
    writeFileSync(path, haproxy)
    const whole = await buildRows({ haproxy: path, timeZone: 'UTC' }, await labels(), options)
    ok(whole.rows > half.rows)
    const { length } = half.values
    is(
      Buffer.compare(
        Buffer.from(half.values.buffer),
        Buffer.from(whole.values.buffer, 0, length * 4)
      ),
      0
    )
  })
})
