/** What `doctor` finds at a real HAProxy, and that each finding names its cure. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import type { ActuatorProblem } from '../../../src/keyserver/index.ts'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { Bench } from '../../support/haproxy-bench.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: what doctor finds', { skip: noHaproxy })
let haproxy: HaproxyFixture
let bench: Bench

test.before(async () => {
  haproxy = new HaproxyFixture()
  const extra = (name: string, rest: string) => `stats socket ${join(haproxy.folder, name)} ${rest}`
  haproxy.global.push(
    extra('looker.sock', 'mode 660 level user'),
    extra('operator.sock', 'mode 660 level operator'),
    extra('open.sock', 'mode 666 level admin')
  )
  await haproxy.start()
  bench = new Bench(haproxy)
})
test.after(async () => {
  bench.dispose()
  await haproxy.dispose()
})

async function find(changes: Partial<Bench['options']> = {}): Promise<readonly ActuatorProblem[]> {
  const problems = await bench.actuator(changes).check(bench.signal)
  for (const { message, cure } of problems) {
    ok(message.startsWith('haproxy: '), message)
    ok(cure.length > 10)
  }
  return problems
}

const codes = (problems: readonly ActuatorProblem[]) => problems.map(({ code }) => code)

test('nothing where everything is right, also at level operator', async () => {
  equal(await find(), [])
  equal(await find({ socket: join(haproxy.folder, 'operator.sock') }), [])
})

test('HAProxy does not read the list', async () => {
  const [problem, ...others] = await find({ listPathInProxy: '/lists/other.list' })
  is(problem?.code, 'HAPROXY_SETUP_MISSING')
  match(
    problem?.message ?? '',
    /expected HAProxy to have loaded \/lists\/other\.list.*blacklist\.list/
  )
  match(problem?.cure ?? '', /acl blacklisted src -f/)
  equal(others, [])
})

test('HAProxy has no such table', async () => {
  const [problem] = await find({ throttleTable: 'st_nothing' })
  is(problem?.code, 'HAPROXY_SETUP_MISSING')
  match(problem?.message ?? '', /st_nothing.*No such table/)
})

test('no table is named', async () => {
  const [problem, ...others] = await find({ throttleTable: '' })
  is(problem?.code, 'NO_TABLE')
  match(problem?.message ?? '', /one that is open goes on until it closes/)
  equal(others, [])
})

test('the socket lets one look only', async () => {
  equal(codes(await find({ socket: join(haproxy.folder, 'looker.sock') }))[0], 'SOCKET_LEVEL')
})

test('everyone may write to the socket, unless its folder keeps them out', async () => {
  const socket = join(haproxy.folder, 'open.sock')
  equal(await find({ socket }), [])
  chmodSync(haproxy.folder, 0o755)
  const [problem] = await find({ socket })
  chmodSync(haproxy.folder, 0o700)
  is(problem?.code, 'SOCKET_WORLD_WRITABLE')
  match(problem?.cure ?? '', /mode 660/)
})

test('no right to the socket and to the folder of the list', async () => {
  const nobody = 65_534
  if (process.getuid?.() === 0) process.seteuid?.(nobody)
  else chmodSync(haproxy.folder, 0)
  try {
    const problems = await find()
    ok(codes(problems).includes('LIST_UNREADABLE'))
    const problem = problems.find(({ code }) => code === 'HAPROXY_UNREACHABLE')
    match(problem?.message ?? '', /EACCES/)
    match(problem?.cure ?? '', /write access to .*admin\.sock/)
  } finally {
    if (process.getuid?.() === 0) process.seteuid?.(0)
    else chmodSync(haproxy.folder, 0o700)
  }
})

test('the folder of the list is not there', async () => {
  equal(
    codes(
      await find({
        listPath: join(haproxy.folder, 'none', 'blacklist.list'),
        listPathInProxy: haproxy.listPath
      })
    ),
    ['LIST_UNWRITABLE']
  )
})

test('no socket at all', async () => {
  equal(codes(await find({ socket: '' })), ['NO_SOCKET'])
})

test('HAProxy does not run', async () => {
  const [problem] = await find({ socket: join(haproxy.folder, 'gone.sock') })
  is(problem?.code, 'HAPROXY_UNREACHABLE')
  match(problem?.cure ?? '', /start HAProxy/)
})

test('the admin socket listens for the whole world', async () => {
  const open = new HaproxyFixture()
  const port = await open.openAdminPort()
  try {
    await open.start()
    const own = new Bench(open, { socket: `127.0.0.1:${port}` })
    const problems = await own.actuator().check(own.signal)
    own.dispose()
    equal(codes(problems), ['ADMIN_SOCKET_OPEN', 'ADMIN_SOCKET_OPEN'])
    match(problems[0]?.message ?? '', new RegExp(`0\\.0\\.0\\.0:${port}`))
    match(problems[0]?.cure ?? '', /127\.0\.0\.1/)
  } finally {
    await open.dispose()
  }
})
