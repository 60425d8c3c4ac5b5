/** Clients whose connection was open when the ban began, at the real HAProxy: HTTP/1.1 and HTTP/2, addresses and prefixes. */
import { rmSync } from 'node:fs'
import { equal, is, match, ok } from 'uvu/assert'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { Bench, ban, throttle } from '../../support/haproxy-bench.ts'
import type { KeptConnection } from '../../support/kept-connection.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: connections open at a ban', { skip: noHaproxy, timeoutMs: 60_000 })
const kept: KeptConnection[] = []
let haproxy: HaproxyFixture
let bench: Bench

test.beforeEach(async () => {
  haproxy = new HaproxyFixture({ refusal: 'reject' })
  await haproxy.start()
  bench = new Bench(haproxy)
})
test.afterEach(async () => {
  for (const connection of kept.splice(0)) connection.close()
  bench.dispose()
  await haproxy.dispose()
})

async function keep(...how: Parameters<HaproxyFixture['keep']>): Promise<KeptConnection> {
  const connection = await haproxy.keep(...how)
  kept.push(connection)
  is(await connection.status(), 200)
  return connection
}

for (const version of [1, 2] as const) {
  for (const door of ['http', 'splitter'] as const) {
    test(`a ban holds from the next request on and its lift ends it: HTTP/${version}, ${door}`, async () => {
      const banned = await keep('127.0.2.1', { version, door })
      const neighbour = await keep('127.0.2.2', { version, door })
      is((await bench.apply(ban('127.0.2.1'))).added, 1)
      equal([await banned.status(), await banned.status()], [429, 429])
      is(await haproxy.status('127.0.2.1'), undefined)
      is(await neighbour.status(), 200)
      is((await bench.apply()).removed, 1)
      is(await banned.status(), 200)
      is(await haproxy.status('127.0.2.1'), 200)
      equal(await haproxy.throttled(), [])
    })
  }
}

test('without a table the list alone holds, and an open connection goes on', async () => {
  bench = new Bench(haproxy, { throttleTable: '' })
  const banned = await keep('127.0.2.1')
  await bench.apply(ban('127.0.2.1'))
  is(await banned.status(), 200)
  is(await haproxy.status('127.0.2.1'), undefined)
})

test('a reload keeps nobody in: the old process answers once and closes, the new one is told again', async () => {
  const banned = await keep('127.0.2.1', { version: 1 })
  await bench.apply(ban('127.0.2.1'))
  is(await banned.status(), 429)
  await haproxy.reload()
  ok([429, undefined].includes(await banned.status()))
  is(await banned.status(), undefined)
  is(await haproxy.status('127.0.2.1'), undefined)
  equal(await bench.apply(ban('127.0.2.1')), { added: 1, removed: 0, mended: 1, refused: [] })
  equal(await haproxy.throttled(), ['::ffff:127.0.2.1'])
})

test('the sweep ends both sides of a ban whose daemon is dead', async () => {
  const banned = await keep('127.0.2.1', { version: 2 })
  await bench.apply(ban('127.0.2.1', 5_000), ban('127.0.2.2', 90_000))
  is(await banned.status(), 429)
  bench.nowMs = 5_000
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 1 }])
  is(await banned.status(), 200)
  equal(await haproxy.throttled(), ['::ffff:127.0.2.2'])
})

test('a lost record: what the marks in the list name ends in the table as well', async () => {
  const banned = await keep('127.0.2.1')
  await bench.apply(ban('127.0.2.1'))
  rmSync(bench.recordPath)
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 1 }])
  is(await banned.status(), 200)
})

test('what HAProxy’s own crawler rule denied before our ban, it denies after it', async () => {
  const banned = await keep('127.0.2.1')
  await haproxy.command('set table st_info_crawler key ::ffff:127.0.2.1 data.gpc0 9')
  is((await bench.apply(ban('127.0.2.1'))).added, 1)
  is((await bench.actuator().held(bench.signal)).length, 1)
  is((await bench.apply()).removed, 1)
  is(await banned.status(), 429)
})

test('a ban that becomes a throttle answers 429 all along', async () => {
  const banned = await keep('127.0.2.1')
  await bench.apply(ban('127.0.2.1'))
  equal(await bench.apply(throttle('127.0.2.1')), { added: 0, removed: 1, mended: 0, refused: [] })
  equal([await banned.status(), await haproxy.status('127.0.2.1')], [429, 429])
})

test('open connections of a prefix are ended once where HAProxy shows them, others never', async () => {
  const inside = await keep('127.0.5.9', { door: 'splitter' })
  const throttled = await keep('127.0.6.9', { version: 2, door: 'splitter' })
  const neighbour = await keep('127.0.7.9', { door: 'splitter' })
  // HAProxy shows no session for an idle HTTP connection, so this one goes on (docs/LIMITS.md).
  const direct = await keep('127.0.5.8')
  const desired = [ban('127.0.5.0/24'), throttle('127.0.6.0/25')]
  const lines = await bench.actuator().dryRun(desired, bench.signal)
  is(lines.filter((line) => / <- shutdown session 0x[0-9a-f]+$/.test(line)).length, 2)
  equal(await bench.apply(...desired), { added: 2, removed: 0, mended: 0, refused: [] })
  equal(
    [await inside.status(), await throttled.status(), await neighbour.status()],
    [undefined, undefined, 200]
  )
  is(await direct.status(), 200)
  equal(
    [await haproxy.status('127.0.5.9'), await haproxy.status('127.0.6.9')],
    [undefined, undefined]
  )
  equal(await haproxy.throttled(), [])
  await bench.apply()
  is(await (await keep('127.0.5.9', { door: 'splitter' })).status(), 200)
})

test('a socket that may not end sessions is told, and the prefix is refused all the same', async () => {
  const socket = `${haproxy.folder}/operator.sock`
  haproxy.global.push(`stats socket ${socket} mode 660 level operator`)
  await haproxy.stop()
  await haproxy.start()
  const inside = await keep('127.0.5.9', { door: 'splitter' })
  const report = await bench.actuator({ socket }).apply([ban('127.0.5.0/24')], bench.signal)
  match(report.warnings?.[0] ?? '', /could not end the open connections/)
  is(await inside.status(), 200)
  is(await haproxy.status('127.0.5.9'), undefined)
})

test('explain, dry run and what is held say it', async () => {
  const actuator = bench.actuator()
  const lines = await actuator.dryRun([ban('127.0.2.1')], bench.signal)
  equal(
    lines.map((line) =>
      line.slice(line.indexOf(': ') > 0 ? line.indexOf(': ') : line.indexOf('<-'))
    ),
    [
      ': + 127.0.2.1',
      `<- add acl ${haproxy.listPath} 127.0.2.1`,
      '<- set table st_info_crawler key ::ffff:127.0.2.1 data.gpc0 6'
    ]
  )
  await actuator.apply([ban('127.0.2.1')], bench.signal)
  equal(
    (await actuator.held(bench.signal)).map(({ action, prefix }) => `${action} ${prefix}`),
    ['ban 127.0.2.1/32']
  )
  match(
    actuator.describe(ban('127.0.2.1')),
    /closes connections from 127\.0\.2\.1 .*, and answers 429 over those that were open \(table st_info_crawler\)$/
  )
  match(actuator.describe(ban('127.0.5.0/24')), /that HAProxy shows as sessions are ended once$/)
  const listOnly = bench.actuator({ throttleTable: '' })
  match(listOnly.describe(ban('127.0.2.1')), /one that was open stays open until it ends$/)
})
