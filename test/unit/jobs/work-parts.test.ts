/** What a training is made of: files that a crash cannot bend, a share of the machine, versions, and the time that is left. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { idlePrefix } from '../../../src/jobs/idle-priority.ts'
import { filesOf, nextVersion, taskOf } from '../../../src/jobs/order.ts'
import { readUsage } from '../../../src/jobs/process-usage.ts'
import { ProgressClock } from '../../../src/jobs/progress-clock.ts'
import { CpuBudget } from '../../../src/jobs/worker/cpu-budget.ts'
import { HashedFiles } from '../../../src/jobs/worker/hashed-files.ts'
import { KeptParts } from '../../../src/jobs/worker/kept-parts.ts'
import { suite } from '../../support/suite.ts'

const test = suite('parts of a training job')
let dir = ''

test.beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'netminder-parts-'))
})
test.afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bytesOf = (text: string) => new TextEncoder().encode(text)

test('a file is whole, absent or damaged, and a damaged one is gone', () => {
  const files = new HashedFiles(dir, 1_000)
  equal(files.read('a'), { kind: 'absent' })
  is(files.write('a', bytesOf('one')), true)
  const found = files.read('a')
  is(found.kind === 'whole' && new TextDecoder().decode(found.bytes), 'one')
  for (const at of [0, 20, -1]) {
    files.write('a', bytesOf('one'))
    const bytes = readFileSync(join(dir, 'a'))
    const index = at < 0 ? bytes.length - 1 : at
    bytes[index] = (bytes[index] ?? 0) ^ 1
    writeFileSync(join(dir, 'a'), bytes)
    equal(files.read('a'), { kind: 'damaged' })
    equal(files.read('a'), { kind: 'absent' })
  }
  files.write('a', bytesOf('one'))
  writeFileSync(join(dir, 'a'), readFileSync(join(dir, 'a')).subarray(0, 10))
  equal(files.read('a'), { kind: 'damaged' })
})

test('all files together stay within their bound, and one that is replaced counts once', () => {
  const files = new HashedFiles(dir, 300)
  is(files.write('a', new Uint8Array(200)), true)
  is(files.write('b', new Uint8Array(100)), false)
  is(files.write('a', new Uint8Array(250)), true)
  files.remove('a')
  is(files.write('b', new Uint8Array(100)), true)
})

test('parts are found again; that there is no room is said once', async () => {
  const notes: string[] = []
  let checkpoints = 0
  let nowMs = 0
  const make = (bytesMax: number) =>
    new KeptParts(100, {
      files: new HashedFiles(dir, bytesMax),
      monotonicMs: () => nowMs,
      onCheckpoint: () => checkpoints++,
      onNote: (text) => notes.push(text)
    })
  const parts = make(1_000)
  is(parts.isDue(), false)
  nowMs = 100
  is(parts.isDue(), true)
  await parts.keep('fit-0', bytesOf('trees'))
  is(parts.isDue(), false)
  is(new TextDecoder().decode(await make(1_000).find('fit-0')), 'trees')
  is(await parts.find('fit-1'), undefined)
  await parts.clear()
  is(await parts.find('fit-0'), undefined)
  const small = make(50)
  await small.keep('a', new Uint8Array(100))
  await small.keep('b', new Uint8Array(100))
  is(checkpoints, 1)
  is(notes.length, 1)
})

test('what has had more than its share sleeps for it, and nothing is saved up', () => {
  let [nowMs, cpuMs] = [0, 0]
  const slept: number[] = []
  const budget = new CpuBudget(0.5, {
    cpuMs: () => cpuMs,
    monotonicMs: () => nowMs,
    sleep: (ms) => {
      slept.push(ms)
      nowMs += ms
    }
  })
  for (let tree = 0; tree < 100; tree++) {
    cpuMs += 50
    nowMs += 50
    budget.pause()
  }
  ok(cpuMs / nowMs > 0.45 && cpuMs / nowMs <= 0.5, `${cpuMs / nowMs}`)
  // A long wait for something else is no right to work without rest afterwards.
  nowMs += 60_000
  budget.pause()
  slept.length = 0
  cpuMs += 1_000
  nowMs += 1_000
  budget.pause()
  equal(slept, [1_000])
  // Nor does it sleep for ever at once.
  cpuMs += 60_000
  budget.pause()
  is(slept.at(-1), 2_000)
})

test('versions count up from the greatest number', () => {
  equal(
    [[], ['1'], ['2', '10', 'x', '1.0'], ['0']].map((taken) => nextVersion(taken)),
    ['1', '2', '11', '1']
  )
})

test('what is read and what the model is for follow from the data', () => {
  const logs = {
    ...{ kind: 'logs' as const, haproxy: '/h', labels: '/l', site: 's' },
    ...{ behindProxy: 'none' as const, isSynthetic: false }
  }
  equal(filesOf(logs), { haproxy: '/h', labels: '/l' })
  equal(filesOf({ kind: 'labels', sinceMs: 0 }), {})
  equal([taskOf(logs), taskOf({ kind: 'labels', sinceMs: 0 })], ['behaviour', 'behaviour'])
})

test('the time that is left follows from the pace of this process alone', async () => {
  const clock = new ManualClock()
  const pace = new ProgressClock(clock)
  is(pace.leftMs(0.5), undefined)
  await clock.advance(10_000)
  is(pace.leftMs(0.6), 40_000)
  await clock.advance(10_000)
  is(pace.leftMs(1), 0)
})

test('what this process takes is read', async () => {
  const usage = await readUsage(process.pid)
  if (process.platform !== 'linux') return
  ok((usage?.memoryBytes ?? 0) > 2 ** 24)
  ok((usage?.cpuSeconds ?? 0) > 0)
  is(await readUsage(2 ** 30), undefined)
})

test('words that give way are whole programs with their options, or none', async () => {
  const words = await idlePrefix()
  ok(words.every((word) => word !== ''))
  for (const program of words.filter((word) => word.startsWith('/')))
    ok(readFileSync(program).length > 0)
})
