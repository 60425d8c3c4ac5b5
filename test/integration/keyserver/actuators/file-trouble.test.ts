/** Lists and records that cannot be read or written: the old list stays whole, what must end ends, nothing is put in place that the sweep would not know. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import {
  type ActuatorEntry,
  createActuator,
  sweepActuators
} from '../../../../src/keyserver/index.ts'
import { FalseProxy } from '../../../support/false-proxy.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('lists and records in trouble')
const signal = new AbortController().signal
let folder: string
let list: string
let records: string

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-files-'))
  list = join(folder, 'plain.list')
  records = join(folder, 'records')
  writeFileSync(list, '# mine\n192.0.2.99\n')
})
test.afterEach(() => rmSync(folder, { recursive: true, force: true }))

function plain(path = list) {
  return createActuator(
    { kind: 'plain-list', name: 'plain', listPath: path, action: 'ban' },
    { recordDir: records, findProtection: () => undefined, nowMs: () => 1_000 }
  )
}

function ban(address: string, untilMs = 61_000): ActuatorEntry {
  return { prefix: `${address}/32`, action: 'ban', untilMs, decisionId: 'd' }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'no error',
    (error: { code?: unknown }) => String(error.code ?? error)
  )
}

const content = () => readFileSync(list, 'latin1')

test('a list is written, changed, and given back as it was', async () => {
  equal(await plain().apply([ban('192.0.2.2'), ban('192.0.2.1')], signal), {
    added: 2,
    removed: 0,
    mended: 0,
    refused: []
  })
  match(
    content(),
    /^# mine\n192\.0\.2\.99\n# netminder begin.*\n192\.0\.2\.1\n192\.0\.2\.2\n# netminder end\n$/
  )
  equal(
    (await plain().held(signal)).map(({ prefix }) => prefix),
    ['192.0.2.2/32', '192.0.2.1/32']
  )
  writeFileSync(list, content().replace('192.0.2.2\n', ''))
  is((await plain().apply([ban('192.0.2.2'), ban('192.0.2.1')], signal)).mended, 1)
  is((await plain().apply([ban('192.0.2.99')], signal)).removed, 2)
  is(content(), '# mine\n192.0.2.99\n')
  equal((await plain().held(signal)).length, 1)
  await plain().apply([], signal)
  is(content(), '# mine\n192.0.2.99\n')
})

test('two entries for one prefix become one that ends with the later', async () => {
  await plain().apply([ban('192.0.2.1', 90_000), ban('192.0.2.1', 5_000)], signal)
  equal(
    (await plain().held(signal)).map(({ untilMs }) => untilMs),
    [90_000]
  )
  const how = { recordDir: records, nowMs: 6_000, isAll: false }
  const options = {
    kind: 'plain-list' as const,
    name: 'plain',
    listPath: list,
    action: 'ban' as const
  }
  equal(await sweepActuators([options], how, signal), [{ name: 'plain', removed: 0 }])
  equal(await sweepActuators([options], { ...how, nowMs: 90_000 }, signal), [
    { name: 'plain', removed: 1 }
  ])
})

test('a list that cannot be replaced stays as it is, and works again when it can', async () => {
  await plain().apply([ban('192.0.2.1')], signal)
  const before = content()
  // In the way of the new list for every user, root too.
  mkdirSync(join(folder, 'plain.list.netminder-new', 'x'), { recursive: true })
  is(await codeOf(plain().apply([ban('192.0.2.2')], signal)), 'LIST_UNWRITABLE')
  is(content(), before)
  rmSync(join(folder, 'plain.list.netminder-new'), { recursive: true })
  equal(await plain().apply([ban('192.0.2.2')], signal), {
    added: 1,
    removed: 1,
    mended: 0,
    refused: []
  })
})

test('a disk that has no room for the new list leaves the old one whole, and no rest of the new', async () => {
  // The limit on the size of a file stands for the full disk: the write fails in the middle.
  const big = `${'# a line of the operator\n'.repeat(2_000)}192.0.2.99\n`
  writeFileSync(list, big)
  const index = join(import.meta.dirname, '../../../../src/keyserver/index.ts')
  const code = `
    import { createActuator } from ${JSON.stringify(index)}
    const actuator = createActuator(
      { kind: 'plain-list', name: 'plain', listPath: ${JSON.stringify(list)}, action: 'ban' },
      { recordDir: ${JSON.stringify(records)}, findProtection: () => undefined, nowMs: () => 1000 })
    const entry = { prefix: '192.0.2.1/32', action: 'ban', untilMs: 61000, decisionId: 'd' }
    await actuator.apply([entry], new AbortController().signal).catch((error) =>
      process.stdout.write(error.code + ' ' + error.message))`
  const child = spawnSync(
    'sh',
    ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', code],
    { encoding: 'utf8' }
  )
  match(child.stdout, /^LIST_UNWRITABLE .*EFBIG/)
  is(content(), big)
  equal(readdirSync(folder).sort(), ['plain.list', 'records'])
  // What was written down before is known to the sweep, though it never came to stand.
  match(readFileSync(join(records, 'plain.json'), 'utf8'), /192\.0\.2\.1\/32/)
  is((await plain().apply([ban('192.0.2.1')], signal)).mended, 0)
})

test('a list that is a directory is told, and nothing is touched', async () => {
  const path = join(folder, 'directory')
  mkdirSync(path)
  is(await codeOf(plain(path).apply([ban('192.0.2.1')], signal)), 'LIST_UNREADABLE')
  equal(
    (await plain(path).check(signal)).map(({ code }) => code),
    ['LIST_UNREADABLE']
  )
  equal(
    (await plain(join(folder, 'none', 'x')).check(signal)).map(({ code }) => code),
    ['LIST_UNWRITABLE']
  )
  equal(await plain().check(signal), [])
})

test('without a record nothing new is put in place, and what stands can still end', async () => {
  await plain().apply([ban('192.0.2.1'), ban('192.0.2.2')], signal)
  rmSync(records, { recursive: true })
  writeFileSync(records, 'a file where the folder should be')
  is(await codeOf(plain().apply([ban('192.0.2.2'), ban('192.0.2.3')], signal)), 'RECORD_UNUSABLE')
  match(content(), /begin.*\n192\.0\.2\.2\n# netminder end/)
})

test('a list keeps its rights, and a new one may be read by everyone', async () => {
  chmodSync(list, 0o640)
  await plain().apply([ban('192.0.2.1')], signal)
  is(statSync(list).mode & 0o777, 0o640)
  const fresh = join(folder, 'fresh.list')
  await plain(fresh).apply([ban('192.0.2.1')], signal)
  is(statSync(fresh).mode & 0o777, 0o644)
  is(statSync(join(records, 'plain.json')).mode & 0o777, 0o600)
})

test('a record belongs to the owner of its folder, also when root swept', async () => {
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(folder, 65_534, 65_534)
  await plain().apply([ban('192.0.2.1')], signal)
  const { uid } = statSync(folder)
  is(uid, isRoot ? 65_534 : process.getuid?.())
  equal(
    [records, join(records, 'plain.json')].map((path) => statSync(path).uid),
    [uid, uid]
  )
})

test('a lock of a process that is gone does not hinder, one of a living process does until it is let go', async () => {
  await plain().apply([], signal)
  const lock = join(records, 'plain.json.lock')
  const dead = spawnSync('true').pid
  writeFileSync(lock, `${dead}\n`)
  await plain().apply([ban('192.0.2.1')], signal)
  is(existsSync(lock), false)
  writeFileSync(lock, `${process.pid}\n`)
  await plain().apply([ban('192.0.2.2')], signal)
  writeFileSync(lock, `${process.ppid}\n`)
  const waiting = plain().apply([ban('192.0.2.3')], signal)
  await new Promise((resolve) => setTimeout(resolve, 100))
  match(content(), /\n192\.0\.2\.2\n/)
  rmSync(lock)
  await waiting
  match(content(), /\n192\.0\.2\.3\n/)
})

test('applies of one actuator run one after the other, whoever started them', async () => {
  const rounds = Array.from({ length: 12 }, (_, i) => plain().apply([ban(`192.0.2.${i}`)], signal))
  await Promise.all(rounds)
  const [held, ...others] = await plain().held(signal)
  equal(others, [])
  match(content(), new RegExp(`\\n${held?.prefix.replace('/32', '')}\\n# netminder end`))
})

test('a list that cannot be written does not keep the ban from the running proxy', async () => {
  const path = join(folder, 'lists', 'blacklist.list')
  mkdirSync(join(path, 'x'), { recursive: true })
  const commands: string[] = []
  const proxy = await FalseProxy.open(join(folder, 'admin.sock'), (socket, command) => {
    const parts = command.trim().split(';')
    commands.push(...parts.filter((part) => !part.startsWith('show')))
    if (command === 'show acl\n') socket.end(`0 (${path}) pattern loaded from file\n\n`)
    else socket.end('\n'.repeat(parts.length))
  })
  const actuator = createActuator(
    {
      kind: 'haproxy',
      name: 'haproxy',
      listPath: path,
      listPathInProxy: '',
      socket: join(folder, 'admin.sock'),
      throttleTable: '',
      commandTimeoutMs: 1_000
    },
    { recordDir: records, findProtection: () => undefined, nowMs: () => 1_000 }
  )
  is(await codeOf(actuator.apply([ban('192.0.2.1')], signal)), 'LIST_UNREADABLE')
  await proxy.dispose()
  equal(commands, [`add acl ${path} 192.0.2.1`])
})
