/** An admin socket that is not what it should be: a typed error in bounded time, the file written all the same, and no other actuator held up. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { SystemClock } from '../../../../src/base/index.ts'
import {
  type ActuatorEntry,
  type ActuatorOptions,
  ActuatorSet,
  createActuator,
  sweepActuators
} from '../../../../src/keyserver/index.ts'
import { FalseProxy, MISBEHAVIOURS } from '../../../support/false-proxy.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('an admin socket in trouble')
const signal = new AbortController().signal
const TIMEOUT_MS = 200
let folder: string
let proxy: FalseProxy | undefined

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-socket-'))
  writeFileSync(join(folder, 'blacklist.list'), '# mine\n')
})
test.afterEach(async () => {
  await proxy?.dispose()
  proxy = undefined
  rmSync(folder, { recursive: true, force: true })
})

function options(changes: Partial<Extract<ActuatorOptions, { kind: 'haproxy' }>> = {}) {
  return {
    kind: 'haproxy' as const,
    name: 'haproxy',
    listPath: join(folder, 'blacklist.list'),
    listPathInProxy: '',
    socket: join(folder, 'admin.sock'),
    throttleTable: 'st_info_crawler',
    commandTimeoutMs: TIMEOUT_MS,
    ...changes
  }
}

function actuator(changes: Parameters<typeof options>[0] = {}) {
  return createActuator(options(changes), {
    recordDir: join(folder, 'records'),
    findProtection: () => undefined,
    nowMs: () => 1_000
  })
}

function ban(address: string): ActuatorEntry {
  return { prefix: `${address}/32`, action: 'ban', untilMs: 61_000, decisionId: 'd' }
}

async function errorOf(work: Promise<unknown>): Promise<Error & { code?: string }> {
  return await work.then(
    () => new Error('no error'),
    (error: unknown) => error as Error
  )
}

const expected: Record<keyof typeof MISBEHAVIOURS, string> = {
  drips: 'HAPROXY_TIMED_OUT',
  answersNothing: 'HAPROXY_TIMED_OUT',
  stopsInTheMiddle: 'HAPROXY_TIMED_OUT',
  closesInTheMiddle: 'HAPROXY_ANSWER_INVALID',
  closesAtOnce: 'HAPROXY_ANSWER_INVALID',
  talksGarbage: 'HAPROXY_SETUP_MISSING',
  speaksHttp: 'HAPROXY_SETUP_MISSING',
  deniesPermission: 'HAPROXY_SETUP_MISSING',
  floods: 'HAPROXY_ANSWER_INVALID'
}
for (const [name, code] of Object.entries(expected)) {
  test(`one that ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${code}, and the ban stands in the file`, async () => {
    proxy = await FalseProxy.open(
      join(folder, 'admin.sock'),
      MISBEHAVIOURS[name as keyof typeof MISBEHAVIOURS]
    )
    const startMs = performance.now()
    const timeoutMs = name === 'floods' ? 5_000 : TIMEOUT_MS
    const error = await errorOf(
      actuator({ commandTimeoutMs: timeoutMs }).apply([ban('192.0.2.1')], signal)
    )
    is(error.code, code, error.message)
    ok(performance.now() - startMs < timeoutMs + 1_500)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing that a terminal obeys may be passed on
    ok(!/[\u0000-\u001f\u007f]/.test(error.message), error.message)
    match(readFileSync(join(folder, 'blacklist.list'), 'latin1'), /\n192\.0\.2\.1\n/)
  })
}

test('one that ends between two commands of a batch has not obeyed', async () => {
  const list = join(folder, 'blacklist.list')
  proxy = await FalseProxy.open(join(folder, 'admin.sock'), (socket, command) => {
    if (command === 'show acl\n') socket.end(`0 (${list}) pattern loaded from file\n\n`)
    else if (command.startsWith('show table')) socket.end('# table: st_info_crawler\n\n')
    else if (command.startsWith('show')) socket.end('\n')
    else socket.end('\n\n')
  })
  const three = [ban('192.0.2.1'), ban('192.0.2.2'), ban('192.0.2.3')]
  is((await errorOf(actuator().apply(three, signal))).code, 'HAPROXY_ANSWER_INVALID')
  await actuator().apply(three.slice(0, 2), signal)
})

for (const [name, socket] of [
  ['is missing', '/nonexistent/admin.sock'],
  ['is a file', 'a-file'],
  ['has a path that is too long', `/tmp/${'x'.repeat(200)}`],
  ['has a port that cannot be', 'tcp://127.0.0.1:99999'],
  ['is a port where nobody listens', '127.0.0.1:1']
] as const) {
  test(`one that ${name} is unreachable, and the ban stands in the file`, async () => {
    writeFileSync(join(folder, 'a-file'), '')
    const path = socket === 'a-file' ? join(folder, socket) : socket
    const error = await errorOf(actuator({ socket: path }).apply([ban('192.0.2.1')], signal))
    is(error.code, 'HAPROXY_UNREACHABLE', error.message)
    match(readFileSync(join(folder, 'blacklist.list'), 'latin1'), /\n192\.0\.2\.1\n/)
    const [problem] = await actuator({ socket: path }).check(signal)
    is(problem?.code, 'HAPROXY_UNREACHABLE')
    ok((problem?.cure ?? '').length > 10)
  })
}

test('an abort ends the wait at once, with its reason', async () => {
  proxy = await FalseProxy.open(join(folder, 'admin.sock'), MISBEHAVIOURS.answersNothing)
  const stop = new AbortController()
  const work = errorOf(
    actuator({ commandTimeoutMs: 60_000 }).apply([ban('192.0.2.1')], stop.signal)
  )
  setTimeout(() => stop.abort(new Error('shutting down')), 50)
  is((await work).message, 'shutting down')
})

test('a lift goes through in the file, and the sweep knows what is left', async () => {
  await actuator({ socket: '' }).apply([ban('192.0.2.1')], signal)
  proxy = await FalseProxy.open(join(folder, 'admin.sock'), MISBEHAVIOURS.answersNothing)
  is((await errorOf(actuator().apply([], signal))).code, 'HAPROXY_TIMED_OUT')
  is(readFileSync(join(folder, 'blacklist.list'), 'latin1'), '# mine\n')
  const how = { recordDir: join(folder, 'records'), nowMs: 99_000, isAll: false }
  is((await errorOf(sweepActuators([options()], how, signal))).code, 'HAPROXY_TIMED_OUT')
})

test('the set tries again until the socket works, and the other actuators go on', async () => {
  proxy = await FalseProxy.open(join(folder, 'admin.sock'), MISBEHAVIOURS.closesAtOnce)
  const ports = {
    recordDir: join(folder, 'records'),
    findProtection: () => undefined,
    nowMs: () => 1_000
  }
  const plain = createActuator(
    { kind: 'plain-list', name: 'plain', listPath: join(folder, 'plain.txt'), action: 'ban' },
    ports
  )
  const warnings: unknown[] = []
  const set = new ActuatorSet(
    [actuator(), plain],
    { reconcileIntervalMs: new Map() },
    {
      clock: new SystemClock(),
      random: { next: () => 0.5 },
      logger: { info: () => undefined, warn: (fields) => void warnings.push(fields) }
    }
  )
  await set.start()
  set.setDesired([ban('192.0.2.1')])
  const until = async (isTrue: () => boolean) => {
    const endMs = performance.now() + 8_000
    while (!isTrue() && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 10))
    ok(isTrue())
  }
  await until(() => set.statuses()[0]?.state === 'retrying' && set.statuses()[1]?.held === 1)
  equal(warnings.length, 1)
  match(String(set.statuses()[0]?.lastError), /ends with an empty line/)
  ok((set.statuses()[0]?.nextRetryAtMs ?? 0) > Date.now())
  const list = join(folder, 'blacklist.list')
  proxy.behaviour = (socket, command) => {
    const count = command.split(';').length
    if (command === 'show acl\n') socket.end(`0 (${list}) pattern loaded from file\n\n`)
    else if (command.startsWith('show table')) socket.end('# table: st_info_crawler\n\n')
    else if (command.startsWith('show acl')) socket.end('0x1 192.0.2.1\n\n')
    else socket.end('\n'.repeat(count))
  }
  await until(() => set.statuses()[0]?.state === 'ok' && set.statuses()[0]?.held === 1)
  await set.stop()
})
