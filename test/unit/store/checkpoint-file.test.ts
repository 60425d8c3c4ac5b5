import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, unreachable } from 'uvu/assert'
import { NetminderError } from '../../../src/base/index.ts'
import { CheckpointFile } from '../../../src/store/index.ts'
import { makeDataDir, removeDataDir, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('checkpoint file')
let dataDir: string
let path: string

test.beforeEach(() => {
  dataDir = makeDataDir()
  path = join(dataDir, 'checkpoint.bin')
})
test.afterEach(() => removeDataDir(dataDir))

const CHECKPOINT = {
  savedAtMs: START_MS,
  positions: { haproxy: { inode: 7, offset: 123_456 } },
  state: {
    sessions: new Map([['192.0.2.7', new Float64Array([1, 2.5, Number.POSITIVE_INFINITY])]]),
    seen: 9n
  }
}

function file(stateVersion = 'rules-1', bytesMax?: number): CheckpointFile {
  return new CheckpointFile(
    bytesMax === undefined ? { path, stateVersion } : { path, stateVersion, bytesMax }
  )
}

test('is absent before the first', async () => {
  equal(await file().load(START_MS), { kind: 'absent' })
})

test('gives back positions and state, for the owner only, and leaves nothing else behind', async () => {
  await file().save(CHECKPOINT)
  await file().save({ ...CHECKPOINT, savedAtMs: START_MS + 1 })
  equal(await file().load(START_MS), { kind: 'whole', ...CHECKPOINT, savedAtMs: START_MS + 1 })
  is(statSync(path).mode & 0o777, 0o600)
  equal(readdirSync(dataDir), ['checkpoint.bin'])
})

test('saves what it was given even while another save runs', async () => {
  const subject = file()
  const state = { n: 1 }
  const first = subject.save({ ...CHECKPOINT, state })
  state.n = 2
  const second = subject.save({ ...CHECKPOINT, state })
  state.n = 3
  await Promise.all([first, second])
  const reading = await subject.load(START_MS)
  equal(reading.kind === 'whole' && reading.state, { n: 2 })
})

test('keeps the positions of a checkpoint whose state is of another version', async () => {
  await file('rules-1').save(CHECKPOINT)
  const reading = await file('rules-2').load(START_MS)
  if (reading.kind !== 'positions-only') return unreachable(reading.kind)
  equal(reading.positions, CHECKPOINT.positions)
  is(reading.setAside, `${path}.corrupt-2026-03-01T12-00-00Z`)
  equal(await file('rules-2').load(START_MS), { kind: 'absent' })
})

test('meets damage at any byte without an exception and without believing it', async () => {
  await file().save(CHECKPOINT)
  const whole = readFileSync(path)
  const kinds = new Set<string>()
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged.writeUInt8((damaged[at] ?? 0) ^ 0x20, at)
    writeFileSync(path, damaged)
    const reading = await file().load(START_MS)
    kinds.add(reading.kind)
    if (reading.kind === 'positions-only') equal(reading.positions, CHECKPOINT.positions)
    ok(reading.kind === 'positions-only' || reading.kind === 'unusable', `byte ${at}`)
  }
  equal([...kinds].sort(), ['positions-only', 'unusable'])
  is(readdirSync(dataDir).length, 2)
})

test('meets a file that was cut off anywhere', async () => {
  await file().save(CHECKPOINT)
  const whole = readFileSync(path)
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(path, whole)
    truncateSync(path, length)
    const { kind } = await file().load(START_MS)
    ok(kind === 'positions-only' || kind === 'unusable', `length ${length}`)
  }
})

test('refuses a checkpoint that is too large and keeps the one before', async () => {
  await file().save(CHECKPOINT)
  try {
    await file('rules-1', 10_000).save({ ...CHECKPOINT, state: Buffer.alloc(10_000) })
    unreachable('expected a refusal')
  } catch (error) {
    is(error instanceof NetminderError && error.code, 'CHECKPOINT_TOO_LARGE')
  }
  is((await file().load(START_MS)).kind, 'whole')
})
