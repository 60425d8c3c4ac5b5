/** Behind a CDN or another proxy the real HAProxy turns clients away by its table, and the proxy in front never. */
import { equal, is, match, ok } from 'uvu/assert'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { Bench, ban, throttle } from '../../support/haproxy-bench.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy behind a proxy', { skip: noHaproxy })
const PROXY = '127.0.0.9'
const BY_HAND = '# by hand\n127.0.2.99\n'
let haproxy: HaproxyFixture
let bench: Bench

test.before(async () => {
  haproxy = new HaproxyFixture({ list: BY_HAND, isBehindProxy: true })
  await haproxy.start()
})
test.after(async () => await haproxy.dispose())
test.beforeEach(() => {
  bench = new Bench(haproxy, { isBehindProxy: true })
})
test.afterEach(async () => {
  await bench.apply()
  bench.dispose()
})

const seen = async (forwardedFor: string) => (await haproxy.request(PROXY, { forwardedFor })).status

test('a ban turns the client away by the address that HAProxy trusts, and nothing goes on the list', async () => {
  is((await bench.apply(ban('203.0.113.7'), throttle('203.0.113.8'))).added, 2)
  equal((await haproxy.throttled()).sort(), ['::ffff:203.0.113.7', '::ffff:203.0.113.8'])
  equal([haproxy.file(), await haproxy.listed()], [BY_HAND, ['127.0.2.99']])
  equal(
    [await seen('203.0.113.7'), await seen('198.51.100.1, 203.0.113.7'), await seen('203.0.113.9')],
    [429, 429, 200]
  )
  // What a client writes before the last element is not believed.
  is(await seen('203.0.113.7, 203.0.113.9'), 200)
  is((await bench.apply(throttle('203.0.113.8'))).removed, 1)
  equal([await seen('203.0.113.7'), await seen('203.0.113.8')], [200, 429])
})

test('an entry for the address of the proxy in front turns nobody else away', async () => {
  await bench.apply(ban(PROXY))
  equal([haproxy.file(), await haproxy.listed()], [BY_HAND, ['127.0.2.99']])
  is(await seen('203.0.113.9'), 200)
})

test('a prefix has no place there, and is refused with the reason', async () => {
  const report = await bench.apply(ban('203.0.113.0/24'), ban('2001:db8:1:2::/64'))
  equal(
    [report.added, report.refused.map(({ prefix }) => prefix)],
    [0, ['203.0.113.0/24', '2001:db8:1:2::/64']]
  )
  match(report.refused[0]?.reason ?? '', /single addresses/)
  is(haproxy.file(), BY_HAND)
})

test('what was on the list before it was said that a proxy stands in front is taken away', async () => {
  await bench.actuator({ isBehindProxy: false }).apply([ban('203.0.113.7')], bench.signal)
  equal(await haproxy.listed(), ['127.0.2.99', '203.0.113.7'])
  await bench.apply(ban('203.0.113.7'))
  equal([haproxy.file(), await haproxy.listed()], [BY_HAND, ['127.0.2.99']])
  is(await seen('203.0.113.7'), 429)
})

test('the sweep ends a ban in the table whose time is up', async () => {
  await bench.apply(ban('203.0.113.7', 5_000))
  bench.nowMs = 5_000
  equal(await bench.sweep(), [{ name: 'haproxy', removed: 1 }])
  is(await seen('203.0.113.7'), 200)
})

test('dry-run, explain and doctor say how it is', async () => {
  const actuator = bench.actuator()
  const lines = await actuator.dryRun([ban('203.0.113.7'), ban('203.0.113.0/24')], bench.signal)
  match(lines[0] ?? '', /^behind another proxy: nothing is put on .*table st_info_crawler/)
  match(lines[1] ?? '', /^refuse 203\.0\.113\.0\/24: behind another proxy/)
  match(lines[2] ?? '', /<- set table st_info_crawler key ::ffff:203\.0\.113\.7 data\.gpc0 6$/)
  is(lines.length, 3)
  match(actuator.describe(ban('203.0.113.7')), /answers 203\.0\.113\.7 with 429/)
  match(actuator.describe(ban('203.0.113.0/24')), /cannot refuse 203\.0\.113\.0\/24: behind/)
  equal(
    (await actuator.check(bench.signal)).map(({ code }) => code),
    ['BEHIND_PROXY']
  )
  const without = bench.actuator({ throttleTable: '' })
  equal(without.actions, [])
  const [problem] = await without.check(bench.signal)
  is(problem?.code, 'BEHIND_PROXY_NO_TABLE')
  const report = await without.apply([ban('203.0.113.7')], bench.signal)
  ok(report.refused[0]?.reason.includes('admin socket and a table'))
})
