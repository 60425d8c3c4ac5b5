/** What doctor says of logs: the lines go through the real decoders, and files are real ones. */

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { judgeAgreement } from '../../../src/cli/doctor/log-agreement.ts'
import { judgeLog, type LogFacts } from '../../../src/cli/doctor/log-checks.ts'
import { type LogTail, readLines, readLogTail } from '../../../src/cli/doctor/log-tail.ts'
import type { SourceConfig } from '../../../src/config/index.ts'
import { back, front, LOG_START_MS } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor: logs')
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code)
let folder: string

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-doctor-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

const HAPROXY: SourceConfig = {
  name: 'haproxy',
  format: 'haproxy',
  kind: 'file',
  path: '/var/log/haproxy.log',
  timeZone: 'UTC',
  behindProxy: 'none',
  fromStart: false
}
const HOCKEYPUCK: SourceConfig = {
  ...HAPROXY,
  name: 'hockeypuck',
  format: 'hockeypuck',
  timeZone: ''
}
const LIVE: LogTail = {
  kind: 'file',
  detail: '',
  sizeBytes: 1_000,
  modifiedMs: LOG_START_MS,
  reading: undefined
}
const FACTS: LogFacts = {
  source: HAPROXY,
  tail: LIVE,
  isReadable: true,
  serviceName: 'netminder',
  nowMs: LOG_START_MS + 1_000
}

for (const { name, facts, expected } of [
  { name: 'that is alive', facts: {}, expected: [] },
  {
    name: 'that is missing',
    facts: { tail: { ...LIVE, kind: 'missing' } },
    expected: ['LOG_MISSING']
  },
  {
    name: 'that is a directory',
    facts: { tail: { ...LIVE, kind: 'directory' } },
    expected: ['LOG_IS_DIRECTORY']
  },
  {
    name: 'that is a FIFO',
    facts: { tail: { ...LIVE, kind: 'fifo' } },
    expected: ['LOG_WRONG_KIND']
  },
  {
    name: 'that is a FIFO and should be',
    facts: { source: { ...HAPROXY, kind: 'pipe' }, tail: { ...LIVE, kind: 'fifo' } },
    expected: []
  },
  {
    name: 'that should be a FIFO',
    facts: { source: { ...HAPROXY, kind: 'pipe' } },
    expected: ['LOG_WRONG_KIND']
  },
  {
    name: 'that is a device',
    facts: { tail: { ...LIVE, kind: 'other' } },
    expected: ['LOG_WRONG_KIND']
  },
  {
    name: 'on a disk that fails',
    facts: { tail: { ...LIVE, kind: 'failed', detail: 'EIO' } },
    expected: ['LOG_FAILED']
  },
  {
    name: 'that the service may not read',
    facts: { isReadable: false },
    expected: ['LOG_NOT_READABLE']
  },
  {
    name: 'that the service may read and you may not',
    facts: { isReadable: undefined, tail: { ...LIVE, kind: 'denied' } },
    expected: ['LOG_NOT_LOOKED_AT']
  },
  {
    name: 'that nothing rotates',
    facts: { tail: { ...LIVE, sizeBytes: 5 * 1_073_741_824 } },
    expected: ['LOG_NOT_ROTATED']
  },
  { name: 'that is empty', facts: { tail: { ...LIVE, sizeBytes: 0 } }, expected: ['LOG_SILENT'] },
  {
    name: 'that is silent for a day',
    facts: { nowMs: LOG_START_MS + 86_400_000 },
    expected: ['LOG_SILENT']
  },
  { name: 'that is silent for an hour', facts: { nowMs: LOG_START_MS + 3_600_000 }, expected: [] }
] as const) {
  test(`a log ${name}: ${expected.join() || 'nothing'}`, () =>
    equal(codes(judgeLog({ ...FACTS, ...facts } as LogFacts)), expected))
}

test('a log that the service may not read is opened by the installer, or by an access list', () => {
  const [finding] = judgeLog({ ...FACTS, isReadable: false })
  match(finding?.cure ?? '', /scripts\/install\.sh --log \/var\/log\/haproxy\.log/)
  match(finding?.cure ?? '', /setfacl -m u:netminder:r \/var\/log\/haproxy\.log/)
  const [other] = judgeLog({ ...FACTS, source: HOCKEYPUCK, isReadable: false })
  match(other?.cure ?? '', /--hockeypuck-log/)
})

const requests = (count: number, fields: Parameters<typeof front>[0] = {}) =>
  Array.from({ length: count }, (_, index) => {
    const own = { port: 41_000 + index, atMs: LOG_START_MS + index * 1_000, ...fields }
    return `${back(own)}\n${front(own)}\n`
  }).join('')
const reading = (text: string, source = HAPROXY) => readLines(Buffer.from(text), source)
const judged = async (text: string, source = HAPROXY) =>
  judgeLog({ ...FACTS, source, tail: { ...LIVE, reading: await reading(text, source) } })

test('lines of the stock format are all read', async () => {
  equal(await judged(requests(20)), [])
  equal(await judged(''), [])
  equal(await judged('two\nlines\n'), [])
})

test('an unknown format is told by share, cause and example, with HAP_LOG_FORMAT as its cure', async () => {
  const [finding, ...others] = await judged(
    `${'{"client":"203.0.113.7","status":200}\n'.repeat(20)}${requests(1)}`
  )
  equal(others, [])
  is(finding?.code, 'LOG_FORMAT_UNKNOWN')
  match(
    finding?.message ?? '',
    /2 of the last 22 lines .* \(9 %\); the others: 20 [a-z-]+, such as "\{"client"/
  )
  match(finding?.cure ?? '', /HAP_LOG_FORMAT="%ci:%cp \[%t\]/)
})

test('a log of another program is recognised', async () => {
  const [finding] = await judged(
    'time="2026-11-23T03:16:35Z" level=info msg="Starting server"\n'.repeat(9)
  )
  match(finding?.cure ?? '', /format = "hockeypuck"/)
  const [other] = await judged(requests(9), HOCKEYPUCK)
  match(other?.cure ?? '', /format = "haproxy"/)
})

test('a log of which some lines cannot be read is noted', async () => {
  const [finding] = await judged(`${requests(8)}${'\u0000\u0001\n'.repeat(4)}`)
  equal([finding?.code, finding?.severity], ['LOG_PARTLY_READABLE', 'note'])
  match(finding?.message ?? '', /4 binary/)
})

test('what is at a path is told without waiting for it', async () => {
  const at = (name: string, kind: SourceConfig['kind'] = 'file') =>
    readLogTail({ ...HAPROXY, kind, path: join(folder, name) })
  mkdirSync(join(folder, 'directory'))
  execFileSync('mkfifo', [join(folder, 'fifo')])
  writeFileSync(join(folder, 'log'), `${requests(3)}cut in the mid`)
  is((await at('directory')).kind, 'directory')
  is((await at('fifo')).kind, 'fifo')
  is((await at('none')).kind, 'missing')
  is((await at('log/below')).kind, 'missing')
  const found = await at('log')
  equal([found.kind, found.reading?.lines, found.reading?.parsed], ['file', 6, 6])
})

test('only the end of a long log is read, from a whole line on', async () => {
  const path = join(folder, 'long')
  writeFileSync(path, `${'x'.repeat(2_000_000)}\n${requests(2_000)}`)
  const { reading: end } = await readLogTail({ ...HAPROXY, path })
  ok((end?.lines ?? 0) > 1_000 && (end?.lines ?? 0) < 8_000)
  is(end?.parsed, end?.lines)
})

test('a log that may not be read is told from one that is missing', async () => {
  const path = join(folder, 'shut')
  writeFileSync(path, '')
  chmodSync(path, 0)
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    const { kind } = await readLogTail({ ...HAPROXY, path })
    ok(kind === 'denied')
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

const seen = async (source: SourceConfig, text: string, modifiedMs: number) => ({
  source,
  tail: { ...LIVE, modifiedMs, reading: await reading(text, source) }
})
const END_MS = LOG_START_MS + 19_005
const agree = async (...logs: readonly Promise<Awaited<ReturnType<typeof seen>>>[]) =>
  judgeAgreement({ logs: await Promise.all(logs), machineZone: 'Europe/Berlin' })

test('times that agree with the time of writing are right', async () => {
  equal(await agree(seen(HAPROXY, requests(20), END_MS)), [])
  equal(await agree(seen(HAPROXY, requests(20), END_MS + 120_000)), [])
  equal(await agree(seen(HAPROXY, '', END_MS)), [])
})

test('a zone that is wrong by whole hours is found from the time of writing', async () => {
  const [finding, ...others] = await agree(seen(HAPROXY, requests(20), END_MS - 2 * 3_600_000))
  equal(others, [])
  is(finding?.code, 'LOG_ZONE_WRONG')
  match(finding?.cure ?? '', /timeZone = "\+02:00"/)
  const utc = await agree(seen({ ...HAPROXY, timeZone: '+02:00' }, requests(20), END_MS))
  match(utc[0]?.cure ?? '', /timeZone = "UTC"/)
})

test('a clock that is off is told', async () => {
  equal(codes(await agree(seen(HAPROXY, requests(20), END_MS - 400_000))), ['LOG_CLOCK_SKEW'])
  equal(codes(await agree(seen(HAPROXY, requests(20), END_MS + 400_000))), ['LOG_CLOCK_SKEW'])
})

test('a container’s log without a zone is noted where this machine is not in UTC', async () => {
  const inZone = { ...HAPROXY, kind: 'docker-json', timeZone: '' } as const
  const text = requests(20)
  const { newestMs } = await reading(text, inZone)
  equal(codes(await agree(seen(inZone, text, newestMs))), ['LOG_ZONE_UNKNOWN'])
  const logs = [await seen(inZone, text, newestMs)]
  equal(judgeAgreement({ logs, machineZone: 'Etc/UTC' }), [])
})

const UPLOAD = { request: 'POST /pks/add HTTP/1.1' }
const second = (index: number) =>
  new Date(LOG_START_MS + index * 1_000).toISOString().replace(/\.\d+Z/, 'Z')
const told = (index: number) =>
  `time="${second(index)}" level=info msg=add inserted="[0123456789abcdef0123456789abcdef01234567]" updated="[]" ignored="[]"\n`
const asked = (index: number, request: string) =>
  `time="${second(index)}" level=info ${request} duration=5ms from="127.0.0.1:5000" host="keys.example:11371" status-code=200 user-agent=x\n`
const all = (line: (index: number) => string) =>
  Array.from({ length: 20 }, (_, index) => line(index)).join('')

test('uploads that Hockeypuck tells of have their request', async () => {
  const log = all((index) => told(index) + asked(index, 'POST=/pks/add'))
  equal(await agree(seen(HAPROXY, requests(20, UPLOAD), END_MS), seen(HOCKEYPUCK, log, END_MS)), [])
})

test('uploads of which Hockeypuck tells nothing are missed', async () => {
  const log = all((index) => asked(index, 'POST=/pks/add'))
  const [finding] = await agree(
    seen(HAPROXY, requests(20, UPLOAD), END_MS),
    seen(HOCKEYPUCK, log, END_MS)
  )
  is(finding?.code, 'UPLOADS_NOT_LOGGED')
  match(finding?.cure ?? '', /loglevel = "INFO"/)
  equal(await agree(seen(HAPROXY, requests(20), END_MS), seen(HOCKEYPUCK, log, END_MS)), [])
})

test('a log of Hockeypuck that has only warnings tells of no upload', async () => {
  const log = `time="${second(0)}" level=warning msg="something"\n`.repeat(3)
  const proxy = seen(HAPROXY, requests(20, UPLOAD), END_MS)
  equal(codes(await agree(proxy, seen(HOCKEYPUCK, log, END_MS))), ['UPLOADS_NOT_LOGGED'])
})

test('uploads of another keyserver have no request here', async () => {
  const log = [-600, -590, 600, 610].map(told).join('')
  const proxy = seen(HAPROXY, requests(20, UPLOAD), END_MS)
  equal(codes(await agree(proxy, seen(HOCKEYPUCK, log, END_MS + 591_000))), ['UPLOADS_NOT_JOINED'])
})

test('the same requests in Hockeypuck’s log say the zone, whatever the time of the file', async () => {
  const log = all((index) => asked(index, `GET="/pks/lookup?op=get&search=0x${index}"`))
  const text = Array.from({ length: 20 }, (_, index) =>
    requests(1, {
      port: 42_000 + index,
      atMs: LOG_START_MS + index * 1_000 + 3_600_000,
      request: `GET /pks/lookup?op=get&search=0x${index} HTTP/1.1`
    })
  ).join('')
  const findings = await agree(
    seen(HAPROXY, text, END_MS + 9_000_000),
    seen(HOCKEYPUCK, log, END_MS)
  )
  equal(codes(findings), ['LOG_ZONE_WRONG'])
  match(findings[0]?.message ?? '', /the same requests in the log of Hockeypuck/)
})

test('the time of writing is that of the file', async () => {
  const path = join(folder, 'dated')
  writeFileSync(path, requests(20))
  utimesSync(path, END_MS / 1_000, END_MS / 1_000)
  const tail = await readLogTail({ ...HAPROXY, path })
  equal(judgeAgreement({ logs: [{ source: HAPROXY, tail }], machineZone: 'UTC' }), [])
})
