/** Bans and throttles at the real HAProxy: who is turned away, who is not, and when it ends. */
import { appendFileSync, statSync, writeFileSync } from 'node:fs'
import { equal, is, ok } from 'uvu/assert'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { Bench, ban, throttle } from '../../support/haproxy-bench.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: bans and throttles', { skip: noHaproxy, timeoutMs: 60_000 })
const BY_HAND = '# by hand\n127.0.2.99\n'
let haproxy: HaproxyFixture
let bench: Bench

test.before(async () => {
  haproxy = new HaproxyFixture({ list: BY_HAND })
  await haproxy.start()
})
test.after(async () => await haproxy.dispose())
test.beforeEach(() => {
  bench = new Bench(haproxy)
})
test.afterEach(async () => {
  await bench.apply()
  bench.dispose()
  writeFileSync(haproxy.listPath, BY_HAND)
  await haproxy.command(`clear acl ${haproxy.listPath}`)
  await haproxy.command(`add acl ${haproxy.listPath} 127.0.2.99`)
  await haproxy.command('clear table st_info_crawler')
})

test('a ban turns its source away and nobody else, and its lift ends it', async () => {
  equal(await bench.apply(ban('127.0.2.1')), { added: 1, removed: 0, mended: 0, refused: [] })
  is(await haproxy.status('127.0.2.1'), 403)
  is(await haproxy.status('127.0.2.2'), 200)
  is(await haproxy.status('127.0.2.99'), 403)
  equal(await bench.apply(), { added: 0, removed: 1, mended: 0, refused: [] })
  is(await haproxy.status('127.0.2.1'), 200)
  is(await haproxy.status('127.0.2.99'), 403)
  is(haproxy.file(), BY_HAND)
})

test('applying the same again changes nothing and writes nothing', async () => {
  await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2'))
  const inodes = () => [bench.recordPath, haproxy.listPath].map((path) => statSync(path).ino)
  const before = inodes()
  equal(await bench.apply(ban('127.0.2.1'), throttle('127.0.2.2')), {
    added: 0,
    removed: 0,
    mended: 0,
    refused: []
  })
  equal(inodes(), before)
  equal(await haproxy.listed(), ['127.0.2.99', '127.0.2.1'])
  equal(
    (await bench.actuator().held(bench.signal)).map(({ prefix, action }) => `${action} ${prefix}`),
    ['ban 127.0.2.1/32', 'throttle 127.0.2.2/32']
  )
})

test('a ban of a prefix holds for all of it, IPv4 and IPv6', async () => {
  await bench.apply(ban('127.0.5.0/24'), ban('2001:db8:1:2::/64'))
  is(await haproxy.status('127.0.5.200'), 403)
  is(await haproxy.status('127.0.6.1'), 200)
  is(await haproxy.status('2001:db8:1:2:ffff::1'), 403)
  is(await haproxy.status('2001:db8:1:3::1'), 200)
  await bench.apply()
  is(await haproxy.status('2001:db8:1:2:ffff::1'), 200)
})

test('a ban whose time is up is not put in place, and one in place ends with it', async () => {
  await bench.apply(ban('127.0.2.1', 5_000), ban('127.0.2.2', 900))
  equal(await haproxy.listed(), ['127.0.2.99', '127.0.2.1'])
  bench.nowMs = 5_000
  is((await bench.apply(ban('127.0.2.1', 5_000))).removed, 1)
  is(await haproxy.status('127.0.2.1'), 200)
})

test('a throttle answers 429 by the table of the crawler rule, with the key that HAProxy 2.6 takes', async () => {
  is((await bench.apply(throttle('127.0.2.3'))).added, 1)
  equal(await haproxy.throttled(), ['::ffff:127.0.2.3'])
  is(await haproxy.status('127.0.2.3'), 429)
  is(await haproxy.status('127.0.2.4'), 200)
  is(haproxy.file(), BY_HAND)
  bench.nowMs = 61_000
  is((await bench.apply(throttle('127.0.2.3'))).removed, 1)
  is(await haproxy.status('127.0.2.3'), 200)
})

test('a throttle of one IPv6 address works, and that of a prefix stands on the list', async () => {
  await bench.apply(throttle('2001:db8::7'), throttle('2001:db8:9::/64'), throttle('2001:db9::/32'))
  is(await haproxy.status('2001:db8::7'), 429)
  is(await haproxy.status('2001:db8::8'), 200)
  is(await haproxy.status('2001:db8:9::1'), 403)
  is(await haproxy.status('2001:db9:1::1'), 403)
  equal(await haproxy.throttled(), ['2001:db8::7'])
  await bench.apply()
  for (const source of ['2001:db8::7', '2001:db8:9::1', '2001:db9:1::1']) {
    is(await haproxy.status(source), 200)
  }
})

test('a throttle is cleared even while a request of its source is under way', async () => {
  const slow = haproxy.request('127.0.2.5', { path: '/slow' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await bench.apply(throttle('127.0.2.5'))
  is(await haproxy.status('127.0.2.5'), 429)
  ok((await haproxy.command('show table st_info_crawler')).includes('use=1'))
  await bench.apply()
  is(await haproxy.status('127.0.2.5'), 200)
  is((await slow).status, 200)
})

test('a throttle becomes a ban without a moment in between', async () => {
  await bench.apply(throttle('127.0.2.6'))
  equal(await bench.apply(ban('127.0.2.6')), { added: 1, removed: 0, mended: 0, refused: [] })
  is(await haproxy.status('127.0.2.6'), 403)
  equal(await haproxy.throttled(), ['::ffff:127.0.2.6'])
  await bench.apply()
  is(await haproxy.status('127.0.2.6'), 200)
})

test('what HAProxy’s own crawler rule denies is not lifted by the end of our throttle', async () => {
  await haproxy.command('set table st_info_crawler key ::ffff:127.0.2.7 data.gpc0 9')
  is((await bench.apply(throttle('127.0.2.7'))).added, 0)
  is((await bench.actuator().held(bench.signal)).length, 1)
  is((await bench.apply()).removed, 0)
  is(await haproxy.status('127.0.2.7'), 429)
})

test('protected entries reach neither file nor socket, whatever else is asked', async () => {
  bench.protectedPrefixes.set('127.0.2.8/32', 'own address')
  bench.protectedPrefixes.set('127.0.2.9/32', 'partner')
  const report = await bench.apply(ban('127.0.2.8'), throttle('127.0.2.9'), ban('127.0.2.1'))
  equal(report.refused, [
    { prefix: '127.0.2.8/32', reason: 'own address' },
    { prefix: '127.0.2.9/32', reason: 'partner' }
  ])
  equal(await haproxy.listed(), ['127.0.2.99', '127.0.2.1'])
  equal(await haproxy.throttled(), ['::ffff:127.0.2.1'])
  ok(!haproxy.file().includes('127.0.2.8'))
})

test('an entry that becomes protected while it stands is taken away', async () => {
  await bench.apply(ban('127.0.2.8'))
  bench.protectedPrefixes.set('127.0.2.8/32', 'allowlist')
  equal((await bench.apply(ban('127.0.2.8'))).removed, 1)
  is(await haproxy.status('127.0.2.8'), 200)
})

test('what is no canonical prefix never becomes part of a command or a line', async () => {
  const hostile = [
    '127.0.2.1/32;clear acl #0',
    '127.0.2.1/32\n0.0.0.0/0',
    '127.0.2.1',
    '127.0.2.7/24'
  ]
  const entries = hostile.map((prefix) => ({ ...ban('127.0.2.1'), prefix }))
  const report = await bench.actuator().apply(entries, bench.signal)
  equal(report.added, 0)
  equal(report.refused.length, hostile.length)
  is(haproxy.file(), BY_HAND)
})

test('a line that the operator writes for the same address outlives our ban', async () => {
  await bench.apply(ban('127.0.2.10'))
  appendFileSync(haproxy.listPath, '127.0.2.10\n')
  await bench.apply(ban('127.0.2.10'))
  is(haproxy.file(), `${BY_HAND}127.0.2.10\n`)
  await bench.apply()
  is(haproxy.file(), `${BY_HAND}127.0.2.10\n`)
  is(await haproxy.status('127.0.2.10'), 403)
})

test('an entry that somebody else added to the running list outlives our ban of the same', async () => {
  await haproxy.command(`add acl ${haproxy.listPath} 127.0.2.11`)
  await haproxy.command(`add acl ${haproxy.listPath} 127.0.7.9/24`)
  is((await bench.apply(ban('127.0.2.11'), ban('127.0.7.0/24'))).added, 2)
  is((await bench.apply()).removed, 2)
  is(await haproxy.status('127.0.2.11'), 403)
  equal(await haproxy.listed(), ['127.0.2.99', '127.0.2.11', '127.0.7.9/24'])
})
