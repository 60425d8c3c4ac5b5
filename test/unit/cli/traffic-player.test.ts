import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  type PlayedFormat,
  playTraffic,
  readRecording,
  recordedSpan
} from '../../../src/cli/demo/traffic-player.ts'
import { suite } from '../../support/suite.ts'

const test = suite('player of recorded traffic')
const START_MS = Date.UTC(2027, 1, 28, 12)

let folder = ''
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-player-'))
})
test.afterEach(() => rmSync(folder, { recursive: true, force: true }))

const proxyLine = (id: string, time: string, totalMs = 1): string =>
  `127.1.2.3:40000 [23/Nov/2026:${time}] fe be/srv 0/0/0/1/${totalMs} 200 1/1 - - ---- 1/1/0/0/0 0/0 "GET /${id} HTTP/1.1"`
const serverLine = (id: string, time: string): string =>
  `time="2026-11-23T${time}Z" level=info msg=lookup search=${id}`

async function record(format: PlayedFormat, lines: readonly string[]) {
  const file = join(folder, `${format}.gz`)
  writeFileSync(file, gzipSync(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')))
  const target = join(folder, format)
  writeFileSync(target, '')
  return { format, lines: await readRecording(file, format), target }
}

function written(format: PlayedFormat): string[] {
  return readFileSync(join(folder, format), 'latin1').split('\n').slice(0, -1)
}

const ids = (lines: readonly string[]) =>
  lines.map((line) => /GET \/(\w+)|search=(\w+)|\[(NOTICE)\]/.exec(line)?.slice(1).join('') ?? '')

/** Appending to a file takes some turns of the event loop. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    await clock.advance(Math.min(50, left))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('writes both logs as time passes, by the speed', async () => {
  const logs = [
    await record('haproxy', [proxyLine('a', '00:00:00.000'), proxyLine('b', '00:00:10.000')]),
    await record('hockeypuck', [serverLine('c', '00:00:05'), serverLine('d', '00:00:20')])
  ]
  const clock = new ManualClock(START_MS)
  const played = playTraffic({ logs, speed: 10 }, clock, new AbortController().signal)
  await pass(clock, 600)
  equal([...ids(written('haproxy')), ...ids(written('hockeypuck'))], ['a', 'c'])
  await pass(clock, 1_500)
  equal([...ids(written('haproxy')), ...ids(written('hockeypuck'))], ['a', 'b', 'c', 'd'])
  is(await played, 4)
  is(
    written('hockeypuck')[1],
    serverLine('d', '00:00:20').replace(/".*Z"/, '"2027-02-28T12:00:01Z"')
  )
})

test('writes a tarpit when it would have ended, after quicker requests that came later', async () => {
  const lines = [
    proxyLine('quick', '00:00:00.000'),
    proxyLine('tarpit', '00:00:01.000', 10_000),
    proxyLine('later', '00:00:20.000')
  ]
  const logs = [await record('haproxy', lines)]
  const clock = new ManualClock(START_MS)
  const played = playTraffic({ logs, speed: 10 }, clock, new AbortController().signal)
  await pass(clock, 3_000)
  equal(ids(written('haproxy')), ['quick', 'later'])
  await pass(clock, 8_000)
  equal(ids(written('haproxy')), ['quick', 'later', 'tarpit'])
  await played
})

test('keeps the recorded order at the recorded speed, though times say otherwise', async () => {
  const lines = [
    proxyLine('inner', '00:00:01.010'),
    proxyLine('outer', '00:00:01.000'),
    '[NOTICE]   (1) : Reloading HAProxy',
    proxyLine('last', '00:00:01.020')
  ]
  const logs = [await record('haproxy', lines)]
  const clock = new ManualClock(START_MS)
  const played = playTraffic({ logs, speed: 1 }, clock, new AbortController().signal)
  await pass(clock, 200)
  equal(ids(written('haproxy')), ['inner', 'outer', 'NOTICE', 'last'])
  is(written('haproxy')[2], lines[2])
  await played
})

test('keeps bytes that are no UTF-8', async () => {
  const line = serverLine('caf', '00:00:00').concat('\xe9\xff')
  const logs = [await record('hockeypuck', [line])]
  const clock = new ManualClock(START_MS)
  const played = playTraffic({ logs, speed: 1 }, clock, new AbortController().signal)
  await pass(clock, 100)
  await played
  is(written('hockeypuck')[0], line.replace(/"[^"]+"/, '"2027-02-28T12:00:00Z"'))
})

test('stops at once when asked to', async () => {
  const logs = [
    await record('haproxy', [proxyLine('a', '00:00:00.000'), proxyLine('b', '01:00:00.000')])
  ]
  const clock = new ManualClock(START_MS)
  const ending = new AbortController()
  const played = playTraffic({ logs, speed: 1 }, clock, ending.signal)
  await pass(clock, 100)
  ending.abort(new Error('enough'))
  is(await played, 1)
})

test('an empty recording has no length and plays nothing', async () => {
  const logs = [await record('haproxy', [])]
  equal(recordedSpan(logs), { fromMs: 0, lengthMs: 0 })
  is(await playTraffic({ logs, speed: 1 }, new ManualClock(), new AbortController().signal), 0)
})

test('says which file is missing or no recording', async () => {
  const missing = join(folder, 'nowhere.gz')
  const text = join(folder, 'text.gz')
  writeFileSync(text, 'no gzip')
  for (const [file, code] of [
    [missing, 'CLI_INPUT_MISSING'],
    [text, 'CLI_INPUT_INVALID']
  ] as const) {
    const error = await readRecording(file, 'haproxy').catch((cause: unknown) => cause)
    is((error as { code?: string }).code, code)
    is((error as Error).message.includes(file), true)
  }
})
