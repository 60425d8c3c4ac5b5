/** What happens around a ban: reloads, restarts, hands that change HAProxy or the list, paths that differ, big lists, dry runs. */
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import type { ActuatorEntry } from '../../../src/keyserver/index.ts'
import { HaproxyFixture, type HaproxyFixtureOptions, noHaproxy } from '../../support/haproxy.ts'
import { Bench, ban, codeOf, throttle } from '../../support/haproxy-bench.ts'
import { SocketTee } from '../../support/socket-tee.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: a ban in the course of things', { skip: noHaproxy, timeoutMs: 60_000 })
const open: { dispose(): void | Promise<void> }[] = []

test.afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.dispose()
})

async function setUp(options: HaproxyFixtureOptions = {}, changes: Partial<Bench['options']> = {}) {
  const haproxy = new HaproxyFixture(options)
  open.push(haproxy)
  await haproxy.start()
  const bench = new Bench(haproxy, changes)
  open.push(bench)
  return { haproxy, bench }
}

function many(count: number): ActuatorEntry[] {
  return Array.from({ length: count }, (_, i) =>
    ban(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
  )
}

test('the stock rule closes the connection of a banned source', async () => {
  const { haproxy, bench } = await setUp({ refusal: 'reject' })
  await bench.apply(ban('127.0.2.1'))
  is(await haproxy.status('127.0.2.1'), undefined)
  is(await haproxy.status('127.0.2.2'), 200)
})

test('a ban survives a reload by the list, what stood in the table is mended, and a reload after the lift brings nothing back', async () => {
  const { haproxy, bench } = await setUp()
  await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 403)
  const again = await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
  equal(again, { added: 2, removed: 0, mended: 2, refused: [] })
  is(await haproxy.status('127.0.2.2'), 429)
  await bench.apply()
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 200)
  is(await haproxy.status('127.0.2.2'), 200)
})

test('a ban survives a restart by the file; what a restart lost of the table is mended and counted', async () => {
  const { haproxy, bench } = await setUp()
  await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
  await haproxy.stop()
  await haproxy.start()
  is(await haproxy.status('127.0.2.1'), 403)
  is(await haproxy.status('127.0.2.2'), 200)
  equal(await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2')), {
    added: 2,
    removed: 0,
    mended: 2,
    refused: []
  })
  is(await haproxy.status('127.0.2.2'), 429)
})

test('entries that somebody cleared or lines that somebody took out are mended and counted once', async () => {
  const { haproxy, bench } = await setUp({ list: '127.0.2.99\n' })
  const wanted = [ban('127.0.2.1'), ban('127.0.2.2'), ban('127.0.2.3')]
  await bench.apply(...wanted)
  await haproxy.command(`clear acl ${haproxy.listPath}`)
  writeFileSync(
    haproxy.listPath,
    haproxy.file().replace('127.0.2.1\n', '').replace('127.0.2.2\n', '')
  )
  is(await haproxy.status('127.0.2.1'), 429)
  is((await bench.actuator().held(bench.signal)).length, 0)
  equal(await bench.apply(...wanted), { added: 3, removed: 0, mended: 3, refused: [] })
  is(await haproxy.status('127.0.2.1'), 403)
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 403)
  is(await haproxy.status('127.0.2.99'), 403)
})

test('the whole list taken away comes back, without what was the operator’s', async () => {
  const { haproxy, bench } = await setUp({ list: '# mine\n127.0.2.99\n' })
  await bench.apply(ban('127.0.2.1'))
  renameSync(haproxy.listPath, `${haproxy.listPath}.old`)
  is((await bench.apply(ban('127.0.2.1'))).mended, 1)
  match(haproxy.file(), /^# netminder begin.*\n127\.0\.2\.1\n# netminder end\n$/)
})

test('ten thousand entries come and go in one commit each, and the list is never empty or partial', async () => {
  const { haproxy, bench } = await setUp({ list: '# mine\n127.0.2.99\n' })
  const entries = many(10_000)
  await bench.apply(...entries.slice(0, 5_000), ban('127.0.2.1'))
  let isOver = false
  const statuses = new Set<string>()
  const watch = (async () => {
    while (!isOver)
      statuses.add(`${await haproxy.status('127.0.2.99')} ${await haproxy.status('127.0.2.1')}`)
  })()
  const startMs = performance.now()
  is((await bench.apply(...entries, ban('127.0.2.1'))).added, 5_000)
  is((await haproxy.listed()).length, 10_002)
  is((await bench.apply(ban('127.0.2.1'))).removed, 10_000)
  const tookMs = performance.now() - startMs
  isOver = true
  await watch
  equal([...statuses], ['403 403'])
  equal((await haproxy.listed()).sort(), ['127.0.2.1', '127.0.2.99'])
  ok(tookMs < 10_000, `expected less than 10 s, took ${tookMs} ms`)
})

test('a big change keeps what the CLI cannot write again: it goes entry by entry', async () => {
  const { haproxy, bench } = await setUp({
    list: 'localhost\n127.0.3.0/255.255.255.0\n127.0.4.7/24\n'
  })
  await bench.apply(...many(1_200))
  const listed = await haproxy.listed()
  is(listed.length, 1_203)
  equal(listed.slice(0, 3), ['localhost', '127.0.3.0/255.255.255.0', '127.0.4.7/24'])
  await bench.apply()
  equal(await haproxy.listed(), ['localhost', '127.0.3.0/255.255.255.0', '127.0.4.7/24'])
})

test('a commit keeps entries of others as they are spelled, also twice', async () => {
  const { haproxy, bench } = await setUp({
    list: '::ffff:127.0.2.98\n127.0.4.7/24\n127.0.2.97\n127.0.2.97\n'
  })
  await bench.apply(...many(600))
  await bench.apply()
  equal(await haproxy.listed(), ['::ffff:127.0.2.98', '127.0.4.7/24', '127.0.2.97', '127.0.2.97'])
})

test('what others change while a commit is being filled is not undone by it', async () => {
  const { haproxy, bench } = await setUp({ list: '127.0.2.99\n127.0.2.98\n' })
  const tee = await SocketTee.open(haproxy.socketPath, join(haproxy.folder, 'tee.sock'))
  open.push(tee)
  let isDone = false
  tee.onCommand = async (command) => {
    if (!command.includes('commit acl') || isDone) return
    isDone = true
    await haproxy.command(`add acl ${haproxy.listPath} 127.0.2.50`)
    await haproxy.command(`del acl ${haproxy.listPath} 127.0.2.98`)
  }
  await bench.actuator({ socket: tee.path }).apply(many(600), bench.signal)
  ok(isDone)
  const listed = new Set(await haproxy.listed())
  is(listed.size, 602)
  ok(listed.has('127.0.2.50') && listed.has('127.0.2.99') && !listed.has('127.0.2.98'))
})

test('a commit of somebody else in between is told, leaves no half list, and the next apply is right', async () => {
  const { haproxy, bench } = await setUp({ list: '127.0.2.99\n' })
  const tee = await SocketTee.open(haproxy.socketPath, join(haproxy.folder, 'tee.sock'))
  open.push(tee)
  let isDone = false
  tee.onCommand = async (command) => {
    if (!command.includes('commit acl') || isDone) return
    isDone = true
    await haproxy.command(`prepare acl ${haproxy.listPath}`)
    await haproxy.command(`add acl @2 ${haproxy.listPath} 127.0.2.40`)
    await haproxy.command(`commit acl @2 ${haproxy.listPath}`)
  }
  const actuator = bench.actuator({ socket: tee.path })
  is(await codeOf(actuator.apply(many(600), bench.signal)), 'HAPROXY_REFUSED')
  equal(await haproxy.listed(), ['127.0.2.40'])
  await actuator.apply(many(600), bench.signal)
  is((await haproxy.listed()).length, 601)
  match(await haproxy.command('show acl'), /blacklist\.list\).*curr_ver=3 next_ver=3 entry_cnt=601/)
})

test('a reload in the middle of a commit is told, and the next apply is right', async () => {
  const { haproxy, bench } = await setUp()
  const tee = await SocketTee.open(haproxy.socketPath, join(haproxy.folder, 'tee.sock'))
  open.push(tee)
  let isDone = false
  tee.onCommand = async (command) => {
    if (!command.includes('add acl @') || isDone) return
    isDone = true
    await haproxy.reload()
  }
  const actuator = bench.actuator({ socket: tee.path })
  is(await codeOf(actuator.apply(many(600), bench.signal)), 'HAPROXY_REFUSED')
  equal(await actuator.apply(many(600), bench.signal), {
    added: 600,
    removed: 0,
    mended: 0,
    refused: []
  })
  is((await haproxy.listed()).length, 600)
})

test('the list is found by its last two path parts where containers see another path', async () => {
  const { haproxy, bench } = await setUp()
  const seen = join(haproxy.folder, 'mounted')
  mkdirSync(seen)
  symlinkSync(join(haproxy.folder, 'lists'), join(seen, 'lists'))
  const actuator = bench.actuator({ listPath: join(seen, 'lists', 'blacklist.list') })
  await actuator.apply([ban('127.0.2.1')], bench.signal)
  is(await haproxy.status('127.0.2.1'), 403)
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 403)
})

test('the name in the proxy decides where it is given, and one that the proxy lacks is told', async () => {
  const { haproxy, bench } = await setUp()
  const own = join(haproxy.folder, 'elsewhere.txt')
  const actuator = bench.actuator({ listPath: own, listPathInProxy: haproxy.listPath })
  await actuator.apply([ban('127.0.2.1')], bench.signal)
  is(await haproxy.status('127.0.2.1'), 403)
  match(readFileSync(own, 'latin1'), /\n127\.0\.2\.1\n/)
  const wrong = bench.actuator({ listPathInProxy: '/usr/local/etc/haproxy/lists/blacklist.list' })
  is(await codeOf(wrong.apply([ban('127.0.2.1')], bench.signal)), 'HAPROXY_SETUP_MISSING')
})

test('a path with a space and other odd signs works', async () => {
  const { haproxy, bench } = await setUp({ listFolder: 'my lists (1)' })
  await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
  is(await haproxy.status('127.0.2.1'), 403)
  await bench.apply(...many(600))
  is((await haproxy.listed()).length, 600)
})

test('a list that is a link stays a link', async () => {
  const { haproxy, bench } = await setUp()
  const real = join(haproxy.folder, 'real.list')
  writeFileSync(real, '# mine\n')
  renameSync(haproxy.listPath, `${haproxy.listPath}.old`)
  symlinkSync(real, haproxy.listPath)
  await bench.apply(ban('127.0.2.1'))
  match(readFileSync(real, 'latin1'), /^# mine\n# netminder begin/)
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 403)
})

test('without a socket a ban counts from the next reload', async () => {
  const { haproxy, bench } = await setUp()
  const actuator = bench.actuator({ socket: '' })
  const report = await actuator.apply([ban('127.0.2.1'), throttle('127.0.2.2')], bench.signal)
  equal(
    report.refused.map(({ prefix }) => prefix),
    ['127.0.2.2/32']
  )
  is((await actuator.held(bench.signal)).length, 1)
  is(await haproxy.status('127.0.2.1'), 200)
  await haproxy.reload()
  is(await haproxy.status('127.0.2.1'), 403)
})

for (const count of [3, 700]) {
  test(`a dry run prints exactly what apply then does (${count} entries)`, async () => {
    const { haproxy, bench } = await setUp({ list: '127.0.2.99\n' })
    await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
    await haproxy.command(`clear acl ${haproxy.listPath}`)
    await haproxy.command(`add acl ${haproxy.listPath} 10.0.0.1`)
    bench.protectedPrefixes.set('10.0.0.2/32', 'own address')
    const tee = await SocketTee.open(haproxy.socketPath, join(haproxy.folder, 'tee.sock'))
    open.push(tee)
    const actuator = bench.actuator({ socket: tee.path })
    const desired = [...many(count), throttle('127.0.2.3')]
    const before = [haproxy.file(), readFileSync(bench.recordPath, 'utf8')]
    const lines = await actuator.dryRun(desired, bench.signal)
    equal([haproxy.file(), readFileSync(bench.recordPath, 'utf8')], before)
    equal(tee.changing(), [])

    await actuator.apply(desired, bench.signal)
    const socketLines = lines.filter((line) => line.startsWith(`${tee.path} <- `))
    equal(
      socketLines.map((line) => line.slice(tee.path.length + 4)),
      tee.changing()
    )
    equal(
      lines.filter((line) => line.startsWith('refuse')),
      ['refuse 10.0.0.2/32: own address']
    )
    const listLines = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^\d/.test(line))
        .sort()
    const old = listLines(before[0] ?? '')
    const now = listLines(haproxy.file())
    const fileLines = [
      ...now.filter((line) => !old.includes(line)).map((line) => `${haproxy.listPath}: + ${line}`),
      ...old.filter((line) => !now.includes(line)).map((line) => `${haproxy.listPath}: - ${line}`)
    ]
    equal(lines.filter((line) => line.startsWith(`${haproxy.listPath}: `)).sort(), fileLines.sort())
    is(lines.length, 1 + socketLines.length + fileLines.length)
    equal(await actuator.dryRun(desired, bench.signal), ['refuse 10.0.0.2/32: own address'])
  })
}

test('a dry run of a proxy that does not run still tells about the file', async () => {
  const { haproxy, bench } = await setUp()
  await haproxy.stop()
  const lines = await bench.actuator().dryRun([ban('127.0.2.1')], bench.signal)
  is(lines[0], `${haproxy.listPath}: + 127.0.2.1`)
  match(lines[1] ?? '', /cannot tell: expected HAProxy to listen/)
})
