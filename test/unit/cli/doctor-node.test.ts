/** What doctor says of the running node, its database and its actuators; and that no check holds up another. */
import { equal, is, match, ok } from 'uvu/assert'
import { ManualClock, SystemClock } from '../../../src/base/index.ts'
import { type ActuatorFacts, judgeActuator } from '../../../src/cli/doctor/actuator-checks.ts'
import {
  type DatabaseFacts,
  hasLock,
  judgeDatabase
} from '../../../src/cli/doctor/database-checks.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { judgeRunningNode, type NodeFacts } from '../../../src/cli/doctor/node-checks.ts'
import { type Check, runChecks } from '../../../src/cli/doctor/run-checks.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor: node')
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code)
const NOW_MS = Date.UTC(2026, 10, 25, 12)

type Status = Extract<NodeFacts['status'], { components: unknown }>
const STATUS: Status = {
  name: 'node',
  version: '0.1.0',
  started_at: '2026-11-25T10:00:00.000Z',
  mode: { overall: 'shadow', by_category: {}, previous: null },
  policy: 'rules',
  events_total: 3,
  sources_tracked: 1,
  active_decisions: { ban: 0, throttle: 0, watch: 0 },
  last_event_at: null,
  actuators: [],
  components: [{ name: 'source haproxy', state: 'ok', detail: '12 lines read' }],
  follows: [],
  treat_as_public: []
}
const NODE: NodeFacts = {
  dataDir: '/d',
  place: '/d/api.sock',
  health: 'ok',
  status: STATUS,
  service: { unit: undefined, name: 'netminder' },
  isLocked: true,
  nowMs: NOW_MS
}
const withComponent = (state: 'ok' | 'degraded' | 'failed', detail: string): Status => ({
  ...STATUS,
  components: [{ name: 'source haproxy', state, detail }]
})

for (const { name, facts, expected } of [
  { name: 'that is well', facts: {}, expected: [] },
  {
    name: 'that is not there',
    facts: { isLocked: false, health: { code: 'API_UNREACHABLE', message: 'ECONNREFUSED' } },
    expected: ['NODE_NOT_RUNNING']
  },
  {
    name: 'that runs and has no API',
    facts: { health: { code: 'API_UNREACHABLE', message: 'ECONNREFUSED' } },
    expected: ['NODE_UNANSWERED']
  },
  {
    name: 'that hangs',
    facts: { isLocked: false, health: { code: 'API_TIMED_OUT', message: 'none' } },
    expected: ['NODE_UNANSWERED']
  },
  {
    name: 'whose token this user does not have',
    facts: { status: { code: 'TOKEN_MISSING', message: 'expected a token' } },
    expected: ['TOKEN_MISSING']
  },
  {
    name: 'with a source that fails',
    facts: { status: withComponent('degraded', 'expected a log') },
    expected: ['NODE_DEGRADED']
  },
  {
    name: 'that cannot read any log',
    facts: { status: withComponent('failed', 'expected a log') },
    expected: ['NODE_NOT_READY']
  },
  {
    name: 'that reads nothing for hours',
    facts: { status: withComponent('ok', '0 lines read') },
    expected: ['NOTHING_READ']
  },
  {
    name: 'that has just begun to read',
    facts: { status: withComponent('ok', '0 lines read'), nowMs: NOW_MS - 7_190_000 },
    expected: []
  }
] as const) {
  test(`a node ${name}: ${expected.join() || 'nothing'}`, () =>
    equal(codes(judgeRunningNode({ ...NODE, ...facts } as NodeFacts)), expected))
}

test('a stopped service is started as a service', () => {
  const health = { code: 'API_UNREACHABLE', message: '' }
  const service = { unit: new Map<string, string>(), name: 'netminder' }
  const [finding] = judgeRunningNode({
    ...NODE,
    isLocked: false,
    health,
    status: undefined,
    service
  })
  match(finding?.cure ?? '', /^systemctl start netminder\.service/)
})

const CONTENT = { soundness: 'ok', auditFaults: [], mode: 'enforce' }
const DATABASE: DatabaseFacts = {
  dataDir: '/d',
  content: CONTENT,
  failure: undefined,
  hasActuators: true
}
const broken = { sequence: 4, kind: 'removed', detail: 'entry 4 is missing' } as const
for (const { name, facts, expected } of [
  { name: 'that is sound', facts: {}, expected: [] },
  {
    name: 'too large to be read in time',
    facts: { content: { ...CONTENT, soundness: undefined } },
    expected: []
  },
  { name: 'that is not there yet', facts: { content: undefined }, expected: [] },
  {
    name: 'of a newer version',
    facts: { content: undefined, failure: { code: 'DATABASE_NEWER', message: 'newer' } },
    expected: ['DATABASE_NEWER']
  },
  {
    name: 'with damaged pages',
    facts: { content: { ...CONTENT, soundness: 'row 3 missing' } },
    expected: ['DATABASE_CORRUPT']
  },
  {
    name: 'whose audit lacks an entry',
    facts: { content: { ...CONTENT, auditFaults: [broken] } },
    expected: ['AUDIT_BROKEN']
  },
  {
    name: 'in enforce without actuators',
    facts: { hasActuators: false },
    expected: ['NOTHING_TO_ENFORCE']
  },
  {
    name: 'in shadow',
    facts: { content: { ...CONTENT, mode: 'shadow' } },
    expected: ['SHADOW_MODE']
  }
] as const) {
  test(`a database ${name}: ${expected.join() || 'nothing'}`, () =>
    equal(codes(judgeDatabase({ ...DATABASE, ...facts })), expected))
}

test('finds the lock of a file in the kernel’s list by its inode alone', () => {
  const table =
    '1: POSIX  ADVISORY  WRITE 812 fe:01:5678 1073741825 1073741825\n2: POSIX  ADVISORY  READ 812 fe:01:99 0 0\n'
  ok(hasLock(table, 5678))
  ok(!hasLock(table, 678))
  ok(!hasLock(table, 99))
  ok(!hasLock('', 5678))
})

const HAPROXY: ActuatorFacts['actuator'] = {
  kind: 'haproxy',
  name: 'haproxy',
  reconcileIntervalMs: 60_000,
  listPath: '/etc/haproxy/lists/blacklist.list',
  listPathInProxy: '',
  socket: '/run/haproxy/admin.sock',
  throttleTable: 'st_info_crawler',
  commandTimeoutMs: 5_000
}
const ACTUATOR: ActuatorFacts = {
  actuator: HAPROXY,
  problems: [],
  isSocketWritable: true,
  isFolderWritable: true,
  serviceName: 'netminder'
}
for (const { name, facts, expected } of [
  { name: 'that is well', facts: {}, expected: [] },
  {
    name: 'whose socket the service may not write',
    facts: { isSocketWritable: false },
    expected: ['SOCKET_NOT_WRITABLE']
  },
  {
    name: 'whose list the service may not write',
    facts: { isFolderWritable: false },
    expected: ['LIST_UNWRITABLE']
  },
  {
    name: 'that cannot be tried as the service',
    facts: { isSocketWritable: undefined, isFolderWritable: undefined },
    expected: []
  },
  {
    name: 'over the network',
    facts: { actuator: { ...HAPROXY, socket: '10.0.0.7:1396' } },
    expected: ['ADMIN_SOCKET_REMOTE']
  },
  {
    name: 'over loopback',
    facts: { actuator: { ...HAPROXY, socket: '127.0.0.1:1396' } },
    expected: []
  }
] as const) {
  test(`an actuator ${name}: ${expected.join() || 'nothing'}`, () =>
    equal(codes(judgeActuator({ ...ACTUATOR, ...facts })), expected))
}

test('what an actuator says itself comes through; that it has no socket is a note', () => {
  const problem = (code: string) => ({ code, message: `haproxy: ${code}`, cure: 'do this' })
  const problems = [problem('NO_SOCKET'), problem('HAPROXY_SETUP_MISSING')]
  equal(
    judgeActuator({ ...ACTUATOR, problems }).map(({ code, severity }) => [code, severity]),
    [
      ['NO_SOCKET', 'note'],
      ['HAPROXY_SETUP_MISSING', 'fault']
    ]
  )
})

const never = new AbortController().signal
const check = (name: string, run: Check['run']): Check => ({ name, run })

test('checks run side by side: one that hangs is a finding at its deadline and holds up none', async () => {
  const clock = new ManualClock()
  let wasAborted = false
  const running = runChecks(
    [
      check('hangs', (signal) => {
        signal.addEventListener('abort', () => {
          wasAborted = true
        })
        return new Promise(() => undefined)
      }),
      check('works', () => Promise.resolve([])),
      check('breaks', () => Promise.reject(new Error('no\nuse')))
    ],
    { deadlineMs: 5_000, clock, signal: never }
  )
  await clock.advance(5_001)
  const results = await running
  equal(
    results.map(({ name, findings }) => [name, ...codes(findings)]),
    [['hangs', 'CHECK_TIMED_OUT'], ['works'], ['breaks', 'CHECK_FAILED']]
  )
  ok(wasAborted)
  is(results[2]?.findings[0]?.message, 'breaks: could not be checked: no; use')
})

test('Ctrl-C ends it at once, with the reason', async () => {
  const stop = new AbortController()
  const running = runChecks([check('hangs', () => new Promise(() => undefined))], {
    deadlineMs: 60_000,
    clock: new SystemClock(),
    signal: stop.signal
  })
  const reason = new Error('stop')
  stop.abort(reason)
  is(
    await running.then(
      () => undefined,
      (error: unknown) => error
    ),
    reason
  )
})
