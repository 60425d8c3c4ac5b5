/** Trainings with real processes: queue, budget, end, and what a crash leaves behind. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { NetminderError } from '../../../src/base/index.ts'
import type { JobRecord } from '../../../src/jobs/index.ts'
import { openPackage } from '../../../src/registry/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'
import { BY, TrainingRig } from '../../support/training-rig.ts'

const test = suite('training jobs', { timeoutMs: 120_000 })
const table = makeTable({ rows: 1_200, numbers: 4, categories: [4] })
let rig: TrainingRig

test.beforeEach(() => {
  rig = new TrainingRig()
})
test.afterEach(() => rig.close())

async function refusal(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return error instanceof NetminderError ? error.code : String(error)
  }
  return 'nothing thrown'
}

function gateOf(job: JobRecord) {
  const { gate } = job.report as {
    gate: { passed: boolean; rows: number; champion: unknown; checks: { check: string }[] }
  }
  return gate
}

function actions(): readonly string[] {
  return rig.store.audit.list({ limit: 100 }).items.map(({ action }) => action)
}

test('a table becomes a candidate that was asked about rows which it had not seen', async () => {
  await rig.trainings.start()
  const heard: string[] = []
  rig.trainings.subscribe(({ state }) => heard.push(state))
  const path = rig.writeTable('a.csv', table)
  const { id } = await rig.trainings.create(rig.order(path), BY)
  const job = await rig.untilEnd(id)
  is(job.state, 'done', JSON.stringify(job.failure))
  is(job.model, 'tried@1')
  is(job.progress.share, 1)
  ok(job.progress.checkpoints >= 2)
  ok(job.progress.cpuSeconds > 0)
  ok(job.progress.memoryBytesMax > 2 ** 24)
  const { manifest } = openPackage(await rig.last())
  equal([manifest.lineage.job, manifest.lineage.parent], [id, null])
  is(manifest.data.rows, 960)
  const gate = gateOf(job)
  is(gate.rows, 240)
  is(gate.champion, null)
  equal(manifest.metrics['gate'], JSON.parse(JSON.stringify(gate)))
  match(new TextDecoder().decode((await rig.last()).get('MODEL_CARD.md')), /## Gate\n/)
  equal(actions(), ['training.end', 'training.create'])
  equal([heard[0], heard.at(-1)], ['queued', 'done'])
  ok(heard.includes('running'))
  await rig.untilGone(id)
})

test('killed at any moment it goes on, and makes the same package to the last bit', async () => {
  const path = rig.writeTable('a.csv', table)
  const order = rig.order(path, { params: { trees: 150 }, folds: 3 })
  await rig.trainings.start()
  const { id } = await rig.trainings.create(order, BY)
  await rig.untilEnd(id)
  await rig.close()
  const undisturbed = rig.installed.at(-1)
  rig = new TrainingRig()
  const own = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const again = await rig.trainings.create(rig.order(own, { params: { trees: 150 }, folds: 3 }), BY)
  is(again.id, id)
  for (const share of [0, 0.2, 0.5, 0.9]) {
    await rig.until(id, (job) => job.state === 'done' || job.progress.share >= share)
    await rig.killWorker(id).catch(() => undefined)
    const seen = rig.trainings.get(id).resumes
    await rig.until(id, (job) => job.resumes > seen || job.state === 'done')
  }
  const job = await rig.untilEnd(id)
  is(job.state, 'done', JSON.stringify(job.failure))
  ok(job.resumes >= 3, `it went on ${job.resumes} times`)
  ok(rig.installed.at(-1)?.equals(undisturbed ?? Buffer.alloc(0)))
})

test('a node that ends lets it go on at its next start', async () => {
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(path, { params: { trees: 200 } }), BY)
  await rig.until(id, (job) => job.progress.checkpoints > 0)
  await rig.trainings.stop()
  const stored = rig.jobs.find(id)
  is(stored?.state, 'running')
  ok(rig.filesOf(id).some((name) => name.startsWith('part-')))
  await rig.make().start()
  const job = await rig.untilEnd(id)
  is(job.state, 'done')
  is(job.resumes, 1)
})

test('a damaged checkpoint is said to be one, and that part starts anew', async () => {
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const order = rig.order(path, { params: { trees: 200 } })
  const { id } = await rig.trainings.create(order, BY)
  await rig.until(id, (job) => job.progress.checkpoints > 0)
  await rig.trainings.stop()
  const name = rig.filesOf(id).find((file) => file.startsWith('part-')) ?? ''
  const file = join(rig.trainingDir, id, name)
  const bytes = readFileSync(file)
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
  writeFileSync(file, bytes)
  await rig.make().start()
  const job = await rig.untilEnd(id)
  is(job.state, 'done')
  match(job.notes.join('; '), /damaged: that part starts anew/)
})

test('a table that changed meanwhile is learned from anew', async () => {
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(path, { params: { trees: 200 } }), BY)
  await rig.until(id, (job) => job.progress.checkpoints > 0)
  await rig.trainings.stop()
  rig.writeTable('a.csv', makeTable({ rows: 900, numbers: 4, categories: [4], seed: 9 }))
  await rig.make().start()
  const job = await rig.untilEnd(id)
  is(job.state, 'done')
  match(job.notes.join('; '), /not the one that the checkpoints are of/)
  is(openPackage(await rig.last()).manifest.data.rows, 720)
})

test('what ends three times without getting any further is given up, and says why', async () => {
  await rig.close()
  rig = new TrainingRig({ checkpointIntervalMs: 3_600_000 })
  const own = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(own, { params: { trees: 5_000 } }), BY)
  for (let time = 1; time <= 3; time++) {
    await rig.until(id, (job) => job.state === 'running' && job.resumes === time - 1)
    await rig.killWorker(id)
    rmSync(join(rig.trainingDir, id, 'pid'), { force: true })
  }
  const job = await rig.untilEnd(id)
  is(job.state, 'failed')
  is(job.failure?.code, 'JOB_CRASHED')
  match(job.failure?.message ?? '', /3 times.*without getting any further.*SIGKILL/)
  await rig.untilGone(id)
})

test('what needs more memory than it may have is ended, and says so', async () => {
  await rig.close()
  rig = new TrainingRig({ memoryBytesMax: 40 * 2 ** 20 })
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(path, { params: { trees: 5_000 } }), BY)
  const job = await rig.untilEnd(id)
  is(job.state, 'failed')
  is(job.failure?.code, 'MEMORY_EXCEEDED')
})

test('one at a time, in the order of the queue, which is bounded; what waits or runs can be cancelled', async () => {
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const long = rig.order(path, { params: { trees: 5_000 } })
  const first = await rig.trainings.create(long, BY)
  await rig.until(first.id, ({ state }) => state === 'running')
  const waiting: JobRecord[] = []
  for (let n = 0; n < 4; n++) waiting.push(await rig.trainings.create(rig.order(path), BY))
  is(await refusal(rig.trainings.create(long, BY)), 'JOB_QUEUE_FULL')
  equal(
    waiting.map(({ order }) => order.version),
    ['2', '3', '4', '5']
  )
  const [second, third] = waiting
  await rig.trainings.cancel(second?.id ?? '', BY)
  is(rig.trainings.get(second?.id ?? '').state, 'cancelled')
  is(rig.trainings.get(third?.id ?? '').state, 'queued')
  await rig.trainings.cancel(first.id, BY)
  is(rig.trainings.get(first.id).state, 'cancelled')
  is(await refusal(() => rig.trainings.cancel(first.id, BY)), 'JOB_ENDED')
  is((await rig.untilEnd(third?.id ?? '')).state, 'done')
  await rig.untilGone(first.id)
  is(rig.trainings.page({ state: 'cancelled', limit: 10, cursor: undefined }).items.length, 2)
  is(await refusal(() => rig.trainings.get('nobody')), 'JOB_NOT_FOUND')
})

test('a table that nothing can be learned from fails with the reason', async () => {
  const path = join(rig.tablesDir, 'bad.csv')
  writeFileSync(path, 'a,class\n1,x\n2,x\n3,x\n')
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(path), BY)
  const job = await rig.untilEnd(id)
  is(job.state, 'failed')
  ok(['TABLE_REFUSED', 'TABLE_INVALID'].includes(job.failure?.code ?? ''), job.failure?.code)
})

test('only files below the directories of the configuration are read, whatever links say', async () => {
  await rig.trainings.start()
  const outside = join(rig.store.dataDir, 'admin.token')
  writeFileSync(outside, 'secret')
  const link = join(rig.tablesDir, 'link.csv')
  symlinkSync(outside, link)
  mkdirSync(join(rig.tablesDir, 'dir.csv'))
  const bad = [
    outside,
    link,
    join(rig.tablesDir, '..', 'admin.token'),
    join(rig.tablesDir, 'missing.csv'),
    join(rig.tablesDir, 'dir.csv'),
    'a.csv',
    '/proc/self/environ',
    rig.tablesDir
  ]
  for (const path of bad) {
    is(await refusal(rig.trainings.create(rig.order(path), BY)), 'PATH_FORBIDDEN', path)
  }
  ok(existsSync(link))
  equal(actions(), [])
})

test('its model is compared with the champion on the same rows', async () => {
  const path = rig.writeTable('a.csv', table)
  await rig.trainings.start()
  const { id } = await rig.trainings.create(rig.order(path), BY)
  await rig.untilEnd(id)
  rig.champion = { id: 'tried@1', tar: rig.installed.at(-1) ?? new Uint8Array(0) }
  const weak = rig.order(path, { params: { trees: 1, maxDepth: 1 } })
  const next = await rig.trainings.create(weak, BY)
  const job = await rig.untilEnd(next.id)
  is(job.parent, 'tried@1')
  const gate = gateOf(job)
  is((gate.champion as { model: string }).model, 'tried@1')
  is(gate.passed, false)
  is(openPackage(await rig.last()).manifest.lineage.parent, 'tried@1')
})
