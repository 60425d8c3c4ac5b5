/** The independent sweep at the real HAProxy: ends what a dead daemon left, and nothing else. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { equal, is, match } from 'uvu/assert'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { Bench, ban, codeOf, throttle } from '../../support/haproxy-bench.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: the independent sweep', { skip: noHaproxy, timeoutMs: 60_000 })
let haproxy: HaproxyFixture
let bench: Bench

test.beforeEach(async () => {
  haproxy = new HaproxyFixture({ list: '# mine\n127.0.2.99\n' })
  await haproxy.start()
  bench = new Bench(haproxy)
})
test.afterEach(async () => {
  bench.dispose()
  await haproxy.dispose()
})

const MIXED = [
  ban('127.0.2.1', 5_000),
  ban('127.0.2.2', 90_000),
  throttle('127.0.2.3', 5_000),
  throttle('127.0.2.4', 90_000)
]

async function statuses(): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = []
  for (const last of [1, 2, 3, 4, 99]) found.push(await haproxy.status(`127.0.2.${last}`))
  return found
}

test('ends what is over, keeps what has time left, and is silent when there is nothing', async () => {
  await bench.apply(...MIXED)
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 0 }])
  equal(await statuses(), [403, 403, 429, 429, 403])
  bench.nowMs = 5_000
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 2 }])
  equal(await statuses(), [200, 403, 200, 429, 403])
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 0 }])
  await haproxy.reload()
  equal((await statuses()).slice(0, 2), [200, 403])
})

test('--all ends everything of ours and nothing of others', async () => {
  await bench.apply(...MIXED)
  await haproxy.command('set table st_info_crawler key ::ffff:127.0.2.98 data.gpc0 7')
  await haproxy.command(`add acl ${haproxy.listPath} 127.0.2.97`)
  equal(await bench.sweep(true), [{ name: 'haproxy', removed: 4 }])
  equal(await statuses(), [200, 200, 200, 200, 403])
  is(await haproxy.status('127.0.2.98'), 429)
  is(await haproxy.status('127.0.2.97'), 403)
  is(haproxy.file(), '# mine\n127.0.2.99\n')
})

test('never adds: an entry with time left that somebody took away stays away', async () => {
  await bench.apply(...MIXED)
  await haproxy.command(`del acl ${haproxy.listPath} 127.0.2.2`)
  await haproxy.command('clear table st_info_crawler key ::ffff:127.0.2.2')
  bench.nowMs = 5_000
  await bench.sweep()
  is(await haproxy.status('127.0.2.2'), 200)
})

test('cleans the list while HAProxy is down, and the rest as soon as it is back', async () => {
  await bench.apply(...MIXED)
  await haproxy.stop()
  bench.nowMs = 5_000
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 1 }])
  await haproxy.start()
  is(await haproxy.status('127.0.2.1'), 200)
  is(await haproxy.status('127.0.2.2'), 403)
  await haproxy.command('set table st_info_crawler key ::ffff:127.0.2.3 data.gpc0 6')
  await haproxy.command(`add acl ${haproxy.listPath} 127.0.2.1`)
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 2 }])
  is(await haproxy.status('127.0.2.1'), 200)
  is(await haproxy.status('127.0.2.3'), 200)
})

test('ends what was put in place by a daemon that died in the middle of it', async () => {
  // The record is written first: it names a ban that reached the running list but not the file, and one that reached neither.
  await bench.apply(ban('127.0.2.1', 5_000), ban('127.0.2.2', 5_000))
  await haproxy.command(`del acl ${haproxy.listPath} 127.0.2.2`)
  await haproxy.command('clear table st_info_crawler')
  writeFileSync(haproxy.listPath, '127.0.2.99\n')
  bench.nowMs = 6_000
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 1 }])
  is(await haproxy.status('127.0.2.1'), 200)
})

test('a damaged record: it is put aside, the marks in the list say what is ours, and that ends', async () => {
  await bench.apply(ban('127.0.2.1', 5_000), ban('127.0.2.2', 90_000))
  const damaged = readFileSync(bench.recordPath, 'utf8').slice(0, -9)
  writeFileSync(bench.recordPath, damaged)
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 2 }])
  equal((await statuses()).slice(0, 2), [200, 200])
  is(await haproxy.status('127.0.2.99'), 403)
  is(readFileSync(`${bench.recordPath}.damaged`, 'utf8'), damaged)
})

test('a daemon that finds its record damaged warns, and holds exactly what it wants', async () => {
  await bench.apply(ban('127.0.2.1'), ban('127.0.2.2'))
  writeFileSync(bench.recordPath, '{"version":1,"entries":[["127.0.2.1/32","explode",1,""]]}')
  const report = await bench.apply(ban('127.0.2.2'))
  is(report.removed, 1)
  match(report.warnings?.[0] ?? '', /put aside as/)
  equal((await statuses()).slice(0, 2), [200, 403])
  is((await bench.apply(ban('127.0.2.2'))).warnings, undefined)
})

test('a record that was lost does not keep a ban alive', async () => {
  await bench.apply(ban('127.0.2.1'))
  const lost = new Bench(haproxy)
  equal(await lost.sweep(), [{ name: 'haproxy', removed: 1 }])
  lost.dispose()
  is(await haproxy.status('127.0.2.1'), 200)
})

test('an actuator that fails does not keep the others from being swept', async () => {
  await bench.apply(ban('127.0.2.1', 5_000))
  bench.nowMs = 6_000
  const broken = { ...bench.options, name: 'broken', socket: '/dev/null', listPath: '/dev/null' }
  const how = { recordDir: bench.recordDir, nowMs: 6_000, isAll: false }
  writeFileSync(`${bench.recordDir}/broken.json`, readFileSync(bench.recordPath))
  const { sweepActuators } = await import('../../../src/keyserver/index.ts')
  is(await codeOf(sweepActuators([broken, bench.options], how, bench.signal)), 'LIST_UNREADABLE')
  is(await haproxy.status('127.0.2.1'), 200)
})

test('daemon and sweep side by side never lose an entry and never leave one', async () => {
  let isOver = false
  const sweeping = (async () => {
    while (!isOver) await bench.sweep()
  })()
  for (let round = 0; round < 40; round++) {
    bench.nowMs += 1_000
    const short = ban(`127.0.3.${round}`, bench.nowMs + 1_000)
    await bench.apply(ban('127.0.2.1', 1e9), short)
    is(
      (await bench.actuator().held(bench.signal)).some(({ prefix }) => prefix === '127.0.2.1/32'),
      true
    )
  }
  isOver = true
  await sweeping
  bench.nowMs += 10_000
  await bench.sweep()
  equal(await haproxy.listed(), ['127.0.2.99', '127.0.2.1'])
  match(
    haproxy.file(),
    /^# mine\n127\.0\.2\.99\n# netminder begin.*\n127\.0\.2\.1\n# netminder end\n$/
  )
  is(existsSync(`${bench.recordPath}.lock`), false)
})
