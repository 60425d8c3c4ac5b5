/** What doctor says of the data directory, the service, the clock and the keyserver, from what was seen of them. */
import { equal, is, match, ok } from 'uvu/assert'
import { type DataDirFacts, judgeDataDir } from '../../../src/cli/doctor/data-dir-checks.ts'
import { type Finding, shellWord } from '../../../src/cli/doctor/finding.ts'
import { judgeKeyserver, type KeyserverFacts } from '../../../src/cli/doctor/keyserver-checks.ts'
import { findUser, groupsOf, servesDataDir } from '../../../src/cli/doctor/service-account.ts'
import { judgeClockSync, judgeNode, judgeService } from '../../../src/cli/doctor/service-checks.ts'
import { parseProperties } from '../../../src/cli/doctor/system-command.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor: machine')
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code)
const GIB = 1_073_741_824

const DIR: DataDirFacts = {
  dataDir: '/var/lib/netminder',
  stats: { isDirectory: true, uid: 990, mode: 0o700 },
  files: [
    { name: 'netminder.toml', uid: 990, mode: 0o600 },
    { name: 'netminder.db', uid: 990, mode: 0o600 },
    { name: 'admin.token', uid: 990, mode: 0o600 }
  ],
  disk: { freeBytes: 20 * GIB, totalBytes: 40 * GIB, freeFiles: 1_000_000 },
  ownerUid: 990,
  ownerName: 'netminder',
  isWritable: true
}
const files = (changes: Readonly<Record<string, Partial<{ uid: number; mode: number }>>>) =>
  (DIR.files ?? []).map((file) => ({ ...file, ...changes[file.name] }))

for (const { name, facts, expected } of [
  { name: 'as it should be', facts: {}, expected: [] },
  {
    name: 'not there',
    facts: { stats: undefined, files: undefined },
    expected: ['DATA_DIR_MISSING']
  },
  {
    name: 'below a directory that may not be entered',
    facts: { stats: 'EACCES', files: undefined },
    expected: ['DATA_DIR_UNREADABLE']
  },
  {
    name: 'a file',
    facts: { stats: { isDirectory: false, uid: 990, mode: 0o600 } },
    expected: ['DATA_DIR_NO_DIRECTORY']
  },
  {
    name: 'of another user',
    facts: { stats: { isDirectory: true, uid: 0, mode: 0o700 } },
    expected: ['DATA_DIR_OWNER']
  },
  {
    name: 'with files of root after a start by root',
    facts: { files: files({ 'netminder.db': { uid: 0 } }) },
    expected: ['DATA_DIR_FILE_OWNER']
  },
  {
    name: 'open to everyone',
    facts: { stats: { isDirectory: true, uid: 990, mode: 0o755 } },
    expected: ['DATA_DIR_MODE']
  },
  {
    name: 'open to a group that looks',
    facts: { stats: { isDirectory: true, uid: 990, mode: 0o750 } },
    expected: []
  },
  { name: 'read-only', facts: { isWritable: false }, expected: ['DATA_DIR_READ_ONLY'] },
  { name: 'not to be told whether it is writable', facts: { isWritable: undefined }, expected: [] },
  { name: 'not to be listed', facts: { files: undefined }, expected: ['DATA_DIR_UNREADABLE'] },
  { name: 'empty', facts: { files: [] }, expected: ['DATA_DIR_EMPTY'] },
  {
    name: 'of another program',
    facts: { files: [{ name: 'pg_hba.conf', uid: 990, mode: 0o600 }] },
    expected: ['DATA_DIR_FOREIGN']
  },
  {
    name: 'with a token that others read',
    facts: { files: files({ 'admin.token': { mode: 0o644 } }) },
    expected: ['TOKEN_EXPOSED']
  },
  {
    name: 'with a token that a group reads',
    facts: { files: files({ 'admin.token': { mode: 0o640 } }) },
    expected: []
  },
  {
    name: 'without its token',
    facts: { files: files({}).slice(0, 2) },
    expected: ['TOKEN_MISSING']
  },
  {
    name: 'on a full disk',
    facts: { disk: { freeBytes: 1_000, totalBytes: GIB, freeFiles: 9_999 } },
    expected: ['DISK_FULL']
  },
  {
    name: 'on a disk without inodes',
    facts: { disk: { freeBytes: 9 * GIB, totalBytes: 10 * GIB, freeFiles: 3 } },
    expected: ['DISK_FULL']
  },
  {
    name: 'on a disk that fills up',
    facts: { disk: { freeBytes: GIB / 2, totalBytes: 40 * GIB, freeFiles: 9_999 } },
    expected: ['DISK_LOW']
  },
  {
    name: 'with a damaged database set aside',
    facts: {
      files: [
        ...files({}),
        { name: 'netminder.db.corrupt-20261125T040000Z', uid: 990, mode: 0o600 }
      ]
    },
    expected: ['DATABASE_SET_ASIDE']
  }
] as const) {
  test(`data directory ${name}: ${expected.join() || 'nothing'}`, () => {
    const findings = judgeDataDir({ ...DIR, ...facts })
    equal(codes(findings), expected)
    for (const { message, cure } of findings) ok(!`${message}${cure}`.includes('\n') && cure !== '')
  })
}

test('a cure that is a command can be copied, whatever the path', () => {
  const [finding] = judgeDataDir({
    ...DIR,
    dataDir: "/srv/it's here",
    isWritable: true,
    files: files({ 'admin.token': { mode: 0o666 } })
  })
  is(finding?.cure, "chmod 600 '/srv/it'\\''s here/admin.token'")
  is(shellWord('/plain/path-1.toml'), '/plain/path-1.toml')
})

test('Node: too old, just right, newer', () => {
  equal(codes(judgeNode('20.19.0')), ['NODE_TOO_OLD'])
  equal(codes(judgeNode('22.11.0')), ['NODE_TOO_OLD'])
  equal(judgeNode('22.12.0'), [])
  equal(judgeNode('24.21.0'), [])
})

const UNIT = parseProperties(
  'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUser=netminder\n'
)
const TIMER = parseProperties('LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n')
const but = (unit: ReadonlyMap<string, string>, name: string, value: string) =>
  new Map([...unit, [name, value]])

for (const { name, facts, expected } of [
  { name: 'enabled, with its timer', facts: { unit: UNIT, timer: TIMER }, expected: [] },
  {
    name: 'disabled',
    facts: { unit: but(UNIT, 'UnitFileState', 'disabled'), timer: TIMER },
    expected: ['SERVICE_DISABLED']
  },
  {
    name: 'failed',
    facts: { unit: but(UNIT, 'ActiveState', 'failed'), timer: TIMER },
    expected: ['SERVICE_FAILED']
  },
  {
    name: 'without timer',
    facts: { unit: UNIT, timer: but(TIMER, 'LoadState', 'not-found') },
    expected: ['SWEEP_MISSING']
  },
  {
    name: 'with a timer that is disabled',
    facts: { unit: UNIT, timer: but(TIMER, 'UnitFileState', 'disabled') },
    expected: ['SWEEP_STOPPED']
  },
  {
    name: 'with a timer that was stopped',
    facts: { unit: UNIT, timer: but(TIMER, 'ActiveState', 'inactive') },
    expected: ['SWEEP_STOPPED']
  },
  {
    name: 'not installed',
    facts: { unit: undefined, timer: undefined },
    expected: ['SERVICE_MISSING', 'SWEEP_ABSENT']
  }
] as const) {
  test(`service ${name}: ${expected.join() || 'nothing'}`, () => {
    const service = { ...facts, isSystemd: true }
    equal(
      codes(judgeService({ service, dataDir: '/var/lib/netminder', hasActuators: true })),
      expected
    )
  })
}

test('a node of one’s own beside systemd needs no unit; what outlives it needs a sweep', () => {
  const service = { unit: undefined, timer: undefined, isSystemd: true }
  equal(judgeService({ service, dataDir: '/srv/node-b', hasActuators: false }), [])
  equal(codes(judgeService({ service, dataDir: '/srv/node-b', hasActuators: true })), [
    'SWEEP_ABSENT'
  ])
})

test('the unit of another data directory is not ours', () => {
  const unit = (line: string) =>
    parseProperties(`LoadState=loaded\nExecStart={ path=/x ; argv[]=${line} ; ignore_errors=no }`)
  ok(servesDataDir(unit('/x start --data-dir /var/lib/netminder'), '/var/lib/netminder'))
  ok(!servesDataDir(unit('/x start --data-dir /var/lib/netminder'), '/srv/node-b'))
  ok(!servesDataDir(parseProperties('LoadState=not-found'), '/var/lib/netminder'))
})

test('users and groups are read from their tables', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nnetminder:x:990:990::/:/usr/sbin/nologin\n'
  equal(
    findUser(passwd, (user) => user === 'netminder'),
    { name: 'netminder', uid: 990 }
  )
  is(
    findUser(passwd, (_, uid) => uid === '7'),
    undefined
  )
  equal(groupsOf('adm:x:4:syslog,netminder\nhaproxy:x:99:netminder\nroot:x:0:\n', 'netminder'), [
    'adm',
    'haproxy'
  ])
})

test('a clock that nothing keeps right is noted, one in a container is the host’s affair', () => {
  equal(judgeClockSync(parseProperties('NTPSynchronized=yes\nNTP=yes\n')), [])
  equal(judgeClockSync(parseProperties('')), [])
  match(
    judgeClockSync(parseProperties('NTPSynchronized=no\nNTP=no\n'))[0]?.cure ?? '',
    /^timedatectl set-ntp true/
  )
  match(
    judgeClockSync(parseProperties('NTPSynchronized=no\nNTP=no\nCanNTP=no\n'))[0]?.cure ?? '',
    /^apt install/
  )
  match(
    judgeClockSync(parseProperties('NTPSynchronized=no\nNTP=yes\n'))[0]?.cure ?? '',
    /timesync-status/
  )
})

const NOW_MS = Date.UTC(2026, 10, 25)
const ANSWER = { status: 200, isJson: true, dateMs: NOW_MS - 1_000 }
for (const { name, answer, expected } of [
  { name: 'tells its statistics', answer: ANSWER, expected: [] },
  { name: 'says no date', answer: { ...ANSWER, dateMs: Number.NaN }, expected: [] },
  { name: 'is not there', answer: 'connect ECONNREFUSED', expected: ['KEYSERVER_UNREACHABLE'] },
  { name: 'forbids them', answer: { ...ANSWER, status: 403 }, expected: ['STATISTICS_MISSING'] },
  {
    name: 'answers a page',
    answer: { ...ANSWER, isJson: false },
    expected: ['STATISTICS_MISSING']
  },
  {
    name: 'has a clock ahead',
    answer: { ...ANSWER, dateMs: NOW_MS + 90_000 },
    expected: ['KEYSERVER_CLOCK_SKEW']
  }
] as const satisfies readonly {
  name: string
  answer: KeyserverFacts['answer']
  expected: readonly string[]
}[]) {
  test(`a keyserver that ${name}: ${expected.join() || 'nothing'}`, () => {
    equal(codes(judgeKeyserver({ url: 'http://127.0.0.1:11371', answer, nowMs: NOW_MS })), expected)
  })
}
